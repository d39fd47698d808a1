"""The three lines a department writes, with the toy library as its simulator."""

import tempfile
from pathlib import Path

from connectors.sample.simulator import create_application
from gateway.cli.connector_new import write_folder
from gateway.connector_exam.pytest_contract import connector_contract

_PLACE = Path(tempfile.mkdtemp(prefix="gate06-exam-")) / "library"
write_folder(_PLACE, "library", "soap", None)

TestLibrary = connector_contract(_PLACE, simulator=create_application)
