"""A scaffolded connector, and the exam of it with a clock that stands still."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.connector_new import write_folder
from gateway.connector_exam.candidate import read_candidate
from gateway.connector_exam.report import Report
from gateway.connector_exam.sitting import sit_exam
from gateway.vocabulary.clock import SettableClock

TODAY = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
Sit = Callable[[Path], Report]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "library", "library", "rest", None)
    return tmp_path / "library"


@pytest.fixture
def sit() -> Sit:
    return lambda folder: asyncio.run(sit_exam(read_candidate(folder), SettableClock(TODAY)))


def add(folder: Path, text: str) -> None:
    """Add a table to the manifest of a folder."""
    file = folder / "manifest.toml"
    file.write_text(file.read_text("utf-8") + "\n" + text, "utf-8")


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "manifest.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
