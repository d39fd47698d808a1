"""What an endpoint answers, before a web framework sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.openid_provider.screens import Page

NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))
_SAFE = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
)
_JSON = ("content-type", "application/json")
ALWAYS_SENT = (_JSON, *NO_STORE, *_SAFE)
"""The headers that nearly every answer to a program has: whoever writes them to the wire encodes them once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and headers in order (a header may repeat: `set-cookie`)."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()

    def adding(self, *headers: tuple[str, str]) -> "Reply":
        """Return the same reply with more headers."""
        return Reply(self.status, self.body, (*self.headers, *headers))


def json_reply(document: Mapping[str, Any], status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return a JSON document that nobody may store (RFC 6749 §5.1)."""
    return Reply(status, orjson.dumps(document), (*ALWAYS_SENT, *headers))


def token_reply(token: str, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return a signed or encrypted token that nobody may store (OpenID Connect Core §5.3.2)."""
    return Reply(200, token.encode("ascii"), (("content-type", "application/jwt"), *NO_STORE, *_SAFE, *headers))


def empty_reply() -> Reply:
    """Return a success that has nothing to say."""
    return Reply(200, b"", (*NO_STORE, *_SAFE))


def redirect(url: str, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return a 303 (never a 307, which would post the citizen's form onwards: RFC 9700 §4.12)."""
    return Reply(303, b"", (("location", url), *NO_STORE, *_SAFE, *headers))


def page_reply(page: Page, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return a rendered page."""
    return Reply(page.status, page.body, (*page.headers.items(), *headers))


def with_query(url: str, parameters: Mapping[str, str | None]) -> str:
    """Append parameters to a URL that may have a query already; None is left out (RFC 6749 §4.1.2)."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
