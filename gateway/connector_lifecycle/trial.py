"""What a trial came to: the answers of the version on trial, and of the one in service over the same time.

Every worker counts its own, each person once by their last answer; the store holds a row of each worker, and a pure
function judges the sum. Time alone proves nothing: a version nobody asked has passed no trial, nor one that a single
person asked ten times. So that workers know one person from another, each remembers for ten people at most which of
4096 places they fall in: too few to tell anybody by.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from math import sqrt
from typing import Any, Final, Literal

from gateway.connector_runtime.contract import Answer
from gateway.connector_runtime.drift import LastPeople
from gateway.connector_runtime.steering import Heard
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Absent, Found, Refused, Unavailable
from gateway.vocabulary.store import Change, Kind, Put, Record, RecordKey, Remove, Store

BUDGET_OF: Final = 10
"""So many answers a trial has before it is judged, and so many good ones of different people before it is over."""
ALONE_FROM: Final = 2 * BUDGET_OF
"""So many answers a trial waits for ten of the version in service, before it is judged by the share alone: a register
in trouble speaks against neither, and no more people than these are the price of not knowing yet."""
SPOILED_SHARE: Final = 0.2
"""So large a share of spoiled answers stops a trial when there is nothing to compare it with."""
UNLIKE: Final = 4.0
"""So many standard errors a share (of spoiled answers, of unknown people) may not lie above that of the version in
service."""
DOUBTFUL: Final = 2.0
PLACES: Final = 4096
_REMEMBERED: Final = 2000
_KEPT_FOR: Final = timedelta(days=180)

Verdict = Literal["failing", "unlike", "passed", "open"]
_Kind = Literal["spoiled", "unknown", "good"]


@dataclass(frozen=True, slots=True)
class Count:
    """Answers of one version: all of them, the `spoiled` ones, and those in which the person was `unknown`, or nothing
    was known of them; `places` of the people in those that were not spoiled, of ten at most."""

    answers: int = 0
    spoiled: int = 0
    unknown: int = 0
    places: frozenset[int] = frozenset()

    def __add__(self, other: "Count") -> "Count":
        places = self.places | other.places
        return Count(self.answers + other.answers, self.spoiled + other.spoiled, self.unknown + other.unknown, places)

    def numbers(self) -> list[int]:
        """Return what is stored beside the places."""
        return [self.answers, self.spoiled, self.unknown]


@dataclass(slots=True)
class _Side:
    """One worker's own count of one version."""

    count: Count = field(default_factory=Count)
    people: LastPeople[_Kind] = field(default_factory=lambda: LastPeople(_REMEMBERED))

    def take(self, heard: Heard, place: int) -> None:
        """Count an answer in the stead of the person's one before."""
        kind = _kind_of(heard.answer)
        replaced, _ = self.people.put(heard.person, kind)
        known = self.count.places
        places = known | {place} if kind != "spoiled" and len(known) < BUDGET_OF else known
        self.count = Count(
            self.count.answers + (replaced is None),
            self.count.spoiled + (kind == "spoiled") - (replaced == "spoiled"),
            self.count.unknown + (kind == "unknown") - (replaced == "unknown"),
            places,
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """Both sides of a trial: the version `tried`, and the one in service `beside` it."""

    tried: Count
    beside: Count

    def __add__(self, other: "Tried") -> "Tried":
        return Tried(self.tried + other.tried, self.beside + other.beside)

    @property
    def good(self) -> int:
        """How many different people's answers speak for the version (of more than ten at least ten); an unknown
        person's does only where there is something to compare."""
        unknown = 0 if self.beside.answers >= BUDGET_OF else self.tried.unknown
        return min(self.tried.answers - self.tried.spoiled - unknown, len(self.tried.places))


def untried() -> Tried:
    """Return a trial in which nothing was asked."""
    return Tried(Count(), Count())


def judge(trial: Tried) -> Verdict:
    """Return what the answers say: stop it (`failing`, `unlike`), end it well (`passed`), or go on (`open`)."""
    tried = trial.tried
    if tried.answers < BUDGET_OF:
        return "open"
    beside = trial.beside
    compared = beside.answers >= BUDGET_OF
    spoiled = tried.spoiled / tried.answers
    worse = _distance((tried.spoiled, tried.answers), (beside.spoiled, beside.answers))
    if spoiled > SPOILED_SHARE:
        if not compared:
            return "failing" if tried.answers >= ALONE_FROM else "open"
        if worse >= UNLIKE:
            return "failing"  # what a register spoils for both versions speaks against neither
    distance = _distance((tried.unknown, tried.answers), (beside.unknown, beside.answers))
    if distance >= UNLIKE:
        return "unlike"
    usual = SPOILED_SHARE + (beside.spoiled / beside.answers if compared else 0.0)
    in_doubt = max(worse, distance) >= DOUBTFUL or spoiled > usual
    return "passed" if trial.good >= BUDGET_OF and not in_doubt else "open"


def place_of(trial: str, person: Hashable) -> int:
    """Return in which of the places of a trial somebody falls, the same in every worker."""
    return int.from_bytes(sha256(f"{trial} {person}".encode()).digest()[:4]) % PLACES


def is_spoiled(answer: Answer) -> bool:
    """Tell whether an answer speaks against whoever asked: refused, about another person, a field that cannot be read,
    or nothing usable at all."""
    outcomes = answer.values()
    if any(isinstance(one, Refused) or _unreadable(one) for one in outcomes):
        return True
    return bool(answer) and all(isinstance(one, Unavailable) for one in outcomes)


def _unreadable(outcome: object) -> bool:
    return isinstance(outcome, Unavailable) and outcome.reason == "malformed"


def _is_unknown(answer: Answer) -> bool:
    """Tell whether nothing of anybody came: a record in which every field is empty is as little as no record."""
    outcomes = answer.values()
    nothing = any(isinstance(one, Absent) for one in outcomes)
    return nothing and not any(isinstance(one, Found) for one in outcomes)


def _kind_of(answer: Answer) -> _Kind:
    if is_spoiled(answer):
        return "spoiled"
    return "unknown" if _is_unknown(answer) else "good"


def _distance(tried: tuple[int, int], beside: tuple[int, int]) -> float:
    """Return how far one share (so many of so many) lies above another, in standard errors of their difference."""
    (part, whole), (other_part, other_whole) = tried, beside
    if min(whole, other_whole) < BUDGET_OF:
        return 0.0
    together = (part + other_part) / (whole + other_whole)
    if together in {0.0, 1.0}:
        return 0.0
    error = sqrt(together * (1 - together) * (1 / whole + 1 / other_whole))
    return (part / whole - other_part / other_whole) / error


class TrialCounts:
    """One worker's counts of the trials under way, and what all the others stored, by `connector/version`."""

    def __init__(self, clock: Clock, holder: str) -> None:
        self._clock = clock
        self._holder = holder
        self._own: dict[str, tuple[_Side, _Side]] = {}
        self._others: Mapping[str, Tried] = {}
        self._stored: dict[str, Tried] = {}

    def count(self, trial: str, heard: Heard, *, beside: bool) -> None:
        """Count an answer of the version on trial, or of the one `beside` it."""
        own = self._own.setdefault(trial, (_Side(), _Side()))
        own[beside].take(heard, place_of(trial, heard.person))

    def of(self, trial: str) -> Tried:
        """Return the sum over all workers, as far as it is known here."""
        return self._counted(trial) + self._others.get(trial, untried())

    def _counted(self, trial: str) -> Tried:
        """Return what this worker counted."""
        own = self._own.get(trial)
        return untried() if own is None else Tried(own[0].count, own[1].count)

    async def exchange(self, store: Store, rows: list[Record], trials: frozenset[str]) -> None:
        """Store what was counted here and take in the `rows` of all; of a trial that is over nothing is kept.

        Raises StorageUnavailable, and then the counts stay as they are.
        """
        now, others = self._clock.now(), dict[str, Tried]()
        for row in rows:
            trial, _, holder = row.key.rpartition("/")
            if holder != self._holder and row.alive(now):
                others[trial] = others.get(trial, untried()) + _read(row.body)
        self._others = others
        changes: list[Change] = [Put(self._row(trial)) for trial in self._own if trial in trials and self._news(trial)]
        over = [trial for trial in self._own if trial not in trials]
        changes += [Remove(self._address(trial)) for trial in over if trial in self._stored]
        if changes:
            await store.commit(changes, now=now)
        for trial in over:
            del self._own[trial]
            self._stored.pop(trial, None)
        self._stored |= {trial: self._counted(trial) for trial in self._own}

    def _news(self, trial: str) -> bool:
        return self._stored.get(trial) != self._counted(trial)

    def _address(self, trial: str) -> RecordKey:
        return RecordKey(Kind.TRIAL_COUNT, f"{trial}/{self._holder}")

    def _row(self, trial: str) -> Record:
        own = self._counted(trial)
        tried, beside, places = own.tried.numbers(), own.beside.numbers(), sorted(own.tried.places)
        address, ends = self._address(trial), self._clock.now() + _KEPT_FOR
        body = {"tried": tried, "beside": beside, "places": places}
        return Record(kind=address.kind, key=address.key, body=body, expires_at=ends)


def _read(body: Mapping[str, Any]) -> Tried:
    places = frozenset(body.get("places", ()))
    return Tried(replace(Count(*body["tried"]), places=places), Count(*body["beside"]))
