"""What staff write for the record: kept on one line, and refused when it looks like a citizen's data.

Every reason and every answer to a request for approval comes through here, by command, page and API alike.
"""

from collections.abc import Set

from gateway.staff.failure import ReasonMissing, WordsNamePerson
from gateway.vocabulary.personal_words import NUMBERS, WORDS, PersonalShape, find_personal

_LONGEST = 500
_ALL: frozenset[PersonalShape] = frozenset(WORDS)


def keep_words(text: str, member: str = "reason") -> str:
    """Return words as they are kept; none are none. Raises WordsNamePerson."""
    require_nobody(text, member, _ALL)
    return " ".join(text.split())[:_LONGEST]


def require_reason(text: str) -> str:
    """Return a reason as it is kept. Raises ReasonMissing, WordsNamePerson."""
    kept = keep_words(text)
    if not kept:
        raise ReasonMissing
    return kept


def require_nobody(text: str, member: str, shapes: Set[PersonalShape] = NUMBERS) -> None:
    """Raise WordsNamePerson where a text has one of the shapes; by default numbers only, for words that people read
    and that may name a hotline or a day."""
    for found in find_personal(text):
        if found.shape in shapes:
            raise WordsNamePerson(
                f"`{member}` has what looks like {WORDS[found.shape]} at character {found.at}; the record is kept for"
                " years and names no citizen: give the dossier's or the report's number, or month and year"
            )
