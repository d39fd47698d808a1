"""One demo for the stories that leave it as they found it, and a maker of own ones for the others."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.stack import Stack
from tests.services import stop_services

StackMaker = Callable[..., Stack]


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the database servers a session started."""
    yield
    stop_services()


@pytest.fixture(scope="module")
def make_stack(tmp_path_factory: pytest.TempPathFactory, services: None) -> Iterator[StackMaker]:
    """Give a maker of running stacks that end with the module."""
    with ExitStack() as leaving:

        def make(setting: str = "sqlite", *arguments: str) -> Stack:
            folder: Path = tmp_path_factory.mktemp("demo")
            return leaving.enter_context(Stack(folder, setting, arguments=arguments))

        yield make


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker) -> Stack:
    """Give the module's stack, on SQLite."""
    return make_stack()
