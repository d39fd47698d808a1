"""JMESPath where a path cannot say it: linted before it is compiled, and its answer is one value or nothing.

JMESPath has no loops, but flattening can double: 187 characters made half a million elements. So length, depth,
functions and flattening are bounded here, and the result may not be a structure.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from gateway.connector_runtime.contract.document import Unreadable

LONGEST = 2000
DEEPEST = 20
FUNCTIONS = frozenset(
    {
        *("contains", "ends_with", "length", "max_by", "min_by", "not_null", "sort_by", "starts_with", "type"),
    }
)
"""Functions that make nothing larger than what they are given: `join` and `to_string` do, and `from_parts` joins."""
_MOST_FLATTENS = 1


class ExpressionRefused(ValueError):
    """An expression that may not run; the text says which rule it breaks."""


def compile_expression(text: str) -> Callable[[Any], Any]:
    """Return the function of a linted expression. Raises ExpressionRefused.

    The function raises Unreadable when the expression fails on a record or gives more than one value.
    """
    if len(text) > LONGEST:
        raise ExpressionRefused(f"an expression has at most {LONGEST} characters")
    try:
        compiled = jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        raise ExpressionRefused(f"not JMESPath: {type(error).__name__}") from None
    lint(compiled.parsed)

    def evaluate(record: Any) -> Any:
        try:
            found = compiled.search(record)
        except (JMESPathError, TypeError, ValueError):
            raise Unreadable("the expression fails on this record") from None
        if isinstance(found, list):  # what a filter gives, and one of one is no guess
            if len(found) > 1:
                raise Unreadable("the expression gives several values")
            found = found[0] if found else None
        if isinstance(found, Mapping | list):
            raise Unreadable("the expression gives a structure and not one value")
        return found

    return evaluate


def lint(tree: Mapping[str, Any]) -> None:
    """Check a parsed expression. Raises ExpressionRefused."""
    flattens = 0
    for node, depth in _nodes(tree):
        if depth > DEEPEST:
            raise ExpressionRefused(f"an expression is at most {DEEPEST} levels deep")
        kind = node["type"]
        if kind == "function_expression" and node["value"] not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise ExpressionRefused(f"function `{node['value']}` is not one of {known}")
        if kind in {"index", "slice"}:
            raise ExpressionRefused("an expression names no position, since the first of several is a guess")
        flattens += kind == "flatten"
    if flattens > _MOST_FLATTENS:
        raise ExpressionRefused("an expression flattens (`[]`) at most once")


def _nodes(node: Mapping[str, Any], depth: int = 1) -> Iterator[tuple[Mapping[str, Any], int]]:
    yield node, depth
    if depth > DEEPEST:
        return
    for inner in node.get("children", ()):
        if isinstance(inner, Mapping):
            yield from _nodes(inner, depth + 1)
