"""A form written once and borrowed by name; a form of two parties; false friends of some relations only."""

from pathlib import Path

import pytest

from gateway.policy.bundle import PolicyBundle
from gateway.policy.failure import PolicyInvalid
from tests.policy.books import CT01, copy_of_the_book, served

BORROWER = "procedures/1.004194_dang-ky-tam-tru.toml"
MARRIAGE = "procedures/1.000894_dang-ky-ket-hon.toml"
DEATH = "procedures/1.000656_dang-ky-khai-tu.toml"
NAME_OF_B = (
    'id = "party_b.full_name"\nparty = 2\nitem = "1"\nlabel = { vi = "Họ, chữ đệm, tên", en = "Full name" }\n'
    'type = "text"\nrequired = true\nlock = "locked"\n'
)
POPULATION_NAME = 'fill = [{ source = "population", attribute = "full_name", relations = ["self"] }]'


def complaints(folder: Path) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        PolicyBundle.load(built_in=folder)
    return "\n".join(caught.value.problems)


def test_the_borrower_has_the_form_but_for_what_it_leaves_out_or_says_anew() -> None:
    lender, borrower = served().procedures[CT01], served().procedures["1.004194"]
    assert borrower.form == lender.form
    left_out = {"applicant.old_number"}
    assert [field.id for field in borrower.fields] == [field.id for field in lender.fields if field.id not in left_out]
    anew = {field.id for field in borrower.fields if field != lender.field(field.id)}
    assert anew == {
        "applicant.permanent_residence",
        "applicant.current_residence",
        "head.full_name",
        "head.relation",
        "head.personal_number",
    }
    assert borrower.conditions == ()
    assert borrower.title != lender.title
    assert borrower.purpose != lender.purpose


def test_the_borrower_inherits_the_false_friends_and_adds_its_own() -> None:
    lender, borrower = served().procedures[CT01], served().procedures["1.004194"]
    kept = [friend for friend in lender.false_friends if friend.field != "applicant.old_number"]
    assert list(borrower.false_friends[: len(kept)]) == kept
    assert {(friend.field, friend.attribute) for friend in borrower.false_friends[len(kept) :]} == {
        ("head.full_name", "head_name"),
        ("head.relation", "head_relation"),
        ("head.personal_number", "head_number"),
    }


def test_its_rules_bear_its_own_code() -> None:
    assert {rule.id for rule in served().permits["1.004194"]} == {
        "1.004194/applicant",
        "1.004194/applicant.guardian",
        "1.004194/applicant.officer",
    }
    assert served().cedar_text("1.004194").count("1.004222") == 0


def test_a_change_of_the_lender_is_a_change_of_the_borrower(tmp_path: Path) -> None:
    lender = "procedures/1.004222_dang-ky-thuong-tru.toml"
    book = copy_of_the_book(tmp_path, {lender: ('version = "2025-07-01"', 'version = "2026-02-03"')})
    changed = PolicyBundle.load(built_in=book)
    assert changed.procedures["1.004194"].form_version == "2026-02-03"
    assert changed.bundle_id != served().bundle_id


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            'form_of = "1.004222"',
            'form_of = "1.004223"',
            "`1.004223`, which is no procedure with a form of its own, nearest",
        ),
        ('form_of = "1.004222"', 'form_of = "1.004194"', "which is no procedure with a form of its own"),
        (
            'leave_out = ["applicant.old_number"]',
            'leave_out = ["applicant.number"]',
            "leave_out[0]` names unknown field",
        ),
        ('leave_out = ["applicant.old_number"]', 'leave_out = ["head.relation"]', "has no field `head.relation`"),
        ('id = "head.relation"', 'id = "head.phone"', "the form of `1.004222` has no field `head.phone`"),
        ('basis = "law"', 'bases = "law"', "bases` is not a known key, nearest is `basis`"),
    ],
)
def test_a_borrower_that_does_not_fit_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert said in complaints(copy_of_the_book(tmp_path, {BORROWER: (before, after)}))


def test_an_added_folder_may_borrow_from_the_built_in_book(tmp_path: Path) -> None:
    text = (copy_of_the_book(tmp_path / "book") / BORROWER).read_text(encoding="utf-8")
    more = tmp_path / "more/procedures/9.000001_tam-tru-cua-tinh.toml"
    more.parent.mkdir(parents=True)
    more.write_text(text.replace('code = "1.004194"', 'code = "9.000001"'), encoding="utf-8")
    bundle = PolicyBundle.load([tmp_path / "more"])
    assert bundle.procedures["9.000001"].fields == served().procedures["1.004194"].fields


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[[parties]]\nnumber = 2\n", "[[parties]]\nnumber = 3\n", "parties[0].number`"),
        ('id = "party_b.full_name"\nparty = 2', 'id = "party_b.full_name"\nparty = 1', "belongs to one party"),
        (
            f"{NAME_OF_B}{POPULATION_NAME}",
            f"{NAME_OF_B}{POPULATION_NAME.replace('self', 'officer')}",
            "only the other party in person opens their part",
        ),
    ],
)
def test_a_party_that_does_not_fit_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert said in complaints(copy_of_the_book(tmp_path, {MARRIAGE: (before, after)}))


def test_a_party_without_an_entry_or_without_fields_is_named(tmp_path: Path) -> None:
    book = copy_of_the_book(tmp_path, {DEATH: ('item = "nktHoTen"', 'party = 2\nitem = "nktHoTen"')})
    assert "which `parties` does not declare" in complaints(book)
    parties = '[[parties]]\nnumber = 2\nlabel = { vi = "a", en = "a" }\nwaits = { vi = "b", en = "b" }\n\n[[fields]]'
    other = copy_of_the_book(tmp_path / "other", {DEATH: ("[[fields]]", parties)})
    assert "declares party 2 and no field is theirs" in complaints(other)


def test_a_false_friend_of_some_relations_stops_those_alone(tmp_path: Path) -> None:
    book = copy_of_the_book(
        tmp_path,
        {
            DEATH: (
                'attribute = "ethnic_group", relations = ["officer"]',
                'attribute = "ethnic_group", relations = ["self"]',
            )
        },
    )
    assert "`ethnic_group` is a false friend of `deceased.ethnic_group`" in complaints(book)


def test_the_population_registers_marital_status_can_decide_nothing(tmp_path: Path) -> None:
    book = copy_of_the_book(
        tmp_path,
        {
            "procedures/1.004873_xac-nhan-tinh-trang-hon-nhan.toml": (
                '{ source = "civil_status", attribute = "marital_status", relations = ["officer"] }',
                '{ source = "population", attribute = "marital_status", relations = ["officer"] }',
            )
        },
    )
    said = complaints(book)
    assert "`population` does not hold `marital_status`" in said
    assert "`marital_status` is a false friend of `subject.marital_status`" in said
