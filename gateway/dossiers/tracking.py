"""Public progress: a dossier's number and the last four digits of its owner's number open its timeline to anybody.

An answer never tells whether a number exists. A try is spent before anything is looked at, for unknown numbers too; a
wrong pair and an unknown number are the same missing row; and once the five tries of a day are spent, nothing is looked
at any more, whatever is sent.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from gateway.dossiers.codes import CodeRefused, DossierCode, parse_dossier_code
from gateway.dossiers.dossier import Dossier, DossierStatus
from gateway.dossiers.failure import DossierNotShown, TrackingMalformed
from gateway.dossiers.offer import check_tag
from gateway.dossiers.record import check_address, dossier_address, dossier_of, newest_check
from gateway.dossiers.status_words import STATUS_WORDS
from gateway.dossiers.unit_list import load_units
from gateway.dossiers.units import Units
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import BlindIndex, Insert, Kind, Record, RecordKey, Replace, Store
from gateway.vocabulary.working_days import VIETNAM

TRIES_A_DAY = 5
"""Wrong checks of one dossier's number and day; a right one is given back."""

_FOUR = re.compile(r"[0-9]{4}", re.ASCII)
_LOST_RACES = 20
_UNITS_KEPT_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is shown of a dossier: nothing of its owner. `units` name the units of its timeline."""

    dossier: Dossier
    units: Units

    def office(self, code: str | None, at: datetime) -> dict[str, Any] | None:
        """Return a unit as it was called at a time; its code alone where the list of units does not hold it."""
        if code is None:
            return None
        unit = self.units.on(code, at.astimezone(VIETNAM).date())
        return {"code": code, "name": None if unit is None else dict(unit.name)}

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        dossier = self.dossier
        waiting = [one for one in dossier.supplements if one.answered_at is None]
        office = dossier.handling_unit or dossier.receiving_unit
        return {
            "code": dossier.code,
            "procedure": dossier.procedure,
            "status": None if dossier.status is None else said_of(dossier.status),
            "office": self.office(office, dossier.updated_at),
            "filed_at": _instant(dossier.filed_at),
            "received_at": _instant(dossier.received_at),
            "due_at": _instant(dossier.due_at),
            "ended_at": _instant(dossier.ended_at),
            "wanted_by": _instant(waiting[-1].due_at) if waiting else None,
            "papers_wanted": bool(waiting),
            "has_electronic_result": any(one.has_file for one in dossier.results),
            "timeline": [
                {**said_of(one.status), "at": _instant(one.at), "office": self.office(one.unit, one.at)}
                for one in dossier.moments
            ],
            "updated_at": _instant(dossier.updated_at),
        }


def said_of(status: DossierStatus) -> dict[str, Any]:
    """Return a status by its number and in plain words."""
    return {"status": int(status), "words": dict(STATUS_WORDS[status])}


class Tracking:
    """Where anybody asks how far a dossier is."""

    def __init__(self, store: Store, index: BlindIndex, clock: Clock) -> None:
        self._store = store
        self._index = index
        self._clock = clock
        self._units: tuple[datetime, Units] | None = None

    async def look(self, code: str, check: str) -> Progress:
        """Return a dossier's progress. Raises TrackingMalformed, DossierNotShown, StorageUnavailable."""
        asked = _parse(code, check)
        address = self._tries(asked)
        if not await self._spend_try(address):
            raise DossierNotShown
        tag = check_tag(self._index, asked.text, check)
        (pointer,) = await self._store.load(check_address(tag))
        if pointer is None:
            raise DossierNotShown
        (record,) = await self._store.load(dossier_address(asked))
        if record is None or newest_check(record) != tag:
            raise DossierNotShown
        await self._give_back(address)
        return Progress(dossier_of(record), await self._list())

    def _tries(self, code: DossierCode) -> RecordKey:
        day = self._clock.now().astimezone(VIETNAM).date()
        return RecordKey(Kind.COUNTER, f"tracking.{code.text}.{day.isoformat()}")

    async def _spend_try(self, address: RecordKey) -> bool:
        """Count one try; False when the day's are spent, or so many ask at once that nobody can tell."""
        for _ in range(_LOST_RACES):
            (known,) = await self._store.load(address)
            spent = 0 if known is None else int(known.body["tries"])
            if spent >= TRIES_A_DAY:
                return False
            if await self._store_tries(address, known, spent + 1):
                return True
        return False

    async def _give_back(self, address: RecordKey) -> None:
        for _ in range(_LOST_RACES):
            (known,) = await self._store.load(address)
            if known is None or await self._store_tries(address, known, max(0, int(known.body["tries"]) - 1)):
                return

    async def _store_tries(self, address: RecordKey, known: Record | None, tries: int) -> bool:
        now = self._clock.now()
        midnight = datetime.combine(now.astimezone(VIETNAM).date() + timedelta(days=1), time(), VIETNAM)
        record = Record(
            kind=address.kind,
            key=address.key,
            body={"tries": tries},
            version=1 if known is None else known.version + 1,
            expires_at=midnight.astimezone(UTC) + timedelta(hours=1),
        )
        change = Insert(record) if known is None else Replace(record)
        return (await self._store.commit([change], now=now)).done

    async def _list(self) -> Units:
        now = self._clock.now()
        if self._units is None or now - self._units[0] >= _UNITS_KEPT_FOR:
            self._units = (now, await load_units(self._store))
        return self._units[1]


def _parse(code: str, check: str) -> DossierCode:
    if not _FOUR.fullmatch(check):
        raise TrackingMalformed("`check`: the last four digits of the number of whom the dossier is for")
    try:
        return parse_dossier_code(code)
    except CodeRefused as refused:
        raise TrackingMalformed(f"`code`: {refused}") from None


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
