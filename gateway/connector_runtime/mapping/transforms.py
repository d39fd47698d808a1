"""What may be done to a text between the source and the form: a closed list, each one a function of one text.

Every text is brought to NFC and trimmed without being told to. A new transform is a line here and in the guide.
"""

from collections.abc import Callable, Mapping

Transform = Callable[[str], str]


def collapse_spaces(text: str) -> str:
    """Return the text with runs of white space as one space."""
    return " ".join(text.split())


def given_name_first(text: str) -> str:
    """Return a name that a source writes given name first (`Sỹ Hoàng Văn`) in the order of its people."""
    first, _, rest = collapse_spaces(text).partition(" ")
    return f"{rest} {first}" if rest else first


def without_leading_zeros(text: str) -> str:
    """Return a code without zeros in front; a code of zeros alone is `0`."""
    return text.lstrip("0") or ("0" if text else "")


def without_separators(text: str) -> str:
    """Return a code without white space, dots, dashes and slashes."""
    return "".join(one for one in text if not one.isspace() and one not in ".-/")


TRANSFORMS: Mapping[str, Transform] = {
    "collapse_spaces": collapse_spaces,
    "given_name_first": given_name_first,
    "lower": str.lower,
    "upper": str.upper,
    "without_leading_zeros": without_leading_zeros,
    "without_separators": without_separators,
}
