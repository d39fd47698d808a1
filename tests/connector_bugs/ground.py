"""Connectors made from the samples by edits: ten good ones, and one for every seeded bug.

`good/NAME.toml` says from which kind a connector is scaffolded and what is edited in it; `bugs/NAME.toml` says in
which good one (`base`) a mistake is made, and which checks are to name it (`shows`). The exam reads none of this.
"""

import importlib.util
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.connector_new import write_folder
from gateway.connector_exam.candidate import Candidate, MakeConnector, read_candidate

HERE = Path(__file__).resolve().parent
SOURCE = "the_reader"


@dataclass(frozen=True)
class Made:
    """A connector's folder on the disk; `service` when the toy register can answer it."""

    folder: Path
    kind: str
    service: bool

    def candidate(self) -> Candidate:
        return read_candidate(self.folder, (), _class_of(self.folder) if self.kind == "code" else None)


def names(of: str) -> list[str]:
    """Return the names of all good connectors or all bugs."""
    return sorted(file.stem for file in (HERE / of).glob("*.toml"))


def recipe(of: str, name: str) -> Mapping[str, Any]:
    return tomllib.loads((HERE / of / f"{name}.toml").read_text("utf-8"))


def make_good(name: str, place: Path) -> Made:
    """Write a good connector into `place`."""
    how = recipe("good", name)
    folder = place / SOURCE
    if how["kind"] == "code":
        shutil.copytree(HERE / "code_reader", folder)
    else:
        write_folder(folder, SOURCE, how["kind"], None)
    _edit(folder, how)
    return Made(folder, how["kind"], how.get("service", True))


def make_bug(name: str, place: Path) -> Made:
    """Write a good connector with one mistake in it into `place`."""
    how = recipe("bugs", name)
    made = make_good(how["base"], place)
    _edit(made.folder, how)
    return Made(made.folder, made.kind, made.service and how.get("service", True))


def _edit(folder: Path, how: Mapping[str, Any]) -> None:
    for edit in how.get("edits", ()):
        for file in sorted(folder.glob(edit["file"])):
            text = file.read_text("utf-8")
            if "add" in edit:
                file.write_text(text + edit["add"], "utf-8")
                continue
            assert edit["find"] in text, f"{file.name} does not hold {edit['find']!r}"
            file.write_text(text.replace(edit["find"], edit["put"]), "utf-8")
        assert list(folder.glob(edit["file"])), f"no file {edit['file']}"
    for name in how.get("gone", ()):
        (folder / name).unlink()
    for file in how.get("files", ()):
        (folder / file["file"]).write_text(file["text"], "utf-8")


def _class_of(folder: Path) -> MakeConnector:
    spec = importlib.util.spec_from_file_location(f"seeded_{folder.parent.name}", folder / "connector.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: MakeConnector = module.ReaderConnector
    return made
