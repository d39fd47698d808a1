"""`gate06 doctor` on the days that limits are counted in: what is known of which year, and what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.doctor import check_holidays
from gateway.settings import ConfigurationRefused, Settings
from gateway.settings.tree import CalendarSettings


def found(at: datetime, file: Path | None = None) -> list[tuple[bool, str]]:
    rows = check_holidays(Settings(calendar=CalendarSettings(holidays=file)), at)
    assert {row.check for row in rows} == {"holidays"}
    return [(row.in_order, row.detail) for row in rows]


def test_a_known_year_is_in_order() -> None:
    assert found(datetime(2026, 6, 1, tzinfo=UTC)) == [(True, "2026: all public holidays are known")]


def test_at_its_end_the_next_year_is_looked_at_too() -> None:
    (_, _), (in_order, detail) = found(datetime(2026, 11, 27, tzinfo=UTC))
    assert in_order
    assert detail.startswith("2027: the yearly decision is not in it")
    assert "calendar.holidays" in detail


def test_a_year_of_which_nothing_is_known_is_wrong_once_it_has_begun_in_vietnam() -> None:
    assert [one for one, _ in found(datetime(2027, 12, 31, 16, 59, tzinfo=UTC))] == [True, True]
    ((in_order, detail),) = found(datetime(2027, 12, 31, 17, 0, tzinfo=UTC))
    assert not in_order
    assert detail.startswith("2028: only holidays with a date of their own")


def test_an_operators_file_puts_it_in_order_and_a_broken_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "holidays.toml"
    file.write_text('[year.2028]\nclosed = ["01-27"]\nsource = ["announced"]\n')
    assert found(datetime(2028, 3, 1, tzinfo=UTC), file) == [(True, "2028: all public holidays are known")]
    file.write_text("[year.2028]\nclosed = 1\n")
    ((in_order, detail),) = found(datetime(2028, 3, 1, tzinfo=UTC), file)
    assert not in_order
    assert "`calendar.holidays`" in detail
    with pytest.raises(ConfigurationRefused):
        Settings(calendar=CalendarSettings(holidays=file)).working_days()
