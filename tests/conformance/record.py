"""What the rows saw, kept beside them: a file per plan, from which docs/conformance.md is made.

A run compares what it sees with the file. `GATE06_RECORD=1 python -m pytest tests/conformance` writes it anew.
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "seen"
WRITING = os.environ.get("GATE06_RECORD") == "1"
Seen = dict[str, dict[str, Any]]


def load(plan: str) -> Seen:
    """Return what was seen of a plan: by module its result and its steps; nothing when it was never run."""
    file = FOLDER / f"{plan}.json"
    seen: Seen = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return seen


def keep(plan: str, module: str, result: str, steps: list[tuple[str, str]]) -> None:
    """Compare a module's steps with what is kept, or keep them."""
    seen = load(plan)
    now = {"result": result, "steps": [list(step) for step in steps]}
    if WRITING:
        seen[module] = now
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(seen, ensure_ascii=False, indent=1, sort_keys=True)
        (FOLDER / f"{plan}.json").write_text(text + "\n", "utf-8")
        return
    told = "is no longer what tests/conformance/seen keeps: run with GATE06_RECORD=1, then `make references`"
    assert seen.get(module) == now, f"{module} {told}\nnow: {json.dumps(now, ensure_ascii=False, indent=1)}"
