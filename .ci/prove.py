"""Runs the proofs whose result is missing or stale (all with `--all`) and keeps what they said."""

import json
import re
import subprocess
import sys

from check_proofs import RESULTS, all_proofs, covered, digest, result_of
from tree import ROOT


def main() -> int:
    """Run proofs; 1 when one fails."""
    failed = 0
    for proof in all_proofs():
        result, now = result_of(proof), digest(proof)
        if "--all" not in sys.argv and result.exists() and json.loads(result.read_text("utf-8"))["digest"] == now:
            print(f"{proof.stem}: still holds")
            continue
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-s", str(proof.relative_to(ROOT))],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(ran.stdout)
        if ran.returncode:
            failed = 1
            continue
        RESULTS.mkdir(parents=True, exist_ok=True)
        said = [line for line in ran.stdout.splitlines() if line.startswith("proof: ")]
        closing = re.sub(r" in [0-9.]+s.*", "", ran.stdout.strip().splitlines()[-1]).strip("= ")
        kept = {"digest": now, "covers": covered(proof), "said": said, "closing": closing}
        result.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
