"""Rules by which two spellings may be one name: each is one change of text, applied to both sides alike.

Equal rules keep the name (form of Unicode, case, spacing, look of an apostrophe, place of a tone in an open
syllable). Review rules may join two different names: they make a candidate for a person to look at, never a match.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from gateway.vocabulary.person_name import strip_marks, unify_apostrophes

Rewrite = Callable[[str], str]

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_MARKS = "\u0300-\u036f"
_START = rf"(?<![\w{_MARKS}])"
_END = rf"(?![\w{_MARKS}])"
# `oa`, `oe`, `uy` and, after q, `ua` end an open syllable: hòa = hoà, thủy = thuỷ, qúy = quý. A closed syllable
# (hoàng, toán) or a third vowel (hoài) has one place for its tone and is never rewritten.
_OPEN = re.compile(rf"{_START}([b-df-hj-np-tv-zđ]*)(?:(o)([{_TONES}])([ae])|(u)([{_TONES}])(y)){_END}", re.IGNORECASE)
_OPEN_QU = re.compile(rf"{_START}(q)(u)([{_TONES}])(a){_END}", re.IGNORECASE)
_I_OR_Y = re.compile(rf"{_START}([b-df-hj-np-tv-zđ]*|qu)y([{_TONES}]?){_END}", re.IGNORECASE)


def place_tone(text: str) -> str:
    """Return `text` (NFC) with the tone of an open `oa`, `oe`, `uy` on its second letter."""
    decomposed = unicodedata.normalize("NFD", text)
    moved = _OPEN.sub(_second_letter, decomposed)
    return unicodedata.normalize("NFC", _OPEN_QU.sub(r"\1\2\4\3", moved))


def _second_letter(match: re.Match[str]) -> str:
    onset, o, o_tone, second, u, u_tone, y = match.groups()
    return f"{onset}{o}{second}{o_tone}" if o else f"{onset}{u}{y}{u_tone}"


def _tone_last(text: str) -> str:
    """Put the tone of every word behind it, wherever it stood."""
    return " ".join(_word_tone_last(word) for word in unicodedata.normalize("NFD", text).split(" "))


def _word_tone_last(word: str) -> str:
    tones = [character for character in word if character in _TONES]
    return "".join(character for character in word if character not in _TONES) + "".join(tones)


def _i_for_y(text: str) -> str:
    return unicodedata.normalize("NFC", _I_OR_Y.sub(r"\1i\2", unicodedata.normalize("NFD", text)))


def _join_prefix(text: str) -> str:
    return re.sub(r"\s*'\s*", "'", unify_apostrophes(text))


EQUAL: Mapping[str, Rewrite] = {
    "unicode_form": lambda text: unicodedata.normalize("NFC", text),
    "spacing": lambda text: " ".join(text.split()),
    "case": lambda text: unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()),
    "apostrophe": _join_prefix,
    "tone_placement": place_tone,
}

REVIEW: Mapping[str, Rewrite] = {
    "hyphen": lambda text: " ".join(text.replace("-", " ").replace("\u2010", " ").split()),
    "stroke_letter": lambda text: text.translate(str.maketrans("ƀɃðÐɖƉ", "bBđĐđĐ")),
    "i_y": _i_for_y,
    "tone_misplaced": _tone_last,
    "joined_words": lambda text: text.replace(" ", ""),
}

WITHOUT_MARKS = "without_marks"


def apply(rules: Sequence[str], text: str) -> str:
    """Return `text` after the named rules, in the order of the tables above."""
    for table in (EQUAL, REVIEW):
        for name, rewrite in table.items():
            if name in rules:
                text = rewrite(text)
    return text


def bare(text: str) -> str:
    """Return lower-case letters without any mark, as old systems print a name."""
    return strip_marks(apply((*EQUAL, "hyphen"), text)).replace("'", "").replace(" ", "")


def has_marks(text: str) -> bool:
    """Tell whether a name carries any letter that an unaccented printer would lose."""
    return strip_marks(text) != unicodedata.normalize("NFD", text)
