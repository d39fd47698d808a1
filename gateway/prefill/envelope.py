"""What a portal gets for a field, and the form around the fields (design.md §7 and §15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from gateway.vocabulary.address import Address
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import Text
from gateway.vocabulary.partial_date import PartialDate

Status = Literal["verified", "self_declared", "unavailable", "not_applicable", "withheld", "conflict", "stale"]

TOLD: frozenset[Status] = frozenset({"verified", "conflict", "stale"})
"""The statuses under which a register's value is told, and tagged in the manifest."""


class Why(NamedTuple):
    """The reason beside a field: a stable code and a sentence in both languages; `retry_after` in seconds."""

    code: str
    vi: str
    en: str
    retry_after: int | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        told: dict[str, Any] = {"code": self.code, "vi": self.vi, "en": self.en}
        if self.retry_after is not None:
            told["retry_after"] = self.retry_after
        return told

    @classmethod
    def of(cls, failure: type[Failure], retry_after: int | None = None) -> "Why":
        """Return the words of a failure class."""
        return cls(failure.code, failure.vi, failure.en, retry_after)

    @classmethod
    def saying(cls, code: str, text: Text) -> "Why":
        """Return words of the procedure's file under a stable code."""
        return cls(code, text["vi"], text["en"])


class Envelope(NamedTuple):
    """One field. `value` is text, a PartialDate, an Address or None; `rivals` are envelopes of the other sources of
    a conflict; `attribute`, `type` and `canonical` (RFC 8785 bytes) serve evidence and manifest and are not told.
    `written` is what `wire` returns, where the same envelope stands in many forms."""

    status: Status
    lock: str
    rule: str
    type: str
    value: Any = None
    display: Text | None = None
    source: str | None = None
    source_label: Text | None = None
    as_of: date | None = None
    retrieved_at: datetime | None = None
    correction: str | None = None
    why: Why | None = None
    attribute: str | None = None
    canonical: bytes | None = None
    rivals: tuple["Envelope", ...] = ()
    written: Mapping[str, Any] | None = None

    def fixed(self) -> "Envelope":
        """Return it with what JSON shows of it written down once and for all."""
        return self._replace(written=self.wire())

    def wire(self) -> Mapping[str, Any]:
        """Return the members of design.md §15; a member without content is left out, `value` never."""
        if self.written is not None:
            return self.written
        # taken apart at once: a member of a named tuple costs a look-up each time it is read
        status, lock, rule, _, value, display, source, label, as_of, read_at, correction, why, _, _, rivals, _ = self
        told: dict[str, Any]
        if read_at is not None:  # a register's value: then all of these are there
            told = {
                "status": status,
                "value": wire_value(value),
                "display": display,
                "source": source,
                "source_label": label,
                "as_of": as_of,
                "retrieved_at": instant(read_at),
            }
            if isinstance(value, PartialDate):
                told["precision"] = value.precision
        else:
            told = {"status": status, "value": value}
            if display is not None:
                told["display"] = display
            if source is not None:
                told["source"] = source
                told["source_label"] = label
        told["lock"] = lock
        told["rule"] = rule
        if why is not None:
            told["why"] = why.wire()
        if correction is not None:
            told["correction"] = correction
        if rivals:
            told["conflict"] = [rival.wire() for rival in rivals]
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """A form ready to be given out: `complete` when no source's trouble left a field empty and none still works.

    `subject` is who signed in; `relation` says whether the form is about them (`self`) or about somebody they act
    for; `consent` names the consent it rests on (`id`) and the citizen's own page of it (`page`). A field in `late`
    may have a value already: of two sources, one has answered. `conditions` are the facts that decide about a field:
    question and answer by id. `slip` is where a person gets the paper for entries that are wrong: a form posts
    `field.<id>` for each, and `reference`.
    """

    id: str
    procedure: str
    form_version: str
    subject: str
    dossier: str | None
    relation: str
    issued_at: datetime
    expires_at: datetime
    fields: Mapping[str, Envelope]
    late: Sequence[str]
    complete: bool
    manifest: str
    receipt: str
    slip: str
    consent: Mapping[str, str] | None = None
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the filled form of design.md §15."""
        told: dict[str, Any] = {
            "id": self.id,
            "procedure": self.procedure,
            "form_version": self.form_version,
            "subject": self.subject,
            "dossier": self.dossier,
            "relation": self.relation,
            "issued_at": instant(self.issued_at),
            "expires_at": instant(self.expires_at),
            "complete": self.complete,
            "fields": {name: envelope.wire() for name, envelope in self.fields.items()},
            "manifest": self.manifest,
            "receipt": self.receipt,
            "late": list(self.late),
            "slip": self.slip,
        }
        if self.consent is not None:
            told["consent"] = dict(self.consent)
        if self.conditions:
            told["conditions"] = self.conditions
        return told


def wire_value(value: Any) -> Any:
    """Return a value as a form carries it in JSON: text, or the object of an address."""
    if value is None or isinstance(value, str):
        return value
    return value.wire() if isinstance(value, Address) else str(value)


@lru_cache(maxsize=256)
def instant(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=256)
def day(on: date) -> str:
    """Return a date as `YYYY-MM-DD`; the values of one answer share theirs."""
    return on.isoformat()
