"""Dealing dossiers out: the same for the same seed and mix, in the order of their reception, one at a time."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import NamedTuple, TypeVar

from gateway.dossiers.province.draw import Draw, apportion, yes_no
from gateway.dossiers.province.life import Life
from gateway.dossiers.province.mix import Files, Mix, Outcome, Proof, Stratum, procedure_codes
from gateway.vocabulary.working_days import VIETNAM, WorkingDays

_TAIL = 60  # days in which the last dossiers end
_LIMITS = (1, 3, 5, 7, 10, 15)
_FAMILIES = ("Hoàng", "Nông", "Ma", "Triệu", "Lý", "Bế", "Đặng", "Dương", "Phùng", "Vũ", "Lường", "Chu")
_MIDDLES = ("Thị", "Văn", "Thu", "Minh", "Đức", "Ngọc", "Xuân", "Thanh")
_GIVENS = ("Bưởi", "Sỹ", "Lùng", "Hoà", "Khoá", "Dung", "Nam", "Hạnh", "Quế", "Tâm", "Yến", "Hiệp")
_FEES = (8_000, 10_000, 15_000, 25_000, 50_000, 75_000, 150_000)

Picked = TypeVar("Picked")


class Spell(NamedTuple):
    """When a dossier was received, on which working day of the year, when it is due, its limit in working days."""

    day: int
    received_at: datetime
    due_at: datetime
    limit: int


@dataclass(slots=True)
class _Deal:
    """The heaps of one stratum."""

    procedure: Draw[str]
    outcome: Draw[Outcome]
    files: Draw[Files]
    proof: Draw[Proof]
    course: Draw[str]
    paid: Draw[bool]
    free: Draw[bool]
    reuse: Draw[bool]
    vneid: Draw[bool]
    complained: Draw[bool]


class Lives:
    """The dossiers of a seed."""

    def __init__(self, mix: Mix, seed: int, dossiers: int, days: WorkingDays) -> None:
        self._mix = mix
        self._count = dossiers
        self._chance = Random(seed)  # noqa: S311 - invented dossiers have to be the same again, not unguessable
        spans = (mix.begins + timedelta(days=n) for n in range((mix.after - mix.begins).days + _TAIL))
        self._days = [day for day in spans if days.is_working_day(day)]
        self._open_days = bisect_left(self._days, mix.after)
        self._begins = [datetime.combine(day, time(), VIETNAM).astimezone(UTC) for day in self._days]
        self._fees = frozenset(block.id for block in mix.procedures if block.fees)
        self._codes = procedure_codes(mix)

    def __iter__(self) -> Iterator[Life]:
        """Yield every dossier."""
        shares = apportion({at: one.dossiers for at, one in enumerate(self._mix.strata)}, self._count)
        deals = {at: self._deal(self._mix.strata[at], share) for at, share in shares.items()}
        heap = Draw(shares, self._chance)
        counters: Counter[str] = Counter()
        today = -1
        for number in range(self._count):
            day = number * self._open_days // self._count
            if day != today:
                today = day
                counters.clear()
            at = heap.take()
            stratum = self._mix.strata[at]
            unit = self._pick(self._mix.units[stratum.level])
            counters[unit] += 1
            code = f"{unit}-{self._days[day]:%y%m%d}-{counters[unit]:04d}"
            yield self._life(code, unit, stratum, deals[at], day)

    def _deal(self, stratum: Stratum, total: int) -> _Deal:
        chance = self._chance

        def some(yes: int) -> Draw[bool]:
            return yes_no(yes, stratum.dossiers, total, chance)

        outcomes = apportion(stratum.outcomes, total)
        procedures = apportion(stratum.procedures, total)
        done = stratum.outcomes.get("done", 0)
        courses = {"late": stratum.late, "twice": stratum.twice, "once": stratum.once}
        courses["plain"] = done - sum(courses.values())
        priced = sum(count for block, count in stratum.procedures.items() if block in self._fees)
        priced_now = sum(count for block, count in procedures.items() if block in self._fees)
        free = apportion({True: stratum.free, False: priced - stratum.free}, priced_now)
        return _Deal(
            procedure=Draw(procedures, chance),
            outcome=Draw(outcomes, chance),
            files=Draw(apportion(stratum.files, total), chance),
            proof=Draw(apportion(stratum.proofs, total), chance),
            course=Draw(apportion(courses, outcomes.get("done", 0)), chance),
            paid=yes_no(stratum.paid_online, priced - stratum.free, free[False], chance),
            free=Draw(free, chance),
            reuse=some(stratum.reuse_claimed),
            vneid=some(stratum.vneid_claimed),
            complained=some(stratum.complained),
        )

    def _life(self, code: str, unit: str, stratum: Stratum, deal: _Deal, day: int) -> Life:
        outcome = deal.outcome.take()
        course = deal.course.take() if outcome == "done" else "waiting" if outcome == "waiting" else "plain"
        spell = self._spell(day)
        last = self._last_day(spell, late=course == "late")
        ended_at = None if outcome == "waiting" else self._hour(last, spell.received_at)
        returned_at = self._hour(last + 1, spell.received_at) if outcome == "done" else None
        supplements = self._supplements(course, spell.received_at, ended_at or spell.due_at)
        block = deal.procedure.take()
        fee = self._fee(deal) if block in self._fees else None
        files = deal.files.take()
        return Life(
            code=code,
            procedure=self._pick(self._codes[block]),
            unit=unit,
            channel=stratum.channel,
            filed_at=spell.received_at - timedelta(minutes=self._below(180)),
            received_at=spell.received_at,
            due_at=spell.due_at,
            steps=self._steps(spell, last, ended_at or supplements[0][0]),
            supplements=supplements,
            ended_at=ended_at,
            returned_at=returned_at,
            outcome=outcome,
            fee=fee,
            paid_online=bool(fee) and deal.paid.take(),
            input_file=files in {"both", "input"},
            result_file=files in {"both", "result"} and outcome != "waiting",
            reuse_claimed=deal.reuse.take(),
            vneid_claimed=deal.vneid.take(),
            proof=deal.proof.take(),
            complained=deal.complained.take(),
            owner=self._owner(),
        )

    def _spell(self, day: int) -> Spell:
        limit = self._pick(_LIMITS)
        clock = 7 * 3600 + self._below(9 * 3600)
        return Spell(day, self._at(day, clock), self._at(day + limit, clock), limit)

    def _last_day(self, spell: Spell, *, late: bool) -> int:
        if late:
            return spell.day + spell.limit + 1 + self._below(6)
        return spell.day + self._below(spell.limit)

    def _hour(self, day: int, after: datetime) -> datetime:
        """Return a moment of a working day, some minutes after another one at the earliest."""
        return max(self._at(day, 7 * 3600 + self._below(10 * 3600)), after + timedelta(minutes=5 + self._below(40)))

    def _supplements(
        self, course: str, received: datetime, until: datetime
    ) -> tuple[tuple[datetime, datetime | None], ...]:
        if course in {"plain", "late"}:
            return ()
        third = (until - received) // 4
        first = (received + third).replace(microsecond=0)
        if course == "waiting":
            return ((first, None),)
        answered = (received + 2 * third).replace(microsecond=0)
        if course == "once":
            return ((first, answered),)
        again = (received + 3 * third).replace(microsecond=0)
        return (first, answered), (again, again + timedelta(seconds=30))

    def _steps(self, spell: Spell, last: int, until: datetime) -> tuple[datetime, ...]:
        tenths = self._mix.transfers
        count = tenths // 10 + (self._below(10) < tenths % 10)
        days = (spell.day + self._below(last - spell.day + 1) for _ in range(count))
        before = until - timedelta(seconds=1)
        return tuple(sorted(min(self._hour(day, spell.received_at), before) for day in days))

    def _fee(self, deal: _Deal) -> int:
        return 0 if deal.free.take() else self._pick(_FEES)

    def _owner(self) -> tuple[str, str]:
        name = f"{self._pick(_FAMILIES)} {self._pick(_MIDDLES)} {self._pick(_GIVENS)}"
        return name, f"999{self._below(2)}{self._below(100):02d}{self._below(1_000_000):06d}"

    def _at(self, day: int, seconds: int) -> datetime:
        return self._begins[day] + timedelta(seconds=seconds)

    def _below(self, limit: int) -> int:
        return int(self._chance.random() * limit)

    def _pick(self, choices: tuple[Picked, ...]) -> Picked:
        return choices[int(self._chance.random() * len(choices))]
