"""A Chromium for each module: a browser that outlives its module would hold the thread's event loop."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.journeys.citizen.road import Visitor, chromium
from tests.journeys.stack import Stack

VisitorMaker = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give the machine's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def visitor(browser: Browser, stack: Stack) -> Iterator[VisitorMaker]:
    """Give a maker of visitors to the module's stack; each is closed and looked over at the end."""
    made: list[Visitor] = []

    def make(**context: Any) -> Visitor:
        made.append(Visitor(browser, stack, **context))
        return made[-1]

    yield make
    for one in made:
        one.close()
