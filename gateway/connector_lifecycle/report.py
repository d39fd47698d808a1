"""What the exam found, as far as approval needs to read it; its hash is what gets approved.

`gate06.connector-report/1`: `connector`, `version`, `manifest_sha256` (what was examined) and `checks`, each with `id`,
`outcome` (passed, failed, skipped) and, when skipped, `reason` and `until` (a day): experience.md §2.5. `exam` is the
edition of the exam, `service` says whether the running service was asked; `package` (`name==version`) and
`package_sha256` say which code was examined.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.audit.canonical import canonical_bytes, require_plain
from gateway.connector_lifecycle.failure import ReportRefused
from gateway.connector_lifecycle.release import Release
from gateway.connector_runtime.examination import CHECKS, EXAM
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import InlineSecret
from gateway.connector_runtime.manifest_place import write_key
from gateway.staff.free_text import keep_words

SCHEMA = "gate06.connector-report/1"


class Check(BaseModel):
    """One check of the exam."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    id: Annotated[str, Field(min_length=1, max_length=80)]
    outcome: Literal["passed", "failed", "skipped"]
    reason: Annotated[str, Field(max_length=400)] = ""
    until: date | None = None


class Report(BaseModel):
    """The members that are read; what else a report tells is kept and shown."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    schema_name: Annotated[Literal["gate06.connector-report/1"], Field(alias="schema")]
    connector: str
    version: str
    manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    exam: int = 0
    service: bool = False
    package: str | None = None
    package_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]


def report_digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report's canonical form (RFC 8785), as hex: spacing and order of members do not count.

    Raises ReportRefused for what has no canonical form.
    """
    try:
        require_plain(dict(document))  # fractions and other names have a canonical form that few programs agree on
        return sha256(canonical_bytes(dict(document))).hexdigest()
    except (TypeError, ValueError):
        raise ReportRefused(
            "a report holds texts, whole numbers, true, false, null, lists and objects with plain names"
        ) from None


def require_passed(document: Mapping[str, Any], release: Release, today: date) -> None:
    """Raise ReportRefused unless this is a whole report of exactly this version: every check of the present exam once,
    the running service asked where there is one, nothing failed, nothing let off without a reason and a day to come."""
    report = _read(document)
    manifest = release.manifest
    if (report.connector, report.version) != (manifest.id, manifest.version):
        raise ReportRefused(f"the report is about `{report.connector} {report.version}`")
    if report.manifest_sha256 != release.manifest_sha256:
        raise ReportRefused("the report is about another manifest: `manifest_sha256` differs")
    failed = [check.id for check in report.checks if check.outcome == "failed"]
    if failed:
        raise ReportRefused(f"failed: {_quoted(failed)}", missing=failed)
    if not any(check.outcome == "passed" for check in report.checks):
        raise ReportRefused("no check passed")
    for check in report.checks:
        keep_words(check.reason, f"report.checks.{check.id}.reason")
    loose = [
        check.id
        for check in report.checks
        if check.outcome == "skipped" and (not check.reason.strip() or check.until is None or check.until < today)
    ]
    if loose:
        raise ReportRefused(f"skipped without a reason and a day still to come: {_quoted(loose)}", missing=loose)
    _require_whole(report, examined_live=examined_live(manifest))
    _require_borne_out(report, manifest)
    told = {"package": report.package, "package_sha256": report.package_sha256}
    missing = [name for name, value in told.items() if value is None] if manifest.kind == "code" else []
    if missing:
        raise ReportRefused(f"the report does not say which code was examined: {_quoted(missing)}", missing=missing)
    if manifest.kind != "code" and any(told.values()):
        raise ReportRefused("the report names a package, and the connector has no code")


def _require_borne_out(report: Report, manifest: Manifest) -> None:
    """Repeat what the manifest alone decides: a report that says otherwise was not written by the exam."""
    let_off = {check.id for check in report.checks if check.outcome == "skipped"}
    for problem in lint(manifest):
        check = "manifest.secrets" if problem.failure is InlineSecret else "manifest.schema"
        if check not in let_off:
            place = write_key(problem.key) or "manifest"
            said = f"`{check}` is told as passed, and the gateway finds {problem.failure.code} at `{place}`"
            raise ReportRefused(f"{said}: {problem.text}", missing=[check])


def examined_live(manifest: Manifest) -> bool:
    """Tell whether a connector has a running service of its own that the exam asks: over a bus, and with code, samples
    and the stand-in stand for it."""
    return manifest.kind != "code" and manifest.transport is None


def _read(document: Mapping[str, Any]) -> Report:
    try:
        return Report.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReportRefused(f"`report.{place}`: {first['msg'].lower()}") from None


def _require_whole(report: Report, *, examined_live: bool) -> None:
    if report.exam != EXAM:
        raise ReportRefused(f"the report is of exam {report.exam}, and exam {EXAM} counts now", missing=["exam"])
    taken = [check.id for check in report.checks]
    missing = [one for one in CHECKS if one not in taken]
    if missing:
        raise ReportRefused(f"{len(missing)} of {len(CHECKS)} checks are missing: {_quoted(missing)}", missing=missing)
    odd = sorted({one for one in taken if one not in CHECKS or taken.count(one) > 1})
    if odd:
        raise ReportRefused(f"no check of the exam, or twice in the report: {_quoted(odd)}")
    if examined_live and not report.service:
        raise ReportRefused("the running service was not asked: take the exam with `--service`", missing=["service"])


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in names)
