"""One mistake in an otherwise good connector: the exam finds it and names it, knowing only folder and service."""

from pathlib import Path

import pytest

from tests.connector_bugs.conftest import Examine
from tests.connector_bugs.ground import make_bug, make_good, names, recipe


def test_there_are_enough_of_both() -> None:
    assert len(names("bugs")) >= 30
    assert len(names("good")) >= 10


@pytest.mark.parametrize("name", names("bugs"))
def test_a_seeded_bug_is_named(name: str, tmp_path: Path, examine: Examine) -> None:
    found = examine(make_bug(name, tmp_path))
    failed = {one.check.id for one in found.failed}
    assert failed >= set(recipe("bugs", name)["shows"]), failed
    assert all(fault.what and fault.where and fault.fix for one in found.failed for fault in one.faults)


@pytest.mark.parametrize("name", names("good"))
def test_a_good_connector_has_no_fault(name: str, tmp_path: Path, examine: Examine) -> None:
    found = examine(make_good(name, tmp_path))
    assert [(one.check.id, fault.what) for one in found.failed for fault in one.faults] == []
