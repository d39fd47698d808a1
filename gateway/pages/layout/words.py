"""Words of a page in two languages, kept beside its template in a small TOML file: one table per phrase.

A phrase may hold places such as `{portal}`; what is put there is escaped, the phrase itself is plain text.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from markupsafe import Markup, escape

LANGUAGES = ("vi", "en")
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

Text = Mapping[str, str]
Phrases = Mapping[str, Text]


def read_phrases(*files: Path) -> dict[str, dict[str, str]]:
    """Read phrase files into one table; a later file wins.

    Raises ValueError when a phrase lacks a language: a page must never fall silent in one of them.
    """
    phrases: dict[str, dict[str, str]] = {}
    for file in files:
        for key, text in tomllib.loads(file.read_text("utf-8")).items():
            if set(text) != set(LANGUAGES):
                raise ValueError(f"phrase `{key}` in `{file.name}` needs exactly the languages vi and en")
            phrases[key] = text
    return phrases


class Words:
    """The phrases of one page in one language; a template calls it as `t("key", place=value)`."""

    def __init__(self, phrases: Phrases, language: str) -> None:
        self._phrases = phrases
        self.language = language

    def __call__(self, key: str, **places: Any) -> Markup:
        """Return a phrase with its places filled in, escaped. Raises KeyError for an unknown phrase."""
        return Markup(escape(self._phrases[key][self.language])).format(**places)  # noqa: S704 - escaped just here

    def __contains__(self, key: str) -> bool:
        return key in self._phrases

    def say(self, text: Text) -> Markup:
        """Return a text in this language; in a `lang` span when it only exists in the other one (WCAG 3.1.2)."""
        if self.language in text:
            return escape(text[self.language])
        for language, words in text.items():
            return Markup('<span lang="{}">{}</span>').format(language, words)
        return Markup()

    def mark(self, text: Text) -> Markup:
        """Return the ` lang` attribute of an element that holds nothing but this text; none where it is of the page's
        language (WCAG 3.1.2)."""
        other = None if self.language in text else next(iter(text), None)
        return Markup() if other is None else Markup(' lang="{}"').format(other)

    def plain(self, text: Text) -> str:
        """Return a text in this language, or in the one it has, for places where no markup can stand."""
        return text.get(self.language) or next(iter(text.values()), "")

    def day(self, value: date) -> str:
        """Return a date as `dd/MM/yyyy` in both languages."""
        return format_date(value, "dd/MM/yyyy", locale=self.language)

    def moment(self, value: datetime) -> str:
        """Return an instant as Vietnamese wall-clock time: `HH:mm dd/MM/yyyy`."""
        return format_datetime(value, "HH:mm dd/MM/yyyy", tzinfo=VIETNAM, locale=self.language)

    def clock(self, value: datetime) -> str:
        """Return the Vietnamese wall-clock time of an instant: `HH:mm`."""
        return format_datetime(value, "HH:mm", tzinfo=VIETNAM, locale=self.language)

    def number(self, value: int | Decimal) -> str:
        """Return a number with the separators of the language."""
        return format_decimal(value, "#,##0.##", locale=self.language)
