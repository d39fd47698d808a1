"""What about a person may stand in an address on its way to an upstream: addresses are logged."""

import re
from base64 import urlsafe_b64decode

import orjson

_NUMBER = re.compile(r"(?:\d[ .]?){9}")
# Claims about the sign-in; an ID token with any other may describe a person and never enters an address.
_IMPERSONAL = frozenset(
    "iss sub aud exp iat nbf jti auth_time nonce acr amr azp at_hash c_hash s_hash sid typ".split()  # noqa: SIM905
)
_PERSONA = re.compile(r"persona:\d{1,3}(?:;[a-z0-9_]{1,32}){0,4}")


def harmless_hint(hint: str | None) -> str | None:
    """Return the hint unless it could hold the number of a person: addresses are logged on their way."""
    if hint is None or len(hint) > 256 or not hint.isprintable() or _NUMBER.search(hint):
        return None
    return hint


def persona_hint(hint: str | None) -> str | None:
    """Return the hint if it names a persona of the test environment (`persona:8`, `persona:3;cancelled`)."""
    return hint if hint is not None and _PERSONA.fullmatch(hint) else None


def is_impersonal(id_token: str) -> bool:
    """Tell whether an ID token may be sent along as a hint: it has no claim about the person, and its subject is
    no number of theirs."""
    try:
        payload = id_token.split(".")[1]
        claims = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return False
    if not isinstance(claims, dict) or not claims.keys() <= _IMPERSONAL:
        return False
    return _NUMBER.search(str(claims.get("sub", ""))) is None
