"""`python -m tests.proofs.prove [--only NAME]…`: every proof at full size, kept in `docs/proofs/<issue>.json`.

A proof is worth as much as the code it ran against: the record says which commit, and holds a digest of every folder
the proof covers, which `.ci/check_proofs.py` compares with the folders as they are.
"""

import argparse
import asyncio
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.proofs import (
    attacks,
    canaries,
    connector_faults,
    consents,
    faults,
    fuzz,
    mix_up,
    mutations,
    offline_verifier,
    people,
    races,
    registers_in_trouble,
    roles,
    rotation,
    rules,
    tampering,
    withdrawal,
)
from tests.services import binary, stop_services

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "docs" / "proofs"


class Proof(NamedTuple):
    """A proof: what it shows, how to run it at full size, the folders and files it speaks of, the issue that asks."""

    shows: str
    run: Callable[[Path], Awaitable[dict[str, Any]]]
    covers: Sequence[str]
    issue: int = 2


PROOFS = {
    "faults": Proof(
        "a source in trouble in the middle of a journey: the form opens in time and every blank says why",
        faults.prove,
        faults.COVERS,
    ),
    "mutations": Proof(
        "changed forms are caught and forms that only look different are not accused", mutations.prove, mutations.COVERS
    ),
    "races": Proof("a code is redeemed once, also in a race and over a kill", races.prove, races.COVERS),
    "tampering": Proof(
        "a changed or rebuilt log is convicted, and without evidence no source is called",
        tampering.prove,
        tampering.COVERS,
    ),
    "canaries": Proof("no value of a person comes out in clear", canaries.prove, canaries.COVERS),
    "people": Proof(
        "everybody ends as designed, with the same values on every bus and the same subject through every dialect",
        people.prove,
        people.COVERS,
        issue=3,
    ),
    "rules": Proof(
        "forms are the reviewed ones, false friends stay out, and no rule changes without being seen",
        rules.prove,
        rules.COVERS,
        issue=3,
    ),
    "consents": Proof(
        "whatever becomes of a consent, exactly what it opens is told, on every node",
        consents.prove,
        consents.COVERS,
        issue=3,
    ),
    "withdrawal": Proof(
        "nothing is released after a consent was withdrawn, whichever node was at it",
        withdrawal.prove,
        withdrawal.COVERS,
        issue=3,
    ),
    "offline_verifier": Proof(
        "who has only a downloaded proof and a witness's checkpoint accepts what is true and nothing else",
        offline_verifier.prove,
        offline_verifier.COVERS,
        issue=3,
    ),
    "roles": Proof(
        "an officer opens no citizen's page, a citizen no staff verb, and nobody is their own second person",
        roles.prove,
        roles.COVERS,
        issue=3,
    ),
    "mix_up": Proof(
        "identity providers that are taken for each other sign nobody in", mix_up.prove, mix_up.COVERS, issue=3
    ),
    "rotation": Proof(
        "signing keys change under load: nobody's sign-in fails, and a retired key's signature is worth nothing",
        rotation.prove,
        rotation.COVERS,
        issue=5,
    ),
    "attacks": Proof(
        "whatever is bent of a signed token or a request is refused, quickly, and nobody outside is asked for a key",
        attacks.prove,
        attacks.COVERS,
        issue=5,
    ),
    "fuzz": Proof(
        "whatever is sent, by whomever, is answered as the document and the standards say, and never with a 5xx",
        fuzz.prove,
        fuzz.COVERS,
        issue=5,
    ),
    "connector_faults": Proof(
        "one of seven registers (REST, SOAP, views) in trouble: time is kept, every field says why, others are well",
        connector_faults.prove,
        connector_faults.COVERS,
        issue=4,
    ),
    "registers_in_trouble": Proof(
        "registers in trouble behind the running gateway: forms keep coming in time, and the owner's notice is read",
        registers_in_trouble.prove,
        registers_in_trouble.COVERS,
        issue=4,
    ),
}


def main() -> int:
    """Run the proofs and keep what they say; 1 when one fails."""
    asked = argparse.ArgumentParser(prog="prove")
    asked.add_argument("--only", action="append", choices=list(PROOFS), help="may be repeated")
    chosen = asked.parse_args().only or list(PROOFS)
    passed = [keep(name, _run(name, PROOFS[name])) for name in chosen]
    return 0 if all(passed) else 1


def keep(name: str, result: dict[str, Any]) -> bool:
    """Put a result beside the others of its issue; return whether it passed."""
    issue = PROOFS[name].issue
    record = RECORDS / f"{issue}.json"
    kept = json.loads(record.read_text("utf-8"))["proofs"] if record.exists() else {}
    kept[name] = result
    ordered = {one: kept[one] for one, proof in PROOFS.items() if proof.issue == issue and one in kept}
    RECORDS.mkdir(parents=True, exist_ok=True)
    whole = {"issue": issue, "machine": machine(), "proofs": ordered}
    record.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return bool(result["passed"])


def _run(name: str, proof: Proof) -> dict[str, Any]:
    say(f"{name}: {proof.shows} …")
    digests = {cover: digest(cover) for cover in (*proof.covers, f"tests/proofs/{name}.py")}
    begun = time.perf_counter()
    failed, figures = "", {}
    with tempfile.TemporaryDirectory(prefix="gate06-proof-") as folder:
        try:
            figures = asyncio.run(proof.run(Path(folder)))
        except Exception as error:
            failed = f"{type(error).__name__}: {error}".splitlines()[0][:500]
            sys.excepthook(*sys.exc_info())
        finally:
            stop_services()
    say(f"{name}: {'failed' if failed else json.dumps(figures, ensure_ascii=False)}")
    return {
        "shows": proof.shows,
        "passed": not failed,
        **({"failed": failed} if failed else {}),
        "figures": figures,
        "seconds": round(time.perf_counter() - begun),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": said("git", "-C", str(ROOT), "rev-parse", "HEAD"),
        "covers": digests,
    }


def say(text: str) -> None:
    """Print at once: a proof takes minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def digest(cover: str) -> str:
    """Return a digest over the files below a folder (or of one file) that git knows or would take in."""
    listed = said("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", cover)
    whole = hashlib.sha256()
    for path in sorted(set(listed.splitlines())):
        if (ROOT / path).is_file():
            whole.update(path.encode() + b"\0" + hashlib.sha256((ROOT / path).read_bytes()).digest())
    return whole.hexdigest()


def machine() -> dict[str, Any]:
    """Return what the proofs ran on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": said(binary("postgres", "postgresql"), "--version").rpartition("(")[0].split()[-1],
        "redis": said(binary("redis-server", "redis-server"), "--version").split("v=")[-1].split()[0],
    }


def said(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
