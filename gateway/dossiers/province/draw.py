"""Dealing: every count is met exactly, the order is chance's alone; nothing grows with the number of things dealt."""

from collections.abc import Hashable, Mapping
from random import Random
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=Hashable)


class Draw(Generic[Kind]):
    """A heap of things of several kinds from which one is taken at a time."""

    def __init__(self, counts: Mapping[Kind, int], chance: Random) -> None:
        self._kinds = tuple(counts)
        self._left = list(counts.values())
        self._total = sum(self._left)
        self._chance = chance

    def take(self) -> Kind:
        """Take one. Raises IndexError when nothing is left."""
        if not self._total:
            raise IndexError("nothing is left to take")
        place = 0
        at = int(self._chance.random() * self._total)
        while at >= self._left[place]:
            at -= self._left[place]
            place += 1
        self._left[place] -= 1
        self._total -= 1
        return self._kinds[place]


def apportion(counts: Mapping[Kind, int], total: int) -> dict[Kind, int]:
    """Scale counts so that they add up to `total`, by the largest remainders (of equal ones the first)."""
    whole = sum(counts.values())
    if not whole:
        return dict.fromkeys(counts, 0)
    shares = {kind: count * total // whole for kind, count in counts.items()}
    rest = total - sum(shares.values())
    by_remainder = sorted(counts, key=lambda kind: -(counts[kind] * total % whole))
    for kind in by_remainder[:rest]:
        shares[kind] += 1
    return shares


def yes_no(yes: int, of: int, total: int, chance: Random) -> Draw[bool]:
    """Return a heap of `total` answers, of which the share `yes` / `of` is yes."""
    return Draw(apportion({True: yes, False: of - yes}, total), chance)
