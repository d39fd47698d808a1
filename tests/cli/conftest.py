"""A production stack in the working folder, the people who share its machine, and the command."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli.command import main
from tests.cli.staff_login import Staff

ISSUER = "https://gate.example"
SETTINGS = f"issuer = '{ISSUER}'\n[store]\nurl = 'sqlite:///gate.db'\nmaster_key_file = 'master.key'\n"
Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def staff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staff:
    """A production stack in the working folder, and a machine where nobody has signed in."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GATE06_"):
            monkeypatch.delenv(name)
    (tmp_path / "master.key").write_text("cd" * 32)
    (tmp_path / "gate06.toml").write_text(SETTINGS)
    people = Staff(tmp_path, monkeypatch)
    people.be("nobody")
    return people


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a verb; return exit code, stdout (read as JSON where it was asked for) and stderr."""

    def call(*arguments: str) -> tuple[int, Any, str]:
        with pytest.raises(SystemExit) as leaving:
            main(list(arguments))
        out, err = capfd.readouterr()
        return int(leaving.value.code or 0), orjson.loads(out) if "--json" in arguments and out else out, err

    return call
