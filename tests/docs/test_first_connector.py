"""`docs/connector_in_ten_minutes.md`: its commands, as they stand there, against the toy library and a real PostgreSQL.

Only ports are others than on the page: those of this machine may be taken.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.services import PostgresqlServer, end_with_parent, free_port

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/connector_in_ten_minutes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.timeout(300)


class Step(NamedTuple):
    """A command, the exit code its comment promises, and the lines the page shows below it on stdout and stderr."""

    command: str
    code: int
    shown: list[str]
    told: list[str]


def steps() -> list[Step]:
    found: list[Step] = []
    for language, code in BLOCKS:
        if language == "sh":
            for line in code.splitlines():
                command, _, promise = line.partition("    # ends with ")
                found.append(Step(command, int(promise or 0), [], []))
        else:
            (found[-1].shown if language == "text" else found[-1].told).extend(code.splitlines())
    return found


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    made = PostgresqlServer()
    yield made
    made.stop()


@pytest.fixture
def programs() -> Iterator[list[subprocess.Popen[str]]]:
    """Programs that run in a terminal of their own: Ctrl-C ends them in the end."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for program in started:
        program.terminate()
        assert program.wait(30) == 0
        assert program.stdout is not None
        program.stdout.close()


def test_the_page_runs_from_its_first_to_its_last_command(tmp_path, server, programs):
    before = subprocess.run(["git", "status", "--porcelain", "gateway"], cwd=ROOT, capture_output=True, check=True)
    toy = free_port()
    known = {name: value for name, value in os.environ.items() if not name.startswith(("GATE06_", "PYTHON", "PG"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{known['PATH']}"
    owner = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
    environment = known | owner | {"PATH": path, "PYTHONPATH": str(ROOT)}

    def here(text: str) -> str:
        return (
            text.replace(":8010", f":{toy}").replace("--port 8010", f"--port {toy}").replace(":5432", f":{server.port}")
        )

    commands = [step.command for step in steps()]
    assert commands.index("gate06 connector try library --persona 3") < 10, "a first mapped field within ten commands"
    for step in steps():
        if step.command.startswith("gate06 simulate "):
            programs.append(begin(here(step.command), tmp_path, environment))
            continue
        done = subprocess.run(
            ["bash", "-euc", here(step.command)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == step.code, (step.command, done.stdout, done.stderr)
        assert [line for line in step.shown if line not in done.stdout.splitlines()] == [], (step.command, done.stdout)
        assert [line for line in step.told if line not in done.stderr.splitlines()] == [], (step.command, done.stderr)
    after = subprocess.run(["git", "status", "--porcelain", "gateway"], cwd=ROOT, capture_output=True, check=True)
    assert after.stdout == before.stdout, "nothing under gateway/ changes for a connector"


def begin(command: str, folder: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Run a command that stays, until it says `ready`."""
    program = subprocess.Popen(
        ["bash", "-euc", f"exec {command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
    )
    said: list[str] = []
    assert program.stdout is not None
    reader = Thread(target=lambda: said.append(program.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(60)
    assert said == ["ready\n"]
    return program
