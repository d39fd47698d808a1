"""A page of the documentation as a script: its commands, what its comments promise, what it shows below them.

    gate06 connector check library    # ends with 7
    gate06 login    # signs in as ha.nhung

A block `text` is what stdout shows, `stderr` what is told there, `toml` a file that the page says to save.
"""

import re
import subprocess
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from tests.services import end_with_parent

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"as `([a-z_]+\.toml)`:\n")
_PROMISE = re.compile(r"    # (ends with|signs in as) (\S+)$")


class Step(NamedTuple):
    """A command, the exit code it ends with, the account it signs in, and the lines shown on stdout and stderr."""

    command: str
    code: int
    account: str
    shown: list[str]
    told: list[str]


def read_steps(page: str) -> list[Step]:
    """Return the commands of a page in their order."""
    found: list[Step] = []
    for language, code in _BLOCK.findall((DOCS / page).read_text("utf-8")):
        match language:
            case "sh":
                found.extend(_step(line) for line in code.splitlines())
            case "text":
                found[-1].shown.extend(code.splitlines())
            case "stderr":
                found[-1].told.extend(code.splitlines())
    return found


def read_files(page: str) -> dict[str, str]:
    """Return the files a page says to save, by name."""
    text = (DOCS / page).read_text("utf-8")
    blocks = [code for language, code in _BLOCK.findall(text) if language == "toml"]
    return dict(zip(_SAVED.findall(text), blocks, strict=True))


def _step(line: str) -> Step:
    promise = _PROMISE.search(line)
    command = line if promise is None else line[: promise.start()]
    word, value = ("", "") if promise is None else promise.groups()
    return Step(command, int(value) if word == "ends with" else 0, value if word == "signs in as" else "", [], [])


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
    reader.join(300)
    assert said == ["ready\n"], command
    return program
