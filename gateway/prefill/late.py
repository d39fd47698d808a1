"""Answers that come after the form: kept beside the others, and given out with the whole form when asked for."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from gateway.connector_runtime.contract import Answer
from gateway.prefill.kept import keep_answers, read_kept
from gateway.prefill.represent import follow_pointer
from gateway.vocabulary.form_preview import FormAsk, kept_address
from gateway.vocabulary.provenance import Unavailable

if TYPE_CHECKING:
    from gateway.prefill.house import Desk

_log = structlog.get_logger(__name__)

_TRIES = 10
_PATIENCE_FOR = 60.0  # seconds; a form that takes longer than this to be stored has failed


def late_until(answers: Mapping[str, Answer], until: datetime) -> dict[str, datetime]:
    """Return the sources that are still working, with the time until which their answer may come."""
    return {
        source: until
        for source, answer in answers.items()
        if any(isinstance(outcome, Unavailable) and outcome.reason == "late" for outcome in answer.values())
    }


class LateKeeper:
    """Puts a late answer beside the kept ones, once those are stored; does nothing when they never were."""

    def __init__(self, desk: "Desk", ask: FormAsk) -> None:
        self._desk = desk
        self._ask = ask
        self._begun = asyncio.Event()
        self._dropped = False

    def begin(self) -> None:
        """The kept answers are stored: late ones may join them."""
        self._begun.set()

    def drop(self) -> None:
        """Nothing was stored: late answers are forgotten."""
        self._dropped = True
        self._begun.set()

    async def keep(self, source: str, answer: Answer) -> None:
        """Join a late answer to the kept ones. Raises StorageUnavailable."""
        try:
            async with asyncio.timeout(_PATIENCE_FOR):
                await self._begun.wait()
        except TimeoutError:
            return  # the form failed before its answers were stored
        if self._dropped:
            return
        for _ in range(_TRIES):
            if await self._join(source, answer):
                return
        _log.warning("late_answer_not_kept", connector=source, procedure=self._ask.procedure)

    async def _join(self, source: str, answer: Answer) -> bool:
        """Join by compare-and-swap: another source's late answer may arrive in the same moment. A register may have
        named meanwhile whom an old number leads to: the answer joins what is kept of that person."""
        ask, now = await follow_pointer(self._ask, self._desk), self._desk.clock.now()
        (record,) = await self._desk.store.load(kept_address(ask.grant_id, ask.procedure, ask.about))
        kept = read_kept(record, ask.citizen.id, now)
        if kept is None:
            return True  # ten minutes are over or the grant was revoked: the answer is nobody's any more
        verdict = await self._desk.store.commit([keep_answers(kept.joined({source: answer}, {}), ask)], now=now)
        return verdict.done
