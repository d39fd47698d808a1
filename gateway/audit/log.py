"""The log as its parts see it: the stores it stands on and a reader of hashes that checks what it is given."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.audit.failure import LogDamaged
from gateway.audit.journal import Checkpoints, Journal, Leases, TileAddress, Tree
from gateway.audit.merkle import HASH_LENGTH, Hashes, Node, nodes_covering, perfect_root, root_from, tile_of, tile_width


@dataclass(frozen=True, slots=True)
class Log:
    """The four stores of the log (one object may be all of them)."""

    journal: Journal
    tree: Tree
    checkpoints: Checkpoints
    leases: Leases


async def read_hashes(tree: Tree, nodes: Iterable[Node], size: int) -> Hashes:
    """Return a look-up of `nodes`, read in one round trip, in a tree of at least `size` leaves.

    Raises LogDamaged when a tile is missing or shorter than `size` demands.
    """
    wanted = list(nodes)
    addresses = list(dict.fromkeys(tile_of(node)[0] for node in wanted))
    tiles = await read_tiles(tree, addresses, size)
    known: dict[Node, bytes] = {}
    for node in wanted:
        address, first, last = tile_of(node)
        known[node] = perfect_root(tiles[address][first * HASH_LENGTH : last * HASH_LENGTH])
    return known.__getitem__


async def read_tiles(tree: Tree, addresses: list[TileAddress], size: int) -> dict[TileAddress, bytes]:
    """Return tiles cut to the width they have in a tree of `size` leaves (a stored tile may have grown since)."""
    tiles: dict[TileAddress, bytes] = {}
    for address, stored in zip(addresses, await tree.tiles(addresses) if addresses else [], strict=True):
        length = tile_width(address, size) * HASH_LENGTH
        if stored is None or len(stored) < length:
            raise LogDamaged(operator_detail=f"tile {address.level}/{address.number} is shorter than the tree")
        tiles[address] = bytes(stored[:length])
    return tiles


async def read_root(tree: Tree, size: int) -> bytes:
    """Return the root of the first `size` leaves. Raises LogDamaged."""
    return root_from(size, await read_hashes(tree, nodes_covering(0, size), size))
