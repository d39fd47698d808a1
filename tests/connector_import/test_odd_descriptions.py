"""Descriptions that are legal and odd: each becomes a folder that passes its check and asks a real service, whose
schemas judge the question."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.command import main
from gateway.cli.connector_check import find_problems
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.wsdl import draft_wsdl, hash_wsdl
from tests.connector_import.soap_service import Played, playing

SERVICES = Path(__file__).parent / "services"
Ran = tuple[int, str, str]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def ran(verb: str, *words: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(["connector", verb, *words])
        told = capfd.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return ran


def imported(run: Any, file: Path, place: Path, *words: str) -> tuple[Path, str]:
    """Import a description and return its folder and what was told."""
    code, _, err = run("import-wsdl", str(file), "--name", "thu", "--in", str(place), *words)
    assert code == 9, err
    return place / "thu", err


def tried(run: Any, folder: Path, played: Played, *words: str) -> None:
    """Let the connector ask the service about three people and keep the samples; its check is clean then."""
    manifest = folder / "manifest.toml"
    url = tomllib.loads(manifest.read_text("utf-8"))["endpoint"]
    text = manifest.read_text("utf-8")
    text = text.replace(f'["{url["allowed_hosts"][0]}"]', f'["{url["allowed_hosts"][0]}", "127.0.0.1"]')
    manifest.write_text(text, "utf-8")
    for number in (1, 3, 6):
        told = run("try", str(folder), "--persona", str(number), "--url", played.url, "--record", *words)
        assert told[0] == 0, (told, played.refused)
    assert played.refused == []
    assert [one.line() for one in find_problems(folder, [])] == []


def tree_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "manifest.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", ["can_bo", "lao_dong", "hoc_ba", "tram_y_te", "nguoi_co_cong"])
def test_an_odd_description_asks_what_its_schemas_want(run: Any, tmp_path: Path, name: str) -> None:
    file = SERVICES / f"{name}.wsdl"
    folder, _ = imported(run, file, tmp_path)
    answer = (folder / "samples/example_1.xml").read_bytes()
    secret = tmp_path / "word"
    secret.write_text("giả định", "utf-8")
    with playing(file, answer, tmp_path / "schemas") as played:
        words = ("--secret-file", f"thu-key={secret}") if tree_of(folder)["auth"]["kind"] != "none" else ()
        tried(run, folder, played, *words)


def test_only_the_chosen_operation_is_judged_and_the_others_are_named_with_why(run: Any, tmp_path: Path) -> None:
    for words in ((), ("--operation", "TimThua")):
        place = tmp_path / str(len(words))
        folder, err = imported(run, SERVICES / "dat_dai.wsdl", place, *words)
        for said in (
            "`BaoCao`: it is one-way: nothing is answered",
            "`TimCu`: it is rpc/literal; only document/literal is imported",
            "`TimTheoKieu`: the part of its question is given by a type",
            "`BaoTin`: it is a notification",
            "`TimMoi`: it is bound to SOAP 1.2 alone",
            "a SOAP fault may hold `LoiTraCuu`",
            "what stood behind `#`",
        ):
            assert said in err, said
        tree = tree_of(folder)
        assert tree["endpoint"]["url"] == "https://dat.example:8443/ws"
        assert tree["endpoint"]["allowed_hosts"] == ["dat.example"]
        look_up = tree["operations"]["lookup"]
        assert (look_up["action"], look_up["query"]) == ("urn:tim", {"kenh": "tinh", "v": "2"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("BaoCao", "it is one-way"),
        ("TimCu", "rpc/literal"),
        ("TimTheoKieu", "given by a type"),
        ("TimMoi", "SOAP 1.2 alone"),
        ("Khac", "no operation `Khac`; there are `TimThua`; not usable: "),
    ],
)
def test_an_operation_that_cannot_be_asked_says_why(name: str, why: str) -> None:
    with pytest.raises(DescriptionRefused) as caught:
        draft_wsdl(SERVICES / "dat_dai.wsdl", name)
    assert why in caught.value.detail
    assert "`TimThua`" in caught.value.detail


def test_header_attributes_and_query_of_a_description_arrive(run: Any, tmp_path: Path) -> None:
    folder, err = imported(run, SERVICES / "dat_dai.wsdl", tmp_path)
    assert "the service wants `XacThuc` in the envelope's header" in err
    assert "`MatKhau` is a secret: name its file under `matkhau`" in err
    assert {row["from"] for row in tree_of(folder)["fields"]} == {"SoThua", "DienTich", "DienTich/@donVi"}
    answer = (folder / "samples/example_1.xml").read_bytes()
    secret = tmp_path / "word"
    secret.write_text("mật khẩu giả định", "utf-8")
    with playing(SERVICES / "dat_dai.wsdl", answer, tmp_path / "schemas") as played:
        tried(run, folder, played, "--secret-file", f"matkhau={secret}")
    path, action, header, body = played.asked[0]
    assert (path.removeprefix("/"), action) == ("?kenh=tinh&v=2", '"urn:tim"')
    assert header[0].findtext("{urn:dat}MatKhau") == "mật khẩu giả định"
    assert body[0].attrib.keys() == ["phienBan", "maYeuCau"]
    assert (body[0].get("phienBan"), len(str(body[0].get("maYeuCau")))) == ("3", 26)
    assert "mật khẩu" not in (folder / "manifest.toml").read_text("utf-8")


def test_of_a_choice_one_alternative_is_asked_and_every_one_has_a_sample(run: Any, tmp_path: Path) -> None:
    folder, err = imported(run, SERVICES / "lao_dong.wsdl", tmp_path)
    tree = tree_of(folder)
    body = tree["operations"]["lookup"]["body"]
    assert "<SoDinhDanh>{personal_number}</SoDinhDanh>" in body
    assert "<DangXml>1</DangXml>" in body
    for left in ("HoVaTen", "NgaySinh", "MaSo", "TheoNam", "TheoQuy", "DangJson"):
        assert left not in body
    assert "of a choice `SoDinhDanh` is asked; the service would take `HoVaTen` and `NgaySinh`, `MaSo` as well" in err
    assert "`KhacNua` was left out: it may hold anything" in err
    told = [file.read_text("utf-8") for file in sorted((folder / "samples").glob("*.xml"))]
    assert [("HopDong" in text, "NganhNghe" in text) for text in told] == [(True, False), (False, True)]
    assert {row["from"] for row in tree["fields"]} == {"HopDong", "TuDo/NganhNghe"}


def test_extensions_groups_and_a_schema_without_a_namespace_of_its_own_are_read(run: Any, tmp_path: Path) -> None:
    folder, _ = imported(run, SERVICES / "can_bo.wsdl", tmp_path)
    tree = tree_of(folder)
    assert tree["record"]["at"] == "TimResponse/HoSo"
    assert tree["record"]["about"] == {"personal_number": "SoDinhDanh", "full_name": "HoVaTen"}
    assert tree["record"]["as_of"] == "@NgayCapNhat"
    assert [row["from"] for row in tree["fields"]] == ["NgachBac/MaNgach", "NgachBac/BacLuong"]


def test_a_header_of_ws_security_is_proof_and_of_two_bindings_one_is_named(run: Any, tmp_path: Path) -> None:
    folder, err = imported(run, SERVICES / "nguoi_co_cong.wsdl", tmp_path)
    tree = tree_of(folder)
    assert (tree["auth"]["kind"], "header" in tree["operations"]["lookup"]) == ("wss_password", False)
    assert tree["endpoint"]["url"] == "https://ncc.example/kin"
    assert "over the binding `Kin`; it stands in `Ho`, too" in err
    assert "the header `MaGiaoDich` of the answer is not read" in err
    assert "the service speaks WS-Addressing" in err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_changes_nothing(tmp_path: Path, encoding: str) -> None:
    text = (SERVICES / "hoc_ba.wsdl").read_text("utf-8")
    (tmp_path / "hoc_ba.wsdl").write_text(text, encoding)
    marked, plain = draft_wsdl(tmp_path / "hoc_ba.wsdl"), draft_wsdl(SERVICES / "hoc_ba.wsdl")
    assert marked == plain


def test_line_ends_and_indents_change_no_hash_and_words_do(tmp_path: Path) -> None:
    file = tmp_path / "hoc_ba.wsdl"
    text = (SERVICES / "hoc_ba.wsdl").read_text("utf-8")
    file.write_bytes(text.replace("\n", "\r\n").replace("  <wsdl:types>", "<!-- mới --><wsdl:types>").encode())
    assert hash_wsdl(file) == hash_wsdl(SERVICES / "hoc_ba.wsdl")
    file.write_text(text.replace("Lop", "Khoi"), "utf-8")
    assert hash_wsdl(file) != hash_wsdl(SERVICES / "hoc_ba.wsdl")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<xs:import namespace="urn:nguoi"/>', '<xs:redefine schemaLocation="x.xsd"/>', "`redefine` is not read"),
        (
            '<xs:import namespace="urn:nguoi"/>',
            '<xs:import namespace="urn:nguoi" schemaLocation="http://evil.example/x.xsd"/>',
            "lies elsewhere",
        ),
        (
            "<wsdl:types>",
            '<wsdl:import namespace="urn:x" location="https://evil.example/a.wsdl"/><wsdl:types>',
            "lies elsewhere",
        ),
        ("<wsdl:types>", '<wsdl:import namespace="urn:x" location="../a.wsdl"/><wsdl:types>', "lies elsewhere"),
        ("<wsdl:definitions", "<!DOCTYPE wsdl:definitions><wsdl:definitions", "document type"),
        ('element="hb:HoiHocBa"', 'element="hb:KhongCo"', "is in no schema that was read"),
        ('element="hb:DapHocBa"', 'element="hb:Lop"', "names no member"),
        ('<wsdl:part name="p" element="hb:HoiHocBa"/>', "", "has 0 parts"),
        ('type="hb:T"', 'type="hb:Khac"', "port type is described nowhere"),
        ('message="hb:o"', 'message="hb:Khac"', "the message of its answer is described nowhere"),
    ],
)
def test_what_leads_away_or_nowhere_is_refused_with_why(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (SERVICES / "hoc_ba.wsdl").read_text("utf-8")
    assert old in text
    (tmp_path / "x.wsdl").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(DescriptionRefused) as caught:
        draft_wsdl(tmp_path / "x.wsdl")
    assert said in caught.value.detail


def test_json_lists_the_same_notes(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("import-wsdl", str(SERVICES / "dat_dai.wsdl"), "--name", "thu", "--in", str(tmp_path), "--json")
    assert code == 9
    assert any("operations that cannot be asked" in one for one in json.loads(out)["confirm"])


def test_groups_in_a_circle_and_nesting_without_end_are_cut_or_refused(tmp_path: Path) -> None:
    text = (SERVICES / "hoc_ba.wsdl").read_text("utf-8")
    circle = (
        '<xs:group name="G"><xs:sequence><xs:group ref="hb:G"/><xs:group ref="hb:G"/></xs:sequence></xs:group>'
        '<xs:attributeGroup name="A"><xs:attributeGroup ref="hb:A"/><xs:attribute name="x"/></xs:attributeGroup>'
        '<xs:element name="Lop"><xs:complexType><xs:sequence><xs:element name="Ten" type="xs:string"/>'
        '<xs:group ref="hb:G"/></xs:sequence><xs:attributeGroup ref="hb:A"/></xs:complexType></xs:element>'
    )
    (tmp_path / "x.wsdl").write_text(text.replace('<xs:element name="Lop" type="xs:string"/>', circle), "utf-8")
    assert draft_wsdl(tmp_path / "x.wsdl").record == ("DapHocBa", "HocBa")
    inner = '<xs:element name="T" type="xs:string"/>'
    types = "".join(
        f'<xs:complexType name="T{n}">{"<xs:sequence>" * 200}'
        f'<xs:element name="e" type="hb:T{n + 1}"/>{"</xs:sequence>" * 200}</xs:complexType>'
        for n in range(12)
    )
    types += f'<xs:complexType name="T12"><xs:sequence>{inner}</xs:sequence></xs:complexType>'
    types += '<xs:element name="Lop" type="hb:T0"/>'
    (tmp_path / "x.wsdl").write_text(text.replace('<xs:element name="Lop" type="xs:string"/>', types), "utf-8")
    with pytest.raises(DescriptionRefused, match="nested too deeply"):
        draft_wsdl(tmp_path / "x.wsdl")


@pytest.mark.parametrize("part", ["can_bo.wsdl", "chung.xsd"])
def test_a_newer_copy_is_compared_with_the_one_that_was_imported(run: Any, tmp_path: Path, part: str) -> None:
    folder, _ = imported(run, SERVICES / "can_bo.wsdl", tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    for name in ("can_bo.wsdl", "chung.xsd"):
        (copies / name).write_bytes((SERVICES / name).read_bytes())
    file = (copies / "can_bo.wsdl").rename(copies / "moi.wsdl")
    _, _, err = run("check", str(folder), "--description", str(file))
    assert "CN-160" not in err
    changed = file if part.endswith("wsdl") else copies / part
    changed.write_text(changed.read_text("utf-8").replace("SoDinhDanh", "SoDDCN"), "utf-8")
    code, out, _ = run("check", str(folder), "--description", str(file), "--json")
    found = next(one for one in json.loads(out)["findings"] if one["code"] == "CN-160")
    assert (code, ":endpoint.description_hash" in found["place"]) == (7, True)
    told = found["what"].rpartition("`sha256:")[2].rstrip("`")
    text = (folder / "manifest.toml").read_text("utf-8")
    kept = tree_of(folder)["endpoint"]["description_hash"]
    (folder / "manifest.toml").write_text(text.replace(kept, f"sha256:{told}"), "utf-8")
    assert "CN-160" not in run("check", str(folder), "--description", str(file))[2]
    assert run("check", str(folder), "--description", str(tmp_path / "nowhere.wsdl"))[0] == 3
