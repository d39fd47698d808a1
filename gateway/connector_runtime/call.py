"""One call to one source: admitted, timed, told apart, and never a danger to the calls beside it.

The order is that of `SourceCaller.begin` and `_call`: what is kept, is the source paused, is there time, does the same
call fly already, is there room, does the breaker admit it; then quota, queue, tries. An answer that misses the
deadline may still arrive: the call goes on for `late_for` seconds and hands it to `on_late`. Nothing outlives `close`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import structlog

from gateway.connector_runtime import deadline
from gateway.connector_runtime.attempts import Attempts, Ended
from gateway.connector_runtime.breaker import Breaker
from gateway.connector_runtime.bulkhead import Bulkhead
from gateway.connector_runtime.cache import AnswerCache
from gateway.connector_runtime.contract import Answer, Connector, Question, VerifiesMatch
from gateway.connector_runtime.drift import DriftWatch
from gateway.connector_runtime.failure import CannotVerify
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.pace import Pace
from gateway.connector_runtime.quota import Quotas
from gateway.connector_runtime.single_flight import Flight, Flights
from gateway.connector_runtime.steering import Heard
from gateway.vocabulary.provenance import Absent, Outcome, Refused, Unavailable

__all__ = ["OnLate", "SourceCaller", "Waiting"]

_log = structlog.get_logger(__name__)

OnLate = Callable[[str, Answer], Awaitable[None]]


class SourceCaller:
    """Calls one connector. It owns the breaker, the room, what is kept and the calls under way."""

    def __init__(
        self, source: str, connector: Connector, means: Means, *, provides: frozenset[str], limits: Limits
    ) -> None:
        self.source = source
        self.connector = connector
        self.breaker = Breaker(source, means.clock, limits)
        self._quarantined = False
        self._means = means
        self._clock = means.clock
        self._provides = provides
        self._limits = limits
        self._room = Bulkhead(limits.concurrency, limits.queue, limits.queue_for)
        self._pace = Pace(limits.per_second, means.clock)
        self._attempts = Attempts(source, connector, self._room, limits, means)
        self._flights: Flights[Any] = Flights()
        self._late: set[asyncio.Task[None]] = set()
        self._cache = AnswerCache(limits, means.clock, means.chance) if limits.fresh_for else None
        self._drift = DriftWatch(limits.drift_window) if limits.drift_window else None
        self._tell_state()

    @property
    def quarantined(self) -> bool:
        """Whether the source is not asked because its answers drifted."""
        return self._quarantined

    @quarantined.setter
    def quarantined(self, stopped: bool) -> None:
        self._quarantined = stopped
        self._tell_state()

    @property
    def watched(self) -> bool:
        """Whether the source's answers are watched for drift."""
        return self._drift is not None

    def renew(self, connector: Connector) -> None:
        """Ask through another connector of the same source from now on; breaker, room and habits stay."""
        self.connector = connector
        self._attempts.renew(connector)

    async def ask(self, question: Question, on_late: OnLate | None = None, *, portal: str = "") -> Answer:
        """Return an outcome for every attribute asked, at the deadline at the latest; raises nothing.

        With `on_late`, attributes of a source that is still working are `Unavailable(reason="late")` and
        `on_late(source, answer)` is awaited once, when the answer or the end of patience comes.
        """
        return await self.begin(question, on_late, portal=portal).answer()

    def begin(self, question: Question, on_late: OnLate | None = None, *, portal: str = "") -> "Waiting":
        """Start the call, or join it, or say at once why there is none; `portal` is whose quota counts."""
        waiting = Waiting(self, question, on_late)
        asked = question.attributes & self._provides
        if self._cache is not None and asked:
            waiting.kept = self._cache.fresh(replace(question, attributes=asked))
            asked = asked.difference(waiting.kept)
        if not asked:
            waiting.told = {}
            return waiting
        asking = question if asked == question.attributes else replace(question, attributes=asked)
        told = self._turn_away(question)
        if told is None:
            late = on_late is not None and self._limits.late_for > 0
            whose = portal if self._limits.daily_per_portal else ""  # one portal's spent quota refuses no other's call
            key = (asking.attributes, _person(asking), late, whose) if self._limits.coalesce else None
            waiting.flight = self._flights.join(key)
            told = None if waiting.flight is not None else self._admit()
        if told is not None:
            waiting.told = self._spare(asking, dict.fromkeys(asked, told))
        elif waiting.flight is None:
            waiting.flight = self._start(asking, key, late=late, portal=portal)
        return waiting

    async def verify(self, question: Question) -> bool | Refused | Unavailable:
        """Return whether the source holds this person just so, at the deadline at the latest.

        Raises CannotVerify. Breaker and limits are those of `ask`: it is the same source.
        """
        if not isinstance(self.connector, VerifiesMatch):
            raise CannotVerify(f"connector `{self.source}` cannot verify a person")
        told = self._turn_away(question) or self._admit()
        if told is not None:
            return told
        flight: Flight[Any] = self._flights.start(
            lambda flight: self._verify(question, flight.era),
            key=None,
            era=self.breaker.era,
            name=f"verify {self.source}",
        )
        try:
            await self._wait(flight, question)
        except asyncio.CancelledError:
            self._flights.leave(flight)
            raise
        if not flight.task.done():
            ended = Ended(Unavailable(reason="timeout"), "timeout")
            self._flights.leave(flight)
        else:
            ended = Ended(Unavailable(reason="closed")) if flight.task.cancelled() else flight.task.result()
        if not ended.withdrawn:
            self._count(flight, ended)
        told_of: bool | Refused | Unavailable = ended.told
        return told_of

    async def close(self) -> None:
        """Cancel what is under way and wait until it is gone; late answers are not delivered any more."""
        late = list(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._flights.close()

    def let_go(self, flight: Flight[Any]) -> None:
        """Stop waiting for a call."""
        self._flights.leave(flight)

    def _turn_away(self, question: Question) -> Unavailable | None:
        """Say why nothing is asked, whoever else may be asking."""
        if self.quarantined:
            return self._closed(600)
        now = self._clock.now()
        if question.deadline_at <= now:
            return Unavailable(reason="timeout")
        rest = self._attempts.rest_until
        if rest is not None and now < rest:
            return Unavailable(reason="closed", retry_after=max(1, ceil((rest - now).total_seconds())))
        return None

    def _admit(self) -> Unavailable | None:
        """Say why no further call is made, or None: then the breaker counts on being told how it ended."""
        if self._room.full:
            return Unavailable(reason="closed", retry_after=5)
        wait = self.breaker.admit()
        if wait is not None:
            return self._closed(wait)
        if not self._pace.admit():
            self.breaker.withdraw(self.breaker.era)  # it was a probe perhaps, and is not made
            return Unavailable(reason="closed", retry_after=1)
        return None

    def _closed(self, retry_after: int) -> Unavailable:
        """Return what is told of a source that is not asked, in its owner's words."""
        return Unavailable(retry_after, "closed", self._means.notice)

    def _start(self, question: Question, key: Hashable, *, late: bool, portal: str) -> Flight[Any]:
        asked_until = question.deadline_at
        if late:
            question = replace(question, deadline_at=asked_until + timedelta(seconds=self._limits.late_for))
        return self._flights.start(
            lambda flight: self._call(flight, question, asked_until, portal),
            key=key,
            era=self.breaker.era,
            name=f"ask {self.source}",
        )

    async def _call(self, flight: Flight[Any], question: Question, asked_until: datetime, portal: str) -> Answer:
        """Ask the connector when room and quota allow it; trouble becomes outcomes here."""
        try:
            refusal = await self._enter(question, flight.era, portal=portal)
            if refusal is not None:
                return self._spare(question, dict.fromkeys(question.attributes, refusal))
            flight.heard = dict.fromkeys(question.attributes, Unavailable(reason="timeout"))  # until it says more
            try:
                probing = self.breaker.state == "open"
                ended = await self._attempts.ask(question, asked_until, probing=probing, portal=portal)
            finally:
                self._room.leave()
        except asyncio.CancelledError:
            if not flight.counted:
                self.breaker.withdraw(flight.era)  # nobody waits any more: a probe that told nothing
            raise
        self._count(flight, ended)
        answer: Answer = ended.told
        flight.heard = None if ended.failed == "rest" else answer
        if self._cache is not None:
            self._cache.keep(question, answer)
        if ended.failed is None or ended.garbled:
            flight.drifted = self._watch(answer, question)
        if ended.failed is None:
            return answer
        if self.breaker.state == "open":
            answer = {name: self._in_outage(outcome) for name, outcome in answer.items()}
        return self._spare(question, answer)

    def _in_outage(self, outcome: Outcome) -> Outcome:
        return replace(outcome, notice=self._means.notice) if isinstance(outcome, Unavailable) else outcome

    async def _verify(self, question: Question, era: int) -> Ended:
        refusal = await self._enter(question, era, portal="")
        if refusal is not None:
            return Ended(refusal, withdrawn=True)
        try:
            return await self._attempts.verify(question)
        finally:
            self._room.leave()

    async def _enter(self, question: Question, era: int, *, portal: str) -> Unavailable | None:
        """Start the call's time, wait for a place and count the call; say why it is not made otherwise."""
        left = (question.deadline_at - self._clock.now()).total_seconds()
        deadline.begin(left, told=self._limits.tell_time_left)
        if not self._room.try_enter() and not await self._room.enter():
            self.breaker.withdraw(era)
            return Unavailable(reason="closed", retry_after=5)
        quotas = self._means.quotas
        wait = None if quotas is None else await self._count_call(quotas, question, portal)
        if wait is None:
            return None
        self._room.leave()
        self.breaker.withdraw(era)
        self._means.meter.count_spent(self.source)
        return Unavailable(reason="quota", retry_after=wait)

    async def _count_call(self, quotas: Quotas, question: Question, portal: str) -> int | None:
        try:
            return await quotas.take(question, portal)
        except asyncio.CancelledError:
            self._room.leave()
            raise

    async def _wait(self, flight: Flight[Any], question: Question) -> None:
        """Wait for a call until the deadline; it may still be under way then."""
        left = (question.deadline_at - self._clock.now()).total_seconds()
        if not flight.task.done():
            await asyncio.wait((flight.task,), timeout=max(left, 0))

    async def hear(self, flight: Flight[Any], question: Question, on_late: OnLate | None) -> Answer:
        """Return what a call told by the deadline; a call that goes on is followed or left."""
        asked = question.attributes & self._provides
        await self._wait(flight, question)
        if flight.task.done():
            if flight.task.cancelled():  # `close` ended the call, nobody ours
                return dict.fromkeys(asked, Unavailable(reason="closed"))
            answer: Answer = flight.task.result()
            return answer
        self._count(flight, Ended(None, "timeout"))
        if on_late is None or self._limits.late_for <= 0:
            self._flights.leave(flight)
            return self._spare(question, dict.fromkeys(asked, Unavailable(reason="timeout")))
        follower = asyncio.create_task(self._follow(flight, question, on_late), name=f"late {self.source}")
        self._late.add(follower)
        follower.add_done_callback(self._late.discard)
        return dict.fromkeys(asked, Unavailable(reason="late", retry_after=max(1, round(self._limits.late_for / 2))))

    async def _follow(self, flight: Flight[Any], question: Question, on_late: OnLate) -> None:
        await asyncio.wait((flight.task,), timeout=self._limits.late_for)
        self._flights.leave(flight)
        ended = flight.task.done() and not flight.task.cancelled()
        asked = question.attributes & self._provides
        answer = flight.task.result() if ended else dict.fromkeys(asked, Unavailable(reason="timeout"))
        try:
            await on_late(self.source, self.complete(question, answer))
        except Exception as error:
            _log.error("late_answer_lost", connector=self.source, reason=type(error).__name__)

    def complete(self, question: Question, answer: Mapping[str, Outcome]) -> Answer:
        """Give every attribute asked an outcome and drop what was not asked."""
        return {name: answer.get(name, _NOT_KEPT) for name in sorted(question.attributes)}

    def _spare(self, question: Question, answer: Mapping[str, Outcome]) -> Answer:
        """Put what is kept in the place of trouble, marked as stale."""
        if self._cache is None:
            return answer
        missing = [name for name, one in answer.items() if isinstance(one, Unavailable)]
        return {**answer, **self._cache.stale(question, missing)}

    def _count(self, flight: Flight[Any], ended: Ended) -> None:
        """Tell the breaker how a call ended, once: at the deadline it missed, or when it was answered."""
        if flight.counted:
            return
        flight.counted = True
        took_for = asyncio.get_running_loop().time() - flight.started_at
        self._means.meter.count_call(self.source, ended.failed or "answered", took_for)
        if ended.failed == "rest" and self.breaker.state == "closed":
            return  # a source that asks for a pause is well; the pause itself spares it
        era = self.breaker.era
        self.breaker.record(ended.failed is None, era=flight.era, took_for=took_for, reason=ended.failed or "")
        if self.breaker.era != era:
            self._tell_state()

    def _tell_state(self) -> None:
        outage = self.breaker.state == "open"
        self._means.meter.tell_state(self.source, outage=outage, quarantined=self._quarantined)

    def _watch(self, answer: Answer, question: Question) -> bool:
        """Look at an answer; tell whether it made it a drift, and stop the source then."""
        drift = self._drift.observe(answer, _who(question)) if self._drift is not None else None
        if drift is None or self._drift is None:
            return False
        self._drift.forget()
        self.quarantined = True
        _log.error("source_quarantined", connector=self.source, reason=drift.sign, name=drift.attribute)
        if self._means.on_drift is not None:
            self._means.on_drift(self.source, drift)
        return True


class Waiting:
    """One asker's place at a call: `kept` is known already, `told` at once, or a `flight` is waited for."""

    __slots__ = ("_caller", "_on_late", "_question", "flight", "kept", "told")

    def __init__(self, caller: SourceCaller, question: Question, on_late: OnLate | None) -> None:
        self._caller = caller
        self._question = question
        self._on_late = on_late
        self.kept: Mapping[str, Outcome] = _NOTHING
        self.told: Mapping[str, Outcome] | None = None
        self.flight: Flight[Any] | None = None

    async def answer(self) -> Answer:
        """Return an outcome for every attribute asked, at the deadline at the latest."""
        told = self.told
        if told is None and self.flight is not None:
            try:
                told = await self._caller.hear(self.flight, self._question, self._on_late)
            except asyncio.CancelledError:
                self.leave()
                raise
        if self.kept:
            told = {**(told or {}), **self.kept}
        return self._caller.complete(self._question, told or _NOTHING)

    @property
    def heard(self) -> Heard | None:
        """What the source itself said so far; None when it was not asked."""
        flight = self.flight
        if flight is None or flight.heard is None:
            return None
        return Heard(flight.heard, _who(self._question), flight.drifted)

    def leave(self) -> None:
        """Stop waiting without an answer; a second time does nothing, since others may wait for the same call."""
        flight, self.flight = self.flight, None
        if flight is not None:
            self._caller.let_go(flight)


_NOTHING: Mapping[str, Outcome] = {}
_NOT_KEPT = Absent("not_kept")


def _who(question: Question) -> Hashable:
    """Return what tells one person from another: a name written otherwise makes nobody else of them."""
    return question.personal_number or question.old_number or (question.full_name, question.birth_date)


def _person(question: Question) -> Hashable:
    """Return everything in a question that its answer may hang on, but for the attributes and the time left."""
    return (
        question.personal_number,
        question.old_number,
        question.full_name,
        question.birth_date,
        question.procedure,
        question.purpose,
        question.officer_ref,
        question.requester_number,
        question.requester_name,
    )
