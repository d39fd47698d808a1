"""Which language a name is in, and that nothing is called English that is not."""

import pytest

from gateway.vocabulary.naming import is_vietnamese, name_by_language


@pytest.mark.parametrize("text", ["Cổng dịch vụ", "Sở", "ĐĂK", "Hà Nội", "UBND xã Ủng", "A\u0306n", "Cô\u0309ng"])
def test_vietnamese_is_told_by_its_letters(text: str) -> None:
    assert is_vietnamese(text)


@pytest.mark.parametrize("text", ["", "Sample portal", "VNeID", "Café Zürich", "São Tomé", "Île-de-France", "portal-1"])
def test_other_words_are_not_taken_for_it(text: str) -> None:
    assert not is_vietnamese(text)


@pytest.mark.parametrize(
    ("plain", "vi", "en", "named"),
    [
        ("Cổng", None, None, {"vi": "Cổng"}),
        ("Cổng", None, "Portal", {"vi": "Cổng", "en": "Portal"}),
        ("Portal", "Cổng", None, {"vi": "Cổng", "en": "Portal"}),
        ("Portal", None, None, {"vi": "Portal", "en": "Portal"}),
        (None, "Cong", None, {"vi": "Cong"}),
        (None, None, "Portal", {"en": "Portal"}),
        (None, None, None, {}),
    ],
)
def test_a_name_stands_in_the_languages_it_exists_in(
    plain: str | None, vi: str | None, en: str | None, named: dict[str, str]
) -> None:
    assert name_by_language(plain, vi=vi, en=en) == named
