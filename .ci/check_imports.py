"""Who may import what: frameworks at the edges, drivers in storage, JOSE in tokens, time and chance in one file."""

import ast
from collections.abc import Iterator

from tree import Source, sources

FRAMEWORKS = ("fastapi", "starlette", "jinja2")
DRIVERS = ("asyncpg", "sqlite3", "aiosqlite", "psycopg", "sqlalchemy", "alembic", "redis")
BANNED = ("httpx", "requests", "niquests", "jose", "pymerkle")
CHANCE = ("secrets", "random")
SEEDED = "random.Random"  # the same people for the same seed; no chance in it
_NOW = frozenset({("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"), ("uuid", "uuid4")})
_CLOCK = "gateway/vocabulary/clock.py"


def _may_use_frameworks(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return (
        path.startswith(("gateway/application/", "gateway/pages/", "examples/"))
        or name in {"endpoints.py", "http_request.py"}
        or name.startswith("simulator")
    )


def _may_use_drivers(path: str) -> bool:
    return path.startswith("gateway/storage/") or path == "gateway/connector_runtime/transports/sqlview.py"


def _top(name: str) -> str:
    return name.partition(".")[0]


def problems() -> Iterator[str]:
    """Yield a sentence for every import that stands where it may not."""
    for source in sources("gateway", "connectors", "examples"):
        for line, name in source.imports():
            why = _refusal(source.path, name)
            if why:
                yield f"{source.path}:{line}: `{name}` {why}"
        if source.path.startswith(("gateway/", "connectors/")):
            yield from _time_and_chance(source)


def _refusal(path: str, name: str) -> str | None:
    top = _top(name)
    rules = (
        (top in BANNED, "is not imported in this repository"),
        (name.endswith("BaseHTTPMiddleware"), "breaks contexts and streams; write a plain ASGI middleware"),
        (top == "httpx2" and not path.startswith("examples/portal/"), "is for the sample portal and tests only"),
        (top in FRAMEWORKS and not _may_use_frameworks(path), "stands at the edges only"),
        (top in DRIVERS and not _may_use_drivers(path), "stands in gateway/storage only"),
        (top == "joserfc" and not path.startswith(("gateway/tokens/", "examples/")), "stands in gateway/tokens only"),
        (top == "cedarpy" and not path.startswith("gateway/policy/"), "stands in gateway/policy only"),
        (
            top in CHANCE and name != SEEDED and path.startswith(("gateway/", "connectors/")) and path != _CLOCK,
            "is handed in",
        ),
    )
    return next((why for wrong, why in rules if wrong), None)


def _time_and_chance(source: Source) -> Iterator[str]:
    if source.path == _CLOCK:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in _NOW:
            yield f"{source.path}:{node.lineno}: `{node.value.id}.{node.attr}`: clock and randomness are handed in"
