"""The search box of a public catalogue: what was typed, and the address that shows the same again."""

import unicodedata
from urllib.parse import urlencode

from starlette.requests import Request

LONGEST = 100


def asked_words(request: Request) -> str:
    """Return what the box holds, with single spaces, no longer than the box and without what no keyboard types: a page
    that repeats a NUL or a mark that turns the reading direction is no good HTML, or says another thing than it holds.
    """
    typed = " ".join(request.query_params.get("q", "").split())
    return "".join(one for one in typed if unicodedata.category(one) not in {"Cc", "Cf", "Cs"})[:LONGEST].strip()


def found_at(address: str, query: str) -> str:
    """Return the address that shows what the query finds; without one that of the whole catalogue."""
    return f"{address}?{urlencode({'q': query})}" if query else address
