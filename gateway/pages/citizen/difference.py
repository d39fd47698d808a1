"""What was registered against what was received, character by character, for the developer's eyes."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from markupsafe import Markup

Row = tuple[str, str]


def mark_difference(registered: str, received: str) -> tuple[Markup, Markup, int]:
    """Return both texts with the differing runs in `<mark>`, and where the first difference is (from 1; 0: none)."""
    left, right, first = Markup(), Markup(), 0
    for kind, start, end, other_start, other_end in SequenceMatcher(
        None, registered, received, autojunk=False
    ).get_opcodes():
        mine, theirs = registered[start:end], received[other_start:other_end]
        if kind == "equal":
            left, right = left + mine, right + theirs
            continue
        first = first or min(start, other_start) + 1
        left += Markup("<mark>{}</mark>").format(mine or "∅")
        right += Markup("<mark>{}</mark>").format(theirs or "∅")
    return left, right, first


def explain_rows(rows: Sequence[Row]) -> tuple[tuple[tuple[str, str | Markup], ...], int | None]:
    """Return the developer's rows, with `registered` and `received` marked against each other.

    Of several registered values the nearest to what was received is compared. The second part is where they
    first differ, None when there is nothing to compare.
    """
    registered = [value for label, value in rows if label.startswith("registered")]
    received = next((value for label, value in rows if label.startswith("received")), None)
    if not registered or received is None:
        return tuple(rows), None
    nearest = max(registered, key=lambda value: SequenceMatcher(None, value, received, autojunk=False).ratio())
    left, right, first = mark_difference(nearest, received)
    marked: list[tuple[str, str | Markup]] = []
    for label, value in rows:
        if label.startswith("registered") and value == nearest:
            marked.append((label, left))
        elif label.startswith("received"):
            marked.append((label, right))
        else:
            marked.append((label, value))
    return tuple(marked), first
