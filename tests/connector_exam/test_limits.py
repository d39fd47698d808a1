"""What a connector asks for stays under the province's ceilings; figures come from the table `[limits]`."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.connector_exam.candidate import read_candidate
from gateway.connector_exam.checks_manifest import check_limits
from tests.connector_exam.conftest import change


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("concurrency = 500", "`concurrency` is 500, and the province allows 64"),
        ("retries = 5", "`retries` is 5, and the province allows 2"),
        ("retry_share = 0.9", "`retry_share` is 0.9, and the province allows 0.2"),
        ("drift_window = 0", "the drift watch is switched off"),
        ("fresh_for = { library_branch = 90000 }", "values of `library_branch` are kept for 90000 s"),
    ],
)
def test_more_than_the_ceiling_is_named_with_its_line(folder: Path, table: str, what: str) -> None:
    candidate = read_candidate(folder)
    faults = check_limits(replace(candidate, text=f"{candidate.text}\n[limits]\n{table}\n"))
    assert [one.what for one in faults] == [what]
    assert ":limits." in faults[0].where


@pytest.mark.parametrize("table", ["concurrency = 64", "retries = 2", "drift_window = 20", "queue_for = 0.5"])
def test_the_ceiling_itself_is_allowed(folder: Path, table: str) -> None:
    candidate = read_candidate(folder)
    assert check_limits(replace(candidate, text=f"{candidate.text}\n[limits]\n{table}\n")) == []


def test_a_source_has_three_hosts_at_most(folder: Path) -> None:
    change(folder, 'allowed_hosts = ["127.0.0.1"]', 'allowed_hosts = ["127.0.0.1", "a.vn", "b.vn", "c.vn"]')
    assert [one.what for one in check_limits(read_candidate(folder))] == [
        "4 hosts are allowed, and one source has 3 at most"
    ]
