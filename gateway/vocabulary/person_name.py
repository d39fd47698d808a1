"""Names of people: kept as the source wrote them, shown kindly, folded for search, never split for storage.

A name may be one word (`Sơn`), hold an apostrophe and letters outside the Vietnamese alphabet (`H'Ƀil Niê Kđăm`,
U+0243) or be foreign and long; no pattern of allowed letters exists, only a length.
"""

import re
import unicodedata

LONGEST = 100

APOSTROPHES = "'’‘ʼʻ`´′＇‛ʹ"
_TO_APOSTROPHE = {ord(character): "'" for character in APOSTROPHES}
# Letters with a stroke have no decomposition, so that removing marks leaves them as they are.
_STROKES = str.maketrans({"đ": "d", "Đ": "D", "ƀ": "b", "Ƀ": "B", "ð": "d", "Ð": "D", "ɖ": "d", "Ɖ": "D"})
_WORD = re.compile(r"[^\s\-]+")


def clean_name(text: str) -> str:
    """Return a name in NFC, white space runs one space, trimmed; letters, case and apostrophes as written.

    Raises ValueError when nothing is left or it is longer than 100 characters.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise ValueError("a name is empty")
    if len(name) > LONGEST:
        raise ValueError("a name has at most 100 characters")
    return name


def display_name(text: str) -> str:
    """Return the name as people read it: title case when the source wrote capitals only, otherwise untouched."""
    name = unicodedata.normalize("NFC", text)
    if not name.isupper():
        return name
    if "-" in name or not name.isprintable():
        return unicodedata.normalize("NFC", _WORD.sub(lambda word: _title(word[0]), name))
    return unicodedata.normalize("NFC", " ".join(map(_title, name.split(" "))))  # every space is a plain one


def fold_name(text: str) -> str:
    """Return the name for search: lower case, no marks, đ and ƀ as plain letters, no apostrophes, single spaces."""
    plain = strip_marks(text).casefold().translate(_TO_APOSTROPHE).replace("'", "")
    return " ".join(plain.split())


def name_key(text: str) -> str:
    """Return the key form of the population lookup: capitals, no marks, letters and digits only, no spaces."""
    return "".join(character for character in strip_marks(text).upper() if character.isalnum())


def strip_marks(text: str) -> str:
    """Return `text` without combining marks and strokes; its case is kept."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).translate(_STROKES)


def unify_apostrophes(text: str) -> str:
    """Return `text` with every look of an apostrophe as the ASCII one."""
    return text.translate(_TO_APOSTROPHE)


def _title(capitals: str) -> str:
    """Capitalise a word and, after a one-letter prefix and an apostrophe (H', K', O'), the letter that follows."""
    word = capitals.lower()
    if len(word) > 2 and word[1] in APOSTROPHES:
        return word[0].upper() + word[1] + word[2].upper() + word[3:]
    return word[:1].upper() + word[1:]
