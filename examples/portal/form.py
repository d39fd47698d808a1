"""Form CT01 as this portal knows it, and one field of it as the page shows it.

What the gateway sends for a field is shown, never interpreted: the exact `value` travels in a hidden member as
JSON and comes back unchanged, so that the manifest still fits it.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Text = Mapping[str, str]
MISSING = ("unavailable", "withheld", "not_applicable", "self_declared")


@dataclass(frozen=True, slots=True)
class Question:
    """A field of the form: what it is called and how it is typed in when nobody fills it."""

    id: str
    label: Text
    kind: str = "text"
    required: bool = False
    autocomplete: str = "off"


def read_questions() -> tuple[Question, ...]:
    """Return the questions of the form in their order on paper."""
    tables = tomllib.loads((Path(__file__).parent / "form.toml").read_text("utf-8"))
    return tuple(Question(**table) for table in tables["question"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question with what the gateway says of it (`envelope`, empty without sign-in) and what was typed so far."""

    question: Question
    envelope: Mapping[str, Any]
    typed: str = ""
    chosen: str = ""
    late: bool = False

    @property
    def filled(self) -> bool:
        """Whether the gateway gave a value."""
        return self.envelope.get("value") is not None

    @property
    def lock(self) -> str:
        """`locked`, `confirm` or `editable`."""
        return str(self.envelope.get("lock", "editable")) if self.filled else "editable"

    @property
    def exact(self) -> str:
        """The exact value as JSON, to be sent back unchanged."""
        return json.dumps(self.envelope.get("value"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def rivals(self) -> dict[str, "Entry"]:
        """What each source says where they differ, by the value its choice is sent with; empty otherwise."""
        said = self.envelope.get("conflict") or []
        return {str(number): Entry(question=self.question, envelope=one) for number, one in enumerate(said, 1)}

    @property
    def required(self) -> bool:
        """Whether the person has to type something: not where the question does not apply to them."""
        return self.question.required and self.envelope.get("status") != "not_applicable"

    @property
    def as_of(self) -> str:
        """The date at the source as people write it."""
        text = str(self.envelope.get("as_of") or "")
        try:
            return date.fromisoformat(text[:10]).strftime("%d/%m/%Y")
        except ValueError:
            return text

    def shown(self, language: str) -> str:
        """Return the value as people read it."""
        display = self.envelope.get("display") or {}
        if words := display.get(language) or display.get("vi"):
            return str(words)
        return show_value(self.envelope.get("value"))


def show_value(value: Any) -> str:
    """Return a value without a display as people read it: dates day first, an address from small to large."""
    if isinstance(value, Mapping):
        parts = [value.get("detail"), *(value.get(unit) for unit in ("commune", "district", "province"))]
        names = [part.get("name") if isinstance(part, Mapping) else part for part in parts]
        return ", ".join(str(name) for name in names if name)
    text = "" if value is None else str(value)
    parts = text.split("-")
    if len(text) in {7, 10} and all(part.isdigit() for part in parts) and len(parts[0]) == 4:
        return "/".join(reversed(parts))
    return text


def lay_out(
    questions: tuple[Question, ...], filled: Mapping[str, Any] | None, draft: Mapping[str, str], *, over: bool = False
) -> list[Entry]:
    """Return all entries: the form's questions in order, then whatever else the gateway filled. When the session is
    `over` nothing is on its way any more."""
    fields: Mapping[str, Any] = (filled or {}).get("fields", {})
    late = [] if over else (filled or {}).get("late", [])
    known = {question.id for question in questions}
    more = tuple(
        Question(name, envelope.get("label") or {"vi": name, "en": name})
        for name, envelope in fields.items()
        if name not in known
    )
    return [
        Entry(
            question=question,
            envelope=fields.get(question.id, {}),
            typed=draft.get(f"own.{question.id}", ""),
            chosen=draft.get(f"confirm.{question.id}", ""),
            late=question.id in late,
        )
        for question in questions + more
    ]
