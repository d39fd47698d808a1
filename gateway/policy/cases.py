"""Cases: beside every rule a request it permits and one it refuses, that differ in the facts that matter.

`policies/cases/*.toml` holds them; `policies/cases/practice` a small book of practice procedures that exist only
here, for rules that no real procedure shows yet. `policies/golden` holds the reviewed answers of the real book.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, StrictBool, StrictInt

from gateway.policy.bundle import PolicyBundle
from gateway.policy.decide import GUARDS, PortalFacts, ReleaseDecision, ReleaseRequest
from gateway.policy.document import Strict, read_document
from gateway.policy.matrix import CellChange, compare, read_snapshot, release_matrix


class CasePortal(Strict):
    """A portal of a case."""

    client_id: str = "case-portal"
    procedures: tuple[str, ...] = ()
    attributes: tuple[str, ...] | None = None


class CaseFacts(Strict):
    """Facts of a request; what is not given is absent."""

    portal: CasePortal | None = None
    procedure: str | None = None
    attributes: tuple[str, ...] | None = None
    level: StrictInt | None = None
    basis: str | None = None
    consent: StrictBool | None = None
    relation: str | None = None
    party: StrictInt | None = None


class CaseChange(CaseFacts):
    """What differs from the given facts: other values, and facts taken away (`without`)."""

    without: tuple[str, ...] = ()


class RuleCase(Strict):
    """A rule's twin requests. For a permit `refused_by` names who refuses the second one; a forbid does it itself."""

    rule: str
    given: CaseFacts
    permits: CaseChange = CaseChange()
    refuses: CaseChange
    refused_by: str | None = None


class CaseFile(Strict):
    """A file of cases."""

    cases: tuple[RuleCase, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What a check found: how many cases ran, over how many rules, and every failure in one sentence."""

    bundle_id: str
    rule_count: int
    case_count: int
    cell_count: int
    failures: tuple[str, ...]
    changes: tuple[CellChange, ...]


def check_book(folders: Sequence[Path]) -> CaseReport:
    """Run every case of the folders, ask for cases of every rule, and compare with the reviewed answers.

    Raises PolicyInvalid when the book itself cannot be used.
    """
    bundle = PolicyBundle.load(folders[1:], built_in=folders[0])
    practice = [folder / "cases/practice" for folder in folders if (folder / "cases/practice").is_dir()]
    rehearsal = PolicyBundle.load([*folders[1:], *practice], built_in=folders[0])
    files = [path for folder in folders for path in sorted((folder / "cases").glob("*.toml"))]
    cases = [(path, case) for path in files for case in read_document(path, CaseFile).cases]
    failures = [failure for path, case in cases for failure in case_failures(rehearsal, path.name, case)]
    failures += _uncovered(bundle, (case for _, case in cases))
    reviewed, cell_count, changes = _compare_golden(bundle, folders)
    return CaseReport(
        bundle.bundle_id, len(set(_rule_ids(bundle))), len(cases), cell_count, (*failures, *reviewed), changes
    )


def case_failures(bundle: PolicyBundle, name: str, case: RuleCase) -> Iterator[str]:
    """Yield what a case expected and did not get."""
    where = f"`{name}` case of `{case.rule}`"
    permitted = bundle.decide_afresh(_request(case.given, case.permits))
    if permitted.decision != "permit":
        yield f"{where} should permit and is refused by `{'`, `'.join(permitted.policy_ids)}`"
    elif case.refused_by is not None:
        # blocks of one form may need the same attribute; this rule has to permit each, whoever else does
        elsewhere = sorted(name for name, rules in permitted.rules.items() if case.rule not in rules)
        if elsewhere:
            yield f"{where}: `{'`, `'.join(elsewhere)}` is permitted by `{'`, `'.join(permitted.policy_ids)}`"
    expected = case.refused_by or case.rule
    refused = bundle.decide_afresh(_request(case.given, case.refuses))
    if refused.decision != "deny" or not _only(refused, expected):
        deciding = "`, `".join(refused.policy_ids)
        yield f"{where} should be refused by `{expected}` alone: {refused.decision} by `{deciding}`"


def _only(decision: ReleaseDecision, expected: str) -> bool:
    return decision.policy_ids == (expected,) and all(refused.policy_ids == (expected,) for refused in decision.refused)


def _request(given: CaseFacts, change: CaseChange) -> ReleaseRequest:
    facts: dict[str, Any] = given.model_dump(exclude_unset=True) | change.model_dump(exclude_unset=True)
    for name in facts.pop("without", ()):
        facts.pop(name)
    portal = CasePortal.model_validate(facts.pop("portal", {}))
    return ReleaseRequest(
        portal=PortalFacts(
            client_id=portal.client_id,
            procedures=frozenset(portal.procedures),
            attributes=None if portal.attributes is None else frozenset(portal.attributes),
        ),
        procedure=facts.pop("procedure", ""),
        attributes=frozenset(facts.pop("attributes", ())),
        **facts,
    )


def _rule_ids(bundle: PolicyBundle) -> Iterator[str]:
    for code in bundle.procedures:
        yield from (rule.id for rule in bundle.rules_of(code))
    yield from GUARDS


def _uncovered(bundle: PolicyBundle, cases: Iterable[RuleCase]) -> Iterator[str]:
    known = set(_rule_ids(bundle))
    covered = {case.rule for case in cases}
    yield from (f"rule `{rule}` has no case that permits and one that refuses" for rule in sorted(known - covered))
    yield from (f"a case is about `{rule}`, which is no rule" for rule in sorted(covered - known))


def _compare_golden(bundle: PolicyBundle, folders: Sequence[Path]) -> tuple[list[str], int, tuple[CellChange, ...]]:
    failures: list[str] = []
    changes: list[CellChange] = []
    cell_count = 0
    for code in bundle.procedures:
        matrix = release_matrix(bundle, [code])
        cell_count += sum(len(row) for row in matrix.values())
        golden = _golden(folders, f"{code}.matrix.txt")
        if golden is None:
            failures.append(f"procedure `{code}` has no reviewed matrix: `golden/{code}.matrix.txt`")
        else:
            changes += compare(read_snapshot(golden), matrix)
        if _golden(folders, f"{code}.cedar") != bundle.cedar_text(code):
            failures.append(f"procedure `{code}` compiles to other rules than `golden/{code}.cedar`")
    if changes:
        failures.append(f"{len(changes)} cells differ from the reviewed matrix, first: {changes[0].line()}")
    return failures, cell_count, tuple(changes)


def _golden(folders: Sequence[Path], name: str) -> str | None:
    found = next((folder / "golden" / name for folder in folders if (folder / "golden" / name).is_file()), None)
    return None if found is None else found.read_text(encoding="utf-8")


def report_wire(report: CaseReport) -> Mapping[str, Any]:
    """Return a report as JSON shows it."""
    return {
        "bundle_id": report.bundle_id,
        "rules": report.rule_count,
        "cases": report.case_count,
        "cells": report.cell_count,
        "failures": list(report.failures),
        "changes": [change.line() for change in report.changes],
    }
