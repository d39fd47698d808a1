"""The Merkle tree of RFC 6962 / RFC 9162 §2.1, kept as C2SP tlog-tiles of height 8. Pure: no I/O, no clock.

A *node* is a perfect subtree: `Node(level, number)` covers the 2^level leaves from `number * 2^level`. Tile level L
holds nodes of level 8L, 256 per tile. Every hash a proof needs folds from such nodes, so a proof reads a handful
of tiles, whatever the size of the log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from gateway.audit.journal import TileAddress

HASH_LENGTH = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_LENGTH = TILE_WIDTH * HASH_LENGTH
EMPTY_ROOT = sha256(b"").digest()


class Node(NamedTuple):
    """A perfect subtree of 2^level leaves, the `number`-th of its level."""

    level: int
    number: int


Hashes = Callable[[Node], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 || leaf) (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right) (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: bytes) -> bytes:
    """Return the root over 2^k concatenated hashes."""
    level = [hashes[i : i + HASH_LENGTH] for i in range(0, len(hashes), HASH_LENGTH)]
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return level[0]


def nodes_covering(start: int, end: int) -> list[Node]:
    """Return the perfect subtrees, left to right, whose right-to-left fold is MTH(D[start:end]).

    `start` is a multiple of the smallest power of two that is at least `end - start`, as in every RFC 9162 split.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over neighbouring perfect subtrees, folded from the right."""
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = sha256(b"\x01" + left + folded).digest()
    return folded


def root_from(size: int, hashes: Hashes) -> bytes:
    """Return the root of the first `size` leaves."""
    return fold([hashes(node) for node in nodes_covering(0, size)]) if size else EMPTY_ROOT


def inclusion_parts(index: int, size: int) -> list[list[Node]]:
    """Return, leaf side first, the nodes each hash of PATH(index, D[size]) folds from (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"index {index} is not in a tree of size {size}")
    parts: list[list[Node]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append(nodes_covering(middle, end))
            end = middle
        else:
            parts.append(nodes_covering(start, middle))
            start = middle
    return parts[::-1]


def consistency_parts(size1: int, size2: int) -> list[list[Node]]:
    """Return the nodes each hash of PROOF(size1, D[size2]) folds from (RFC 9162 §2.1.4.1)."""
    if not 0 < size1 <= size2:
        raise ValueError(f"no consistency proof from size {size1} to {size2}")
    parts: list[list[Node]] = []
    start, end, whole = 0, size2, True
    while end > size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            parts.append(nodes_covering(middle, end))
            end = middle
        else:
            parts.append(nodes_covering(start, middle))
            start, whole = middle, False
    if not whole:
        parts.append(nodes_covering(start, end))
    return parts[::-1]


def proof_from(parts: Iterable[Sequence[Node]], hashes: Hashes) -> list[bytes]:
    """Return a proof whose nodes are known."""
    return [fold([hashes(node) for node in part]) for part in parts]


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


class InvalidProof(ValueError):
    """A proof does not prove; `rule` names what failed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def check_inclusion(hashed: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof (RFC 9162 §2.1.3.2). Raises InvalidProof."""
    if not 0 <= index < size:
        raise InvalidProof("index_in_tree")
    _require_lengths([hashed, *proof, root])
    position, last, computed = index, size - 1, hashed
    for sibling in proof:
        if last == 0:
            raise InvalidProof("proof_length")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise InvalidProof("proof_length")
    if computed != root:
        raise InvalidProof("root")


def check_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Check a consistency proof (RFC 9162 §2.1.4.2); an empty tree is a prefix of every tree. Raises InvalidProof."""
    if not 0 <= size1 <= size2:
        raise InvalidProof("size_order")
    _require_lengths([root1, root2, *proof])
    if (size1 == 0 and root1 != EMPTY_ROOT) or (size2 == 0 and root2 != EMPTY_ROOT):
        raise InvalidProof("empty_root")
    if size1 in (0, size2):
        if proof:
            raise InvalidProof("proof_length")
        if size1 == size2 and root1 != root2:
            raise InvalidProof("root1")
        return
    _fold_consistency(size1, size2, root1, root2, list(proof))


def _fold_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes]) -> None:
    if not proof:
        raise InvalidProof("proof_length")
    if size1 & (size1 - 1) == 0:  # a perfect old tree is itself the first subtree
        proof = [root1, *proof]
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise InvalidProof("proof_length")
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise InvalidProof("proof_length")
    if old != root1:
        raise InvalidProof("root1")
    if new != root2:
        raise InvalidProof("root2")


def _require_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(hashed) != HASH_LENGTH for hashed in hashes):
        raise InvalidProof("hash_length")


class RightEdge:
    """The perfect subtrees along the right edge: appends leaf hashes and knows the root, in O(log n) memory."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, hashed: bytes) -> None:
        """Add the hash of one more leaf."""
        peaks, size = self._peaks, self.size
        while size & 1:
            hashed = sha256(b"\x01" + peaks.pop() + hashed).digest()
            size >>= 1
        peaks.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of everything appended so far."""
        return fold(self._peaks) if self._peaks else EMPTY_ROOT


def tile_of(node: Node) -> tuple[TileAddress, int, int]:
    """Return the tile a node is computed from, and its first and last (exclusive) hash there."""
    height = node.level % TILE_HEIGHT
    first = node.number << height
    offset = first % TILE_WIDTH
    return TileAddress(node.level // TILE_HEIGHT, first // TILE_WIDTH), offset, offset + (1 << height)


def edge_addresses(size: int) -> list[TileAddress]:
    """Return the partial tiles at the right edge of a tree of `size` leaves, from level 0 up."""
    addresses, level, width = [], 0, size
    while width:
        if width % TILE_WIDTH:
            addresses.append(TileAddress(level, width // TILE_WIDTH))
        level, width = level + 1, width // TILE_WIDTH
    return addresses


def tile_width(address: TileAddress, size: int) -> int:
    """Return how many hashes (0 to 256) a tile has in a tree of `size` leaves."""
    held = (size >> (TILE_HEIGHT * address.level)) - address.number * TILE_WIDTH
    return max(0, min(TILE_WIDTH, held))


def extend_edge(
    size: int, edge: Mapping[TileAddress, bytes], leaf_hashes: Sequence[bytes]
) -> tuple[dict[TileAddress, bytes], dict[TileAddress, bytes]]:
    """Append leaf hashes to the right edge of a tree of `size` leaves.

    Returns every tile that changed, whole, and the new right edge (`edge_addresses` of the new size).
    """
    changed: dict[TileAddress, bytes] = {}
    arriving, level = b"".join(leaf_hashes), 0
    while arriving:
        first = size >> (TILE_HEIGHT * level)
        number = first // TILE_WIDTH
        kept = edge[TileAddress(level, number)] if first % TILE_WIDTH else b""
        row = kept + arriving
        full_roots = []
        for start in range(0, len(row), TILE_LENGTH):
            tile = row[start : start + TILE_LENGTH]
            changed[TileAddress(level, number + start // TILE_LENGTH)] = tile
            if len(tile) == TILE_LENGTH:
                full_roots.append(perfect_root(tile))
        arriving, level = b"".join(full_roots), level + 1
    known = {**edge, **changed}
    return changed, {address: known[address] for address in edge_addresses(size + len(leaf_hashes))}


def edge_hashes(edge: Mapping[TileAddress, bytes]) -> Hashes:
    """Return the look-up of right-edge nodes, for `root_from`."""

    def look_up(node: Node) -> bytes:
        address, first, last = tile_of(node)
        return perfect_root(edge[address][first * HASH_LENGTH : last * HASH_LENGTH])

    return look_up
