"""From settings to an answer: folders are found, built, and asked through the registry; over a bus too."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from connectors.population import simulator as population
from gateway.cli.connector_new import write_folder
from gateway.connector_lifecycle.release import digest_of
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Absent, Found
from gateway.connector_runtime.failure import (
    InvalidManifest,
    SecretUnreadable,
    TransportUnset,
    UnknownConnector,
    UnknownManifestKey,
)
from gateway.connector_runtime.folders import address_of, find_folders
from gateway.connector_runtime.manifest_failure import FieldWrong, HostNotAllowed, SecretUnnamed
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock
from tests.connector_kinds.conftest import SAMPLE, Toy, ask_about, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "meadow", "meadow", "rest", None)
    return tmp_path / "meadow"


def load(source: str = "meadow", *, folders: tuple[Path, ...] = (), **members: Any) -> ConnectorRegistry:
    known = {"zone": "lab", "secret_files": {"toy-key": SAMPLE / "shared/toy.key"}}
    settings = ConnectorSettings(**known | members)
    return ConnectorRegistry.load({source: settings}, egress=EgressSettings(), clock=SystemClock(), folders=folders)


@pytest.mark.parametrize("way", ["holding", "itself", "named"])
async def test_a_folder_is_found_where_settings_say(folder: Path, toy: Toy, way: str) -> None:
    folders = {"holding": (folder.parent,), "itself": (folder,), "named": ()}[way]
    named = {"folder": folder} if way == "named" else {}
    registry = load(folders=folders, url=toy.url, **named)
    asked = ask_about(3, attributes=frozenset({"meadow_card_number", "meadow_branch", "elsewhere"}))
    answer = (await registry.ask({"meadow": asked}))["meadow"]
    assert isinstance(answer["meadow_card_number"], Found)
    assert answer["meadow_card_number"].provenance.source == "meadow"
    assert answer["elsewhere"] == Absent("not_kept")
    assert registry.labels("meadow")["vi"] == "Sổ bạn đọc thư viện (mẫu)"
    assert registry.sources() == {"meadow": frozenset({"meadow_card_number", "meadow_card_issued", "meadow_branch"})}
    assert (await registry.check_all())["meadow"].state == "up"
    assert not registry.can_verify("meadow")
    await registry.close()


async def test_another_table_may_name_the_same_folder(folder: Path, toy: Toy) -> None:
    registry = load("meadow_next", folder=folder, url=toy.url)
    asked = ask_about(3, attributes=frozenset({"meadow_branch"}))
    answer = (await registry.ask({"meadow_next": asked}))["meadow_next"]
    assert answer["meadow_branch"].provenance.source == "meadow_next"
    await registry.close()


async def test_what_approval_names_is_the_text_that_was_read_whatever_the_disk_ends_lines_with(
    folder: Path, toy: Toy
) -> None:
    file = folder / "manifest.toml"
    text = file.read_text("utf-8")
    for octets in (text.encode(), text.replace("\n", "\r\n").encode()):
        file.write_bytes(octets)
        registry = load(folder=folder, url=toy.url)
        carried = registry.installed["meadow"]
        assert (carried.sha256, carried.package) == (digest_of(text), None)
        await registry.close()


def test_the_sample_folders_are_no_connectors_by_themselves() -> None:
    found = find_folders(())
    assert {"rest", "soap", "sqlview", "shared", "sample"}.isdisjoint(found)
    assert {"population", "civil_status"} <= set(found)


def test_the_address_to_knock_at_stands_in_the_manifest(folder: Path) -> None:
    assert address_of("meadow", None, (folder,)) == address_of("meadow", folder, ()) == "http://127.0.0.1:8010"
    with pytest.raises(UnknownConnector):
        address_of("meadow", None, ())
    with pytest.raises(InvalidManifest, match=r"connectors\.population\.url"):
        address_of("population", None, ())


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "manifest.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("old", "new", "failure", "what"),
    [
        ('from = "card.no"', 'frm = "card.no"', UnknownManifestKey, r"meadow/manifest.toml:\d+:fields\[0\].frm"),
        ('from = "card.no"', 'from = "$.card.no"', FieldWrong, r"meadow/manifest.toml:fields\[0\].from"),
        ('id = "meadow"', 'id = "sea"', InvalidManifest, "give it that id"),
        ('secret_ref = "toy-key"', 'secret_ref = "other-key"', SecretUnnamed, "hold `toy-key`"),
        ('allowed_hosts = ["127.0.0.1"]', 'allowed_hosts = ["x.vn"]', HostNotAllowed, "not in `allowed_hosts`"),
        ('kind = "apikey"', 'kind = "oauth2"', TransportUnset, "token_url"),
    ],
)
def test_the_gateway_does_not_start_with_what_it_cannot_understand(
    folder: Path, old: str, new: str, failure: Any, what: str
) -> None:
    change(folder, old, new)
    with pytest.raises(failure, match=what):
        load(folder=folder)


def test_an_operator_cannot_lead_it_to_another_host(folder: Path) -> None:
    with pytest.raises(HostNotAllowed, match=r"`10\.2\.0\.9` is not in `endpoint\.allowed_hosts`"):
        load(folder=folder, url="https://10.2.0.9", zone="gov-wan")


def test_a_secret_that_cannot_be_read_and_a_name_nobody_knows(folder: Path) -> None:
    with pytest.raises(SecretUnreadable):
        load(folder=folder, secret_files={"toy-key": folder / "gone"})
    with pytest.raises(UnknownConnector, match=r"no connector `lad` is installed; known: .*`meadow`"):
        load("lad", folders=(folder,))
    shutil.rmtree(folder)
    with pytest.raises(UnknownConnector):
        load(folder=folder)


BASE = """
schema = 1
id = "population_plain"
version = "0.1.0"
kind = "rest"
transport = "lgsp"
lifecycle = "draft"
name = { vi = "a", en = "a" }
summary = { vi = "a", en = "a" }
inputs = ["personal_number", "full_name", "birth_date"]
owner = { org = "a", contacts = ["a", "b"] }
legal = { basis = ["a"], purposes = ["prefill"], data_class = "basic", retention = "none" }
notice = { unavailable = { vi = "a", en = "a" } }
record = { at = "CongdanCollection.CongDan", about = { personal_number = "SoDinhDanh" }, unknown = ["0", "00"] }
fields = [
  { to = "birth_date", from = "NgayThangNamSinh.NgayThangNam", type = "date" },
  { to = "nationality", from = "QuocTich", type = "code" },
]

[operations.lookup.body.TraCuuThongTinCongDan]
MaYeuCau = "{request_id}"
MaDVC = "{procedure}"
MaTichHop = "037"
MaDonVi = "{agency_code}"
MaCanBo = "{officer}"
SoDinhDanh = "{personal_number}"
HoVaTen = "{full_name:capitals_no_space}"
NgayThangNamSinh = { NgayThangNam = "{birth_date:yyyymmdd}" }
"""

SOAP_BODY = """
<d:TraCuuThongTinCongDan xmlns:d="http://dancuquocgia.bca"><d:MaYeuCau>{request_id}</d:MaYeuCau>
<d:MaDVC>{procedure}</d:MaDVC><d:MaTichHop>037</d:MaTichHop><d:MaDonVi>{agency_code}</d:MaDonVi>
<d:MaCanBo>{officer}</d:MaCanBo><d:SoDinhDanh>{personal_number}</d:SoDinhDanh>
<d:HoVaTen>{full_name:capitals_no_space}</d:HoVaTen>
<d:NgayThangNamSinh><d:NgayThangNam>{birth_date:yyyymmdd}</d:NgayThangNam></d:NgayThangNamSinh></d:TraCuuThongTinCongDan>
"""


@pytest.fixture
async def register() -> AsyncIterator[Toy]:
    async with serving(population.create_application(count=20)) as made:
        yield made


@pytest.mark.parametrize("bus", ["lgsp", "ndxp"])
async def test_a_manifest_is_carried_over_a_bus(tmp_path: Path, register: Toy, bus: str) -> None:
    tree = tomlkit.parse(BASE)
    tree["record"]["missing"] = "not_found"  # type: ignore[index]
    if bus == "ndxp":
        tree |= {"kind": "soap", "transport": "ndxp", "operations": {"lookup": {"body": SOAP_BODY}}}
        tree["record"]["at"] = "CongdanCollection/CongDan"  # type: ignore[index]
        tree["fields"][0]["from"] = "NgayThangNamSinh/NgayThangNam"  # type: ignore[index]
    (tmp_path / "population_plain").mkdir()
    (tmp_path / "population_plain/manifest.toml").write_text(tomlkit.dumps(tree), "utf-8")
    registry = load(
        "population_plain",
        folders=(tmp_path,),
        url=f"{register.url}/{'lgsp/ngsp' if bus == 'lgsp' else 'ndxp'}/population",
        token_url=f"{register.url}{population.TOKEN_PATH}",
        user="gate06-demo",
        secret=population.DEMO_SECRET,
        officer="999080000200",
        agency_code="H55.19",
    )
    asked = ask_about(3, attributes=frozenset({"birth_date", "nationality"}), procedure="1.004222")
    answer = (await registry.ask({"population_plain": asked}))["population_plain"]
    assert str(answer["birth_date"].value) == "1975-05-12"
    assert answer["nationality"].value == "VN"
    nobody = await registry.ask(
        {"population_plain": ask_about(3, full_name="Ai", attributes=frozenset({"birth_date"}))}
    )
    assert nobody["population_plain"]["birth_date"] == Absent("no_match")
    await registry.close()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('transport = "lgsp"', 'transport = "ndxp"', "`ndxp` does not carry kind `rest`"),
        ('transport = "lgsp"', 'transport = "lgsp"\nother_transports = ["ndxp"]', "`ndxp` does not carry"),
        (
            "[operations.lookup.body",
            '[operations.lookup]\nquery = { a = "b" }\n[operations.lookup.body',
            "`query` would",
        ),
        ("[operations.lookup.body", "[operations.lookup.query", "there is none"),
        ('kind = "rest"\ntransport = "lgsp"', 'kind = "rest"', "needs `endpoint`, or a `transport`"),
    ],
)
def test_a_bus_carries_a_body_of_its_own_kind(tmp_path: Path, old: str, new: str, what: str) -> None:
    assert old in BASE
    folder = tmp_path / "population_plain"
    folder.mkdir()
    text = BASE.replace(old, new, 1)
    if new == "[operations.lookup.query":
        text = text.partition("[operations.lookup.query")[0] + '[operations.lookup.query]\na = "b"\n'
    (folder / "manifest.toml").write_text(text, "utf-8")
    with pytest.raises(InvalidManifest, match=what):
        load("population_plain", folder=folder, url="http://127.0.0.1:1", token_url="http://127.0.0.1:1")
