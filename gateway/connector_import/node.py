"""What an answer or a question looks like, whatever language describes it: a tree of named parts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Kind = Literal["object", "text", "truth", "file"]
Path = tuple[str, ...]

MOST_NODES = 2_000
DEEPEST = 12


class Alternative(NamedTuple):
    """Of which choice a part is, and which of its alternatives it belongs to; `wanted` when one of them must stand
    there, `required` when this part must where its alternative is taken."""

    choice: int
    number: int
    wanted: bool
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One part. `many` when it may stand several times, `nillable` when it may say that it is nothing, `form` the
    description's own word for its format, `values` what it may be, `example` one value of it. `namespace` and `one_of`
    are of XML alone, where a text may have attributes as children (`@name`). `cut` says why nothing below it was
    followed."""

    name: str
    kind: Kind = "text"
    children: tuple["Node", ...] = ()
    many: bool = False
    required: bool = False
    nillable: bool = False
    form: str = ""
    values: tuple[str, ...] = ()
    example: Any = None
    text: str = ""
    namespace: str = ""
    longest: int | None = None
    one_of: Alternative | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A part and the way to it from the root (the root's own name left out); `several` when some part of the way may
    stand several times."""

    path: Path
    node: Node
    several: bool = False


@dataclass(slots=True)
class Budget:
    """How many parts a description may unfold into: a few lines of references can become a million parts."""

    left: int = MOST_NODES
    notes: list[str] = field(default_factory=list)

    def spend(self) -> bool:
        """Take one; False when none is left."""
        self.left -= 1
        return self.left >= 0


def places(root: Node, path: Path = (), *, several: bool = False) -> Iterator[Place]:
    """Yield every part below a root, nearer ones first within each branch."""
    for child in root.children:
        here = (*path, child.name)
        yield Place(here, child, several or child.many)
        yield from places(child, here, several=several or child.many)


def at(root: Node, path: Path) -> Node:
    """Return the part at the end of a way."""
    found = root
    for name in path:
        found = next(child for child in found.children if child.name == name)
    return found
