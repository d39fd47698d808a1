"""Working days of Vietnamese offices: what the days of a legal time limit are counted in.

Monday to Friday without public holidays; a Saturday that is worked in exchange for a free day counts. The days are
data (`public_holidays.toml`); what is announced for a year that is not in it is added there.
"""

import tomllib
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_SATURDAY = 5


@cache
def _exceptions() -> tuple[frozenset[str], frozenset[date], frozenset[date]]:
    """Return the fixed free days (`MM-DD`), the other free days, and the Saturdays that are worked."""
    tables = tomllib.loads(files("gateway.vocabulary").joinpath("public_holidays.toml").read_text("utf-8"))
    closed, opened = (
        frozenset(date.fromisoformat(f"{year}-{day}") for year, days in tables[name].items() for day in days)
        for name in ("closed", "open")
    )
    return frozenset(tables["fixed"]), closed, opened


def is_working_day(day: date) -> bool:
    """Tell whether offices are open on a day."""
    fixed, closed, opened = _exceptions()
    if day in opened:
        return True
    return day.weekday() < _SATURDAY and day not in closed and f"{day:%m-%d}" not in fixed


def after_working_days(start: datetime, count: int) -> date:
    """Return the last day of a limit of `count` working days: the day of `start`, in Vietnam, is not counted (Civil
    Code, article 147)."""
    day = start.astimezone(VIETNAM).date()
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
