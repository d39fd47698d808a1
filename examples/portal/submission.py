"""What happens to a form that is sent: what is claimed to come from a source is verified, the rest is self-declared."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from examples.portal.form import Entry, show_value

VIETNAM = timezone(timedelta(hours=7))
READING_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Answer:
    """One field as sent: its value, how it reads, and whether it is claimed to be the source's."""

    entry: Entry
    value: Any
    shown: str
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A form that was sent. `outcomes` are per field `intact`, `changed`, `withheld`, `unknown` or `self_declared`;
    `manifest` is what the gateway says of the manifest, None when it could not be asked."""

    reference: str
    at: datetime
    answers: tuple[Answer, ...]
    outcomes: Mapping[str, str]
    manifest: str | None
    receipt: str | None

    @property
    def tampered(self) -> tuple[str, ...]:
        """Fields that were locked and came back different: such a form is not accepted."""
        return tuple(
            answer.entry.question.id
            for answer in self.answers
            if answer.entry.lock == "locked" and self.outcomes.get(answer.entry.question.id) == "changed"
        )


def read_answers(entries: list[Entry], form: Mapping[str, str], language: str) -> tuple[Answer, ...]:
    """Return what was sent for each entry. A value of a source is claimed when it is locked, was confirmed, or was
    left in its box; the exact JSON comes from the form, not from our session: whoever changed it is found out."""
    return tuple(_read_answer(entry, form, language) for entry in entries)


def _read_answer(entry: Entry, form: Mapping[str, str], language: str) -> Answer:
    name = entry.question.id
    typed = form.get(f"own.{name}", "").strip()
    if not entry.filled:
        return Answer(entry, typed, typed, claimed=False)
    choice = form.get(f"confirm.{name}", "")
    told = entry.rivals.get(choice, entry)
    if entry.lock == "locked" or (entry.lock == "confirm" and (choice == "1" or told is not entry)):
        value = _exact(form.get(f"value.{name}.{choice}" if told is not entry else f"value.{name}"))
        same = value == told.envelope.get("value")
        return Answer(entry, value, told.shown(language) if same else show_value(value), claimed=True)
    if entry.lock == "confirm":
        return Answer(entry, typed, typed, claimed=False)
    if typed == entry.shown(language):
        return Answer(entry, _exact(form.get(f"value.{name}")), typed, claimed=True)
    return Answer(entry, typed, typed, claimed=False)


def _exact(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text


def find_missing(answers: tuple[Answer, ...]) -> tuple[Entry, ...]:
    """Return the entries that need an answer and have none, or a source's value neither confirmed nor replaced."""
    return tuple(
        answer.entry
        for answer in answers
        if not answer.shown and (answer.entry.required or (answer.entry.filled and answer.entry.lock == "confirm"))
    )


def read_outcomes(answers: tuple[Answer, ...], verified: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the outcome of each field: the gateway's word for what is claimed, `self_declared` for the rest."""
    fields: Mapping[str, Any] = (verified or {}).get("fields", {})
    outcomes: dict[str, str] = {}
    for answer in answers:
        said = fields.get(answer.entry.question.id)
        word = said.get("outcome", "unknown") if isinstance(said, Mapping) else said
        if not answer.claimed:
            outcomes[answer.entry.question.id] = "self_declared"
        else:
            outcomes[answer.entry.question.id] = str(word or ("unchecked" if verified is None else "unknown"))
    return outcomes


def new_reference(now: datetime) -> str:
    """Return a reference number people can read aloud."""
    letters = "".join(secrets.choice(READING_LETTERS) for _ in range(6))
    return f"{now.astimezone(VIETNAM):%Y%m%d}-{letters[:3]}-{letters[3:]}"


def present() -> datetime:
    """Return the present."""
    return datetime.now(UTC)
