"""What of a portal's `login_hint` may travel to an upstream."""

import re

_NUMBER = re.compile(r"(?:\d[ .]?){9}")
_PERSONA = re.compile(r"persona:\d{1,3}(?:;[a-z0-9_]{1,32}){0,4}")


def harmless_hint(hint: str | None) -> str | None:
    """Return the hint unless it could hold the number of a person: addresses are logged on their way."""
    if hint is None or len(hint) > 256 or not hint.isprintable() or _NUMBER.search(hint):
        return None
    return hint


def persona_hint(hint: str | None) -> str | None:
    """Return the hint if it names a persona of the test environment (`persona:8`, `persona:3;cancelled`)."""
    return hint if hint is not None and _PERSONA.fullmatch(hint) else None
