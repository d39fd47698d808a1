"""Numbers as people type them: read tolerantly, judged mildly, never repeated in an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assurance.number_rules import PROVINCE_CODES, number_warnings
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import NumberRefused, OldNumber, PersonalNumber, parse_any_number


@pytest.mark.parametrize(
    "typed",
    [
        "999041000001",
        " 9990 4100 0001 ",
        "999.041.000.001",
        "９９９０４１０００００１",
        "999041\u200b000001\ufeff",
        "999\u00a0041000001",
    ],
)
def test_spaces_dots_wide_digits_and_invisible_characters_are_read(typed: str) -> None:
    assert PersonalNumber.parse(typed).digits == "999041000001"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("99041000001", "leading_zero_lost"),
        ("9041000001", "leading_zero_lost"),
        ("099999003", "old_number"),
        ("9990410000012", "wrong_length"),
        ("99904100000A", "not_digits"),
        ("999041-00001", "not_digits"),
        ("", "empty"),
        (" . ", "empty"),
        ("99904100000²x", "not_digits"),
    ],
)
def test_what_is_no_number_says_what_it_looks_like_and_repeats_nothing(typed: str, hint: str) -> None:
    with pytest.raises(NumberRefused) as refusal:
        PersonalNumber.parse(typed)
    assert refusal.value.hint == hint
    assert not typed.strip(" .") or typed not in str(refusal.value)


def test_eleven_digits_are_never_padded() -> None:
    with pytest.raises(NumberRefused, match="zeros in front"):
        PersonalNumber.parse("19096000000")


def test_parts_are_read_and_a_number_does_not_print_itself() -> None:
    number = PersonalNumber("999315000005")
    assert (number.register_code, number.birth_year, number.sex, number.synthetic) == ("999", 2015, "female", True)
    assert "999" not in repr(number)
    assert not PersonalNumber("019096000000").synthetic


def test_nine_digits_are_an_alias_of_their_own() -> None:
    assert parse_any_number("099 999 003") == OldNumber("099999003")
    assert parse_any_number("099-999.003") == OldNumber("099999003")
    assert parse_any_number("999-041–000\u2011001") == PersonalNumber("999041000001")
    assert isinstance(parse_any_number("999041000001"), PersonalNumber)
    with pytest.raises(NumberRefused):
        OldNumber.parse("12345678")


def test_parts_warn_and_never_refuse() -> None:
    assert len(PROVINCE_CODES) == 63
    number = PersonalNumber("018196000000")
    assert number_warnings(number, birth_date=PartialDate(1995), sex="male") == (
        "unknown_register_code",
        "birth_year_differs",
        "sex_differs",
    )
    assert number_warnings(PersonalNumber("019196000000"), birth_date=PartialDate(1996, 1, 1), sex="female") == ()
    assert number_warnings(PersonalNumber("999041000001"), birth_date=PartialDate(1941), sex="other") == ("synthetic",)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        number = PersonalNumber.parse(text)
    except NumberRefused:
        return
    assert len(number.digits) == 12
    assert number.digits.isascii()
