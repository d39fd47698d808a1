"""Cookies: `gw_…` on http, `__Host-gw_…` with Path=/ on https; unknown ones are ignored (RFC 6265bis §4.1.3.2)."""

from collections.abc import Mapping

SESSION = "session"
STAFF_SESSION = "staff_session"
_ATTEMPT = "attempt_"


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name on the wire."""
    return f"__Host-gw_{name}" if secure else f"gw_{name}"


def attempt_cookie(attempt_id: str) -> str:
    """Return the name of an attempt's cookie: state is per attempt, so two tabs do not disturb each other."""
    return _ATTEMPT + attempt_id[:12]


def set_cookie(name: str, value: str, *, secure: bool, max_age: int | None = None) -> tuple[str, str]:
    """Return the header that sets a cookie for this host only, out of reach of scripts and of other sites' posts."""
    parts = [f"{cookie_name(name, secure=secure)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if secure:
        parts.append("Secure")
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    return ("set-cookie", "; ".join(parts))


def clear_cookie(name: str, *, secure: bool) -> tuple[str, str]:
    """Return the header that removes a cookie."""
    return set_cookie(name, "", secure=secure, max_age=0)


def read_cookie(cookies: Mapping[str, str], name: str, *, secure: bool) -> str | None:
    """Return a cookie's value."""
    return cookies.get(cookie_name(name, secure=secure)) or None
