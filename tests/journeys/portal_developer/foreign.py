"""Portals that other people's libraries make: started as programs of their own, each on a port of its own.

What each wants at the gateway stands in `Foreign`; what it says to a browser is JSON {signed_in, claims?, person?}.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import tomlkit

from tests.journeys.portal_developer.apache import apache2, write_server
from tests.services import end_with_parent, free_port, wait_until

ROOT = Path(__file__).parents[3]
NPM = ROOT / "tests/npm"


def run_node(program: str, order: Mapping[str, object]) -> dict[str, Any]:
    """Give a program of `tests/npm` its order as JSON and return what it says; install its packages when missing."""
    require_npm()
    done = subprocess.run(
        ["node", program],
        cwd=NPM,
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A portal: how it is started, and its paths. `profile` legacy: it does not know PKCE. `told`: where it is told
    that somebody signed out elsewhere, empty when it cannot be."""

    name: str
    command: Sequence[str]
    home: str = "/"
    login: str = "/login"
    logout: str = "/logout"
    callback: str = "/callback"
    told: str = ""
    profile: str = "baseline"
    method: str = "client_secret_basic"
    procedures: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)

    @property
    def base(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def secret(self) -> str:
        """Its client secret: plain letters, as generated ones are."""
        return f"{self.name}-secret-{'s' * 40}"

    def members(self) -> dict[str, object]:
        """Return its registration."""
        known: dict[str, object] = {
            "client_id": self.name,
            "client_secret": self.secret,
            "client_name": f"Cổng {self.name}",
            "redirect_uris": [f"{self.base}{self.callback}"],
            "post_logout_redirect_uris": [f"{self.base}/signed-out"],
            "token_endpoint_auth_method": self.method,
            "profile": self.profile,
            "procedures": list(self.procedures),
        }
        if self.told:
            known["backchannel_logout_uri"] = f"{self.base}{self.told}"
        return known | ({"legacy_until": "2099-12-31"} if self.profile == "legacy" else {})


PYTHON = sys.executable
FOREIGN = (
    Foreign(name="flask", command=(PYTHON, str(Path(__file__).with_name("flask_portal.py")))),
    Foreign(name="express", command=("node", "express_portal.mjs")),
    Foreign(name="passport", command=("node", "passport_portal.mjs"), profile="legacy", method="client_secret_post"),
    Foreign(
        name="apache",
        command=(),
        home="/home.shtml",
        login="/inside/home.shtml",
        callback="/inside/back",
        logout="/inside/back?logout=",
        told="/inside/back?logout=backchannel",
    ),
)
EXAMPLES = (
    Foreign(name="node", command=("node", "portal.mjs"), procedures=("1.004222",)),
    Foreign(name="django", command=(PYTHON, "portal.py"), callback="/oidc/callback/", procedures=("1.004222",)),
)


def write_seed(folder: Path, portals: Sequence[Foreign]) -> Path:
    """Write the seed file of the portals."""
    seed = folder / "foreign.toml"
    seed.write_text(tomlkit.dumps({"portal": [portal.members() for portal in portals]}), "utf-8")
    return seed


@contextmanager
def running(portal: Foreign, issuer: str, folder: Path) -> Iterator[Foreign]:
    """Run a portal until the block ends; what it says goes to a file in `folder`."""
    command, where = list(portal.command), folder
    if portal.name == "apache":
        where = write_server(portal.base, issuer, portal.name, portal.secret)
        command = [apache2(), "-d", str(where), "-f", str(where / "apache.conf"), "-DFOREGROUND"]
    elif portal.command[-1].endswith("_portal.mjs"):
        where = NPM
    elif portal.name in {"node", "django"}:
        where = copy_example(portal.name, folder)
    log = folder / f"{portal.name}.log"
    program = subprocess.Popen(
        command,
        cwd=where,
        env=environment(portal, issuer),
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
    )
    try:
        wait_until(lambda: _answers(portal), program, f"the portal `{portal.name}` ({log})")
        yield portal
    finally:
        program.terminate()
        program.wait(20)
        if portal.name == "apache":
            shutil.rmtree(where)


def environment(portal: Foreign, issuer: str) -> Mapping[str, str]:
    """Return the environment of a portal: no proxy stands between programs of one machine."""
    known = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return known | {
        "GATE06_ISSUER": issuer,
        "PORTAL_BASE_URL": portal.base,
        "PORTAL_CLIENT_ID": portal.name,
        "PORTAL_CLIENT_SECRET": portal.secret,
    }


def copy_example(name: str, folder: Path) -> Path:
    """Copy `examples/portal_NAME` as a developer would; npm's packages are those of the tests."""
    where = folder / f"portal_{name}"
    shutil.copytree(ROOT / "examples" / where.name, where)
    if name == "node":
        (where / "node_modules").symlink_to(NPM / "node_modules")
    return where


def require_npm() -> None:
    """Install npm's packages from the lock file when they are missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("`node` or `npm` is missing: run `apt-get install nodejs npm`", pytrace=False)
    if not (NPM / "node_modules/express-openid-connect").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, check=True)


def _answers(portal: Foreign) -> bool:
    try:
        httpx2.get(f"{portal.base}{portal.home}", trust_env=False)
    except httpx2.TransportError:
        return False
    return True
