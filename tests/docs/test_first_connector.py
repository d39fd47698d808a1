"""The road of a department's developer: `docs/connector_in_ten_minutes.md`, and on to a published connector in
`docs/connector_to_approval.md`. Their commands run as they stand there, against the toy library, a real PostgreSQL and
the running gateway; three members of staff sign in each for themselves.

Only ports are others than on the pages: those of this machine may be taken.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.docs.page import Step, begin, read_files, read_steps
from tests.journeys.stack import free_ports
from tests.journeys.staff.desk import Desk, LoginUnderWay
from tests.services import PostgresqlServer, free_port

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = "connector_in_ten_minutes.md", "connector_to_approval.md"
STAYING = ("gate06 simulate ", "gate06 demo --config")

@dataclass
class Developer:
    """Somebody at a shell in a folder of their own; `terminals` are programs that stay."""

    folder: Path
    environment: dict[str, str]
    toy: int
    database: int
    terminals: list["subprocess.Popen[str]"]

    def follow(self, step: Step) -> None:
        """Do what a page says, and see what it shows."""
        if step.command.startswith(STAYING) and "--once" not in step.command:
            self.terminals.append(begin(self.here(step.command), self.folder, self.environment))
        elif step.account:
            self.sign_in(step)
        else:
            self.run(step)

    def run(self, step: Step) -> None:
        """Run a command. What is published arrives within two seconds: a form is asked for until it has."""
        for again in range(30 if "portal try" in step.command else 1):
            time.sleep(0.5 if again else 0)
            done = subprocess.run(
                ["bash", "-euc", self.here(step.command)],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            missing = [line for line in step.shown if flat(line) not in map(flat, done.stdout.splitlines())]
            if done.returncode == step.code and not missing:
                break
        assert done.returncode == step.code, (step.command, done.stdout, done.stderr)
        assert missing == [], (step.command, done.stdout)
        assert [line for line in step.told if line not in done.stderr.splitlines()] == [], (step.command, done.stderr)

    def sign_in(self, step: Step) -> None:
        """Type the code that the command shows, in a browser, as the member of staff the page names."""
        process = subprocess.Popen(
            ["bash", "-euc", step.command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        waiting = LoginUnderWay(process)
        gateway, vneid = (self.environment[f"GATE06_{name}_PORT"] for name in ("GATEWAY", "VNEID"))
        desk = Desk(
            SimpleNamespace(issuer=f"http://127.0.0.1:{gateway}", vneid_url=f"http://127.0.0.1:{vneid}"), step.account
        )
        allowed = desk.press(desk.open_device(waiting.code), "device-allow")
        assert 'id="allowed"' in allowed.text, allowed.text
        assert waiting.end()[0] == 0

    def here(self, text: str) -> str:
        """Put the ports of this machine in the place of those of the page."""
        ports = {"8010": self.toy, "5432": self.database}
        return re.sub(r"(:|--port )(8010|5432)\b", lambda found: f"{found[1]}{ports[found[2]]}", text)


@pytest.fixture
def developer(tmp_path: Path) -> Iterator[Developer]:
    server = PostgresqlServer()
    known = {name: value for name, value in os.environ.items() if not name.startswith(("GATE06_", "PYTHON", "PG"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{known['PATH']}"
    owner = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
    ports = {f"GATE06_{name}_PORT": str(port) for name, port in free_ports().items()}
    environment = known | owner | ports | {"PATH": path, "PYTHONPATH": str(ROOT)}
    one = Developer(tmp_path, environment, free_port(), server.port, [])
    yield one
    for program in reversed(one.terminals):
        program.terminate()
        assert program.wait(30) == 0
        assert program.stdout is not None
        program.stdout.close()
    server.stop()


def test_the_pages_run_from_the_first_command_to_the_last(developer: Developer) -> None:
    before = changed_below_gateway()
    first = read_steps(FIRST)
    commands = [step.command for step in first]
    assert commands.index("gate06 connector try library --persona 3") < 10, "a first mapped field within ten commands"
    for step in first:
        developer.follow(step)
    for name, text in read_files(SECOND).items():
        (developer.folder / name).write_text(text, "utf-8")
    second = read_steps(SECOND)
    assert [step.account for step in second if step.account] == ["ha.nhung", "lo.pan", "dinh.hoa"]
    for step in second:
        developer.follow(step)
    assert changed_below_gateway() == before, "nothing under gateway/ changes for a connector"


def flat(line: str) -> str:
    """Return a line without the spaces that only align columns: these are as wide as what stands in them."""
    return " ".join(line.split())


def changed_below_gateway() -> bytes:
    """Return what git says of the gateway's own folder."""
    return subprocess.run(["git", "status", "--porcelain", "gateway"], cwd=ROOT, capture_output=True, check=True).stdout
