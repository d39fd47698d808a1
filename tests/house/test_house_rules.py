"""The house rules themselves: each finds what it is for, and says nothing of what is in order."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    names = ("tree", "check_imports", "check_names", "check_sizes", "check_layout", "check_text", "check_proofs")
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


def given(rules: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, text: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    for module in rules.values():
        if hasattr(module, "ROOT"):
            monkeypatch.setattr(module, "ROOT", tmp_path)
        if hasattr(module, "sources"):
            monkeypatch.setattr(module, "sources", lambda *_: [rules["tree"].Source(path)])
        if hasattr(module, "all_files"):
            monkeypatch.setattr(module, "all_files", lambda: [path])


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        ("check_imports", "gateway/policy/decide.py", "from fastapi import FastAPI\n"),
        ("check_imports", "gateway/audit/log.py", "import asyncpg\n"),
        ("check_imports", "gateway/prefill/fill.py", "import joserfc.jwt\n"),
        ("check_imports", "gateway/prefill/fill.py", "import httpx\n"),
        ("check_imports", "gateway/prefill/fill.py", "import secrets\n"),
        ("check_imports", "gateway/prefill/fill.py", "from datetime import datetime\nx = datetime.now()\n"),
        ("check_imports", "gateway/prefill/fill.py", "import time\nx = time.time()\n"),
        ("check_names", "gateway/prefill/utils.py", ""),
        ("check_names", "gateway/prefill/form_helpers.py", ""),
        ("check_names", "gateway/prefill/fill.py", "class FormManager: ...\n"),
        ("check_names", "gateway/prefill/fill.py", "def read_data(): ...\n"),
        ("check_sizes", "gateway/prefill/fill.py", "x = 1\n" * 401),
        ("check_sizes", "gateway/prefill/fill.py", "def long():\n" + "    x = 1\n" * 50),
        ("check_sizes", "gateway/prefill/fill.py", "class A:\n    def __init__(self, a, b, c, d, e, f): ...\n"),
        ("check_layout", "gateway/novelty/x.py", ""),
        ("check_layout", "novelty/x.py", ""),
        ("check_layout", "NOVELTY.md", ""),
        ("check_text", "docs/x.md", "see /" + "root/x\n"),
        ("check_text", "Makefile", "pip install --index" + "-url x\n"),
        ("check_text", "gateway/x.py", "# TO" + "DO\n"),
        ("check_text", "tests/x/test_x.py", "@pytest.mark.sk" + "ip\n"),
    ],
)
def test_a_breach_is_found(
    rules: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: str, path: str, text: str
) -> None:
    given(rules, monkeypatch, tmp_path, path, text)
    assert list(rules[check].problems())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/application/assembly.py", "from starlette.routing import Route\n"),
        ("gateway/prefill/endpoints.py", "from fastapi import APIRouter\n"),
        ("gateway/identity_providers/simulator_faults.py", "from starlette.responses import Response\n"),
        ("gateway/storage/sqlite/database.py", "import sqlite3\n"),
        ("gateway/tokens/jose.py", "from joserfc.jws import JWSRegistry\n"),
        ("gateway/openid_provider/userinfo.py", "class ServiceClient: ...\ndef database(): ...\n"),
        (
            "gateway/connector_runtime/contract/simulator_people.py",
            "from random import Random\nimport time\nx = time.perf_counter()\n",
        ),
    ],
)
def test_what_is_in_order_is_left_alone(
    rules: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, text: str
) -> None:
    given(rules, monkeypatch, tmp_path, path, text)
    for check in ("check_imports", "check_names", "check_sizes", "check_layout", "check_text"):
        assert list(rules[check].problems()) == []


def test_a_proof_that_never_ran_or_failed_is_a_breach_and_an_old_one_is_named(
    rules: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proofs = rules["check_proofs"]
    prover, code = tmp_path / "tests" / "proofs" / "prove.py", tmp_path / "a.py"
    prover.parent.mkdir(parents=True)
    prover.write_text('PROOFS = {"x": 1}\n')
    code.write_text("x = 1\n")
    monkeypatch.setattr(proofs, "ROOT", tmp_path)
    monkeypatch.setattr(proofs, "PROVER", prover)
    monkeypatch.setattr(proofs, "RESULTS", tmp_path / "docs" / "proofs")
    monkeypatch.setattr(proofs, "all_files", lambda: ["a.py"])
    assert len(list(proofs.problems())) == 1, "never ran"
    proofs.RESULTS.mkdir(parents=True)

    def keep(*, passed: bool) -> None:
        covers = {"a.py": proofs.digest_of("a.py", ["a.py"])}
        proof = {"x": {"passed": passed, "date": "2026-11-23", "covers": covers}}
        (proofs.RESULTS / "2.json").write_text(json.dumps({"proofs": proof}))

    keep(passed=False)
    assert len(list(proofs.problems())) == 1, "failed"
    keep(passed=True)
    assert list(proofs.problems()) == list(proofs.notices()) == []
    code.write_text("x = 2\n")
    assert len(list(proofs.notices())) == 1, "older than its code"
