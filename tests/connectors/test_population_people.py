"""Two thousand people that are the same everywhere, and agree with themselves."""

from hashlib import sha256

from gateway.connector_runtime.contract.simulator_people import KINDS, SEED, generate_people, people_bytes
from gateway.vocabulary.person_name import name_key
from gateway.vocabulary.persona import personas
from gateway.vocabulary.personal_number import PersonalNumber

PEOPLE = generate_people()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first = people_bytes(SEED, 2000)
    assert first == people_bytes(SEED, 2000)
    assert first != people_bytes(SEED + 1, 2000)
    assert sha256(first).hexdigest() == FINGERPRINT


FINGERPRINT = "3dc29b8907c67ba8383040b2839ac6434b31268b2ef8f0d5905968852e874456"


def test_there_are_two_thousand_with_every_kind_of_edge() -> None:
    assert len(PEOPLE) == 2000
    assert {one.note_en for one in PEOPLE} == {name for name, _ in KINDS}
    assert sum(one.personal_number is None for one in PEOPLE) >= 140
    assert any(len(one.birth_date) == 4 for one in PEOPLE)
    assert any("'" in one.full_name for one in PEOPLE)
    assert any("-" in one.full_name for one in PEOPLE)


def numbers_of(one) -> list[str]:
    relatives = (one.father, one.mother, one.spouse, one.head_of_household, one.representative)
    return [number for number in (one.personal_number, *(each.number for each in relatives if each)) if number]


def test_numbers_agree_with_sex_and_year_and_lie_in_the_invented_range() -> None:
    for one in (*PEOPLE, *personas()):
        if one.personal_number is not None:
            number = PersonalNumber(one.personal_number)
            assert number.synthetic
            assert number.sex == one.sex
            assert str(number.birth_year) == one.birth_date[:4]
        for relative, sex in ((one.father, "male"), (one.mother, "female")):
            if relative is not None and relative.number is not None:
                assert PersonalNumber(relative.number).sex == sex
        assert all(PersonalNumber(number).synthetic for number in numbers_of(one))


def test_nobody_shares_a_number_with_anybody() -> None:
    own = [one.personal_number for one in (*PEOPLE, *personas()) if one.personal_number]
    old = [one.old_number for one in (*PEOPLE, *personas()) if one.old_number]
    assert len(own) == len(set(own))
    assert len(old) == len(set(old))
    assert all(100_000 <= int(one.personal_number[-6:]) < 900_000 for one in PEOPLE if one.personal_number)


def test_parents_are_older_than_their_children() -> None:
    for one in PEOPLE:
        for parent in (one.father, one.mother):
            if parent is not None and parent.number is not None:
                assert PersonalNumber(parent.number).birth_year + 16 <= int(one.birth_date[:4])


def test_the_fourteen_are_as_designed() -> None:
    told = [(one.index, one.full_name, one.personal_number) for one in personas()]
    assert [index for index, _, _ in told] == list(range(1, 15))
    assert told[0][1:] == ("Hoàng Văn Sỹ", "999041000001")
    assert told[13][1:] == ("Maximiliana Alexandrina Featherstonehaugh", None)
    assert len(told[13][1]) == 41
    assert personas()[13].passport_number == "N00000014"
    assert name_key(told[5][1]) == "HBILNIEKDAM"
    assert personas()[10].full_name == personas()[11].full_name
    assert personas()[10].birth_date == personas()[11].birth_date == "2001-02-03"
