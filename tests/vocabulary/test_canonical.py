"""The canonical form: the published vectors, and the laws behind them."""

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.vocabulary.address import Address, Unit
from gateway.vocabulary.canonical import NotCanonical, canonical_beside, canonical_bytes, canonical_value
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import personas

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "canonical.json").read_text("utf-8"))
words = st.text(st.characters(exclude_categories=["Cs"]))
dates = st.dates().map(lambda day: PartialDate(day.year, day.month, day.day))


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["canonical"])
def test_every_notation_of_a_vector_has_its_canonical_form(vector: dict[str, Any]) -> None:
    for notation in vector["notations"]:
        assert canonical_bytes(vector["type"], notation).decode() == vector["canonical"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: repr(case["notation"]))
def test_what_is_no_value_of_its_type_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical) as refusal:
        canonical_bytes(case["type"], case["notation"])
    assert not case["notation"] or str(case["notation"]) not in str(refusal.value)


def test_no_two_vectors_share_a_form() -> None:
    counted = Counter((vector["type"], vector["canonical"]) for vector in VECTORS["vectors"])
    assert max(counted.values()) == 1


@given(words)
def test_text_is_stable_and_deaf_to_the_form_of_unicode(text: str) -> None:
    canonical = canonical_value("text", text)
    assert canonical_value("text", canonical) == canonical
    assert canonical_value("text", unicodedata.normalize("NFD", text)) == canonical
    assert json.loads(canonical_bytes("text", text)) == canonical
    assert canonical_bytes("text", text) == rfc8785.dumps(canonical)


@given(words, words)
def test_two_texts_are_one_only_if_they_differ_in_spaces_and_unicode_form(a: str, b: str) -> None:
    same = unicodedata.normalize("NFC", a).split() == unicodedata.normalize("NFC", b).split()
    assert (canonical_bytes("text", a) == canonical_bytes("text", b)) == same


@given(dates)
def test_a_date_is_itself_in_every_notation_and_never_month_first(day: PartialDate) -> None:
    form = canonical_bytes("date", day)
    year, month, number = day.year, day.month, day.day
    for notation in (
        f"{number}/{month}/{year:04d}",
        f"{number:02d}-{month:02d}-{year:04d}",
        f"{number}.{month}.{year:04d}",
        str(day),
    ):
        assert canonical_bytes("date", notation) == form
    assert canonical_bytes("date", str(PartialDate(year))) != form


@given(st.text("0123456789", min_size=9, max_size=12), st.data())
def test_grouping_a_number_changes_nothing_and_a_digit_does(digits: str, data: st.DataObject) -> None:
    grouped = "".join(digit + data.draw(st.sampled_from(["", " ", ".", "\u00a0", "\u200b"])) for digit in digits)
    assert canonical_bytes("number", grouped) == canonical_bytes("number", digits)
    place = data.draw(st.integers(0, len(digits) - 1))
    other = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
    assert canonical_bytes("number", other) != canonical_bytes("number", digits)


@given(words, words, st.one_of(st.none(), words))
def test_the_bytes_are_those_of_an_independent_implementation(detail: str, code: str, name: str | None) -> None:
    address = {"scheme": "post2025", "province": {"code": code, "name": name}, "detail": detail, "as_received": name}
    assert canonical_bytes("address", address) == rfc8785.dumps(canonical_value("address", address))
    for part in canonical_beside(address).values():
        assert rfc8785.dumps(json.loads(part)) == part


def test_our_own_address_and_its_wire_form_are_one_value() -> None:
    for one in personas():
        for address in (one.permanent_residence, one.current_residence, one.native_place):
            if address is not None:
                assert canonical_bytes("address", address) == canonical_bytes("address", address.wire())
                assert canonical_beside(address) == canonical_beside(address.wire())


def test_names_beside_the_codes_are_told_apart() -> None:
    address = personas()[6].permanent_residence
    assert address is not None
    wire = address.wire()
    assert set(canonical_beside(wire)) == {"names", "as_received", "candidates"}
    renamed = {**wire, "commune": {**wire["commune"], "name": "Phường Khác"}}
    assert canonical_bytes("address", renamed) == canonical_bytes("address", wire)
    assert canonical_beside(renamed)["names"] != canonical_beside(wire)["names"]
    assert canonical_beside({"scheme": "pre2025", "province": "19"}) == {}


@pytest.mark.parametrize("text", ["1975-00", "1975-00-12", "1975-05-00", "00/05/1975", "12/00/1975", "19750500"])
def test_a_zero_is_no_month_and_no_day(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be in|out of range"):
        PartialDate.parse(text)


@pytest.mark.parametrize("part", ["detail", "as_received", "name", "code"])
def test_an_own_address_that_is_not_unicode_has_no_canonical_form(part: str) -> None:
    broken = "tổ \ud800"
    unit = Unit(broken if part == "code" else "05443", broken if part == "name" else "Phường Phan Đình Phùng")
    texts = {part: broken} if part in {"detail", "as_received"} else {}
    address = Address(scheme="post2025", province=Unit("19", "Tỉnh Thái Nguyên"), commune=unit, **texts)
    with pytest.raises(NotCanonical) as refusal:
        canonical_bytes("address", address) + b"".join(canonical_beside(address).values())
    assert broken not in str(refusal.value)
