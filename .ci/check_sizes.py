"""A module fits into a head, a function onto a screen."""

import ast
from collections.abc import Iterator

from tree import sources

MODULE, FUNCTION, ARGUMENTS = 400, 50, 5


def problems() -> Iterator[str]:
    """Yield a sentence for every module, function or constructor that is too large."""
    for source in sources("gateway", "connectors", "examples"):
        lines = source.text.count("\n")
        if lines > MODULE:
            yield f"{source.path}: {lines} lines; at most {MODULE}"
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION:
                yield f"{source.path}:{node.lineno}: `{node.name}` has {length} lines; at most {FUNCTION}"
            arguments = len(node.args.args) - 1 + len(node.args.kwonlyargs)
            if node.name == "__init__" and arguments > ARGUMENTS and not _is_failure(source.path):
                yield f"{source.path}:{node.lineno}: a constructor with {arguments} arguments; at most {ARGUMENTS}"


def _is_failure(path: str) -> bool:
    """A failure's optional members are named where it is raised: they are no collaborators."""
    return path == "gateway/vocabulary/failure.py"
