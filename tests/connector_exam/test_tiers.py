"""Four tiers, computed: each wants everything of the one before."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.connector_exam.candidate import Candidate, read_candidate
from gateway.connector_exam.finding import Result, all_checks
from gateway.connector_exam.tiers import tier_of
from tests.connector_exam.conftest import add, change

TODAY = date(2026, 11, 27)
ALL = [Result(check=one, verdict="passed") for one in all_checks().values()]
SILVER = "[quality]\nanswered_on = 2026-11-01\n"
GOLD = SILVER + (
    'rotation_rehearsed_on = 2026-06-01\nfill_rate_percent = 97\nfreshness = { vi = "1 ngày", en = "1 day" }\n'
    'known_limits = [{ vi = "Không có thẻ trẻ em", en = "No cards of children" }]\n'
)
PLATINUM = GOLD + "p95_ms = 420\nsandbox_run_on = 2026-11-26\n"


def examined(folder: Path, quality: str) -> Candidate:
    (folder / "README.md").write_text("# Bạn đọc thư viện\n\n" + "Nguồn giữ thẻ bạn đọc của tỉnh. " * 10, "utf-8")
    add(folder, quality)
    return read_candidate(folder)


@pytest.mark.parametrize(
    ("quality", "name"), [("", "bronze"), (SILVER, "silver"), (GOLD, "gold"), (PLATINUM, "platinum")]
)
def test_a_tier_is_reached_by_everything_it_wants(folder: Path, quality: str, name: str) -> None:
    tier = tier_of(examined(folder, quality), ALL, TODAY)
    assert tier.name == name
    assert bool(tier.missing) == (name != "platinum")


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("safety.reach", "none"),
        ("manifest.limits", "none"),
        ("behaviour.retries", "bronze"),
        ("evidence.logs", "bronze"),
        ("meaning.dates", "silver"),
    ],
)
@pytest.mark.parametrize("verdict", ["failed", "skipped"])
def test_a_check_that_is_not_passed_keeps_a_tier_away(folder: Path, check: str, name: str, verdict: str) -> None:
    results = [replace(one, verdict=verdict) if one.check.id == check else one for one in ALL]
    tier = tier_of(examined(folder, PLATINUM), results, TODAY)
    assert tier.name == name
    assert f"check `{check}` passed" in tier.missing


def test_without_a_readme_there_is_no_tier(folder: Path) -> None:
    (folder / "README.md").unlink(missing_ok=True)
    assert tier_of(read_candidate(folder), ALL, TODAY).name == "none"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("answered_on = 2026-11-01", "answered_on = 2026-08-01", "bronze"),
        ("rotation_rehearsed_on = 2026-06-01", "rotation_rehearsed_on = 2025-06-01", "silver"),
        ("p95_ms = 420", "p95_ms = 800", "gold"),
        ("sandbox_run_on = 2026-11-26", "sandbox_run_on = 2026-11-20", "gold"),
        ("sandbox_run_on = 2026-11-26", "sandbox_run_on = 2026-11-28", "gold"),
    ],
)
def test_days_and_figures_count(folder: Path, old: str, new: str, name: str) -> None:
    examined(folder, PLATINUM)
    change(folder, old, new)
    assert tier_of(read_candidate(folder), ALL, TODAY).name == name
