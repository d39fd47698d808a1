"""Transforms and readers: nothing is invented, nothing is lost, and what is garbled says so."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.contract.values import read_date
from gateway.connector_runtime.mapping.readers import (
    code_reader,
    date_reader,
    number_reader,
    parse_date,
    shorten,
    text_reader,
)
from gateway.connector_runtime.mapping.transforms import TRANSFORMS, given_name_first
from gateway.vocabulary.partial_date import PartialDate

PLAIN = text_reader([], frozenset({""}))
VIETNAMESE = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=40)


@st.composite
def partial_dates(draw: st.DrawFn) -> PartialDate:
    day = draw(st.dates(min_value=__import__("datetime").date(1000, 1, 1)))
    known = draw(st.integers(1, 3))
    return PartialDate(*(day.year, day.month, day.day)[:known])


def write(date: PartialDate, form: str) -> str:
    parts = str(date).split("-")
    match form:
        case "yyyy-mm-dd":
            return "-".join(parts)
        case "yyyymmdd":
            return "".join(parts)
        case "dd/mm/yyyy":
            return "/".join(reversed(parts))
    return "/".join([parts[1], parts[2], parts[0]] if len(parts) == 3 else list(reversed(parts)))


@given(partial_dates(), st.sampled_from(["yyyy-mm-dd", "yyyymmdd", "dd/mm/yyyy", "mm/dd/yyyy"]))
def test_a_date_comes_back_as_precise_as_it_was_written(date: PartialDate, form) -> None:
    assert parse_date(write(date, form), form) == date
    assert parse_date(write(date, form) + ("T00:00:00" if date.day else ""), form) == date


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("31/02/1999", "dd/mm/yyyy"),
        ("12/31/1999", "dd/mm/yyyy"),
        ("31/12/1999", "mm/dd/yyyy"),
        ("1999-13-01", "yyyy-mm-dd"),
        ("99-01-01", "yyyy-mm-dd"),
        ("199912311", "yyyymmdd"),
        ("00/05/1999/1", "dd/mm/yyyy"),
        ("12/00/1999", "dd/mm/yyyy"),
        ("year 1941", "yyyy-mm-dd"),
        ("--", "yyyy-mm-dd"),
    ],
)
def test_a_date_that_does_not_exist_is_garbled_and_not_mended(text: str, form) -> None:
    with pytest.raises(Unreadable):
        parse_date(text, form)


@pytest.mark.parametrize(
    ("text", "form", "said"), [("00/00/1941", "dd/mm/yyyy", "1941"), ("19410000", "yyyymmdd", "1941")]
)
def test_zeros_of_a_date_are_unknown_parts(text: str, form, said: str) -> None:
    assert str(parse_date(text, form)) == said


MOMENTS = [
    ("2024-03-04T17:00:00.000Z", "2024-03-05"),
    ("2024-03-04T16:59:59Z", "2024-03-04"),
    ("2024-12-31T18:30:00z", "2025-01-01"),
    ("2024-03-05T00:00:00+07:00", "2024-03-05"),
    ("2024-03-05T05:00:00+0900", "2024-03-05"),
    ("2024-03-05T01:00:00+09", "2024-03-04"),
    ("2024-03-04 20:00:00 -05:00", "2024-03-05"),
    # clocks of the south were an hour ahead then, and programs that know so write midnight as 16:00
    ("1965-05-11T16:00:00Z", "1965-05-12"),
    ("2024-03-05T00:00:00", "2024-03-05"),
    ("2024-03-05 00:00", "2024-03-05"),
    ("2024-03-05T00:00:00.000", "2024-03-05"),
    ("2024-03-05 12:00:00 AM", "2024-03-05"),
    ("2024-03-05 12:00:00 SA", "2024-03-05"),
    # a day that is told with an offset (xs:date) is the day that is written
    ("1975-05-12+07:00", "1975-05-12"),
    ("1975-05-12-05:00", "1975-05-12"),
    ("1975-05-12Z", "1975-05-12"),
]


@pytest.mark.parametrize(("text", "day"), MOMENTS)
def test_a_moment_is_the_day_it_is_in_vietnam(text: str, day: str) -> None:
    assert str(parse_date(text, "yyyy-mm-dd")) == str(read_date(text)) == day


@pytest.mark.parametrize(
    ("text", "form"),
    [("05/03/2024+07:00", "dd/mm/yyyy"), ("05/03/2024 00:00:00", "dd/mm/yyyy"), ("3/5/2024 12:00:00 AM", "mm/dd/yyyy")],
)
def test_a_time_stands_beside_every_form(text: str, form) -> None:
    assert str(parse_date(text, form)) == "2024-03-05"


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-04T17:00:00",
        "2024-03-04 00:00:00.001",
        "2024-03-04 12:00:00 PM",
        "2024-03-04T25:00:00Z",
        "2024-03-04T17:00:00Z trailing",
        "2024-03-04Tnoon",
        "2024-03T17:00:00Z",
        "9999-12-31T23:00:00Z",
        "1975-02-31+07:00",
        "1975-05-12+15:00",
        "1975-05-12+07:00Z",
        "1975-05+07:00",
    ],
)
def test_a_moment_nobody_can_place_is_garbled(text: str) -> None:
    for read in (read_date, lambda one: parse_date(one, "yyyy-mm-dd")):
        with pytest.raises(Unreadable):
            read(text)


def test_a_row_may_say_whose_clock_a_source_has() -> None:
    text = "2024-03-04T23:30:00"
    assert str(date_reader(PLAIN, None, whole=True, is_local=True)(text)) == "2024-03-04"
    assert str(date_reader(PLAIN, "yyyy-mm-dd", whole=True, is_local=True)(text + "Z")) == "2024-03-05"
    with pytest.raises(Unreadable, match="without its offset"):
        date_reader(PLAIN, "yyyy-mm-dd", whole=True)(text)


def test_a_year_is_no_day_unless_the_row_says_so() -> None:
    with pytest.raises(Unreadable, match="without its day"):
        date_reader(PLAIN, None, whole=True)("1941")
    assert str(date_reader(PLAIN, None, whole=False)("1941")) == "1941"


def test_the_filling_of_a_date_is_taken_away() -> None:
    assert str(shorten(PartialDate(1941, 1, 1), "year")) == "1941"
    assert str(shorten(PartialDate(1941, 5, 1), "month")) == "1941-05"
    with pytest.raises(Unreadable):
        shorten(PartialDate(1941), "day")


@given(VIETNAMESE)
def test_a_text_is_nfc_trimmed_and_otherwise_untouched(text: str) -> None:
    came = PLAIN(text)
    assert came == (unicodedata.normalize("NFC", text).strip() or None)
    assert PLAIN(unicodedata.normalize("NFD", text)) == came


@given(VIETNAMESE, st.sampled_from(sorted(TRANSFORMS)))
def test_a_transform_leaves_what_it_made_alone(text: str, name: str) -> None:
    if name in {"given_name_first"}:
        assert sorted(TRANSFORMS[name](text).split()) == sorted(text.split())
    elif name in {"lower", "upper"}:
        assert TRANSFORMS[name](text) == getattr(text, name)()
    else:
        assert TRANSFORMS[name](TRANSFORMS[name](text)) == TRANSFORMS[name](text)


@pytest.mark.parametrize(
    ("written", "said"),
    [("Sỹ Hoàng Văn", "Hoàng Văn Sỹ"), ("Sơn", "Sơn"), ("  Bưởi   Trần Thị ", "Trần Thị Bưởi"), ("", "")],
)
def test_a_name_written_given_name_first(written: str, said: str) -> None:
    assert given_name_first(written) == said


@pytest.mark.parametrize("value", [True, {"a": 1}, ["a"]])
def test_a_truth_or_a_structure_is_no_text(value: object) -> None:
    with pytest.raises(Unreadable):
        PLAIN(value)


def test_numbers_are_never_padded() -> None:
    read = number_reader(PLAIN, frozenset({9, 12}))
    assert read("099 999 003") == "099999003"
    assert read(999175000003) == "999175000003"
    for lost in (99999003, "99999003", "99917500000x", "9" * 11):
        with pytest.raises(Unreadable):
            read(lost)


def test_a_code_nobody_listed_is_garbled_unless_others_may_pass() -> None:
    codes = {"01": "centre", "nam": "male", "true": "yes"}
    assert code_reader(PLAIN, codes)("01") == "centre"
    assert code_reader(PLAIN, codes)("Nam") == "male"
    assert code_reader(PLAIN, codes)(True) == "yes"
    assert code_reader(PLAIN, codes)(None) is None
    assert code_reader(PLAIN, codes, keep_others=True)("77") == "77"
    with pytest.raises(Unreadable):
        code_reader(PLAIN, codes)("77")
