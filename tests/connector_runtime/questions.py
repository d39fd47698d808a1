"""Questions, answers and connectors that do what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from gateway.connector_runtime.contract import Answer, Found, Health, Provenance, Question

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
FOUND = Found("x", Provenance(source="s", as_of=date(2026, 11, 22), retrieved_at=NOW))

Step = Callable[[Question], Awaitable[Answer]]


class Scripted:
    """A connector that does what the test says, the last step again and again."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.questions: list[Question] = []
        self.called: asyncio.Queue[None] = asyncio.Queue()
        self.cancelled = asyncio.Event()

    async def answer(self, question: Question) -> Answer:
        self.questions.append(question)
        self.called.put_nowait(None)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        try:
            return await step(question)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def check(self) -> Health:
        return Health("up")


def answering(answer: Answer) -> Step:
    async def step(question: Question) -> Answer:
        return answer

    return step


def raising(error: BaseException) -> Step:
    async def step(question: Question) -> Answer:
        raise error

    return step


async def never(question: Question) -> Answer:
    await asyncio.Event().wait()
    return {}


def question(
    *names: str, wait_for: float = 5.0, number: str = "999175000003", procedure: str = "1.004222", at: datetime = NOW
) -> Question:
    return Question(
        attributes=frozenset(names or ("a",)),
        personal_number=number,
        old_number=None,
        full_name="Trần Thị Bưởi",
        birth_date=None,
        procedure=procedure,
        purpose="prefill",
        request_id="r",
        deadline_at=at + timedelta(seconds=wait_for),
    )
