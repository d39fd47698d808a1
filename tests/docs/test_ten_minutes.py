"""`docs/portal_in_ten_minutes.md`: its commands, as they stand there, in a fresh copy of the working tree.

The copy makes its own `.venv` by `make venv`; the packages are those installed already, so that nothing is fetched.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.journeys.stack import free_ports
from tests.services import end_with_parent

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/portal_in_ten_minutes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

class Step(NamedTuple):
    """A command, the exit code its comment promises, and the lines the page shows below it."""

    command: str
    code: int
    shown: list[str]


def steps() -> list[Step]:
    found: list[Step] = []
    for language, code in BLOCKS:
        if language == "sh":
            for line in code.splitlines():
                command, _, promise = line.partition("    # ends with ")
                found.append(Step(command, int(promise or 0), []))
        elif language == "text":
            found[-1].shown.extend(code.splitlines())
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh checkout: what git knows or would take in, and nothing else."""
    folder = tmp_path_factory.mktemp("fresh") / "gate06"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    (site,) = (folder / ".venv/lib").glob("python*/site-packages")
    (site / "installed_already.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    (toml,) = [code for language, code in BLOCKS if language == "toml"]
    (folder / "my_portal.toml").write_text(toml, "utf-8")
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A shell's environment; the demo listens on free ports, as its own variables allow, and pip may fetch nothing."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("GATE06_", "PYTHON"))}
    ports = {f"GATE06_{name}_PORT": str(port) for name, port in free_ports().items()}
    return known | ports | {"PIP_NO_INDEX": "1"}


@pytest.fixture(scope="module")
def leaving() -> Iterator[list[subprocess.Popen[str]]]:
    """Programs that run in a terminal of their own: Ctrl-C ends them in the end."""
    programs: list[subprocess.Popen[str]] = []
    yield programs
    for program in programs:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
        assert program.stdout is not None
        program.stdout.close()


def begin(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Run a command that stays, until it says `ready`."""
    program = subprocess.Popen(
        ["bash", "-euc", script.replace("\ngate06 ", "\nexec gate06 ")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=(folder / "demo.stderr").open("wb"),
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
    )
    said: list[str] = []
    reader = Thread(target=lambda: said.append(program.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(300)
    assert said == ["ready\n"], (folder / "demo.stderr").read_text("utf-8")
    return program


def test_the_page_runs_from_its_first_to_its_last_command(checkout, environment, leaving):
    before = ""
    for step in steps():
        script = f"{before}\n{step.command}"
        if step.command.startswith("export "):
            before = step.command
        elif step.command.startswith("gate06 demo "):
            leaving.append(begin(script, checkout, environment))
        else:
            done = subprocess.run(
                ["bash", "-euc", script],
                cwd=checkout,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == step.code, (step.command, done.stdout, done.stderr)
            lines = done.stdout.splitlines()
            assert [line for line in step.shown if line not in lines] == [], step.command
    for name, portal in (("notice.html", "Cổng của tôi"), ("second.html", "Cổng thứ hai")):
        page = (checkout / name).read_text("utf-8")
        assert portal in page
        assert "applicant.full_name" in page
        assert "Trần Thị Bưởi" in page
        assert not re.search(r'(?:src|<link[^>]*href)="(?!data:)', page), "one file, complete in itself"
    assert (checkout / ".venv/bin/gate06").exists()


def test_the_guides_register_one_portal():
    """Who goes on from this page to the portal guide finds the same registration there."""
    guide = (ROOT / "docs/portal_guide.md").read_text("utf-8")
    (toml,) = [code for language, code in BLOCKS if language == "toml"]
    assert toml in guide
