"""What the exam found, as JSON. The hash of its canonical form (RFC 8785) is what gets approved.

`gate06.connector-report/1`: `connector`, `version`, `kind`, `manifest_sha256`, `exam` (its edition), `samples_sha256`,
`taken_on` (a day in Vietnam), `service` (whether the running service was asked), `checks` and `tier`; for a connector
with code `package` and `package_sha256` of what was examined. No value of a person is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from gateway.audit.canonical import canonical_bytes
from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.finding import Result
from gateway.connector_exam.tiers import Tier
from gateway.connector_runtime.examination import EXAM

SCHEMA = "gate06.connector-report/1"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of one sitting."""

    candidate: Candidate
    results: Sequence[Result]
    tier: Tier
    taken_on: date
    service_asked: bool

    @property
    def failed(self) -> list[Result]:
        """The checks that found something."""
        return [one for one in self.results if one.verdict == "failed"]

    @property
    def passed(self) -> bool:
        """Whether nothing was found; a check that is let off finds nothing."""
        return not self.failed

    def wire(self) -> dict[str, Any]:
        """Return the report as JSON shows it."""
        manifest = self.candidate.manifest
        package = self.candidate.package
        return {
            "schema": SCHEMA,
            "connector": manifest.id,
            "version": manifest.version,
            "kind": manifest.kind,
            "manifest_sha256": self.candidate.manifest_sha256,
            "exam": EXAM,
            "samples_sha256": self.candidate.samples_sha256,
            "taken_on": self.taken_on.isoformat(),
            "service": self.service_asked,
            **({} if package is None else {"package": package.name, "package_sha256": package.sha256}),
            "checks": [one.wire() for one in self.results],
            "tier": self.tier.wire(),
        }

    @property
    def digest(self) -> str:
        """The SHA-256 of the canonical form, as hex."""
        return sha256(canonical_bytes(self.wire())).hexdigest()
