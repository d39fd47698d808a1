"""What the rows saw, kept beside them: a file per plan, from which docs/conformance.md is made.

A run compares what it sees with the file. `GATE06_RECORD=1 python -m pytest tests/conformance` writes it anew.
"""

import json
import os
from pathlib import Path
from typing import Any

from tests.conformance.plan import Module, NotApplicable, Plan, Run

FOLDER = Path(__file__).parent / "seen"
WRITING = os.environ.get("GATE06_RECORD") == "1"
Seen = dict[str, dict[str, Any]]


def load(plan: str) -> Seen:
    """Return what was seen of a plan: by module its result and its steps; nothing when it was never run."""
    file = FOLDER / f"{plan}.json"
    seen: Seen = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return seen


def walk(plan: Plan, module: Module, run: Run) -> None:
    """Run one module and keep what it saw, or compare."""
    try:
        module.check(run)
        result = "passed"
    except NotApplicable as offered:
        result = f"not applicable: {offered.member}"
    finally:
        run.gateway.close()
    if WRITING:
        write(plan, module, result, run.steps)
    else:
        compare(plan, module, result, run.steps)


def write(plan: Plan, module: Module, result: str, steps: list[tuple[str, str]]) -> None:
    """Keep a module's steps, and forget those of modules that are no longer in the plan."""
    names = {one.name for one in plan.modules}
    seen = {name: row for name, row in load(plan.name).items() if name in names}
    seen[module.name] = {"result": result, "steps": [list(step) for step in steps]}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(seen, ensure_ascii=False, indent=1, sort_keys=True)
    (FOLDER / f"{plan.name}.json").write_text(text + "\n", "utf-8")


def compare(plan: Plan, module: Module, result: str, steps: list[tuple[str, str]]) -> None:
    """Compare a module's steps with what is kept."""
    now = {"result": result, "steps": [list(step) for step in steps]}
    told = "is no longer what tests/conformance/seen keeps: run with GATE06_RECORD=1, then `make references`"
    assert load(plan.name).get(module.name) == now, f"{module.name} {told}\nnow: {json.dumps(now, ensure_ascii=False)}"
