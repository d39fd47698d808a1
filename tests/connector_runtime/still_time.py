"""An event loop whose time stands still until a test moves it: what waits in real life costs a test nothing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Told = TypeVar("Told")


class StillLoop(asyncio.SelectorEventLoop):
    """`settle` runs what is ready now; `move` goes to a later time, through every timer that is due until then."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def time(self) -> float:
        """Return the time the test has set."""
        return self.at

    def settle(self) -> None:
        """Run everything that is ready, and what becomes ready by it."""
        for _ in range(25):
            self.call_soon(self.stop)
            self.run_forever()

    def move(self, seconds: float, *, steps: int = 20) -> None:
        """Let time pass."""
        until = self.at + seconds
        for step in range(1, steps + 1):
            self.at = until - seconds * (steps - step) / steps
            self.settle()

    def begin(self, work: Coroutine[Any, Any, Told]) -> "asyncio.Task[Told]":
        """Start work and let it run as far as it gets."""
        task = self.create_task(work)
        self.settle()
        return task

    def finish(self) -> None:
        """End every task and close the loop."""
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        self.settle()
        self.close()
