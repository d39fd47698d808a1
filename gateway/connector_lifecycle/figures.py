"""How often sources had what they were asked for: counted per day, source and attribute, with no person in it.

Every worker counts in memory and stores its own totals of the day, so nobody waits for anybody; a reader adds them up.
What fewer than five answers would tell is not told: it might be about somebody.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gateway.connector_lifecycle.succession import VIETNAM
from gateway.connector_runtime.contract import Answer
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Absent, Found, Refused, Unavailable
from gateway.vocabulary.store import Kind, Listing, Put, Record, Store

WINDOW = timedelta(days=30)
FEWEST = 5
_KEPT_FOR = timedelta(days=62)
_MOST = 10_000
_KINDS = ("found", "absent", "refused", "unavailable")


@dataclass(slots=True)
class Tally:
    """How questions for one attribute of one source came out."""

    found: int = 0
    absent: int = 0
    refused: int = 0
    unavailable: int = 0

    def add(self, other: "Tally") -> None:
        """Take in another tally."""
        for kind in _KINDS:
            setattr(self, kind, getattr(self, kind) + getattr(other, kind))

    @property
    def answers(self) -> int:
        """How often the source had or had not what was asked: what a fill-rate is of."""
        return self.found + self.absent

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return self.answers + self.refused + self.unavailable


class Counting:
    """One worker's count of today. `holder` is random, so that no two workers and no two starts share a record."""

    def __init__(self, clock: Clock, holder: str) -> None:
        self._clock = clock
        self._holder = holder
        self._day = self._today()
        self._counted: dict[str, dict[str, Tally]] = {}
        self._connectors: dict[str, str] = {}
        self._changed = False
        self._left: list[Record] = []

    @property
    def holder(self) -> str:
        """The random name under which this worker stores what it counts."""
        return self._holder

    def count(self, source: str, connector: str, answer: Answer) -> None:
        """Count the outcomes of one answer of a connector. One that is still on its way is counted when it comes."""
        if self._today() != self._day:
            self._turn()
        attributes = self._counted.setdefault(source, {})
        self._connectors[source] = connector
        for name, outcome in answer.items():
            tally = attributes.get(name)
            if tally is None:
                tally = attributes[name] = Tally()
            if type(outcome) is Found:  # nearly all of them: every form passes here
                tally.found += 1
            elif kind := _kind_of(outcome):
                setattr(tally, kind, getattr(tally, kind) + 1)
        self._changed = True

    async def store(self, store: Store) -> None:
        """Store what was counted since the last time. Raises StorageUnavailable, and then keeps it."""
        if self._today() != self._day:
            self._turn()
        records = [*self._left, *([self._record()] if self._changed else [])]
        if records:
            await store.commit([Put(record) for record in records], now=self._clock.now())
            self._left, self._changed = [], False

    def _turn(self) -> None:
        if self._changed:
            self._left.append(self._record())
        self._day, self._counted, self._changed = self._today(), {}, False

    def _record(self) -> Record:
        rows = {
            source: {name: [getattr(tally, kind) for kind in _KINDS] for name, tally in attributes.items()}
            for source, attributes in self._counted.items()
        }
        ends = datetime(self._day.year, self._day.month, self._day.day, tzinfo=UTC) + _KEPT_FOR
        body = {"day": self._day.isoformat(), "sources": rows, "connectors": dict(self._connectors)}
        return Record(kind=Kind.SOURCE_FIGURES, key=f"{self._day}/{self._holder}", body=body, expires_at=ends)

    def _today(self) -> date:
        return self._clock.now().astimezone(VIETNAM).date()


class Figures:
    """Adds up what all workers stored."""

    def __init__(self, listing: Listing, clock: Clock) -> None:
        self._listing = listing
        self._clock = clock

    async def recent(self) -> dict[str, dict[str, Tally]]:
        """Return the tallies of the last 30 days by source and attribute."""
        since = self._clock.now().astimezone(VIETNAM).date() - WINDOW
        total: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
        for record in await self._records():
            if date.fromisoformat(record.body["day"]) >= since:
                for source, attributes in record.body["sources"].items():
                    for name, counts in attributes.items():
                        total[source][name].add(Tally(*counts))
        return {source: dict(attributes) for source, attributes in total.items()}

    async def last_used(self, connector: str) -> date | None:
        """Return the last day on which a source of the connector was asked."""
        records = await self._records()
        days = [record.body["day"] for record in records if connector in record.body["connectors"].values()]
        return date.fromisoformat(max(days)) if days else None

    async def _records(self) -> list[Record]:
        now = self._clock.now()
        return [one for one in await self._listing.select(Kind.SOURCE_FIGURES, limit=_MOST) if one.alive(now)]


def filled_percent(tally: Tally | None) -> int | None:
    """Return how many of a hundred answers held a value; None when there are too few to tell."""
    if tally is None or tally.answers < FEWEST:
        return None
    return round(100 * tally.found / tally.answers)


def _kind_of(outcome: object) -> str | None:
    match outcome:
        case Absent(reason="not_kept") | Unavailable(reason="late" | "suspended"):
            return None
        case Absent():
            return "absent"
        case Refused():
            return "refused"
        case _:
            return "unavailable"
