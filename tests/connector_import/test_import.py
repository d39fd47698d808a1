"""A department's own description becomes a folder: what is proposed, what is marked, and what is never followed."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli.command import main
from gateway.cli.connector_check import find_problems
from gateway.connector_import.description import read_description
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.openapi import draft_openapi
from gateway.connector_import.wsdl import draft_wsdl
from gateway.connector_runtime.folders import read_folder
from gateway.connector_runtime.kinds.lint import lint

HERE = Path(__file__).parent
LICENCES = HERE / "licences/giay_phep_lai_xe.yaml"
INSURANCE = HERE / "insurance/the_bhyt.wsdl"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Any]:
    def ran(verb: str, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["connector", verb, *words, "--in", str(tmp_path)])
        told = capfd.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return ran


def tree_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "manifest.toml").read_text("utf-8"))


def test_an_openapi_file_becomes_a_folder_that_passes_its_check(run, tmp_path: Path) -> None:
    code, _, err = run("import-openapi", str(LICENCES), "--name", "gplx")
    assert code == 9
    assert find_problems(tmp_path / "gplx", []) == []  # the description has three examples
    tree = tree_of(tmp_path / "gplx")
    assert tree["endpoint"]["url"] == "https://that.gplx.tinh.example/api/v2"
    assert tree["auth"] == {"kind": "apikey", "header": "X-GPLX-Key", "secret_ref": "gplx-key"}
    look_up = tree["operations"]["lookup"]
    assert look_up["path"] == "/giay-phep/{personal_number}"
    assert look_up["query"] == {"ngaySinh": "{birth_date:dd/mm/yyyy}", "phienBan": "2"}
    assert look_up["headers"] == {"X-Request-Id": "{request_id}"}
    assert tree["inputs"] == ["personal_number", "birth_date"]
    assert tree["record"] == {
        "at": "duLieu",
        "about": {"personal_number": "soCCCD", "full_name": "hoVaTen"},
        "as_of": "ngayCapNhat",
    }
    assert {(row["status"], row["is"]) for row in tree["outcomes"]} == {("404", "not_found"), ("403", "denied")}
    fields = {row["from"]: (row["type"], row.get("format"), row.get("codes")) for row in tree["fields"]}
    assert fields == {
        "soGiayPhep": ("text", None, None),
        "hang": ("code", None, "gplx_hang"),
        "ngayCap": ("date", "dd/mm/yyyy", None),
        "gioiTinh": ("sex", None, None),
        "noiCap.maTinh": ("text", None, None),
        "noiCap.tenTinh": ("text", None, None),
    }
    assert "`nguoiGioiThieu` was left out: it is about somebody else" in err
    assert "`viPham` was left out: it may stand several times" in err
    assert "others that ask about a person: `xacMinh`" in err


def test_every_point_to_confirm_is_listed_by_file_and_line(run, tmp_path: Path) -> None:
    code, out, _ = run("import-openapi", str(LICENCES), "--name", "gplx", "--json")
    told = json.loads(out)
    assert (code, told["findings"]) == (9, [])
    for one in told["confirm"]:
        place, line, said = one.split(":", 2)
        assert f"confirm: {said.strip()}" in Path(place).read_text("utf-8").splitlines()[int(line) - 1]
    marked = sum(file.read_text("utf-8").count("# confirm:") for file in tmp_path.rglob("*.toml"))
    assert len(told["confirm"]) == marked > 20


def test_numbers_of_examples_become_those_of_invented_people(run, tmp_path: Path) -> None:
    run("import-openapi", str(LICENCES), "--name", "gplx")
    told = [file.read_text("utf-8") for file in (tmp_path / "gplx/samples").iterdir()]
    assert not any("019075000003" in text or "019041000001" in text for text in told)
    assert any("999075000003" in text for text in told)


def test_the_same_description_as_json_and_as_3_1_proposes_the_same(run, tmp_path: Path) -> None:
    run("import-openapi", str(LICENCES), "--name", "gplx")
    tree = yaml.safe_load(LICENCES.read_text("utf-8").replace("openapi: 3.0.3", "openapi: 3.1.0"))
    tree["components"]["schemas"]["TraLoi"]["properties"]["thongBao"] = {"type": ["string", "null"]}
    (tmp_path / "x.json").write_text(json.dumps(tree), "utf-8")
    (tmp_path / "other").mkdir()
    with pytest.raises(SystemExit):
        main(
            ["connector", "import-openapi", str(tmp_path / "x.json"), "--name", "gplx", "--in", str(tmp_path / "other")]
        )
    one, other = tree_of(tmp_path / "gplx"), tree_of(tmp_path / "other/gplx")
    assert one["endpoint"].pop("description_hash") != other["endpoint"].pop("description_hash")
    assert one == other


def test_another_operation_can_be_chosen(run, tmp_path: Path) -> None:
    assert run("import-openapi", str(LICENCES), "--name", "gplx", "--operation", "xacMinh")[0] == 9
    look_up = tree_of(tmp_path / "gplx")["operations"]["lookup"]
    assert (look_up["method"], look_up["body"]) == ("POST", {"soDinhDanh": "{personal_number}"})
    code, _, err = run("import-openapi", str(LICENCES), "--name", "gplx2", "--operation", "xoaHet")
    assert (code, "`danhMucHang`" in err) == (3, True)


def test_a_wsdl_with_its_schemas_becomes_a_folder(run, tmp_path: Path) -> None:
    code, _, err = run("import-wsdl", str(INSURANCE), "--name", "bhyt")
    assert code == 9
    assert [one.code for one in find_problems(tmp_path / "bhyt", [])] == ["CN-114"]  # two more samples are for a person
    tree = tree_of(tmp_path / "bhyt")
    endpoint = tree["endpoint"]
    assert (endpoint["url"], endpoint["allowed_hosts"]) == ("https://bhxh.tinh.example/ws/bhyt", ["bhxh.tinh.example"])
    assert tree["auth"]["kind"] == "wss_password"
    assert tree["operations"]["lookup"]["action"] == "urn:TraCuuThe"
    body = tree["operations"]["lookup"]["body"]
    members = ("MaYeuCau>{request_id}", "MaDonVi>{agency_code}", "SoDinhDanh>{personal_number}", "HoVaTen>{full_name}")
    places = [body.index(one) for one in (*members, "NgaySinh>{birth_date:yyyymmdd}", "LoaiTraCuu>THE")]
    assert places == sorted(places)  # the order of the schema's sequence
    assert "SoCMND" not in body
    assert tree["record"]["at"] == "TraCuuTheResponse/The"
    assert (tree["record"]["missing"], tree["record"]["as_of"]) == ("not_found", "@NgayCapNhat")
    fields = {row["from"]: (row["type"], row.get("format")) for row in tree["fields"]}
    assert fields == {
        "MaThe": ("text", None),
        "NgayBatDau": ("date", "yyyymmdd"),
        "MucHuong": ("code", None),
        "NoiKham/Ten": ("text", None),
        "NoiKham/@Ma": ("text", None),
    }
    assert "`NguoiGiamHo` was left out" in err
    expected = json.loads((tmp_path / "bhyt/samples/example_1.expected.json").read_text("utf-8"))
    assert expected["bhyt_ngay_bat_dau"] == "2024-03-05"


def test_a_name_that_is_taken_or_none_changes_nothing(run, tmp_path: Path) -> None:
    (tmp_path / "gplx").mkdir()
    assert run("import-openapi", str(LICENCES), "--name", "gplx")[0] == 8
    code, _, err = run("import-wsdl", str(INSURANCE), "--name", "Thẻ BHYT")
    assert (code, "is no id" in err) == (2, True)
    assert list((tmp_path / "gplx").iterdir()) == []


def refused(text: str | bytes, tmp_path: Path, name: str = "x.yaml") -> str:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DescriptionRefused) as caught:
        (draft_wsdl if name.endswith(".wsdl") else draft_openapi)(file)
    assert caught.value.fix
    return caught.value.detail


def bent(old: str, new: str, file: Path = LICENCES) -> str:
    text = file.read_text("utf-8")
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lambda: bent("openapi: 3.0.3", 'swagger: "2.0"'), "`swagger: 2.0` is not 3.0 or 3.1"),
        (lambda: bent("openapi: 3.0.3", "openapi: 4.0.0"), "is not 3.0 or 3.1"),
        (lambda: bent('"#/components/schemas/TraLoi"', '"https://evil.example/x#/a"'), "leads out of the file"),
        (lambda: bent('"#/components/schemas/TraLoi"', '"khac.yaml#/a"'), "leads out of the file"),
        (lambda: bent('"#/components/schemas/TraLoi"', '"#/components/schemas/KhongCo"'), "nothing stands there"),
        (lambda: bent("  title: Dịch", "  title: a\n  title: Dịch"), "4: `title` stands twice"),
        (lambda: "a: &a [x]\nopenapi: 3.0.0\nb: *a\n", "3: an alias"),
        (lambda: "openapi: !!python/object/apply:os.system [x]\n", "constructor"),
        (lambda: "openapi: [", "x.yaml"),
        (lambda: '{"openapi": "3.0.0", "openapi": "3.1.0"}', "a member stands twice"),
        (lambda: "[1]", "is an object"),
        (lambda: b"\xff\xfe\x00", "x.yaml"),
        (lambda: "openapi: 3.0.0\n#" + "x" * 2_100_000, "larger than 2 MB"),
        (lambda: "openapi: 3.0.0\npaths: {}\n", "none by GET or POST"),
        (
            lambda: bent("type: object\n      required: [maLoi]", "type: string\n      x-khac: [maLoi]"),
            "names no member",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, text, said: str) -> None:
    assert said in refused(text(), tmp_path)


def test_an_address_and_a_missing_file_are_refused() -> None:
    for file, said in (("https://evil.example/openapi.json", "is not followed"), ("nowhere.yaml", "cannot be read")):
        with pytest.raises(DescriptionRefused, match=said):
            draft_openapi(Path(file))


def test_references_in_a_circle_are_refused_and_schemas_without_end_are_cut(tmp_path: Path) -> None:
    tree = yaml.safe_load(LICENCES.read_text("utf-8"))
    schemas = tree["components"]["schemas"]
    schemas |= {
        f"N{n}": {"properties": {f"m{k}": {"$ref": f"#/components/schemas/N{n + 1}"} for k in range(9)}}
        for n in range(12)
    }  # 9¹² parts
    schemas["N12"] = {"type": "string"}
    schemas["GiayPhep"]["properties"]["rong"] = {"$ref": "#/components/schemas/N0"}
    (tmp_path / "wide.json").write_text(json.dumps(tree), "utf-8")
    assert draft_openapi(tmp_path / "wide.json").record == ("duLieu",)
    schemas["TraLoi"] = {"$ref": "#/components/schemas/TraLoi"}
    assert "refers to itself" in refused(json.dumps(tree), tmp_path, "circle.json")
    schemas["TraLoi"] = {"allOf": [{"$ref": "#/components/schemas/TraLoi"}]}
    assert "refers to itself" in refused(json.dumps(tree), tmp_path, "circle.json")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "<wsdl:definitions",
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><wsdl:definitions',
            "document type",
        ),
        ('schemaLocation="bhyt.xsd"', 'schemaLocation="http://evil.example/bhyt.xsd"', "lies elsewhere"),
        ('schemaLocation="bhyt.xsd"', 'schemaLocation="../bhyt.xsd"', "lies elsewhere"),
        ('schemaLocation="bhyt.xsd"', 'schemaLocation="nowhere.xsd"', "cannot be read"),
        ('style="document"', 'style="rpc"', "only document/literal"),
        (
            '"urn:TraCuuThe"/>\n      <wsdl:input><soap:body use="literal"/>',
            '"urn:TraCuuThe"/>\n      <wsdl:input><soap:body use="encoded"/>',
            "only document/literal",
        ),
        ("<wsdl:definitions", "<wsdl:beschreibung", "not well-formed"),
        ('element="tns:TraCuuThe"', 'element="tns:KhongCo"', "is in no schema that was read"),
        ('name="p" element="tns:TraCuuTheResponse"', 'name="p" type="tns:The"', "given by a type and not by element"),
        ('<soap:binding style="document"', '<soap12:binding style="document"', "none over SOAP 1.1"),
    ],
)
def test_a_wsdl_that_cannot_be_used_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    for name in ("bhyt.xsd", "kieu.xsd"):
        (tmp_path / name).write_bytes((INSURANCE.parent / name).read_bytes())
    text = bent(old, new, INSURANCE)
    if old.startswith("<wsdl:def") and "DOCTYPE" in new:
        text = text.replace("<!-- Bảo", "<!-- x", 1)
    assert said in refused(text, tmp_path, "x.wsdl")


def test_no_line_of_a_description_becomes_a_line_of_the_manifest(run, tmp_path: Path) -> None:
    tree = yaml.safe_load(LICENCES.read_text("utf-8"))
    tree["info"]["title"] = 'x"\n[auth]\nkind = "none"'
    schema = tree["components"]["schemas"]["GiayPhep"]["properties"]
    schema["hang"] = {"type": "string", "enum": ['a"\n', "A", "a"], "description": 'y"\r[endpoint]\nurl = "z"'}
    schema['la"\n[limits]\nretries = 5'] = {"type": "boolean"}
    (tmp_path / "x.json").write_text(json.dumps(tree), "utf-8")
    assert run("import-openapi", str(tmp_path / "x.json"), "--name", "gplx")[0] == 9
    told = tree_of(tmp_path / "gplx")
    assert (told["auth"]["kind"], "limits" in told) == ("apikey", False)
    assert list(lint(read_folder(tmp_path / "gplx"))) == []
    codes = told["code_lists"]["gplx_hang"]["values"]
    assert len(set(codes.values())) == len(codes) == 3


def test_a_name_that_no_path_can_write_is_left_out_and_told(run, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    text = LICENCES.read_text("utf-8")
    assert "tenTinh: {type" in text
    file.write_text(text.replace("tenTinh: {type", "'ten \"tinh\"': {type"), "utf-8")
    code, _, said = run("import-openapi", str(file), "--name", "licences_odd")
    assert code == 9
    assert "holds a sign that no path can write" in said
    assert "CN-109" not in {one.code for one in find_problems(tmp_path / "licences_odd", [])}


def test_line_ends_order_and_comments_change_no_hash_and_words_do(tmp_path: Path) -> None:
    text, kept = LICENCES.read_text("utf-8"), draft_openapi(LICENCES).description_hash
    file = tmp_path / "x.yaml"
    file.write_bytes(("# bản mới\n" + text).replace("\n", "\r\n").encode())
    assert draft_openapi(file).description_hash == kept
    whole = tmp_path / "x.json"
    whole.write_text(json.dumps(dict(reversed(read_description(LICENCES).items()))), "utf-8")
    assert draft_openapi(whole).description_hash == kept
    file.write_text(text.replace("soGiayPhep", "soGPLX"), "utf-8")
    assert draft_openapi(file).description_hash != kept
