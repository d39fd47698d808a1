"""Names that somebody gave in one language or in two: pages have to know which, a screen reader reads by it."""

import re
import unicodedata
from collections.abc import Mapping

# ă â+tone … are told by what no other language here writes: đ, ă, ơ, ư, the hook above and the dot below
_VIETNAMESE = re.compile("[đĐ]|[aA]\u0306|[oOuU]\u031b|[a-zA-Z][\u0302\u0306\u031b]?[\u0309\u0323]")


def is_vietnamese(text: str) -> bool:
    """Tell whether a text holds letters that only Vietnamese writes; `Sample portal` and `VNeID` hold none."""
    return _VIETNAMESE.search(unicodedata.normalize("NFD", text)) is not None


def name_by_language(plain: str | None = None, *, vi: str | None = None, en: str | None = None) -> Mapping[str, str]:
    """Return a name by language, with the languages it exists in alone.

    `plain` came without a language (RFC 7591 §2.2): by its letters it is Vietnamese, or it serves both.
    """
    known = {"vi": vi, "en": en}
    if plain:
        for language in ("vi",) if is_vietnamese(plain) else ("vi", "en"):
            known[language] = known[language] or plain
    return {language: name for language, name in known.items() if name}
