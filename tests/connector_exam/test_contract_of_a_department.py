"""The three lines a department writes, with the toy library as its simulator."""

import tempfile
from pathlib import Path

from connectors.sample.simulator import create_application
from gateway.cli.connector_new import write_folder
from gateway.connector_exam.pytest_contract import connector_contract

_KEPT = tempfile.TemporaryDirectory(prefix="gate06-exam-")
_FOLDER = Path(_KEPT.name) / "library"
write_folder(_FOLDER, "library", "soap", None)

TestLibrary = connector_contract(_FOLDER, simulator=create_application)
