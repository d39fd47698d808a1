"""What differs between two versions, in words and in the number it needs."""

import pytest

from gateway.connector_lifecycle.compare import compare, least_number, minimum_bump, proofs_of
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.manifest_parts import AddressParts, Auth, CodeList
from tests.connector_lifecycle.samples import FIELDS, manifest_text, own_manifest

NAME, BORN = FIELDS


def differences(**changes):
    older, newer = (read_manifest(manifest_text(**one), "m.toml") for one in ({}, changes))
    return compare(older, newer)


@pytest.mark.parametrize(
    ("changes", "place", "change", "needs"),
    [
        ({"fields": (NAME,)}, "fields.birth_date", "removed", "major"),
        ({"fields": (NAME, ("born_on", *BORN[1:]))}, "fields.birth_date", "renamed", "major"),
        ({"fields": (NAME, (*BORN[:2], "text", None))}, "fields.birth_date.type", "changed", "major"),
        ({"fields": (NAME, (*BORN[:3], "day"))}, "fields.birth_date.precision", "changed", "major"),
        ({"fields": (*FIELDS, ("sex", "s", "sex", None))}, "fields.sex", "added", "minor"),
        ({"fields": (NAME, ("birth_date", "elsewhere", *BORN[2:]))}, "fields.birth_date.from", "changed", "minor"),
        ({"inputs": ("personal_number", "old_number")}, "inputs.old_number", "added", "major"),
        ({"data_class": "sensitive"}, "legal.data_class", "changed", "major"),
        ({"summary": "Khác"}, "summary.vi", "changed", "patch"),
    ],
)
def test_each_change_needs_its_number(changes, place, change, needs):
    found = differences(**changes)
    assert (place, change, needs) in [(one.place, one.change, one.needs) for one in found]
    assert minimum_bump(found) == needs


def test_the_number_and_the_state_in_the_file_are_no_difference():
    assert differences(number="7.0.0") == ()
    assert minimum_bump(()) == "none"


def test_the_heaviest_comes_first():
    found = differences(fields=(NAME,), summary="Khác")
    assert [one.needs for one in found] == ["major", "patch"]


@pytest.mark.parametrize(
    ("bump", "least"), [("none", (1, 2, 4)), ("patch", (1, 2, 4)), ("minor", (1, 3, 0)), ("major", (2, 0, 0))]
)
def test_the_least_number(bump, least):
    assert least_number("1.2.3", bump) == least


@pytest.mark.parametrize("source", ["population", "civil_status"])
def test_the_connectors_of_this_repository_differ_from_nothing_but_themselves(source):
    manifest = read_manifest(own_manifest(source), "m.toml")
    assert compare(manifest, manifest) == ()


def declared():
    return read_manifest(own_manifest("land"), "m.toml")


def changed(**parts):
    """Return what differs when parts of a connector without code are replaced."""
    older = declared()
    return compare(older, older.model_copy(update=parts))


def record(**members):
    return {"record": declared().record.model_copy(update=members)}


ABOUT = declared().record.about
SCHEME = {"scheme": "pre2025", "commune": "c"}


def codes(**values):
    return {"code_lists": {"kinds": CodeList(list="L", version="1", values=values)}}


@pytest.mark.parametrize(
    ("parts", "place", "needs"),
    [
        (record(about={"full_name": "name"}), "record.about.personal_number", "major"),
        (record(about={**ABOUT, "birth_date": "born"}), "record.about.birth_date", "minor"),
        (record(about={"personal_number": "elsewhere"}), "record.about.personal_number", "minor"),
        (record(at="elsewhere"), "record.at", "minor"),
        ({"auth": Auth(kind="basic", user="u", secret_ref="s")}, "auth.kind", "minor"),
        ({"outcomes": ()}, "outcomes", "minor"),
        ({"limits": Limits(concurrency=3)}, "limits.concurrency", "patch"),
    ],
)
def test_what_is_read_and_trusted_counts_where_a_portal_can_notice_it(parts, place, needs):
    if "auth" in parts:
        assert declared().auth.kind != parts["auth"].kind
    assert (place, needs) in [(one.place, one.needs) for one in changed(**parts)]


def with_address(**members):
    older = declared()
    first = older.fields[0].model_copy(update={"type": "address", "address": AddressParts(**members)})
    return older.model_copy(update={"fields": (first, *older.fields[1:])})


@pytest.mark.parametrize(
    ("members", "part", "needs"),
    [
        ({"scheme": "post2025", "commune": "c"}, "scheme", "major"),
        ({"scheme": "pre2025"}, "commune", "major"),
        ({**SCHEME, "detail": "d"}, "detail", "minor"),
        ({**SCHEME, "commune": "other"}, "commune", "minor"),
    ],
)
def test_an_address_promises_its_scheme_and_its_parts(members, part, needs):
    (found,) = compare(with_address(**SCHEME), with_address(**members))
    assert (found.place.rsplit(".", 1)[1], found.needs) == (part, needs)


@pytest.mark.parametrize(
    ("after", "needs"),
    [({"1": "b", "2": "a"}, "major"), ({"1": "a"}, "major"), ({"1": "a", "2": "b", "3": "c"}, "minor")],
)
def test_a_code_promises_what_it_means(after, needs):
    older = declared().model_copy(update=codes(**{"1": "a", "2": "b"}))
    assert minimum_bump(compare(older, older.model_copy(update=codes(**after)))) == needs


def test_whose_record_it_is_and_how_the_gateway_proves_itself_are_told_by_themselves():
    told = proofs_of(declared().model_copy(update={"auth": Auth(kind="apikey", header="X-Key", secret_ref="land_key")}))
    assert told["about"] == ", ".join(f"{name} = {path}" for name, path in ABOUT.items())
    assert told["auth"].startswith("apikey, header = X-Key, secret_ref = land_key")
    assert proofs_of(read_manifest(manifest_text(), "m.toml"))["about"] == ""


def test_where_questions_go_and_which_limits_are_unusual_are_told_by_themselves():
    land = declared()
    told = proofs_of(land)
    assert land.endpoint.url in told["asks"]
    assert all(host in told["asks"] for host in land.endpoint.allowed_hosts)
    assert proofs_of(land.model_copy(update={"limits": Limits()}))["limits"] == ""
    busy = land.model_copy(update={"limits": Limits(daily_per_portal=500, fresh_for={"land_use": 60})})
    assert proofs_of(busy)["limits"] == "daily_per_portal = 500, fresh_for.land_use = 60.0"
    assert proofs_of(read_manifest(manifest_text(), "m.toml"))["asks"] == ""
