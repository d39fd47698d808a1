"""How much of a value a page shows before the person asks to see it: the catalogue's `mask` rules.

The middle is hidden, never both ends of a short value: what is too short to have a middle is hidden whole.
"""

from collections.abc import Callable

from gateway.policy.catalogue import MaskRule

DOT = "•"


def mask_text(rule: MaskRule, text: str) -> str:
    """Return the display text of a value with its middle hidden. A blank text stays as it is."""
    return _RULES[rule](text) if text.strip() else text


def _ends(text: str, head: int, tail: int) -> str:
    if len(text) < 2 * (head + tail):
        return DOT * len(text)
    return text[:head] + DOT * (len(text) - head - tail) + text[len(text) - tail :]


def _name(text: str) -> str:
    # one letter of each word but the last: enough for the person to know it is them, too little to read
    words = text.split()
    hidden = [word[0] + DOT * (len(word) - 1) for word in words[:-1]]
    last = words[-1] if len(words) > 1 else _ends(words[-1], 1, 0)
    return " ".join([*hidden, last])


def _date(text: str) -> str:
    # day and month hidden, the year shown: `••/••/1975`, and a year alone stays
    day_and_month, slash, year = text.rpartition("/")
    return "".join(DOT if letter.isdigit() else letter for letter in day_and_month) + slash + year


def _address(text: str) -> str:
    # commune and province shown, house and street hidden
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 3:
        return DOT * 6 if len(parts) == 1 else f"{DOT * 6}, {parts[-1]}"
    return ", ".join([DOT * 6, *parts[-2:]])


def _email(text: str) -> str:
    local, at, host = text.partition("@")
    return local[:1] + DOT * (len(local) - 1) + at + host if at else DOT * len(text)


_RULES: dict[MaskRule, Callable[[str], str]] = {
    "name": _name,
    "number": lambda text: _ends(text, 3, 3),
    "date": _date,
    "address": _address,
    "phone": lambda text: _ends(text, 2, 3),
    "email": _email,
    "hidden": lambda text: DOT * 6,
    "shown": lambda text: text,
}
