"""No index host, machine path or unfinished note in a committed file; no skipped test."""

import re
from collections.abc import Iterator

from tree import ROOT, all_files

_TEXT = (".py", ".md", ".toml", ".txt", ".in", ".sh", ".yml", ".yaml", ".json", ".html", ".css", ".cfg", ".ini", ".mjs")
_NAMES = ("Makefile", "Dockerfile", "run", "install", ".gitignore", ".dockerignore")
_RULES = (
    (re.compile(r"(?<![\w/.])/(?:work|root|home/\w+)/"), "names a path of one machine"),
    (re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host"), "names a package index"),
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b"), "holds an unfinished note"),
    (re.compile(r"pytest\.(?:skip|xfail|importorskip)|mark\.(?:skip|skipif|xfail)\b"), "skips a test"),
)
_LOCKS = ("package-lock.json", ".ci/check_text.py")


def problems() -> Iterator[str]:
    """Yield a sentence for every line that must not be there."""
    for path in all_files():
        if path.endswith(_LOCKS) or not (path.endswith(_TEXT) or path.rsplit("/", 1)[-1] in _NAMES):
            continue
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
            for pattern, why in _RULES:
                if pattern.search(line):
                    yield f"{path}:{number}: {why}"
