"""Where a key of a TOML file stands, so that a message can say `manifest.toml:14`; TOML readers forget the lines."""

import re
from collections.abc import Sequence
from typing import Any

Key = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_MEMBER = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)
_WORD = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


class Places:
    """The lines of a file's keys."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Key, int] = {}
        table: Key = ()
        counts: dict[Key, int] = {}
        inside: str | None = None
        for number, line in enumerate(text.splitlines(), 1):
            if inside is not None:
                inside = None if inside in line else inside
                continue
            if (header := _HEADER.match(line)) and "=" not in header[2]:
                table = self._table(header, counts)
                for end in range(1, len(table) + 1):
                    self._lines.setdefault(table[:end], number)
            elif member := _MEMBER.match(line):
                key = (*table, *_words(member[1]))
                for end in range(len(table) + 1, len(key) + 1):
                    self._lines.setdefault(key[:end], number)
                inside = _opened(line[member.end() :])

    def line(self, key: Key) -> int:
        """Return the line of a key, of the nearest table around it when it stands inside one line; from 1."""
        for end in range(len(key), 0, -1):
            if key[:end] in self._lines:
                return self._lines[key[:end]]
        return 1

    def _table(self, header: re.Match[str], counts: dict[Key, int]) -> Key:
        found: Key = ()
        words = _words(header[2])
        for position, word in enumerate(words):
            found = (*found, word)
            last = position == len(words) - 1
            if last and header[1] == "[[":
                counts[found] = counts.get(found, -1) + 1
            if found in counts:
                found = (*found, counts[found])
        return found


def write_key(key: Sequence[Any]) -> str:
    """Return a key as messages write it: `fields[3].from`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _words(text: str) -> list[str]:
    return [word.strip("\"'") for word in _WORD.findall(text)]


def _opened(rest: str) -> str | None:
    """Return the quotes of a text that goes on below this line."""
    for quotes in ('"""', "'''"):
        if rest.count(quotes) == 1:
            return quotes
    return None
