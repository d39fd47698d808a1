"""The tries of one call: the first, a hedge beside it, and repetitions while budget and time last.

Everything a connector raises ends here as outcomes. Of a connector's own mistake only the kind is logged, once until
the source answers again: its text may hold what it was reading.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.connector_runtime.bulkhead import Bulkhead
from gateway.connector_runtime.contract import Answer, Connector, Question, SourceTrouble, VerifiesMatch
from gateway.connector_runtime.hedge import Latencies, hedge
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.outcome_words import is_in_words
from gateway.connector_runtime.retry import RetryBudget, pause_before
from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable

_log = structlog.get_logger(__name__)

_REST_AT_MOST = 600


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended. `told` is an answer (or a verdict), `failed` the reason when nothing usable came (`rest` when
    the source asked to be left alone), `asked_to_wait` its Retry-After in seconds, `withdrawn` when none was made.
    `garbled` when a record about the person came and nothing of it could be read: the source is there, and changed."""

    told: Any
    failed: str | None = None
    asked_to_wait: int | None = None
    withdrawn: bool = False
    garbled: bool = False


_UNASKED = Ended(None, "quota", withdrawn=True)
"""In the place of a second request that the day's quota does not allow: the first one's answer counts."""


class Attempts:
    """Asks one connector, as often as it makes sense. `rest_until` is when the source wants to be asked again."""

    def __init__(self, source: str, connector: Connector, room: Bulkhead, limits: Limits, means: Means) -> None:
        self.rest_until: datetime | None = None
        self._source = source
        self._connector = connector
        self._room = room
        self._limits = limits
        self._means = means
        self._budget = RetryBudget(limits.retry_share)
        self._latencies = Latencies() if limits.replicated else None
        self._told_faults: set[str] = set()

    def renew(self, connector: Connector) -> None:
        """Ask another connector from the next try on."""
        self._connector = connector

    async def ask(self, question: Question, asked_until: datetime, *, probing: bool, portal: str = "") -> Ended:
        """Return the answer of the first try that told something, or of the last one.

        A repetition begins only before `asked_until`, when the asker still waits; a probe is never repeated. The first
        try is counted in the daily quotas already, every other is counted here, or not made.
        """
        self._budget.earn()
        for attempt in range(1, self._limits.retries + 2):
            ended = await self._once(question, portal)
            if ended.failed not in {"unreachable", "rest"} or probing or attempt > self._limits.retries:
                break
            left = (asked_until - self._means.clock.now()).total_seconds()
            pause = pause_before(attempt, left=left, asked_for=ended.asked_to_wait, chance=self._means.chance)
            if pause is None or not self._budget.spend():
                break
            await asyncio.sleep(pause)  # the request id stays: the source may recognise it
            if not await self._is_within_quota(question, portal):
                break
        return ended

    async def verify(self, question: Question) -> Ended:
        """Return the verdict, or why there is none."""
        connector = self._connector
        assert isinstance(connector, VerifiesMatch)
        try:
            return Ended(await connector.verify(question))
        except SourceTrouble as trouble:
            ended = self._trouble(trouble)
            outcome = _outcome_of(trouble)
            told = Unavailable(reason="fault") if isinstance(outcome, Absent) else outcome
            return Ended(told, "fault" if ended.failed is None and isinstance(told, Unavailable) else ended.failed)
        except Exception as error:
            return Ended(self._fault(error), "fault")

    async def _is_within_quota(self, question: Question, portal: str) -> bool:
        """Count one more request; tell whether it may go."""
        quotas = self._means.quotas
        return quotas is None or await quotas.take(question, portal) is None

    async def _once(self, question: Question, portal: str) -> Ended:
        latencies = self._latencies
        if latencies is None:
            return await self._try(question)
        after = latencies.unusual
        clock = asyncio.get_running_loop().time
        began = clock()
        if after is None:
            ended = await self._try(question)
        else:
            ended = await self._hedged(question, after, portal)
        if ended.failed is None:
            latencies.add(clock() - began)
        return ended

    async def _hedged(self, question: Question, after: float, portal: str) -> Ended:
        taken = 0
        tries: list[Ended] = []

        async def ask() -> Ended:
            if taken and not await self._is_within_quota(question, portal):
                return _UNASKED
            tries.append(await self._try(question))
            return tries[-1]

        def may() -> bool:
            nonlocal taken
            if not self._room.try_enter():
                return False
            if not self._budget.spend():
                self._room.leave()
                return False
            taken += 1
            return True

        try:
            ended = await hedge(ask, after, may=may, usable=lambda ended: ended.failed is None)
            return tries[-1] if ended is _UNASKED and tries else ended
        finally:
            for _ in range(taken):
                self._room.leave()

    async def _try(self, question: Question) -> Ended:
        try:
            given = await self._connector.answer(question)
            answer = {name: _usable(given.get(name)) for name in question.attributes}
        except SourceTrouble as trouble:
            told, ended = _outcome_of(trouble), self._trouble(trouble)
            return Ended(dict.fromkeys(question.attributes, told), ended.failed, ended.asked_to_wait)
        except Exception as error:
            return Ended(dict.fromkeys(question.attributes, self._fault(error)), "fault")
        failed = _failed(answer)
        if failed is None and self._told_faults:
            self._told_faults.clear()
        garbled = all(isinstance(one, Unavailable) and one.reason == "malformed" for one in answer.values())
        return Ended(answer, failed, garbled=garbled and bool(answer))

    def _trouble(self, trouble: SourceTrouble) -> Ended:
        outcome = _outcome_of(trouble)
        _log.debug("source_trouble", connector=self._source, reason=outcome.reason)
        if not isinstance(outcome, Unavailable):
            return Ended(None)
        wait = outcome.retry_after if trouble.asked_to_wait else None
        if wait is not None and outcome.reason == "closed":
            self._rest(wait)
            return Ended(None, "rest", wait)
        return Ended(None, outcome.reason, wait)

    def _fault(self, error: Exception) -> Unavailable:
        kind = type(error).__name__
        if kind not in self._told_faults:
            self._told_faults.add(kind)
            _log.error("connector_failed", connector=self._source, reason=kind)
        return Unavailable(reason="fault")

    def _rest(self, seconds: int) -> None:
        """Leave the source alone for as long as it asked."""
        self.rest_until = self._means.clock.now() + timedelta(seconds=min(seconds, _REST_AT_MOST))
        _log.debug("source_asked_to_wait", connector=self._source, seconds=seconds)


def _usable(outcome: object) -> Outcome:
    """Return an outcome as it is; what a connector promised and did not give, or garbled, is unavailable. A reason of
    its own making is garbled, too: it would be a label, a log line and a member of an event."""
    if isinstance(outcome, Found | Absent | Refused | Unavailable) and is_in_words(outcome):
        return outcome
    return Unavailable(reason="malformed")


def _outcome_of(trouble: SourceTrouble) -> Absent | Refused | Unavailable:
    outcome = _usable(trouble.outcome)
    return Unavailable(reason="malformed") if isinstance(outcome, Found) else outcome


def _failed(answer: Answer) -> str | None:
    """Return why an answer tells nothing at all, None when some of it does."""
    reason = None
    for outcome in answer.values():
        if not isinstance(outcome, Unavailable):
            return None
        reason = outcome.reason
    return reason
