"""Names are kept as written and shown kindly."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vocabulary.person_name import clean_name, display_name, fold_name, name_key


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("HOÀNG VĂN SỸ", "Hoàng Văn Sỹ"),
        ("H'ɃIL NIÊ KĐĂM", "H'Ƀil Niê Kđăm"),
        ("H’ɃIL NIÊ KĐĂM", "H’Ƀil Niê Kđăm"),
        ("SƠN", "Sơn"),
        ("Y BHĂM-MLÔ", "Y Bhăm-Mlô"),
        ("Maximiliana FEATHERSTONEHAUGH", "Maximiliana FEATHERSTONEHAUGH"),
        ("Đỗ Minh Hoà", "Đỗ Minh Hoà"),
        ("ĐỖ MINH HOÀ", "Đỗ Minh Hoà"),
    ],
)
def test_capitals_only_become_title_case_and_nothing_else_changes(source: str, shown: str) -> None:
    assert display_name(source) == shown
    assert display_name(unicodedata.normalize("NFD", source)) == shown


def test_folding_reaches_letters_without_decomposition() -> None:
    assert fold_name("  H’Ƀil  Niê Kđăm") == "hbil nie kdam"
    assert fold_name("Đỗ Minh Hoà") == fold_name("ĐỖ MINH HÒA") == "do minh hoa"
    assert name_key("H'Ƀil Niê Kđăm") == "HBILNIEKDAM"


def test_a_name_is_cleaned_of_spaces_only() -> None:
    assert clean_name(" H'Ƀil \t Niê\u00a0Kđăm ") == "H'Ƀil Niê Kđăm"
    with pytest.raises(ValueError, match="empty"):
        clean_name(" \n ")
    with pytest.raises(ValueError, match="100"):
        clean_name("a" * 101)


@given(st.text())
def test_showing_is_stable(text: str) -> None:
    shown = display_name(text)
    assert display_name(shown) == shown or not any(letter.islower() for letter in shown)
    assert unicodedata.is_normalized("NFC", shown)
