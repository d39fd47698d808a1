"""A proof is worth as much as the code it ran against: it ages when that code changes.

`make prove` (`tests/proofs/prove.py`) leaves `docs/proofs/NUMBER.json`: per proof whether it passed, and a digest of
every folder it covers. A proof that is missing or failed is a problem. One that is older than its code is listed:
proving takes many minutes, and not every change has to wait for it.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree import ROOT, all_files

RESULTS = ROOT / "docs" / "proofs"
PROVER = ROOT / "tests" / "proofs" / "prove.py"


def problems() -> Iterator[str]:
    """Yield a sentence for every proof that never ran or failed."""
    kept = {name: proof for _, name, proof in kept_proofs()}
    for name in named_proofs():
        if name not in kept:
            yield f"tests/proofs/{name}.py: never proven; run `make prove`"
        elif not kept[name]["passed"]:
            yield f"tests/proofs/{name}.py: failed when it last ran; run `make prove`"


def notices() -> Iterator[str]:
    """Yield a sentence for every proof that is older than the code it covers."""
    files = all_files()
    for record, name, proof in kept_proofs():
        changed = [cover for cover, digest in proof["covers"].items() if digest != digest_of(cover, files)]
        if changed:
            yield f"{record}: `{name}` of {proof['date']} is older than {', '.join(changed)}"


def named_proofs() -> list[str]:
    """Return the names in `PROOFS` of the prover."""
    for node in ast.parse(PROVER.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "PROOFS" for t in node.targets):
            return [ast.literal_eval(key) for key in node.value.keys if key]  # type: ignore[attr-defined]
    raise ValueError("tests/proofs/prove.py has no PROOFS")


def kept_proofs() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield (record, name, proof) of everything that was ever proven."""
    for record in sorted(RESULTS.glob("*.json")):
        for name, proof in json.loads(record.read_text("utf-8"))["proofs"].items():
            yield record.relative_to(ROOT), name, proof


def digest_of(cover: str, files: list[str]) -> str:
    """Return the digest of a folder or file as the prover makes it."""
    whole = hashlib.sha256()
    for path in files:
        if path == cover or path.startswith(f"{cover}/"):
            whole.update(path.encode() + b"\0" + hashlib.sha256((ROOT / path).read_bytes()).digest())
    return whole.hexdigest()
