"""How long offices had a dossier in hand: working time, without what the citizen needed to add papers."""

from datetime import datetime, timedelta

from gateway.dossiers.dossier import Dossier
from gateway.dossiers.working_time import Span, WorkingTime


def pauses_of(dossier: Dossier, until: datetime) -> list[Span]:
    """Return the spans in which the office waited for the citizen; one that is not answered lasts until `until`."""
    return [(one.asked_at, until if one.answered_at is None else one.answered_at) for one in dossier.supplements]


def handling_time(dossier: Dossier, work: WorkingTime, until: datetime) -> timedelta | None:
    """Return the working time from reception to the end, or to `until` where there is none yet; None when nobody said
    when it was received."""
    if dossier.received_at is None:
        return None
    end = until if dossier.ended_at is None else dossier.ended_at
    return work.spent(dossier.received_at, end, pauses_of(dossier, end))
