"""What is known beside an invented province's dossiers: its listed procedures, prefill receipts, feedback."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from gateway.dossiers.indicators.facts import Feedback, ListedProcedure, Receipt
from gateway.dossiers.province.draw import Draw, yes_no
from gateway.dossiers.province.life import Life
from gateway.dossiers.province.mix import Mix, Procedures, Proof, procedure_codes
from gateway.dossiers.units import Level
from gateway.vocabulary.working_days import VIETNAM, WorkingDays

_SOURCES: dict[Proof, tuple[str, ...]] = {
    "none": (),
    "population": ("population",),
    "store": ("dossier_store",),
    "both": ("population", "dossier_store"),
}


def listed_procedures(mix: Mix, days: WorkingDays) -> Iterator[ListedProcedure]:
    """Yield the province's list of procedures."""
    codes = procedure_codes(mix)
    for block in mix.procedures:
        for number, code in enumerate(codes[block.id]):
            yield _listed(code, number, block, mix, days)


def receipt_of(life: Life) -> Receipt | None:
    """Return the prefill receipt of a dossier, None where it has none."""
    return None if life.receipt is None else Receipt(id=life.receipt, sources=_SOURCES[life.proof], dossier=life.code)


def complaint_about(life: Life) -> Feedback | None:
    """Return the complaint about a dossier, answered in a day, None where nobody complained."""
    if not life.complained:
        return None
    at = life.ended_at or life.due_at
    return Feedback(
        id=f"fb-{life.code}",
        unit=life.unit,
        received_at=at,
        answered_at=at + timedelta(days=1),
        complaint=True,
        dossier=life.code,
    )


def voices(mix: Mix, seed: int, days: WorkingDays) -> Iterator[Feedback]:
    """Yield the feedback that is about no dossier: rated, most of it in time."""
    chance = Random(seed + 1)  # noqa: S311 - invented feedback has to be the same again, not unguessable
    said = mix.voices
    late: Draw[bool] = yes_no(said.answered_late, said.count, said.count, chance)
    disliked: Draw[bool] = yes_no(said.disliked, said.count, said.count, chance)
    units = [unit for level in sorted(mix.units) for unit in mix.units[level]]
    for number in range(1, said.count + 1):
        day = mix.begins + timedelta(days=int(chance.random() * 150))
        at = datetime.combine(day, time(9), VIETNAM)
        yield Feedback(
            id=f"fb-{mix.begins:%y%m}-{number:05d}",
            unit=units[int(chance.random() * len(units))],
            received_at=at,
            answered_at=datetime.combine(days.after(at, 20 if late.take() else 5), time(10), VIETNAM),
            satisfied=not disliked.take(),
        )


def _listed(code: str, number: int, block: Procedures, mix: Mix, days: WorkingDays) -> ListedProcedure:
    published, in_time = block.published
    new = number < published
    decided = datetime.combine(mix.begins + timedelta(days=9), time(9), VIETNAM)
    before = mix.begins - timedelta(days=300)
    shown = days.after(decided, 9 if number < block.late_public else 3) if new else before
    return ListedProcedure(
        code=code,
        levels=tuple(Level),
        for_persons=block.persons,
        result_due=block.result_due,
        has_fees=block.fees,
        offered_online=block.offered,
        published_on=decided.date() if new else before,
        effective_on=days.after(decided, 8 if number < in_time else 2) if new else before,
        decided_on=decided.date() if new else before,
        public_on=shown,
        complete=number >= block.incomplete,
    )
