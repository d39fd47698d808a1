"""One version of one connector, with everything that was done to it. Hashes name its content; steps name who did what.

The record's version decides every race: of two steps at the same moment one is stored, the other is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, Self, get_args

from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.vocabulary.store import Kind, Record, RecordKey

State = Literal["draft", "tested", "submitted", "approved", "published", "suspended", "retired"]
STATES: tuple[State, ...] = get_args(State)
StepName = Literal[
    "draft",
    "test",
    "submit",
    "approve",
    "reject",
    "publish",
    "prolong",
    "settle",
    "stop",
    "suspend",
    "resume",
    "retire",
]
Number = tuple[int, int, int]


def number_of(version: str) -> Number:
    """Return a version as a number to compare (SemVer 2.0.0 §11; manifests have no pre-release part)."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 octets, as hex: how a manifest is named in approvals and evidence."""
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that was done: by whom (`staff:<id>`, `gateway`), in which role, when, and why."""

    name: StepName
    by: str
    who: str
    role: str | None
    at: datetime
    reason: str = field(default="", repr=False)

    def body(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "name": self.name,
            "by": self.by,
            "who": self.who,
            "role": self.role,
            "at": self.at.timestamp(),
            "reason": self.reason,
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read what `body` wrote."""
        return cls(**{**body, "at": datetime.fromtimestamp(body["at"], UTC)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A canary: the share of questions (percent) a version answers, until when at least, and since when it goes on
    because too few good answers came by then."""

    share: int
    until: datetime
    prolonged_at: datetime | None = None

    def body(self) -> dict[str, Any]:
        """Return what is stored."""
        since = None if self.prolonged_at is None else self.prolonged_at.timestamp()
        return {"share": self.share, "until": self.until.timestamp(), "prolonged_at": since}

    @classmethod
    def of(cls, body: Mapping[str, Any] | None) -> Self | None:
        """Read what `body` wrote."""
        if body is None:
            return None
        until, since = datetime.fromtimestamp(body["until"], UTC), _moment(body.get("prolonged_at"))
        return cls(share=body["share"], until=until, prolonged_at=since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version. `text` is the manifest as it was handed in, `package` (`name==version`) what a code connector runs,
    `report` the exam's; `trial` stands while it answers a share only, `notice` is what people read while it is
    suspended, `retires_on` the first day it is not there any more, `back_until` how long it may be brought back after a
    newer version took its place."""

    text: str = field(repr=False)
    manifest: Manifest = field(repr=False)
    state: State = "draft"
    steps: tuple[Step, ...] = ()
    package: str | None = None
    report: Mapping[str, Any] | None = field(default=None, repr=False)
    report_sha256: str | None = None
    trial: Trial | None = None
    notice: Mapping[str, str] | None = field(default=None, repr=False)
    retires_on: date | None = None
    back_until: datetime | None = None
    version: int = 1

    @property
    def connector(self) -> str:
        """The connector's id, which no version changes."""
        return self.manifest.id

    @property
    def name(self) -> str:
        """How messages call it: `land 1.2.0`."""
        return f"{self.connector} {self.manifest.version}"

    @property
    def number(self) -> Number:
        """Its version, to compare."""
        return number_of(self.manifest.version)

    @property
    def manifest_sha256(self) -> str:
        """What names its content."""
        return digest_of(self.text)

    @property
    def package_sha256(self) -> str | None:
        """The digest of the package's files that was examined; None for a connector without code."""
        told = (self.report or {}).get("package_sha256")
        return told if isinstance(told, str) else None

    @property
    def address(self) -> RecordKey:
        """Where it is stored."""
        return release_address(self.connector, self.manifest.version)

    @property
    def was_published(self) -> bool:
        """Whether portals ever got an answer of it."""
        return any(step.name == "publish" for step in self.steps)

    def approvals(self) -> tuple[Step, ...]:
        """Return the approvals since it was submitted the last time."""
        begun = max((place for place, step in enumerate(self.steps) if step.name == "submit"), default=len(self.steps))
        return tuple(step for step in self.steps[begun:] if step.name == "approve")

    def prepared_by(self) -> frozenset[str]:
        """Return who drafted, tested or submitted it."""
        return frozenset(step.by for step in self.steps if step.name in {"draft", "test", "submit"})

    def published_at(self) -> datetime | None:
        """Return when it was first published."""
        return next((step.at for step in self.steps if step.name == "publish"), None)

    def serves(self, today: date) -> bool:
        """Tell whether it answers questions on a day (Vietnamese calendar)."""
        return self.state == "published" and not self.gone(today)

    def gone(self, today: date) -> bool:
        """Tell whether it is retired on a day, also when nobody has written so yet."""
        return self.state == "retired" or (self.retires_on is not None and self.retires_on <= today)

    def may_return(self, now: datetime) -> bool:
        """Tell whether it was superseded so lately that it can be brought back."""
        return self.state == "retired" and self.back_until is not None and now < self.back_until

    def after(self, step: Step, **changes: Any) -> "Release":
        """Return it after a step."""
        return replace(self, steps=(*self.steps, step), version=self.version + 1, **changes)


def release_address(connector: str, version: str) -> RecordKey:
    """Return where a version is stored."""
    return RecordKey(Kind.CONNECTOR_RELEASE, f"{connector}/{version}")


def release_record(release: Release) -> Record:
    """Return what is stored; a version is kept as long as the evidence that names it."""
    return Record(
        kind=Kind.CONNECTOR_RELEASE,
        key=release.address.key,
        version=release.version,
        body={
            "text": release.text,
            "state": release.state,
            "steps": [step.body() for step in release.steps],
            "package": release.package,
            "report": None if release.report is None else dict(release.report),
            "report_sha256": release.report_sha256,
            "trial": None if release.trial is None else release.trial.body(),
            "notice": None if release.notice is None else dict(release.notice),
            "retires_on": None if release.retires_on is None else release.retires_on.isoformat(),
            "back_until": None if release.back_until is None else release.back_until.timestamp(),
        },
    )


def _moment(stored: float | None) -> datetime | None:
    return None if stored is None else datetime.fromtimestamp(stored, UTC)


@lru_cache(maxsize=1024)
def _manifest_of(text: str, file: str) -> Manifest:
    """Read a manifest once: every worker looks at all versions every other second."""
    return read_manifest(text, file)


def release_of(record: Record) -> Release:
    """Read a stored version. Raises InvalidManifest, UnknownManifestKey when this gateway reads manifests otherwise."""
    body = record.body
    return Release(
        text=body["text"],
        manifest=_manifest_of(body["text"], f"{record.key}/manifest.toml"),
        state=body["state"],
        steps=tuple(Step.of(step) for step in body["steps"]),
        package=body["package"],
        report=body["report"],
        report_sha256=body["report_sha256"],
        trial=Trial.of(body["trial"]),
        notice=body["notice"],
        retires_on=None if body["retires_on"] is None else date.fromisoformat(body["retires_on"]),
        back_until=_moment(body.get("back_until")),
        version=record.version,
    )
