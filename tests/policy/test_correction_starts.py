"""Where corrections begin: pages of the built-in catalogue, and what a connector's manifest says instead."""

from pathlib import Path

import pytest

from gateway.connector_runtime.failure import InvalidManifest, UnknownManifestKey
from gateway.connector_runtime.manifest import read_manifest
from gateway.policy.bundle import PolicyBundle
from gateway.policy.correction import channels_for
from gateway.prefill.plan import plan_form
from gateway.vocabulary.correction import CorrectionStart

MANIFEST = Path("connectors/population/manifest.toml").read_text(encoding="utf-8")
HERE = "https://tinh.example/thu-tuc/chinh-sua"
OFFICES = "https://tinh.example/cong-an-xa"
STARTS = {"population": CorrectionStart(url=HERE, phone="0200 3 111 222", offices=OFFICES)}


def manifest_with(table: str) -> str:
    return f"{MANIFEST}\n[correction]\n{table}\n"


def test_a_manifest_says_where_corrections_begin():
    table = f'url = "{HERE}"\nphone = "0200 3 111 222"\noffices = "{OFFICES}"'
    assert read_manifest(manifest_with(table), "manifest.toml").correction == STARTS["population"]
    assert read_manifest(MANIFEST, "manifest.toml").correction is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('url = "https://tinh.example"', "bare root"),
        ('url = "https://tinh.example/"', "bare root"),
        ('url = "https://tinh.example/#/index"', "bare root"),
        ('offices = "https://tinh.example/?page=1"', "bare root"),
        ('url = "http://tinh.example/thu-tuc"', "https"),
        ('phone = "gọi công an"', "correction.phone"),
    ],
)
def test_the_front_of_a_site_is_no_place_to_begin(table, said):
    with pytest.raises(InvalidManifest) as caught:
        read_manifest(manifest_with(table), "manifest.toml")
    assert said in str(caught.value)


def test_a_key_that_nobody_knows_is_refused():
    with pytest.raises(UnknownManifestKey):
        read_manifest(manifest_with('uri = "https://tinh.example/thu-tuc"'), "manifest.toml")


@pytest.mark.parametrize("code", ["1.004222", "1.001612"])
def test_forms_and_slips_begin_where_the_province_says_for_this_register_and_no_other(code):
    plain, local = PolicyBundle.load(), PolicyBundle.load(starts=STARTS)
    for mine, theirs in zip(
        plan_form(local, local.procedure(code), "self").fields,
        plan_form(plain, plain.procedure(code), "self").fields,
        strict=True,
    ):
        for source, head in mine.heads.items():
            assert head.correction == (HERE if source == "population" else theirs.heads[source].correction)
    fields = {field.id for field in local.procedure(code).fields}
    told = {channel.url: channel for channel in channels_for(local, local.procedure(code), fields)}
    assert (told[HERE].phone, told[HERE].offices) == ("0200 3 111 222", OFFICES)
    assert HERE not in {channel.url for channel in channels_for(plain, plain.procedure(code), fields)}


def test_what_a_manifest_leaves_out_is_the_catalogues():
    local = PolicyBundle.load(starts={"population": CorrectionStart(phone="113")})
    there = PolicyBundle.load().attributes["sex"].correction
    begun = local.correction("sex", "population")
    assert (begun.url, begun.phone, begun.vi) == (there.url, "113", there.vi)
    assert local.correction("sex", "civil_status") == there
    assert local.bundle_id == PolicyBundle.load().bundle_id, "where a correction begins decides nothing of what is told"
