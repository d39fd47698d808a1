"""The courier of a worker: looks for what is due, books the next try, goes, and stores what came of it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog

from gateway.audit.record import Evidence
from gateway.connector_runtime.contract import SourceTrouble
from gateway.delivery.channel import Channel, Meter
from gateway.delivery.delivery import EVERYTHING, Delivery, delivery_of, due_before, rebooking
from gateway.delivery.schedule import Again, Answered, Outcome, Pace, judge
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import Agenda, Change, CitizenErased, Kind, Remove, Store, StoredEvent

_log = structlog.get_logger(__name__)

_AT_ONCE = 64
_COUNTED = 1000
_LOOK_AFTER = 0.5
_COUNT_AFTER = 15.0
_ANSWER_LIMIT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a courier works with."""

    store: Store
    agenda: Agenda
    evidence: Evidence
    clock: Clock
    meter: Meter


class Courier:
    """One per worker. Receivers are served side by side, one receiver's deliveries one after the other: whoever does
    not answer is knocked at once in a round, and keeps nobody else waiting longer than one try."""

    def __init__(self, desk: Desk, channels: Mapping[str, Channel], pace: Pace | None = None) -> None:
        self._desk = desk
        self._channels = channels
        self._pace = pace or Pace()
        self._counted_at = float("-inf")

    async def run(self) -> None:
        """Work until cancelled. Errors of storage are waited out, never raised."""
        while True:
            try:
                busy = await self.work() == _AT_ONCE
                await self._count()
            except Exception as error:  # whatever a driver raises, the loop must outlive it
                busy = False
                _log.warning("deliveries_not_made", reason=type(error).__name__)
            await asyncio.sleep(0 if busy else _LOOK_AFTER)

    async def work(self) -> int:
        """Make one round over what is due; return how many that were. Raises StorageUnavailable."""
        before = due_before(self._desk.clock.now())
        due = await self._desk.agenda.earliest(Kind.DELIVERY, before=before, limit=_AT_ONCE)
        by_receiver: dict[tuple[str, str], list[Delivery]] = {}
        for record in due:
            delivery = delivery_of(record)
            by_receiver.setdefault((delivery.channel, delivery.receiver), []).append(delivery)
        done = await asyncio.gather(*map(self._serve, by_receiver.values()), return_exceptions=True)
        for trouble in done:
            if isinstance(trouble, Exception):
                raise trouble
        return len(due)

    async def _serve(self, deliveries: list[Delivery]) -> None:
        """Serve one receiver, until it does not answer: the others then wait with the one it was tried with."""
        put_off: datetime | None = None
        for delivery in deliveries:
            if put_off is None:
                put_off = await self._deliver(delivery)
            else:
                await self._put_off(delivery, put_off)

    async def _put_off(self, stored: Delivery, until: datetime) -> None:
        """Let a delivery wait without a try, or end it when it would wait beyond its end."""
        moved = stored.moved(until)
        claimed = await self._desk.store.commit(rebooking(stored, moved), now=self._desk.clock.now())
        if claimed.done and until >= stored.give_up_at:
            await self._end(moved, self._channels.get(stored.channel), "given_up")

    async def _deliver(self, stored: Delivery) -> datetime | None:
        """Try once; return when the receiver is to be tried again, None when it answered."""
        now = self._desk.clock.now()
        channel = self._channels.get(stored.channel)
        booked = stored.booked(self._pace.after(stored.tries, now))
        claimed = await self._desk.store.commit(rebooking(stored, booked), now=now)
        if not claimed.done:
            return None  # another courier goes
        outgoing = None if channel is None else await channel.write(stored, now)
        if channel is None or outgoing is None:
            await self._end(booked, channel, "dropped")
            return None
        answered = Answered(None)
        if now < stored.give_up_at:
            answered = await self._send(channel, stored, outgoing.url, dict(outgoing.headers), outgoing.body)
        verdict = judge(booked, answered, self._desk.clock.now(), self._pace)
        if isinstance(verdict, Again):
            self._desk.meter.count_try(stored.channel, "again")
            if verdict.at != booked.due_at:
                await self._desk.store.commit(rebooking(booked, booked.moved(verdict.at)), now=now)
            return verdict.at
        await self._end(booked, channel, verdict)
        return booked.due_at if verdict == "given_up" else None

    async def _send(
        self, channel: Channel, delivery: Delivery, url: str, headers: dict[str, str], body: bytes
    ) -> Answered:
        try:
            reply = await channel.outbound.send(
                "POST",
                url,
                headers=headers,
                body=body,
                timeout_for=self._pace.try_for.total_seconds(),
                limit=_ANSWER_LIMIT,
            )
        except SourceTrouble as trouble:
            self._note(delivery, trouble.operator_detail)
            return Answered(None)
        if not 200 <= reply.status < 300:
            self._note(delivery, f"status {reply.status}")
        return Answered(reply.status, reply.headers.get("retry-after"))

    def _note(self, delivery: Delivery, reason: str) -> None:
        _log.warning(
            "not_delivered",
            channel=delivery.channel,
            receiver=delivery.receiver,
            tries=delivery.tries + 1,
            reason=reason,
        )

    async def _end(self, booked: Delivery, channel: Channel | None, outcome: Outcome) -> None:
        """Take the delivery out of the queue, with the event of how it ended."""
        self._desk.meter.count_try(booked.channel, outcome)
        ending: list[Change] = [Remove(booked.record().address)]
        events = [] if channel is None else [await self._tell(booked, channel, outcome)]
        await self._desk.store.commit(ending, events, now=self._desk.clock.now())

    async def _tell(self, delivery: Delivery, channel: Channel, outcome: Outcome) -> StoredEvent:
        tell = self._desk.evidence.tell
        told: dict[str, Any] = {
            "outcome": str(outcome),
            "actor_kind": "gateway",
            "portal": delivery.content.get("client_id"),
        }
        try:
            return await tell(channel.event, citizen_id=delivery.citizen_id, **told)
        except CitizenErased:
            return await tell(channel.event, **told)

    async def _count(self) -> None:
        """Set the gauge of what waits, now and then; more than a thousand are counted as a thousand."""
        if perf_counter() - self._counted_at < _COUNT_AFTER:
            return
        self._counted_at = perf_counter()
        waiting = await self._desk.agenda.earliest(Kind.DELIVERY, before=EVERYTHING, limit=_COUNTED)
        counted = Counter(str(record.body["channel"]) for record in waiting)
        self._desk.meter.tell_waiting({channel: counted[channel] for channel in self._channels})
