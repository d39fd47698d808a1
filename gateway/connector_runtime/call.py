"""One call to one source: admitted, timed, told apart, and never a danger to the calls beside it.

An answer that misses the deadline may still arrive: the call goes on in the background for `late_for` seconds and
hands its answer to `on_late`. Nothing outlives `close`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from gateway.connector_runtime.breaker import Breaker
from gateway.connector_runtime.contract import Answer, Connector, Question, SourceTrouble, VerifiesMatch
from gateway.connector_runtime.failure import CannotVerify
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable

_log = structlog.get_logger(__name__)

OnLate = Callable[[str, Answer], Awaitable[None]]
_Told = TypeVar("_Told")

_RETRIES_SAVED = 10.0
_RETRY_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`late_for` seconds an answer may come after the deadline, `concurrency` calls at the same time."""

    late_for: float = 20.0
    concurrency: int = 64


class SourceCaller:
    """Calls one connector. It owns the breaker, the retry budget and the calls under way."""

    def __init__(
        self, source: str, connector: Connector, clock: Clock, *, provides: frozenset[str], limits: Limits
    ) -> None:
        self.source = source
        self.connector = connector
        self.breaker = Breaker(source, clock)
        self._clock = clock
        self._provides = provides
        self._limits = limits
        self._running: set[asyncio.Task[Any]] = set()
        self._late: set[asyncio.Task[None]] = set()
        self._retries = _RETRIES_SAVED

    async def ask(self, question: Question, on_late: OnLate | None = None) -> Answer:
        """Return an outcome for every attribute asked, at the deadline at the latest; raises nothing.

        With `on_late`, attributes of a source that is still working are `Unavailable(reason="late")` and
        `on_late(source, answer)` is awaited once, when the answer or the end of patience comes.
        """
        asked = question.attributes & self._provides
        refusal = self._refuse(question) if asked else None
        if not asked or refusal is not None:
            return self._same(question, refusal or Absent("not_kept"))
        remaining = (question.deadline_at - self._clock.now()).total_seconds()
        task = self._start(replace(question, attributes=asked), late=on_late is not None)
        try:
            async with asyncio.timeout(max(remaining, 0)):
                answer = await asyncio.shield(task)
        except TimeoutError:
            return self._miss(question, task, on_late)
        except asyncio.CancelledError:
            if task.cancelled() and not _cancelling():
                return self._same(question, Unavailable(reason="closed"))  # `close` ended the call, nobody ours
            task.cancel()
            raise
        self._record(answer)
        return self._complete(question, answer)

    async def verify(self, question: Question) -> bool | Refused | Unavailable:
        """Return whether the source holds this person just so, at the deadline at the latest.

        Raises CannotVerify. Breaker and limits are those of `ask`: it is the same source.
        """
        connector = self.connector
        if not isinstance(connector, VerifiesMatch):
            raise CannotVerify(f"connector `{self.source}` cannot verify a person")
        refusal = self._refuse(question)
        if refusal is not None:
            return refusal
        remaining = (question.deadline_at - self._clock.now()).total_seconds()
        task = self._track(asyncio.create_task(self._verify(connector, question), name=f"verify {self.source}"))
        try:
            async with asyncio.timeout(max(remaining, 0)):
                told = await task
        except TimeoutError:
            told = Unavailable(reason="timeout")
        except asyncio.CancelledError:
            if not task.cancelled() or _cancelling():
                raise
            told = Unavailable(reason="closed")  # `close` ended the call, nobody ours
        self.breaker.record(not isinstance(told, Unavailable))
        return told

    async def close(self) -> None:
        """Cancel what is under way and wait until it is gone; late answers are not delivered any more."""
        tasks: list[asyncio.Task[Any]] = [*self._late, *self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refuse(self, question: Question) -> Unavailable | None:
        if question.deadline_at <= self._clock.now():
            return Unavailable(reason="timeout")
        if len(self._running) >= self._limits.concurrency:
            return Unavailable(reason="closed", retry_after=5)
        wait = self.breaker.admit()
        return None if wait is None else Unavailable(reason="closed", retry_after=wait)

    def _start(self, question: Question, *, late: bool) -> asyncio.Task[Answer]:
        if late:
            patience = timedelta(seconds=self._limits.late_for)
            question = replace(question, deadline_at=question.deadline_at + patience)
        return self._track(asyncio.create_task(self._call(question), name=f"ask {self.source}"))

    def _track(self, task: asyncio.Task[_Told]) -> asyncio.Task[_Told]:
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _call(self, question: Question) -> Answer:
        """Ask the connector, once more when the source could not be reached; trouble becomes outcomes here."""
        self._retries = min(_RETRIES_SAVED, self._retries + _RETRY_SHARE)
        answer = await self._try(question)
        if _unreachable(answer) and self._retries >= 1 and question.deadline_at > self._clock.now():
            self._retries -= 1
            answer = await self._try(question)  # the same request id: the source may recognise it
        return answer

    async def _try(self, question: Question) -> Answer:
        try:
            answer = await self.connector.answer(question)
            return {name: _usable(answer.get(name)) for name in question.attributes}
        except SourceTrouble as trouble:
            _log.warning("source_trouble", connector=self.source, reason=trouble.outcome.reason)
            return dict.fromkeys(question.attributes, trouble.outcome)
        except Exception as error:
            # a connector's own mistake: its text may hold what it was reading, so only its kind is logged
            _log.error("connector_failed", connector=self.source, reason=type(error).__name__)
            return dict.fromkeys(question.attributes, Unavailable(reason="fault"))

    async def _verify(self, connector: VerifiesMatch, question: Question) -> bool | Refused | Unavailable:
        try:
            return await connector.verify(question)
        except SourceTrouble as trouble:
            _log.warning("source_trouble", connector=self.source, reason=trouble.outcome.reason)
            return Unavailable(reason="fault") if isinstance(trouble.outcome, Absent) else trouble.outcome
        except Exception as error:
            _log.error("connector_failed", connector=self.source, reason=type(error).__name__)
            return Unavailable(reason="fault")

    def _miss(self, question: Question, task: asyncio.Task[Answer], on_late: OnLate | None) -> Answer:
        self.breaker.record(False)
        if on_late is None or self._limits.late_for <= 0:
            task.cancel()
            return self._same(question, Unavailable(reason="timeout"))
        follower = asyncio.create_task(self._follow(question, task, on_late), name=f"late {self.source}")
        self._late.add(follower)
        follower.add_done_callback(self._late.discard)
        retry_after = max(1, round(self._limits.late_for / 2))
        return self._same(question, Unavailable(reason="late", retry_after=retry_after))

    async def _follow(self, question: Question, task: asyncio.Task[Answer], on_late: OnLate) -> None:
        try:
            async with asyncio.timeout(self._limits.late_for):
                answer = await task
        except TimeoutError:
            answer = self._same(question, Unavailable(reason="timeout"))
        try:
            await on_late(self.source, self._complete(question, answer))
        except Exception as error:
            _log.error("late_answer_lost", connector=self.source, reason=type(error).__name__)

    def _same(self, question: Question, outcome: Outcome) -> Answer:
        """Give every attribute this source provides the same outcome."""
        return self._complete(question, dict.fromkeys(question.attributes & self._provides, outcome))

    def _complete(self, question: Question, answer: Mapping[str, Outcome]) -> Answer:
        """Give every attribute asked an outcome and drop what was not asked."""
        return {name: answer.get(name, Absent("not_kept")) for name in sorted(question.attributes)}

    def _record(self, answer: Answer) -> None:
        self.breaker.record(not all(isinstance(outcome, Unavailable) for outcome in answer.values()))


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _usable(outcome: object) -> Outcome:
    """Return an outcome as it is; what a connector promised and did not give, or garbled, is unavailable."""
    if isinstance(outcome, Found | Absent | Refused | Unavailable):
        return outcome
    return Unavailable(reason="malformed")


def _unreachable(answer: Answer) -> bool:
    return all(isinstance(outcome, Unavailable) and outcome.reason == "unreachable" for outcome in answer.values())
