"""Two spellings, one person, and the different noes."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.assurance.match import (
    Claim,
    RegisterRecord,
    look_up,
    match_name,
    match_person,
    match_verification,
)
from gateway.assurance.register import synthetic_register
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona, personas
from gateway.vocabulary.provenance import Refused, Unavailable

_WORDS = "Hoàng Hòa Hoà Thủy Thuỷ Nguyễn Sỹ Lý Lí Quý Qúy H'Ƀil Niê Kđăm Đỗ Toán Y Bhăm Ma Lùng Khoá Mỹ Mĩ"
SYLLABLES = _WORDS.split()
names = st.one_of(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=5).map(" ".join), st.text(max_size=30))


@pytest.mark.parametrize(
    ("a", "b", "outcome", "rules"),
    [
        ("Hoàng Văn Sỹ", "Hoàng Văn Sỹ", "exact", ()),
        ("Trần Thị Hòa", "Trần Thị Hoà", "normalised", ("tone_placement",)),
        ("Lê Thị Thủy", "LÊ THỊ THUỶ", "normalised", ("case", "tone_placement")),
        ("Khóe", "Khoé", "normalised", ("tone_placement",)),
        ("Qúy", "Quý", "normalised", ("tone_placement",)),
        ("Hoà", unicodedata.normalize("NFD", "Hoà"), "normalised", ("unicode_form",)),
        ("Hoàng  Văn Sỹ ", "Hoàng Văn Sỹ", "normalised", ("spacing",)),
        ("H'Ƀil Niê Kđăm", "H’Ƀil Niê Kđăm", "normalised", ("apostrophe",)),
        ("H' ɃIL", "H'Ƀil", "normalised", ("case", "apostrophe")),
        ("Lý", "Lí", "candidate", ("i_y",)),
        ("Quý", "Quí", "candidate", ("i_y",)),
        ("Hòang", "Hoàng", "candidate", ("tone_misplaced",)),
        ("Tóan", "Toán", "candidate", ("tone_misplaced",)),
        ("H'Bil Niê", "H'Ƀil Niê", "candidate", ("stroke_letter",)),
        ("NGUYEN THI HOA", "Nguyễn Thị Hòa", "candidate", ("without_marks",)),
        ("TRANTHIBUOI", "Trần Thị Bưởi", "candidate", ("without_marks",)),
        ("Y-Bhăm", "Y Bhăm", "candidate", ("hyphen",)),
        ("Nguyễn Thị Hoa", "Nguyễn Thị Hòa", "different", ()),
        ("Thúy", "Thúi", "different", ()),
        ("Trần Thị Bưởi", "Trần Thị Buởi", "different", ()),
        ("Sơn", "Sớn", "different", ()),
        ("Sơn", "Sơn Sơn", "different", ()),
        ("Ma Văn Lùng", "Mа Văn Lùng", "different", ()),
    ],
)
def test_names(a: str, b: str, outcome: str, rules: tuple[str, ...]) -> None:
    found = match_name(a, b)
    assert (found.outcome, found.rules) == (outcome, rules)
    assert match_name(b, a) == found


@given(names)
def test_a_name_is_exactly_itself(name: str) -> None:
    assert match_name(name, name).outcome == "exact"


@given(names, names)
def test_comparison_is_symmetric(a: str, b: str) -> None:
    assert match_name(a, b) == match_name(b, a)


@given(names, names)
def test_the_form_of_unicode_never_changes_whether_it_is_one_name(a: str, b: str) -> None:
    composed = match_name(unicodedata.normalize("NFC", a), unicodedata.normalize("NFC", b))
    decomposed = match_name(unicodedata.normalize("NFD", a), unicodedata.normalize("NFD", b))
    mixed = match_name(unicodedata.normalize("NFC", a), unicodedata.normalize("NFD", b))
    assert composed.same == decomposed.same == mixed.same
    assert (composed.outcome == "different") == (mixed.outcome == "different")


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4), st.data())
def test_another_tone_is_another_name(words: list[str], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(words) - 1))
    letters = unicodedata.normalize("NFD", words[position])
    tones = [i for i, letter in enumerate(letters) if letter in "\u0300\u0301\u0303\u0309\u0323"]
    assume(tones)
    other = data.draw(st.sampled_from([t for t in "\u0300\u0301\u0303\u0309\u0323" if t != letters[tones[0]]]))
    changed = [*words]
    changed[position] = letters[: tones[0]] + other + letters[tones[0] + 1 :]
    assert match_name(" ".join(words), " ".join(changed)).outcome == "different"


def ask(**members: object) -> str:
    birth_date = members.pop("birth_date", None)
    claim = Claim(birth_date=PartialDate.parse(str(birth_date)) if birth_date else None, **members)  # type: ignore[arg-type]
    return match_person(claim, look_up(claim, synthetic_register())).verdict


@pytest.mark.parametrize(
    ("members", "verdict"),
    [
        ({"number": "999041000001", "full_name": "Hoàng Văn Sỹ", "birth_date": "1941"}, "matched"),
        ({"number": "099999003", "full_name": "TRẦN THỊ BƯỞI", "birth_date": "12/05/1975"}, "matched"),
        ({"number": "999095000008", "full_name": "Đỗ Minh Hòa", "sex": "male"}, "matched"),
        ({"number": "999175000003", "full_name": "TRAN THI BUOI", "birth_date": "1975-05-12"}, "matched"),
        ({"full_name": "H’Ƀil Niê Kđăm", "birth_date": "1988-11-30"}, "matched"),
        ({"number": "999095000008", "full_name": "Đỗ Minh Hoà", "sex": "female"}, "mismatched"),
        ({"number": "999175000003", "full_name": "Trần Thị Bười", "birth_date": "1975-05-12"}, "mismatched"),
        ({"number": "999175000003", "full_name": "Trần Thị Bưởi", "birth_date": "1975-12-05"}, "no_match"),
        ({"number": "999175000003", "full_name": "Ai Khác", "birth_date": "1975-05-12"}, "no_match"),
        ({"number": "999175000999", "full_name": "Trần Thị Bưởi", "birth_date": "1975-05-12"}, "no_match"),
        ({"full_name": "Bế Văn Nam", "birth_date": "2001-02-03"}, "ambiguous"),
        ({"number": "999201000011", "full_name": "Bế Văn Nam", "birth_date": "2001-02-03"}, "matched"),
        ({"number": "999182000007", "full_name": "Lí Thị Pà", "birth_date": "1982-04-17"}, "ambiguous"),
        ({"full_name": "Sơn"}, "ambiguous"),
        ({"number": "999050000004", "full_name": "Ma Văn Lùng", "birth_date": "1950-02-08"}, "deceased"),
    ],
)
def test_people(members: dict[str, object], verdict: str) -> None:
    assert ask(**members) == verdict


def test_every_persona_is_found_by_the_three_way_key() -> None:
    for one in personas():
        if one.personal_number and one.death_date is None:
            found = ask(number=one.personal_number, full_name=one.full_name, birth_date=one.birth_date, sex=one.sex)
            assert found == "matched", one.index


def test_a_source_that_is_down_is_a_no_of_its_own() -> None:
    assert match_person(Claim(full_name=persona(1).full_name), Unavailable()).verdict == "unavailable"


def test_the_population_lookup_never_says_that_somebody_died() -> None:
    lung = persona(4)
    claim = Claim(full_name=lung.full_name, number=lung.personal_number)
    record = RegisterRecord(full_name=lung.full_name, personal_number=lung.personal_number)
    assert match_person(claim, [record]).verdict == "matched"


def test_a_register_that_only_verifies_gives_three_verdicts() -> None:
    assert match_verification(True).verdict == "matched"
    assert match_verification(False).verdict == "no_match"
    assert match_verification(Unavailable(reason="timeout")).verdict == "unavailable"
    assert match_verification(Refused("officer_denied")).verdict == "unavailable"
