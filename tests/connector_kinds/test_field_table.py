"""The compiled field table: every kind of value, from JSON, XML and a row; nothing that no row names."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.connector_runtime.contract import Absent, Found, Provenance, Unavailable
from gateway.connector_runtime.contract.document import read_document
from gateway.connector_runtime.manifest_parts import CodeList, FieldRow
from gateway.connector_runtime.mapping.address import Basis
from gateway.connector_runtime.mapping.field_table import FieldRefused, FieldTable
from gateway.vocabulary.areas import shipped_lists

CODES = {"sexes": CodeList(list="x", version="1", values={"M": "male", "F": "female"})}
MALFORMED = Unavailable(reason="malformed")
EMPTY = Absent("empty")


def read(
    rows: list[dict[str, Any]], record: Any, shape: Any = "json", as_of: date = date(2026, 1, 1)
) -> dict[str, Any]:
    basis = Basis(lists=shipped_lists(), code_lists=CODES, unknown=frozenset({"", "0"}))
    table = FieldTable([FieldRow(**row) for row in rows], shape, basis)
    told = Provenance(source="x", as_of=as_of, retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
    answer = table.read(record, [row["to"] for row in rows], told)
    return {name: one.value if isinstance(one, Found) else one for name, one in answer.items()}


def one(row: dict[str, Any], record: Any, **more: Any) -> Any:
    return read([{"to": "it", **row}], record, **more)["it"]


@pytest.mark.parametrize(
    ("row", "record", "value"),
    [
        ({"from": "a", "type": "text"}, {"a": " H\u01afU\u031b "}, "H\u01afƯ"),
        ({"from": "a", "type": "text"}, {"a": "0"}, EMPTY),
        ({"from": "a", "type": "text"}, {}, EMPTY),
        ({"from": "a", "type": "text"}, {"a": None}, EMPTY),
        ({"from": "a", "type": "text"}, {"a": {}}, MALFORMED),
        ({"from": "a", "type": "text"}, {"a": ["x"]}, "x"),
        ({"from": "a", "type": "text"}, {"a": ["x", "y"]}, MALFORMED),
        ({"from": "a.b", "type": "text"}, {"a": "plain"}, MALFORMED),
        ({"from": "a", "type": "text", "transforms": ["upper", "without_separators"]}, {"a": "ab-c.1"}, "ABC1"),
        ({"from_parts": ["ho", "dem", "ten"], "type": "text"}, {"ho": "Hoàng", "dem": None, "ten": "Sỹ"}, "Hoàng Sỹ"),
        ({"from_parts": ["ho", "ten"], "type": "text"}, {}, EMPTY),
        ({"from_parts": ["ho", "ten"], "type": "text"}, {"ho": 1, "ten": "x"}, MALFORMED),
        ({"expr": "list[?k=='a'].v", "type": "text"}, {"list": [{"k": "a", "v": "x"}, {"k": "b", "v": "y"}]}, "x"),
        ({"from": "a", "type": "number", "lengths": [12]}, {"a": "999 175 000 003"}, "999175000003"),
        ({"from": "a", "type": "number", "lengths": [12]}, {"a": 99175000003}, MALFORMED),
        ({"from": "a", "type": "sex"}, {"a": "Nữ"}, "female"),
        ({"from": "a", "type": "sex"}, {"a": "9"}, MALFORMED),
        ({"from": "a", "type": "sex", "codes": "sexes"}, {"a": "F"}, "female"),
        ({"from": "a", "type": "code", "codes": "sexes"}, {"a": "X"}, MALFORMED),
        ({"from": "a", "type": "code"}, {"a": 7}, "7"),
        ({"from": "a", "type": "date"}, {"a": "1941"}, MALFORMED),
    ],
)
def test_one_row_reads_one_value(row: dict[str, Any], record: Any, value: Any) -> None:
    assert one(row, record) == value


@pytest.mark.parametrize(
    ("word", "said"),
    [("0", "1941-01-01"), ("1", "1941"), ("2", "1941-01"), (1, "1941"), ("9", MALFORMED), (None, MALFORMED)],
)
def test_a_filled_up_date_loses_its_filling(word: object, said: object) -> None:
    row = {
        "from": "born",
        "type": "date",
        "precision_from": "kind",
        "precision_codes": {"0": "day", "1": "year", "2": "month"},
    }
    came = one(row, {"born": "1941-01-01", "kind": word})
    assert (came if came == MALFORMED else str(came)) == said


PLACE = {
    "from": "at",
    "type": "address",
    "address": {"scheme": "by_date", "province": "t", "district": "h", "commune": "x", "detail": "d"},
}


def test_a_place_keeps_the_list_its_codes_belong_to() -> None:
    lists = shipped_lists()
    former = next(iter(lists.communes["pre2025"]))
    present = next(iter(lists.communes["post2025"]))
    old = one(PLACE, {"at": {"x": former, "d": "Tổ 3"}}, as_of=date(2025, 6, 30))
    new = one(PLACE, {"at": {"x": present, "d": "Tổ 3"}}, as_of=date(2025, 7, 1))
    assert (old.scheme, new.scheme, new.detail) == ("pre2025", "post2025", "Tổ 3")
    assert old.district is not None
    assert new.district is None
    assert one(PLACE, {"at": {"t": "1"}}) == MALFORMED
    assert one(PLACE, {"at": {"t": None, "d": ""}}) == EMPTY
    assert one(PLACE, {}) == EMPTY
    strict = {**PLACE, "address": {**PLACE["address"], "scheme": "post2025"}}  # type: ignore[dict-item]
    assert one(strict, {"at": {"t": "01", "h": "001"}}) == MALFORMED


def test_a_garbled_row_harms_no_other() -> None:
    rows = [{"to": "good", "from": "a.b", "type": "text"}, {"to": "bad", "from": "c.d", "type": "text"}]
    assert read(rows, {"a": {"b": "x"}, "c": [{"d": 1}, {"d": 2}]}) == {"good": "x", "bad": MALFORMED}


def test_json_xml_and_a_row_come_to_the_same() -> None:
    rows = [{"to": "name", "type": "text"}, {"to": "born", "type": "date", "precision": "from_source"}]

    def named(name: str, born: str) -> list[dict[str, Any]]:
        return [{**rows[0], "from": name}, {**rows[1], "from": born}]

    tree = read_document("<r><P><Name>Sơn</Name></P><Born>1990</Born></r>".encode())
    json = read(named("p.name", "born"), {"p": {"name": "Sơn"}, "born": "1990"})
    assert (
        json
        == read(named("P/Name", "Born"), tree, "xml")
        == read(named("name", "born"), {"name": "Sơn", "born": "1990"}, "row")
    )
    assert str(json["born"]) == "1990"


def test_only_what_was_asked_is_looked_at() -> None:
    class Watched(dict):  # type: ignore[type-arg]
        looked: set[str] = set()

        def get(self, key: str, default: Any = None) -> Any:
            self.looked.add(key)
            return super().get(key, default)

    record = Watched(a="x", b="y", canary="z")
    basis = Basis(lists=shipped_lists(), code_lists={}, unknown=frozenset({""}))
    table = FieldTable([FieldRow(**{"to": f"it_{n}", "from": n, "type": "text"}) for n in "ab"], "json", basis)
    told = Provenance(source="x", as_of=date(2026, 1, 1), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert set(table.read(record, ["it_a", "elsewhere"], told)) == {"it_a"}
    assert record.looked == {"a"}


@pytest.mark.parametrize(
    ("row", "key", "why"),
    [
        ({"type": "text"}, "from", "one of `from`, `from_parts`, `expr`; there: none"),
        ({"from": "a", "expr": "a", "type": "text"}, "expr", "`from` and `expr`"),
        ({"from": "$.a", "type": "text"}, "from", "write `a`"),
        ({"from": ".", "type": "text"}, "from", "record and no value"),
        ({"from": "a[b=c]", "type": "text"}, "from", "name its member too"),
        ({"expr": "a[0]", "type": "text"}, "expr", "no position"),
        (
            {"from": "a", "type": "code", "codes": "sexs"},
            "codes",
            "no code list `sexs` in `code_lists`; there: `sexes`",
        ),
        ({"from": "a", "type": "address"}, "address", "say where"),
        ({"from": "a", "type": "date", "precision_from": "b"}, "precision_codes", "say what"),
        (
            {"from": "a", "type": "date", "precision_from": "b[0]", "precision_codes": {"1": "year"}},
            "precision_from",
            "position",
        ),
    ],
)
def test_a_row_that_cannot_be_used_names_its_member(row: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(FieldRefused, match=why) as caught:
        one(row, {})
    assert caught.value.key == key


def test_an_element_is_chosen_by_its_attribute_and_read_by_its_text() -> None:
    tree = read_document(b"<r><Name Kind='now'>A</Name><Name Kind='then'>B</Name></r>")
    assert one({"from": "Name[@Kind='then']", "type": "text"}, tree, shape="xml") == "B"
    assert one({"from": "Name", "type": "text"}, tree, shape="xml") == MALFORMED
    assert one({"from": "Name[@Kind='never']", "type": "text"}, tree, shape="xml") == EMPTY


def test_an_expression_reads_json_only() -> None:
    with pytest.raises(FieldRefused, match="reads JSON"):
        one({"expr": "a", "type": "text"}, read_document(b"<r/>"), shape="xml")
