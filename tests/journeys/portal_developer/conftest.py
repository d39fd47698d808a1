"""A demo with the developer's portals in it, and npm's client beside it."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.portal_developer.foreign import NPM, require_npm


@pytest.fixture(scope="session")
def node() -> Callable[[dict[str, object]], dict[str, Any]]:
    """Give a way to run `portal.mjs`; installs its packages from the lock file when they are missing."""
    require_npm()

    def run(order: dict[str, object]) -> dict[str, Any]:
        done = subprocess.run(
            ["node", "portal.mjs"],
            cwd=NPM,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return run
