"""Watches whether a source still answers the way it used to; one that drifted is quarantined, and no other.

Three signs, each over the last `drift_window` answers about people the source knows: an attribute that four of five
people had is empty for three of four; an attribute cannot be read for half of them while others can; answers name
somebody else. A whole answer that cannot be read is an outage and the breaker's matter.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable

Sign = Literal["gone", "unreadable", "other_people"]
_Seen = Literal["found", "empty", "malformed"]

USUAL_SHARE = 0.8
GONE_SHARE = 0.25
UNREADABLE_SHARE = 0.5
OTHER_PEOPLE = 3
_REMEMBERED = 2000  # of the time before the window; older answers count half


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What drifted: the sign and the attribute, or "" for the answer as a whole. No value of anybody."""

    sign: Sign
    attribute: str = ""


@dataclass(slots=True)
class _Habit:
    recent: deque[_Seen]
    found_before: float = 0.0
    told_before: float = 0.0
    counts: dict[_Seen, int] = field(default_factory=lambda: {"found": 0, "empty": 0, "malformed": 0})


class DriftWatch:
    """Knows the habits of one source; `window` answers decide."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._habits: dict[str, _Habit] = {}
        self._strangers: deque[bool] = deque(maxlen=window)

    def observe(self, answer: Mapping[str, Outcome]) -> Drift | None:
        """Look at one answer and say what drifted, if something did."""
        strange = any(isinstance(one, Refused) and one.reason == "other_person" for one in answer.values())
        self._strangers.append(strange)
        if sum(self._strangers) >= OTHER_PEOPLE:
            return Drift(sign="other_people")
        seen = {name: kind for name, one in answer.items() if (kind := _kind_of(one)) is not None}
        if all(kind == "malformed" for kind in seen.values()):
            return None
        for name, kind in seen.items():
            sign = self._count(name, kind)
            if sign is not None:
                return Drift(sign=sign, attribute=name)
        return None

    def forget(self) -> None:
        """Begin anew: what was usual before is not usual any more."""
        self._habits.clear()
        self._strangers.clear()

    def _count(self, name: str, kind: _Seen) -> Sign | None:
        habit = self._habits.get(name)
        if habit is None:
            habit = self._habits[name] = _Habit(deque())
        habit.recent.append(kind)
        habit.counts[kind] += 1
        if habit.counts["malformed"] >= self._window * UNREADABLE_SHARE:
            return "unreadable"
        if len(habit.recent) <= self._window:
            return None
        oldest = habit.recent.popleft()
        habit.counts[oldest] -= 1
        habit.told_before += 1
        habit.found_before += oldest == "found"
        if habit.told_before > _REMEMBERED:
            habit.told_before /= 2
            habit.found_before /= 2
        usual = habit.told_before >= self._window and habit.found_before >= USUAL_SHARE * habit.told_before
        return "gone" if usual and habit.counts["found"] <= self._window * GONE_SHARE else None


def _kind_of(outcome: Outcome) -> _Seen | None:
    """Return what an outcome says of the source's habits; what says nothing of them is None."""
    match outcome:
        case Found():
            return "found"
        case Absent("empty"):
            return "empty"
        case Unavailable(reason="malformed"):
            return "malformed"
        case _:
            return None
