"""Runs every house rule and says all that is wrong at once. `make check` is this and the tools."""

import sys

import check_imports
import check_layout
import check_names
import check_proofs
import check_sizes
import check_text
import references

CHECKS = (
    check_layout.problems,
    check_imports.problems,
    check_names.problems,
    check_sizes.problems,
    check_text.problems,
    check_proofs.problems,
    references.problems,
)


def main() -> int:
    """Print problems; 1 when there is one."""
    found = [problem for check in CHECKS for problem in check()]
    for problem in found:
        print(problem)
    for notice in check_proofs.notices():
        print(notice)
    print(f"house rules: {len(found)} problems" if found else "house rules: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
