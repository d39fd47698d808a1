"""A demo with the developer's portals in it, and npm's client beside it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NPM = Path(__file__).parents[2] / "npm"


@pytest.fixture(scope="session")
def node() -> Callable[[dict[str, object]], dict[str, Any]]:
    """Give a way to run `portal.mjs`; installs its packages from the lock file when they are missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("`node` or `npm` is missing: run `apt-get install nodejs npm`", pytrace=False)
    if not (NPM / "node_modules/openid-client").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, check=True)

    def run(order: dict[str, object]) -> dict[str, Any]:
        done = subprocess.run(
            ["node", "portal.mjs"],
            cwd=NPM,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return run
