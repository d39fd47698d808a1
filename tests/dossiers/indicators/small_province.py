"""A small province that a seed decides: units that were merged and split, procedures, receipts, feedback, and dossiers
in which anything may be missing, late, asked for twice or contradicted. Everything in it is invented."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from gateway.dossiers.dossier import (
    Channel,
    Claims,
    Dossier,
    DossierStatus,
    Fee,
    Moment,
    Paper,
    Result,
    Supplement,
)
from gateway.dossiers.indicators.compute import Evidence
from gateway.dossiers.indicators.counters import Counters
from gateway.dossiers.indicators.facts import Beside, Feedback, ListedProcedure, Receipt, complained_of
from gateway.dossiers.indicators.rules import Rules
from gateway.dossiers.indicators.tally import Tally, tally_of
from gateway.dossiers.units import Boundary, Level
from gateway.vocabulary.working_days import national_days

ENDS = date(2025, 6, 30)
BEGINS = date(2025, 7, 1)
EARLY = date(2020, 1, 1)


@dataclass(frozen=True)
class Row:
    """A unit for a time."""

    code: str
    level: str
    parent: str | None
    begins: date = EARLY
    ends: date | None = None
    became: tuple[str, ...] = ()


ROWS = (
    Row("H55", "province", None),
    Row("H55.01", "department", "H55"),
    Row("H55.02", "department", "H55"),
    Row("H55.10", "district", "H55", ends=ENDS),
    Row("H55.11", "district", "H55", ends=ENDS),
    Row("H55.10.01", "commune", "H55.10", ends=ENDS, became=("H55.30",)),
    Row("H55.10.02", "commune", "H55.10", ends=ENDS, became=("H55.30",)),
    Row("H55.10.03", "commune", "H55.10", ends=ENDS, became=("H55.31", "H55.32")),
    # the same code stands for a larger unit since
    Row("H55.11.01", "commune", "H55.11", ends=ENDS, became=("H55.11.01",)),
    Row("H55.11.01", "commune", "H55", begins=BEGINS),
    *(Row(code, "commune", "H55", begins=BEGINS) for code in ("H55.30", "H55.31", "H55.32")),
)
PERIODS = ("2025", "2025-Q2", "2025-Q3", "2025-06", "2025-07", "2025-08")
ASKED = ("H55", "H55.01", "H55.10", "H55.10.01", "H55.30", "H55.31", "H55.11.01")


class RowUnits:
    """The rows as the engine asks for them."""

    def __init__(self, today: date) -> None:
        self._today = today

    def level(self, unit: str, on: date) -> Level | None:
        row = self._on(unit, on) or next((row for row in ROWS if row.code == unit), None)
        return None if row is None else Level(row.level)

    def counts_for(self, unit: str, on: date, boundary: Boundary) -> frozenset[str]:
        row = self._on(unit, on)
        if row is None:
            return frozenset()
        if boundary is Boundary.THEN or row.ends is None or row.ends >= self._today:
            return self._above(row, on)
        if not row.became:
            return self._above(row, on)
        now = [self._above(found, self._today) for code in row.became if (found := self._on(code, self._today))]
        return frozenset.intersection(*now)

    def _above(self, row: Row, day: date) -> frozenset[str]:
        found = {row.code}
        parent = row.parent
        while parent is not None:
            found.add(parent)
            above = self._on(parent, day)
            parent = None if above is None else above.parent
        return frozenset(found)

    @staticmethod
    def _on(unit: str, day: date) -> Row | None:
        return next((r for r in ROWS if r.code == unit and r.begins <= day and (r.ends is None or day <= r.ends)), None)


@dataclass
class SmallProvince:
    """Everything that is counted, and the present."""

    as_of: datetime
    procedures: dict[str, ListedProcedure]
    receipts: dict[str, Receipt]
    feedback: list[Feedback]
    reported: dict[tuple[str, int], int]
    dossiers: list[Dossier] = field(default_factory=list)

    @property
    def beside(self) -> Beside:
        return Beside(receipts=self.receipts, complained=complained_of({one.id: one for one in self.feedback}))

    def tally(self, rules: Rules) -> Tally:
        beside = self.beside
        return tally_of(((one, beside) for one in self.dossiers), Counters(rules), self.procedures)

    def evidence(self, rules: Rules) -> Evidence:
        return Evidence(
            tally=self.tally(rules),
            units=RowUnits(self.as_of.date()),
            days=national_days(),
            feedback=self.feedback,
            reported=self.reported,
        )


def small_province(seed: int, dossiers: int = 40) -> SmallProvince:
    """Return the province of a seed."""
    chance = Random(seed)
    as_of = datetime(2025, chance.choice((6, 7, 8, 12)), chance.randint(1, 28), chance.randint(0, 23), tzinfo=UTC)
    procedures = {code: _procedure(code, chance) for code in (f"9.00000{n}" for n in range(6))}
    receipts = {
        f"rc_{n}": Receipt(
            id=f"rc_{n}", sources=tuple(chance.sample(("population", "dossier_store", "land"), chance.randint(0, 2)))
        )
        for n in range(12)
    }
    made = [_dossier(f"{chance.choice(ROWS).code}-250601-{n:04d}", chance) for n in range(dossiers)]
    feedback = [_feedback(f"fb_{n}", made, chance) for n in range(15)]
    reported = {
        (unit, 2025 * 12 + month): chance.randint(0, 9)
        for unit in ("H55.01", "H55.30", "H55.10.01")
        for month in (5, 6, 7)
    }
    return SmallProvince(as_of, procedures, receipts, feedback, reported, made)


def _procedure(code: str, chance: Random) -> ListedProcedure:
    flags = [chance.random() < 0.6 for _ in range(5)]
    days = [chance.choice((None, date(2025, 5, 20) + timedelta(days=chance.randint(0, 70)))) for _ in range(4)]
    return ListedProcedure(
        code=code,
        levels=tuple(chance.sample(list(Level), chance.randint(1, 3))),
        for_persons=flags[0],
        result_due=flags[1],
        has_fees=flags[2],
        offered_online=flags[3],
        complete=flags[4],
        published_on=days[0],
        effective_on=days[1],
        decided_on=days[2],
        public_on=days[3],
    )


def _moment(chance: Random, after: datetime | None, most_hours: int, share: float) -> datetime | None:
    if after is None or chance.random() > share:
        return None
    # whole hours and quarter hours: ends that fall exactly on a due time do occur
    return after + timedelta(minutes=15 * chance.randint(0, most_hours * 4 if chance.random() < 0.5 else 8))


def _dossier(code: str, chance: Random) -> Dossier:
    received = _moment(chance, datetime(2025, 5, 15, tzinfo=UTC), 24 * 100, 0.95)
    due = _moment(chance, received, 24 * 20, 0.85)
    ended = due if chance.random() < 0.1 else _moment(chance, received, 24 * 30, 0.6)
    supplements = []
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3))):
        asked = _moment(chance, received or datetime(2025, 6, 1, tzinfo=UTC), 24 * 12, 1.0)
        assert asked is not None
        supplements.append(Supplement(asked_at=asked, answered_at=_moment(chance, asked, 24 * 9, 0.7)))
    moments = tuple(
        Moment(status=chance.choice(list(DossierStatus)), at=at)
        for at in (_moment(chance, received, 24 * 25, 0.3) for _ in range(2))
        if at is not None
    )
    unit = chance.choice((*(row.code for row in ROWS), "H99.01"))
    return replace(
        _papers(code, chance),
        procedure=chance.choice((None, *(f"9.00000{n}" for n in range(7)))),
        receiving_unit=chance.choice((None, unit, "H55.02")),
        handling_unit=chance.choice((None, unit, unit)),
        channel=chance.choice((None, *Channel, Channel.ONLINE)),
        status=chance.choice((None, *DossierStatus)),
        received_at=received,
        due_at=due,
        ended_at=ended,
        returned_at=_moment(chance, ended or received, 48, 0.3),
        supplements=tuple(supplements),
        moments=moments,
    )


def _papers(code: str, chance: Random) -> Dossier:
    tri = (None, True, False)
    return Dossier(
        code=code,
        updated_at=datetime(2025, 12, 1, tzinfo=UTC),
        fees=tuple(Fee(code=f"f{n}", amount=chance.choice((0, 0, 8000))) for n in range(chance.randint(0, 2))),
        paid_online=chance.choice((None, 1, 2, 3)),
        inputs=tuple(
            Paper(
                id=f"p{n}",
                component="c",
                has_file=chance.random() < 0.7,
                reused=chance.choice(tri),
                from_store=chance.choice((None, None, True)),
            )
            for n in range(chance.randint(0, 2))
        ),
        results=tuple(
            Result(
                id=f"r{n}",
                code=chance.choice((None, "KQ")),
                has_file=chance.random() < 0.5,
                has_link=chance.random() < 0.5,
            )
            for n in range(chance.randint(0, 2))
        ),
        claimed=Claims(has_digitised_part=chance.choice(tri), vneid_verified=chance.choice(tri), databases=("1",)),
        receipts=tuple(chance.sample([f"rc_{n}" for n in range(14)], chance.choice((0, 0, 1, 2)))),
    )


def _feedback(name: str, dossiers: list[Dossier], chance: Random) -> Feedback:
    received = _moment(chance, datetime(2025, 6, 1, tzinfo=UTC), 24 * 60, 1.0)
    assert received is not None
    return Feedback(
        id=name,
        unit=chance.choice(ROWS).code,
        received_at=received,
        answered_at=_moment(chance, received, 24 * 30, 0.7),
        complaint=chance.random() < 0.3,
        satisfied=chance.choice((None, True, False)),
        dossier=chance.choice((None, *(one.code for one in dossiers))),
    )
