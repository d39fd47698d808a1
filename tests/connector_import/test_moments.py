"""Dates that a description declares as moments: asked as a moment, read as the day they are in Vietnam."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.command import main
from gateway.cli.connector_check import find_problems
from gateway.connector_import.guess import date_form, type_of, value_of
from gateway.connector_import.node import Node
from gateway.connector_runtime.contract.values import read_date
from gateway.connector_runtime.folders import read_folder
from gateway.connector_runtime.kinds.build import make_speech
from gateway.connector_runtime.mapping.template import inputs_of
from gateway.vocabulary.partial_date import PartialDate
from tests.connector_import.soap_service import playing
from tests.connector_kinds.conftest import ask_about

HERE = Path(__file__).parent


def imported(place: Path, verb: str, file: Path) -> dict[str, Any]:
    with pytest.raises(SystemExit) as ended:
        main(["connector", verb, str(file), "--name", "thu", "--in", str(place)])
    assert ended.value.code == 9
    return tomllib.loads((place / "thu/manifest.toml").read_text("utf-8"))


def test_a_moment_of_xml_schema_is_asked_at_midnight_and_read_as_a_date(tmp_path: Path) -> None:
    text = (HERE / "services/hoc_ba.wsdl").read_text("utf-8")
    for old, new in (
        ('<xs:element name="CCCD" type="xs:string"/>', '<xs:element name="NgaySinh" type="xs:dateTime"/>'),
        (
            '<xs:element name="Truong" type="xs:string"/>',
            '<xs:element name="NgayCap" type="xs:dateTime"/><xs:element name="NgayCapNhat" type="xs:dateTime"/>',
        ),
    ):
        assert old in text
        text = text.replace(old, old + new)
    file = tmp_path / "x.wsdl"
    file.write_text(text, "utf-8")
    tree = imported(tmp_path, "import-wsdl", file)
    assert ">{birth_date:yyyy-mm-dd}T00:00:00<" in tree["operations"]["lookup"]["body"]
    dated = next(row for row in tree["fields"] if row["from"] == "NgayCap")
    assert (dated["type"], dated["format"]) == ("date", "yyyy-mm-dd")
    folder = tmp_path / "thu"
    answer = (folder / "samples/example_1.xml").read_bytes()
    assert b"NgayCap>2024-03-05T00:00:00<" in answer
    told = json.loads((folder / "samples/example_1.expected.json").read_text("utf-8"))
    assert told[dated["to"]] == "2024-03-05"
    assert {one.code for one in find_problems(folder, [])} == {"CN-114"}
    with playing(file, answer, tmp_path / "schemas") as played:
        manifest = folder / "manifest.toml"
        told = manifest.read_text("utf-8").replace('["hocba.example"]', '["hocba.example", "127.0.0.1"]')
        manifest.write_text(told, "utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["connector", "try", str(folder), "--persona", "3", "--url", played.url])
    assert (ended.value.code, played.refused) == (0, [])


def test_a_moment_of_openapi_has_its_offset(tmp_path: Path) -> None:
    text = (HERE / "licences/giay_phep_lai_xe.yaml").read_text("utf-8")
    born = 'schema: {type: string, example: "12/05/1975", description: dd/mm/yyyy}'
    assert born in text
    file = tmp_path / "x.yaml"
    file.write_text(text.replace(born, "schema: {type: string, format: date-time}"), "utf-8")
    tree = imported(tmp_path, "import-openapi", file)
    assert tree["operations"]["lookup"]["query"]["ngaySinh"] == "{birth_date:yyyy-mm-dd}T00:00:00Z"
    said = (tmp_path / "thu/manifest.toml").read_text("utf-8")
    assert "confirm: query `ngaySinh` is a moment: a birth date goes as its midnight" in said
    asked = make_speech(read_folder(tmp_path / "thu")).write(inputs_of(ask_about(3), officer="", agency_code=""))
    assert "ngaySinh=1975-05-12T00:00:00Z" in asked.path


@pytest.mark.parametrize("form", ["dateTime", "date-time"])
def test_a_moment_is_a_date_whatever_it_is_called_and_its_sample_is_one(form: str) -> None:
    node = Node(name="hieuLuc", form=form)
    assert (type_of(node), date_form(node)) == ("date", "yyyy-mm-dd")
    assert read_date(value_of(node)) == PartialDate(2024, 3, 5)
