"""The release matrix: the same bytes each time, read back whole, and a diff that shows who can newly see what."""

import dataclasses

import pytest

from gateway.policy.bundle import BUILT_IN, PolicyBundle
from gateway.policy.matrix import Cell, compare, read_snapshot, release_matrix, write_snapshot
from gateway.vocabulary.purpose import BASES, RELATIONS
from tests.policy.books import CT01, rehearsed, served

GOLDEN = (BUILT_IN / f"golden/{CT01}.matrix.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(served().procedures))
def test_the_matrix_is_the_reviewed_one_to_the_byte(code: str) -> None:
    golden = (BUILT_IN / f"golden/{code}.matrix.txt").read_text(encoding="utf-8")
    assert write_snapshot(release_matrix(served(), [code])) == golden


def test_every_cell_is_in_it() -> None:
    matrix = release_matrix(served())
    parts = sum(1 + len(procedure.parties) for procedure in served().procedures.values())
    assert len(matrix) == parts * 3 * len(RELATIONS) * 2 * len(BASES) * 2
    assert all(row.keys() == served().attributes.keys() for row in matrix.values())


def test_a_snapshot_is_read_back_whole() -> None:
    matrix = release_matrix(PolicyBundle(rehearsed()))
    assert read_snapshot(write_snapshot(matrix)) == matrix


def test_nothing_is_told_below_the_level_nor_to_a_stranger() -> None:
    for situation, row in read_snapshot(GOLDEN).items():
        if situation.level == 1 or situation.portal == "stranger":
            assert not any(cell.told for cell in row.values())
        assert not any(cell.told for name, cell in row.items() if name in {"religion", "ethnic_group", "blood_type"})


def test_what_is_told_is_always_spelled_out() -> None:
    assert not any(line.startswith("+") and "*" in line for line in GOLDEN.splitlines())


def test_a_diff_names_what_is_newly_told_first() -> None:
    book = rehearsed()
    procedure = book.procedures[CT01]
    fields = tuple(
        field.model_copy(update={"fill": ()}) if field.id == "applicant.email" else field for field in procedure.fields
    )
    narrower = procedure.model_copy(update={"fields": fields, "minimum_level": 1})
    before = release_matrix(PolicyBundle(book), [CT01])
    after = release_matrix(PolicyBundle(dataclasses.replace(book, procedures={CT01: narrower})), [CT01])
    changes = compare(before, after)
    kinds = [change.kind for change in changes]
    assert kinds == sorted(kinds, key=["opened", "closed", "reason"].index)
    assert {change.attribute for change in changes if change.kind == "closed"} == {"email"}
    assert all(change.situation.level == 1 for change in changes if change.kind == "opened")
    assert changes[0].line().startswith("opened ")
    assert "global/level => 1.004222/applicant" in changes[0].line()
    assert compare(after, after) == ()


def test_a_catalogue_that_grows_changes_nothing_until_something_is_told() -> None:
    matrix = release_matrix(served(), [CT01])
    situation = next(iter(matrix))
    refused = {situation: {**matrix[situation], "parcel_number": Cell(False, ("guard/nothing-permits",))}}
    told = {situation: {**matrix[situation], "parcel_number": Cell(True, ("x/y",))}}
    assert compare(matrix, {**matrix, **refused}) == ()
    assert [change.kind for change in compare(matrix, {**matrix, **told})] == ["opened"]
    assert [change.kind for change in compare({**matrix, **told}, matrix)] == ["closed"]


@pytest.mark.parametrize("line", ["+ a/b full_name", "1.004222 | registered | self", "nonsense"])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 5"):
        read_snapshot("\n".join([*GOLDEN.splitlines()[:4], line]))
