"""The surface for connector authors is what is written down, and the sample package needs nothing else."""

import ast
from pathlib import Path

import pytest

from tests.connector_runtime.public_surface import KEPT, VOCABULARY, render

ROOT = Path(__file__).resolve().parents[2]


def test_the_surface_is_the_one_that_was_written_down() -> None:
    assert render() == KEPT.read_text("utf-8"), "a change of what connectors rely on: set the version, write it anew"


@pytest.mark.parametrize("file", sorted((ROOT / "connectors/sample").glob("*.py")), ids=lambda file: file.name)
def test_the_sample_imports_the_surface_alone(file: Path) -> None:
    known = ("gateway.connector_runtime.contract", "gateway.vocabulary.persona", "connectors.sample")
    allowed = (*known, *(f"gateway.vocabulary.{name}" for name in VOCABULARY))
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("gateway", "connectors")):
            assert node.module.startswith(allowed), node.module
