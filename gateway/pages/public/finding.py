"""The search box of a public catalogue: what was typed, and the address that shows the same again."""

from urllib.parse import urlencode

from starlette.requests import Request

LONGEST = 100


def asked_words(request: Request) -> str:
    """Return what the box holds, with single spaces and no longer than the box."""
    return " ".join(request.query_params.get("q", "").split())[:LONGEST]


def found_at(address: str, query: str) -> str:
    """Return the address that shows what the query finds; without one that of the whole catalogue."""
    return f"{address}?{urlencode({'q': query})}" if query else address
