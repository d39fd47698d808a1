"""A demo with the developer's portals in it, and npm's client beside it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.journeys.portal_developer.foreign import run_node


@pytest.fixture(scope="session")
def node() -> Callable[[dict[str, object]], dict[str, Any]]:
    """Give a way to run `portal.mjs`; installs its packages from the lock file when they are missing."""
    return partial(run_node, "portal.mjs")
