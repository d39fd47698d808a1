"""Watches whether a source still answers the way it used to; one that drifted is quarantined, and no other.

Four signs. Three over the last `drift_window` different people the source knows: an attribute that four of five people
had is empty for three of four; an attribute, or every one, cannot be read for half of them; answers name somebody else.
The fourth over as many different people as could be unknown in a row by chance once in a million, and over
`drift_window` at least: hardly anybody is known or told of any more. One person counts once in each, by their last
answer: a single spoiled record takes the register from nobody. An answer without any record is an outage and the
breaker's matter.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable

Seen = TypeVar("Seen")
Sign = Literal["gone", "unreadable", "other_people", "nobody"]
_Seen = Literal["found", "empty", "malformed"]

USUAL_SHARE = 0.8
GONE_SHARE = 0.25
UNREADABLE_SHARE = 0.5
OTHER_PEOPLE = 3
KNOWN_AFTER = 5
"""So many windows of answers make a share of known people usual."""
BY_CHANCE = 1e-6
_REMEMBERED = 2000  # of the time before the window; older answers count half


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What drifted: the sign and the attribute, or "" for the answer as a whole. No value of anybody."""

    sign: Sign
    attribute: str = ""


class LastPeople(Generic[Seen]):
    """What was seen of the last `most` different people, told apart by a hash; None is somebody else each time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[Hashable, Seen] = OrderedDict()

    def put(self, person: Hashable, seen: Seen) -> tuple[Seen | None, Seen | None]:
        """Put what was seen of a person in the place of what was seen before; return that, and what left for age."""
        key: Hashable = object() if person is None else hash(person)
        replaced = self._seen.pop(key, None)
        self._seen[key] = seen
        oldest = self._seen.popitem(last=False)[1] if len(self._seen) > self._most else None
        return replaced, oldest

    def values(self) -> list[Seen]:
        """Return what was seen, the oldest first."""
        return list(self._seen.values())


@dataclass(slots=True)
class _Habit:
    recent: LastPeople[_Seen]
    found_before: float = 0.0
    told_before: float = 0.0
    counts: dict[_Seen, int] = field(default_factory=lambda: {"found": 0, "empty": 0, "malformed": 0})


class DriftWatch:
    """Knows the habits of one source; `window` answers decide."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._habits: dict[str, _Habit] = {}
        self._strangers = LastPeople[bool](window)
        self._known = _Known(window)

    def observe(self, answer: Mapping[str, Outcome], person: Hashable = None) -> Drift | None:
        """Look at one answer and say what drifted, if something did. `person` tells people apart: one who asks again
        and again is one; None is somebody else each time."""
        strange = any(isinstance(one, Refused) and one.reason == "other_person" for one in answer.values())
        self._strangers.put(person, strange)
        if sum(self._strangers.values()) >= OTHER_PEOPLE:
            return Drift(sign="other_people")
        if self._known.lost(answer, person):
            return Drift(sign="nobody")
        seen = {name: kind for name, one in answer.items() if (kind := _kind_of(one)) is not None}
        whole = len(seen) > 1 and all(kind == "malformed" for kind in seen.values())
        for name, kind in seen.items():
            sign = self._count(name, kind, person)
            if sign is not None:
                return Drift(sign=sign, attribute="" if whole else name)
        return None

    def forget(self) -> None:
        """Begin anew: what was usual before is not usual any more."""
        self._habits.clear()
        self._strangers = LastPeople(self._window)
        self._known = _Known(self._window)

    def _count(self, name: str, kind: _Seen, person: Hashable) -> Sign | None:
        habit = self._habits.get(name)
        if habit is None:
            habit = self._habits[name] = _Habit(LastPeople(self._window))
        replaced, oldest = habit.recent.put(person, kind)
        habit.counts[kind] += 1
        if replaced is not None:
            habit.counts[replaced] -= 1
        if habit.counts["malformed"] >= self._window * UNREADABLE_SHARE:
            return "unreadable"
        if oldest is not None:
            habit.counts[oldest] -= 1
            habit.told_before += 1
            habit.found_before += oldest == "found"
        if habit.told_before > _REMEMBERED:
            habit.told_before /= 2
            habit.found_before /= 2
        usual = habit.told_before >= self._window and habit.found_before >= USUAL_SHARE * habit.told_before
        return "gone" if usual and habit.counts["found"] <= self._window * GONE_SHARE else None


class _Known:
    """How many people a source knows and tells of, and since how many of them hardly one.

    The last known person is forgiven, so that one test record does not hide a register that lost the others: the run
    counts from the one before. Of the run only hashes are held, in memory, and no longer than it lasts.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._known = 0.0
        self._told = 0.0
        self._run: set[int] = set()
        self._anonymous = 0
        self._before = 0
        self._last: int | None = None

    def lost(self, answer: Mapping[str, Outcome], person: Hashable) -> bool:
        """Count an answer; tell whether so many unknown people are no chance any more."""
        known = _is_known(answer)
        if known is None:
            return False
        if known:
            if person is not None and self._last == hash(person):
                return False  # one known person asked about again says nothing of the others
            self._last = None if person is None else hash(person)
            self._told += self._before
            self._known += self._before > 0
            self._before = 1 + self._unknown
            self._run.clear()
            self._anonymous = 0
            if self._told > _REMEMBERED:
                self._told /= 2
                self._known /= 2
            return False
        if person is None:
            self._anonymous += 1
        elif len(self._run) < _REMEMBERED:
            self._run.add(hash(person))
        return self._is_no_chance(self._before + self._unknown)

    @property
    def _unknown(self) -> int:
        return len(self._run) + self._anonymous

    def _is_no_chance(self, run: int) -> bool:
        """Tell whether at most one known person among `run` people is rarer than BY_CHANCE, at the usual share."""
        if run < self._window or self._told < KNOWN_AFTER * self._window:
            return False
        share = self._known / self._told
        if share >= 1:
            return True
        other = 1 - share
        return float(other**run + run * share * other ** (run - 1)) < BY_CHANCE


def _is_known(answer: Mapping[str, Outcome]) -> bool | None:
    """Return whether a source told of a person, be it that a value is empty; None when an answer says nothing of it."""
    told = [one for one in answer.values() if not isinstance(one, Unavailable) and one != Absent("not_kept")]
    if not told:
        return None
    return any(isinstance(one, Found) or one == Absent("empty") for one in told)


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
