"""`gate06 policy check`: the built-in book passes, and each way of breaking it fails."""

from pathlib import Path

import pytest

from gateway.cli.policy import check
from gateway.policy.bundle import BUILT_IN
from gateway.policy.cases import check_book
from gateway.policy.decide import GUARDS
from tests.policy.books import copy_of_the_book, served


def test_the_built_in_book_passes_with_cases_of_every_rule() -> None:
    report = check_book([BUILT_IN])
    assert report.failures == ()
    assert report.changes == ()
    rules = [rule.id for code in served().procedures for rule in served().rules_of(code)]
    assert report.rule_count == len(set(rules)) + len(GUARDS)
    assert report.case_count > report.rule_count
    assert report.bundle_id == served().bundle_id


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        ("global.cedar", ("context.level < context.minimum_level", "context.level < 1"), "case of `global/level`"),
        ("global.cedar", ("!context.portal_procedure", "context.portal_procedure"), "should permit and is refused by"),
        (
            "procedures/1.004222_dang-ky-thuong-tru.toml",
            ("minimum_level = 2", "minimum_level = 1"),
            "cells differ from the reviewed matrix, first: opened",
        ),
        (
            "procedures/1.004222_dang-ky-thuong-tru.toml",
            ("Luật Cư trú số 68/2020/QH14", "Luật Cư trú"),
            "compiles to other rules than `golden/1.004222.cedar`",
        ),
        (
            "cases/global.toml",
            ('rule = "global/level"', 'rule = "global/levels"'),
            "a case is about `global/levels`, which is no rule",
        ),
        (
            "cases/1.004222.toml",
            ('rule = "1.004222/head.officer"', 'rule = "1.004222/head"'),
            "rule `1.004222/head.officer` has no case",
        ),
        ("cases/global.toml", ("refuses = { level = 1 }", "refuses = { levl = 1 }"), "nearest is `level`"),
        ("global.cedar", ("forbid (", "permit ("), "may only forbid"),
    ],
)
def test_a_broken_book_fails_the_check(tmp_path: Path, file: str, edit: tuple[str, str], said: str) -> None:
    code, report = check([copy_of_the_book(tmp_path, {file: edit})])
    assert code == 7
    assert any(said in failure for failure in report["failures"]), report["failures"]


def test_a_procedure_without_a_reviewed_matrix_fails_the_check(tmp_path: Path) -> None:
    folder = copy_of_the_book(tmp_path)
    (folder / "golden/1.004222.matrix.txt").unlink()
    code, report = check([folder])
    assert code == 7
    assert any("has no reviewed matrix" in failure for failure in report["failures"])


def test_a_rule_of_an_added_folder_needs_its_own_cases(tmp_path: Path) -> None:
    rule = """
    @id("house/no-email") @legal_basis("l") @legal_basis_en("l") @vi("v") @en("e") @failure("PF-007")
    forbid (principal is Portal, action == Action::"release", resource is Attribute)
    when { resource == Attribute::"email" };
    """
    (tmp_path / "house.cedar").write_text(rule, encoding="utf-8")
    code, report = check([BUILT_IN, tmp_path])
    assert code == 7
    assert any("rule `house/no-email` has no case" in failure for failure in report["failures"])
    assert any("1.004222/applicant` should permit" in failure for failure in report["failures"])
    assert all(line.startswith(("closed email", "reason email")) for line in report["changes"])
