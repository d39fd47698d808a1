"""What the status page tells: which parts work, since when, and no internals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Text = Mapping[str, str]
State = Literal["up", "degraded", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One part as people know it (`VNeID`, `CSDL quốc gia về dân cư`) and its state since a moment (UTC)."""

    id: str
    name: Text
    state: State
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """All parts at one moment (UTC); `next_at` is when the next look is due."""

    checked_at: datetime
    rows: tuple[StatusRow, ...]
    next_at: datetime | None = None

    @property
    def state(self) -> State:
        """`up` when all parts are, `down` when all are down, else `degraded`."""
        states = {row.state for row in self.rows}
        if len(states) <= 1:
            return next(iter(states), "up")
        return "degraded"

    def as_json(self) -> dict[str, Any]:
        """Return the report as `GET /status` writes it; times are RFC 3339 in UTC."""
        return {
            "status": self.state,
            "checked_at": _instant(self.checked_at),
            "next_at": _instant(self.next_at),
            "parts": [
                {"id": row.id, "name": dict(row.name), "status": row.state, "since": _instant(row.since)}
                for row in self.rows
            ],
        }


def _instant(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds").replace("+00:00", "Z")
