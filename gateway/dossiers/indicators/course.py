"""The course of a dossier by the clock: when it ended, since when it is late, how long it was handled.

The rule of indicator 2.1 (`policies/indicators`, `[reading]`) as a law without a present: a dossier is late at a
cut-off when `late_since` lies before it, whichever cut-off is asked for. So a count can be kept and never grows old.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.dossiers.dossier import Dossier
from gateway.dossiers.indicators.rules import EndWord, Reading


@dataclass(frozen=True, slots=True)
class Course:
    """`ended_at`: the end, None while it goes on. `late_since`: the instant after which it is late, None if never.
    `handled_for`: from reception to end without the citizen's time, None without an end."""

    ended_at: datetime | None
    late_since: datetime | None
    handled_for: timedelta | None


def course_of(dossier: Dossier, reading: Reading) -> Course:
    """Read the course of a dossier."""
    ended_at = next((at for word in reading.ended_by if (at := _end(word, dossier, reading)) is not None), None)
    pauses = tuple(_pauses(dossier, reading)) if reading.supplement_pauses else ()
    return Course(ended_at, _late_since(dossier, ended_at, pauses, reading), _handled(dossier, ended_at, pauses))


Pause = tuple[datetime, datetime | None]


def _end(word: EndWord, dossier: Dossier, reading: Reading) -> datetime | None:
    if word == "done":
        return dossier.ended_at
    if word == "returned":
        return dossier.returned_at
    return min((moment.at for moment in dossier.moments if moment.status in reading.stopped), default=None)


def _pauses(dossier: Dossier, reading: Reading) -> Iterator[Pause]:
    """Yield the citizen's time, in order and without overlap. A request without an answer stops the clock for good (or
    never, where the rules say so): its pause has no end and is the last."""
    begun: datetime | None = None
    until: datetime | None = None
    for supplement in sorted(dossier.supplements, key=lambda one: one.asked_at):
        if supplement.answered_at is None and not reading.open_supplement_ends:
            continue
        if begun is not None and until is not None and supplement.asked_at > until:
            yield begun, until
            begun = None
        if begun is None:
            begun, until = supplement.asked_at, supplement.answered_at
        elif until is not None:
            until = None if supplement.answered_at is None else max(until, supplement.answered_at)
    if begun is not None:
        yield begun, until


def _late_since(
    dossier: Dossier, ended_at: datetime | None, pauses: tuple[Pause, ...], reading: Reading
) -> datetime | None:
    asked = sorted(supplement.asked_at for supplement in dossier.supplements)
    second = asked[1] if reading.second_supplement_is_late and len(asked) > 1 else None
    passed = _due_passed(dossier.due_at, ended_at, pauses)
    return min((at for at in (second, passed) if at is not None), default=None)


def _due_passed(due: datetime | None, ended_at: datetime | None, pauses: tuple[Pause, ...]) -> datetime | None:
    """Return the due time, moved by the pauses that begin before it; None when the end came in time or may still."""
    if due is None:
        return None
    for begun, until in pauses:
        if begun > due:
            break
        if until is None:
            return None
        due += max(until - begun, timedelta())
    return None if ended_at is not None and ended_at <= due else due


def _handled(dossier: Dossier, ended_at: datetime | None, pauses: tuple[Pause, ...]) -> timedelta | None:
    if ended_at is None or dossier.received_at is None:
        return None
    waited = timedelta()
    for begun, until in pauses:
        start, stop = max(begun, dossier.received_at), min(until or ended_at, ended_at)
        waited += max(stop - start, timedelta())
    return max(ended_at - dossier.received_at - waited, timedelta())
