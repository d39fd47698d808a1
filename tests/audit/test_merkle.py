"""Laws of the tree, against naive recomputation written straight from RFC 9162 §2.1."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.journal import TileAddress
from gateway.audit.merkle import (
    EMPTY_ROOT,
    InvalidProof,
    Node,
    RightEdge,
    check_consistency,
    check_inclusion,
    consistency_parts,
    edge_addresses,
    edge_hashes,
    extend_edge,
    inclusion_parts,
    leaf_hash,
    perfect_root,
    proof_from,
    root_from,
    tile_of,
    tile_width,
)

MOST = 300
LEAVES = [leaf_hash(str(number).encode()) for number in range(1200)]


def naive_root(hashes):
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


def naive_path(index, hashes):
    if len(hashes) == 1:
        return []
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if index < split:
        return [*naive_path(index, hashes[:split]), naive_root(hashes[split:])]
    return [*naive_path(index - split, hashes[split:]), naive_root(hashes[:split])]


def naive_consistency(size1, hashes, whole=True):
    if size1 == len(hashes):
        return [] if whole else [naive_root(hashes)]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if size1 <= split:
        return [*naive_consistency(size1, hashes[:split], whole), naive_root(hashes[split:])]
    return [*naive_consistency(size1 - split, hashes[split:], False), naive_root(hashes[:split])]


class Known:
    """Hashes of nodes, remembered."""

    def __init__(self):
        self.kept = {}

    def __call__(self, node: Node) -> bytes:
        if node not in self.kept:
            start = node.number << node.level
            self.kept[node] = perfect_root(b"".join(LEAVES[start : start + (1 << node.level)]))
        return self.kept[node]


HASHES = Known()
ROOTS = [naive_root(LEAVES[:size]) for size in range(MOST + 1)]


def test_known_answers_of_the_standard():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_roots_equal_naive_recomputation():
    edge = RightEdge()
    for size in range(MOST + 1):
        assert root_from(size, HASHES) == ROOTS[size] == edge.root()
        edge.append(LEAVES[size])


def test_every_inclusion_proof_up_to_300():
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = proof_from(inclusion_parts(index, size), HASHES)
            check_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            if size % 37 == 0 or size < 20:
                assert proof == naive_path(index, LEAVES[:size])


def test_every_consistency_proof_up_to_300():
    for size2 in range(1, MOST + 1):
        for size1 in range(1, size2 + 1):
            proof = proof_from(consistency_parts(size1, size2), HASHES)
            check_consistency(size1, size2, ROOTS[size1], ROOTS[size2], proof)
            if size2 % 37 == 0 or size2 < 20:
                assert proof == naive_consistency(size1, LEAVES[:size2])


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 600), st.data())
def test_no_changed_inclusion_proof_is_believed(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = proof_from(inclusion_parts(index, size), HASHES)
    root = root_from(size, HASHES)
    check_inclusion(LEAVES[index], index, size, proof, root)
    wrong = []
    for place in range(len(proof)):
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        wrong.append((LEAVES[index], index, size, [*proof[:place], flipped, *proof[place + 1 :]], root))
        wrong.append((LEAVES[index], index, size, proof[:place] + proof[place + 1 :], root))
    wrong.append((LEAVES[index], index, size, [*proof, LEAVES[0]], root))
    wrong.append((LEAVES[index], index, size, [LEAVES[0], *proof], root))
    wrong.append((LEAVES[index + 1], index, size, proof, root))
    wrong.append((LEAVES[index], size, size, proof, root))
    wrong.append((LEAVES[index], -1, size, proof, root))
    wrong.append((LEAVES[index], index, size, proof, EMPTY_ROOT))
    wrong.append((LEAVES[index][:31], index, size, proof, root))
    if size > 1:
        wrong.append((LEAVES[index], index ^ 1, size, proof, root))
    for case in wrong:
        with pytest.raises(InvalidProof):
            check_inclusion(*case)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 600), st.data())
def test_no_changed_consistency_proof_is_believed(size2, data):
    size1 = data.draw(st.integers(1, size2 - 1))
    proof = proof_from(consistency_parts(size1, size2), HASHES)
    root1, root2 = root_from(size1, HASHES), root_from(size2, HASHES)
    wrong = [
        (size1, size2, root2, root1, proof),
        (size1, size2, root1, root1, proof),
        (size2, size1, root2, root1, proof),
        (size1, size1, root1, root1, [LEAVES[0]]),
        (size1, size1, root1, root2, []),
        (0, size2, root1, root2, []),
        (size1, size2, root1, root2, []),
        (size1, size2, root1, root2, [*proof, LEAVES[0]]),
        (size1, size2, root1, root2, [LEAVES[0], *proof]),
        (size1, size2, root1, root2, proof[:-1]),
        (size1, size2, root1, root2, proof[1:]),
    ]
    for place in range(len(proof)):
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        wrong.append((size1, size2, root1, root2, [*proof[:place], flipped, *proof[place + 1 :]]))
    for case in wrong:
        with pytest.raises(InvalidProof):
            check_consistency(*case)


def test_an_empty_log_is_a_prefix_of_every_log():
    check_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    check_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [])
    with pytest.raises(InvalidProof):
        check_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [LEAVES[0]])
    with pytest.raises(InvalidProof):
        check_consistency(0, 0, ROOTS[5], ROOTS[5], [])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_tiles_grow_from_the_right_edge_alone(batches):
    tiles, edge, size = {}, {}, 0
    for count in batches:
        count = min(count, len(LEAVES) - size)
        changed, edge = extend_edge(size, edge, LEAVES[size : size + count])
        tiles.update(changed)
        size += count
        assert sorted(edge) == sorted(edge_addresses(size))
        assert root_from(size, edge_hashes(edge)) == root_from(size, HASHES)
    for address, tile in tiles.items():
        assert len(tile) == 32 * tile_width(address, size)
        for place in range(len(tile) // 32):
            node = Node(8 * address.level, address.number * 256 + place)
            assert tile[place * 32 : place * 32 + 32] == HASHES(node)


def test_tiles_of_three_levels_without_hashing_every_leaf():
    size = 256**3 - 1
    leaves = [sha256(bytes([number])).digest() for number in range(3)]
    edge = {address: b"\x07" * 32 * tile_width(address, size) for address in edge_addresses(size)}
    assert len(edge) == 3
    changed, after = extend_edge(size, edge, leaves)
    assert set(changed) == {
        TileAddress(0, 256**2 - 1), TileAddress(0, 256**2), TileAddress(1, 255), TileAddress(2, 0), TileAddress(3, 0)
    }  # fmt: skip
    assert len(changed[TileAddress(3, 0)]) == 32
    assert set(after) == {TileAddress(0, 256**2), TileAddress(3, 0)}


def test_a_node_lies_in_one_tile():
    assert tile_of(Node(0, 300)) == (TileAddress(0, 1), 44, 45)
    assert tile_of(Node(7, 3)) == (TileAddress(0, 1), 128, 256)
    assert tile_of(Node(8, 3)) == (TileAddress(1, 0), 3, 4)
    assert tile_of(Node(10, 65)) == (TileAddress(1, 1), 4, 8)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_no_proof_for_what_is_not_there(index, size):
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_parts(index, size)


@pytest.mark.parametrize(("size1", "size2"), [(0, 3), (4, 3), (-1, 2)])
def test_no_consistency_for_impossible_sizes(size1, size2):
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_parts(size1, size2)
