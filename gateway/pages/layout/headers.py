"""Security headers of every page (RFC 9700 §4.2, §4.3, §4.16; protocol.md §5 rows 32 and 33)."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

_POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_POWERS = ("camera", "microphone", "geolocation", "payment", "usb", "publickey-credentials-get", "browsing-topics")


def page_headers(language: str, *, has_form: bool) -> dict[str, str]:
    """Return the headers of a page.

    A page without a form says `form-action 'none'`. A page with one leaves form-action out: Chromium applies it
    to the redirects after a post as well, and our forms lead on to the identity provider or to whatever address
    a portal registered (and wherever that portal redirects next), which no list here could name. There is no
    script and every value is escaped, so a foreign form cannot be planted in the first place.

    `no-referrer` makes browsers send `Origin: null` with our own form posts (Fetch §3.2): the check against
    forged posts is the page's `csrf` value, not the Origin header.
    """
    policy = _POLICY if has_form else (*_POLICY, "form-action 'none'")
    return {
        "content-type": "text/html; charset=utf-8",
        "content-language": language,
        "content-security-policy": "; ".join(policy),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": ", ".join(f"{power}=()" for power in _POWERS),
    }


def with_script(headers: Mapping[str, str], script: str) -> dict[str, str]:
    """Return the headers of a page that may run this one inline script, named by its hash (CSP Level 3 §6.7.3.3)."""
    digest = b64encode(sha256(script.encode()).digest()).decode("ascii")
    policy = headers["content-security-policy"]
    return {**headers, "content-security-policy": f"{policy}; script-src 'sha256-{digest}'"}
