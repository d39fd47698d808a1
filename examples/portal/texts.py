"""The portal's words in two languages; what is put into them is escaped."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

Text = Mapping[str, str]


def read_texts() -> dict[str, dict[str, str]]:
    """Return all phrases by key."""
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))


class Texts:
    """The phrases in one language: `t("key", place=value)` in a template."""

    def __init__(self, phrases: Mapping[str, Text], language: str) -> None:
        self._phrases = phrases
        self.language = language

    def __call__(self, key: str, **places: Any) -> Markup:
        """Return a phrase. Raises KeyError for an unknown one."""
        return Markup(escape(self._phrases[key][self.language])).format(**places)  # noqa: S704 - escaped just here

    def __contains__(self, key: str) -> bool:
        return key in self._phrases

    def say(self, text: Text | str | None) -> str:
        """Return a text of the gateway in this language, or in Vietnamese."""
        if text is None or isinstance(text, str):
            return text or ""
        return text.get(self.language) or text.get("vi") or ""
