"""Names that say nothing are not given: neither as a whole nor as the last word."""

import ast
import re
from collections.abc import Iterator

from tree import sources

BANNED = frozenset(
    {
        *("util", "utils", "helper", "helpers", "common", "misc", "core", "base", "manager", "service"),
        *("processor", "data", "info"),
    }
)
STANDARD_TERMS = frozenset({"handle_data", "get_state_data", "set_state_data", "clear_state_data"})
"""Names that a standard or a library's interface gives."""


def problems() -> Iterator[str]:
    """Yield a sentence for every module, class or function with such a name."""
    for source in sources("gateway", "connectors", "examples", "benchmarks"):
        module = source.path.rsplit("/", 1)[-1].removesuffix(".py")
        if _last_word(module) in BANNED:
            yield f"{source.path}: a module named `{module}`"
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and _last_word(node.name) in BANNED
                and node.name not in STANDARD_TERMS
            ):
                yield f"{source.path}:{node.lineno}: `{node.name}` ends with a word that says nothing"


def _last_word(name: str) -> str:
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return words[-1].lower() if words else ""
