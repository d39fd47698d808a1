"""Parts of a name are told where they are sure, and left out where they would be a guess."""

import unicodedata

import pytest

from gateway.vocabulary.family_names import FAMILY_NAMES, name_parts


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Trần Thị Bưởi", {"family_name": "Trần", "middle_name": "Thị", "given_name": "Bưởi"}),
        ("TRẦN THỊ BƯỞI", {"family_name": "TRẦN", "middle_name": "THỊ", "given_name": "BƯỞI"}),
        (unicodedata.normalize("NFD", "Đỗ Hoà"), {"family_name": unicodedata.normalize("NFD", "Đỗ")}),
        ("Ma Lùng", {"family_name": "Ma", "given_name": "Lùng"}),
        ("Sơn", {"given_name": "Sơn"}),
        ("H'Ƀil Niê Kđăm", {}),
        ("Maximiliana Alexandrina Featherstonehaugh", {}),
        ("", {}),
    ],
)
def test_only_a_known_order_is_taken_apart(name: str, parts: dict[str, str]) -> None:
    told = name_parts(name)
    assert parts.items() <= told.items()
    assert bool(told) == bool(parts)


def test_the_list_is_lower_case_and_composed() -> None:
    for name in FAMILY_NAMES:
        assert name == unicodedata.normalize("NFC", name.lower())
