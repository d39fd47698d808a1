"""One line of what `gate06 doctor` finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was looked at, whether it is in order, what was seen, what to do."""

    check: str
    in_order: bool
    detail: str
    fix: str = ""
