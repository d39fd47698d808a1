"""What a trial came to: the answers of the version on trial, and of the one in service over the same time.

Every worker counts its own, the store holds a row of each, and a pure function judges the sum. Time alone proves
nothing: a version nobody asked has passed no trial.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Any, Final, Literal

from gateway.connector_runtime.contract import Answer
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Absent, Found, Refused, Unavailable
from gateway.vocabulary.store import Change, Kind, Put, Record, RecordKey, Remove, Store

BUDGET_OF: Final = 10
"""So many answers a trial has before it is judged, and so many good ones before it is over."""
SPOILED_SHARE: Final = 0.2
UNLIKE: Final = 4.0
"""So many standard errors the share of unknown people may not lie above that of the version in service."""
DOUBTFUL: Final = 2.0
_KEPT_FOR: Final = timedelta(days=180)

Verdict = Literal["failing", "unlike", "passed", "open"]


@dataclass(slots=True)
class Count:
    """Answers of one version: all of them, the `spoiled` ones, and those in which the person was `unknown`."""

    answers: int = 0
    spoiled: int = 0
    unknown: int = 0

    def take(self, answer: Answer) -> None:
        """Count an answer."""
        self.answers += 1
        spoiled = is_spoiled(answer)
        self.spoiled += spoiled
        self.unknown += not spoiled and _is_unknown(answer)

    def __add__(self, other: "Count") -> "Count":
        return Count(self.answers + other.answers, self.spoiled + other.spoiled, self.unknown + other.unknown)

    def numbers(self) -> list[int]:
        """Return what is stored."""
        return [self.answers, self.spoiled, self.unknown]


@dataclass(frozen=True, slots=True)
class Tried:
    """Both sides of a trial: the version `tried`, and the one in service `beside` it."""

    tried: Count
    beside: Count

    def __add__(self, other: "Tried") -> "Tried":
        return Tried(self.tried + other.tried, self.beside + other.beside)

    @property
    def good(self) -> int:
        """How many answers speak for the version: an unknown person does only where there is something to compare."""
        unknown = 0 if self.beside.answers >= BUDGET_OF else self.tried.unknown
        return self.tried.answers - self.tried.spoiled - unknown


def untried() -> Tried:
    """Return a trial in which nothing was asked."""
    return Tried(Count(), Count())


def judge(trial: Tried) -> Verdict:
    """Return what the answers say: stop it (`failing`, `unlike`), end it well (`passed`), or go on (`open`)."""
    tried = trial.tried
    if tried.answers < BUDGET_OF:
        return "open"
    if tried.spoiled / tried.answers > SPOILED_SHARE:
        return "failing"
    distance = _distance(tried, trial.beside)
    if distance >= UNLIKE:
        return "unlike"
    return "passed" if trial.good >= BUDGET_OF and distance < DOUBTFUL else "open"


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
    outcomes = answer.values()
    nobody = any(isinstance(one, Absent) and one.reason in {"no_match", "ambiguous"} for one in outcomes)
    return nobody and not any(isinstance(one, Found) for one in outcomes)


def _distance(tried: Count, beside: Count) -> float:
    """Return how far the share of unknown people lies above the other's, in standard errors of their difference."""
    if min(tried.answers, beside.answers) < BUDGET_OF:
        return 0.0
    together = (tried.unknown + beside.unknown) / (tried.answers + beside.answers)
    if together in {0.0, 1.0}:
        return 0.0
    error = sqrt(together * (1 - together) * (1 / tried.answers + 1 / beside.answers))
    return (tried.unknown / tried.answers - beside.unknown / beside.answers) / error


class TrialCounts:
    """One worker's counts of the trials under way, and what all the others stored, by `connector/version`."""

    def __init__(self, clock: Clock, holder: str) -> None:
        self._clock = clock
        self._holder = holder
        self._own: dict[str, Tried] = {}
        self._others: Mapping[str, Tried] = {}
        self._stored: dict[str, tuple[list[int], list[int]]] = {}

    def count(self, trial: str, answer: Answer, *, beside: bool) -> None:
        """Count an answer of the version on trial, or of the one `beside` it."""
        own = self._own.setdefault(trial, untried())
        (own.beside if beside else own.tried).take(answer)

    def of(self, trial: str) -> Tried:
        """Return the sum over all workers, as far as it is known here."""
        return self._own.get(trial, untried()) + self._others.get(trial, untried())

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
        self._stored |= {trial: _numbers(own) for trial, own in self._own.items()}

    def _news(self, trial: str) -> bool:
        return self._stored.get(trial) != _numbers(self._own[trial])

    def _address(self, trial: str) -> RecordKey:
        return RecordKey(Kind.TRIAL_COUNT, f"{trial}/{self._holder}")

    def _row(self, trial: str) -> Record:
        tried, beside = _numbers(self._own[trial])
        address, ends = self._address(trial), self._clock.now() + _KEPT_FOR
        return Record(kind=address.kind, key=address.key, body={"tried": tried, "beside": beside}, expires_at=ends)


def _numbers(trial: Tried) -> tuple[list[int], list[int]]:
    return trial.tried.numbers(), trial.beside.numbers()


def _read(body: Mapping[str, Any]) -> Tried:
    return Tried(Count(*body["tried"]), Count(*body["beside"]))
