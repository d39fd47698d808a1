"""How often a source may be asked in a day: in all, by one portal, for one procedure. Days are Vietnam's.

Workers share the count through the store. So that a call does not wait for it, a worker takes the right to a hundredth
of a quota at a time and spends that alone; a worker that dies takes the rest of its hundredth with it. More than the
quota is never asked: every request that goes out counts, a repetition and a second one beside a slow first too, and all
versions of a connector count together.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import ceil

from gateway.connector_runtime.contract import Question
from gateway.connector_runtime.limits import Limits
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import Insert, Kind, Record, RecordKey, Replace, StorageUnavailable, Store

_VIETNAM = timezone(timedelta(hours=7))
_TRIES = 20


@dataclass(slots=True)
class _Share:
    left: int = 0
    spent: bool = False


class Quotas:
    """Counts the calls to one connector, whichever of its versions makes them. Raises nothing: when the count cannot
    be read, nothing is asked."""

    def __init__(self, source: str, limits: Limits, store: Store, clock: Clock) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._most = {
            "total": limits.daily_total,
            "portal": limits.daily_per_portal,
            "procedure": limits.daily_per_procedure,
        }
        self._day = ""
        self._shares: dict[str, _Share] = {}
        self._taking = asyncio.Lock()

    async def take(self, question: Question, portal: str) -> int | None:
        """Count one call; None when it may go, otherwise the seconds until the quota begins anew."""
        now = self._clock.now()
        today = now.astimezone(_VIETNAM)
        if today.date().isoformat() != self._day:
            self._day, self._shares = today.date().isoformat(), {}
        midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        names = {"total": "", "portal": portal, "procedure": question.procedure}
        counted: list[_Share] = []
        for kind, most in self._most.items():
            if most <= 0 or (kind == "portal" and not portal):
                continue  # a sign-in asks for the house itself
            key = f"{kind}.{names[kind]}"
            share = self._shares.setdefault(key, _Share())
            if not await self._spend(key, most, share, midnight):
                for one in counted:
                    one.left += 1  # this call is not made: the other quotas keep it
                return max(1, ceil((midnight - now).total_seconds()))
            counted.append(share)
        return None

    async def _spend(self, key: str, most: int, share: _Share, midnight: datetime) -> bool:
        """Spend one call of a share, taking more from the store when it is used up."""
        while share.left <= 0:
            async with self._taking:
                if share.left <= 0 and not share.spent:
                    taken = await self._claim(key, most, midnight)
                    share.left, share.spent = taken or 0, taken == 0
                if share.left <= 0:
                    return False
        share.left -= 1
        return True

    async def _claim(self, key: str, most: int, midnight: datetime) -> int | None:
        """Return how many calls were taken, 0 when the quota is used up, None when nobody could say."""
        try:
            return await self._take(key, most, midnight)
        except StorageUnavailable:
            return None

    async def _take(self, key: str, most: int, midnight: datetime) -> int | None:
        address = RecordKey(Kind.COUNTER, f"source-quota.{self._source}.{self._day}.{key}")
        for _ in range(_TRIES):
            now = self._clock.now()
            (known,) = await self._store.load(address)
            alive = known is not None and known.alive(now)
            taken = known.body["taken"] if known is not None and alive else 0
            more = min(ceil(most / 100), most - taken)
            if more <= 0:
                return 0
            record = Record(
                kind=address.kind,
                key=address.key,
                body={"taken": taken + more},
                version=known.version + 1 if known is not None and alive else 1,
                expires_at=midnight + timedelta(hours=1),
            )
            change = Replace(record) if known is not None and alive else Insert(record)
            if (await self._store.commit([change], now=now)).done:
                return more
        return None
