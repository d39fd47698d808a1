"""A proof is worth as much as the code it ran against: it goes stale when that code changes.

`tests/proofs/prove_NAME.py` is a long test file with `COVERS`, the files it speaks of. `make prove` runs it and
leaves `docs/proofs/NAME.json` with a digest of the proof and of everything it covers.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tree import ROOT

PROOFS = ROOT / "tests" / "proofs"
RESULTS = ROOT / "docs" / "proofs"


def all_proofs() -> list[Path]:
    """Return the proofs."""
    return sorted(PROOFS.glob("prove_*.py"))


def result_of(proof: Path) -> Path:
    """Return where a proof's result is kept."""
    return RESULTS / f"{proof.stem.removeprefix('prove_')}.json"


def covered(proof: Path) -> list[str]:
    """Return the files a proof names in `COVERS`. Raises ValueError when it names none."""
    for node in ast.parse(proof.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "COVERS" for t in node.targets):
            return list(ast.literal_eval(node.value))
    raise ValueError(f"{proof.name} has no COVERS")


def digest(proof: Path) -> str:
    """Return the digest of a proof and of what it covers."""
    whole = hashlib.sha256()
    for path in (proof, *(ROOT / name for name in covered(proof))):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def problems() -> Iterator[str]:
    """Yield a sentence for every proof that never ran, or ran against other code."""
    for proof in all_proofs():
        name = proof.relative_to(ROOT)
        result = result_of(proof)
        try:
            stale = not result.exists() or json.loads(result.read_text("utf-8"))["digest"] != digest(proof)
        except (ValueError, KeyError, OSError) as trouble:
            yield f"{name}: {trouble}"
            continue
        if stale:
            yield f"{name}: its code changed since it was proven; run `make prove`"
