"""Paths: what they find, and that they never choose."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.connector_runtime.contract.document import Unreadable, read_document
from gateway.connector_runtime.mapping.path import PathInvalid, Step, parse_path
from gateway.connector_runtime.mapping.tree import MEMBERS, all_at, is_void, plain, walk

RECORD = {
    "person": {"name": "Sơn", "họ.tên": "x", "none": None},
    "one": [{"name": "alone"}],
    "relatives": [
        {"kind": "father", "name": "A"},
        {"kind": "mother", "name": "B"},
        {"kind": "child"},
        {"kind": "child"},
    ],
    "same": [{"kind": "father", "name": "A"}, {"kind": "father", "name": "A"}],
    "empty": [],
    "flags": [{"main": True, "name": "flagged"}, {"main": False}],
}
XML = read_document(
    b"<?xml version='1.0' encoding='utf-8'?>"
    b"<r xmlns:p='urn:p'><p:Person Id='7'><p:Name>S\xc6\xa1n</p:Name></p:Person>"
    + "<ĐốiTượng><Ma-So.Hộ Ấp='3'/></ĐốiTượng>".encode()
    + b"<Rel Kind='father'><Name>A</Name></Rel><Rel Kind='mother'><Name>B</Name></Rel></r>"
)


def found(path: str, record: Any = RECORD, shape: Any = "json") -> Any:
    return plain(walk(record, parse_path(path, shape), MEMBERS[shape]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("person.name", "Sơn"),
        ('person."họ.tên"', "x"),
        ("one.name", "alone"),
        ("relatives[kind=mother].name", "B"),
        ("relatives[kind='father'].name", "A"),
        ('flags[main="true"].name', "flagged"),
        ("relatives[kind=uncle].name", None),
        ("person.none", None),
        ("person.none.deeper", None),
        ("missing.deeper", None),
        ("empty.name", None),
    ],
)
def test_a_path_finds_its_value_or_nothing(path: str, value: str | None) -> None:
    assert found(path) == value


@pytest.mark.parametrize(
    "path",
    ["relatives.name", "relatives[kind=child].name", "same[kind=father].name", "person.name.first", "person", "one"],
)
def test_several_and_structures_are_never_read_as_one_value(path: str) -> None:
    with pytest.raises(Unreadable):
        found(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Person/Name", "Sơn"),
        ("p:Person/@Id", "7"),
        ("ns:ĐốiTượng/Ma-So.Hộ/@Ấp", "3"),
        ("PERSON/NAME", "Sơn"),
        ("Rel[@Kind='mother']/Name", "B"),
        ("X/Y", None),
    ],
)
def test_prefixes_and_capitals_of_xml_do_not_count(path: str, value: str | None) -> None:
    assert found(path, XML, "xml") == value


@pytest.mark.parametrize("path", ["The/So", "Gia/So", "Gia/So/Sau", "Gia[loai=vnd]", "Bo[@loai='x']/So"])
def test_a_text_has_no_children(path: str) -> None:
    record = read_document(b"<r><The>LOI KET NOI</The><Gia Loai='vnd'>5</Gia><Rong> </Rong><Bo loai='x'>LOI</Bo></r>")
    assert found("The", record, "xml") == "LOI KET NOI"
    assert found("Gia/@loai", record, "xml") == "vnd"
    assert found("Gia[@loai=vnd]", record, "xml") == "5"
    assert found("Gia/@khac", record, "xml") is None
    assert found("Rong/So", record, "xml") is None
    with pytest.raises(Unreadable, match="a text stands"):
        found(path, record, "xml")


def test_of_two_elements_none_is_first() -> None:
    with pytest.raises(Unreadable):
        found("Rel/Name", XML, "xml")


@pytest.mark.parametrize(
    ("path", "shape", "advice"),
    [
        ("$.person.name", "json", "write `person.name`"),
        ("items[0].name", "json", "no position"),
        ("person/name", "json", "divided by dots"),
        ("person..name", "json", "looks like `data.person.name`"),
        ("", "json", "1 to 300"),
        ("a" * 301, "json", "1 to 300"),
        (".".join("a" * 17), "json", "at most 16"),
        ("items[*].name", "json", "looks like"),
        ("//Name", "xml", "every step"),
        ("Person[1]/Name", "xml", "no position"),
        ("@Id/Name", "xml", "last step"),
        ("Person/name()", "xml", "looks like"),
        ("Name; DROP", "row", "small letters"),
        ('name"', "row", "small letters"),
        ("a.b", "row", "small letters"),
    ],
)
def test_what_is_no_path_says_what_to_write(path: str, shape: Any, advice: str) -> None:
    with pytest.raises(PathInvalid, match=advice.replace("(", r"\(")):
        parse_path(path, shape)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters=".[]\"'$*?/=@", exclude_categories=("C", "Z")),
    min_size=1,
    max_size=8,
)


@given(st.lists(NAMES, min_size=1, max_size=6), st.text(max_size=20))
def test_whatever_members_are_called_the_getter_finds_them(names: list[str], value: str) -> None:
    record: Any = value
    for name in reversed(names):
        record = {name: record, f"{name}_beside": "other"}
    path = ".".join(f'"{name}"' for name in names)
    assert parse_path(path, "json") == tuple(Step(name) for name in names)
    assert found(path, record) == value


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=0, max_size=4))
def test_records_are_counted_and_never_chosen(rows: list[str]) -> None:
    listed, holder = all_at({"data": {"rows": rows}}, parse_path("data.rows", "json"), MEMBERS["json"])
    assert (listed, holder) == (rows, True)


def test_nothing_there_is_not_nobody() -> None:
    at = parse_path("data.rows", "json")
    assert all_at({"data": {"rows": None}}, at, MEMBERS["json"]) == ([], True)
    assert all_at({"data": {"error": "x"}}, at, MEMBERS["json"]) == (None, True)
    assert all_at({"data": {}}, at, MEMBERS["json"]) == (None, True)
    assert all_at({"error": "x"}, at, MEMBERS["json"]) == (None, False)
    assert all_at({}, at, MEMBERS["json"]) == (None, False)
    for nothing in (None, [], [None]):
        assert all_at({"data": nothing}, at, MEMBERS["json"]) == ([], True)
    deeper = parse_path("data.found.rows", "json")
    assert all_at({"data": {}}, deeper, MEMBERS["json"]) == (None, True)
    assert all_at({"data": {"error": "x"}}, deeper, MEMBERS["json"]) == (None, False)
    chosen = parse_path("data[kind=a].rows", "json")
    assert all_at({"data": [{"kind": "b"}]}, chosen, MEMBERS["json"]) == (None, False)


def test_what_tells_nothing_is_void() -> None:
    deep: Any = {"a": None}
    for _ in range(5000):
        deep = {"a": [deep]}
    for nothing in (None, {}, [], " ", {"a": None, "b": {"c": ""}, "d": [None, {}]}, deep):
        assert is_void(nothing)
    for something in (0, False, "0", {"a": {"b": 0}}, [{"a": "x"}], {"a": False}):
        assert not is_void(something)
    for text, is_nothing in (("<r><a x=' '/> </r>", True), ("<r x='0'/>", False), ("<r><a/>x</r>", False)):
        assert is_void(read_document(text.encode())) is is_nothing
