"""Proofs: that a receipt's event is in the log, and that the log of today continues the log of yesterday."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.checkpoint import Checkpoint, parse_note
from gateway.audit.failure import (
    CheckpointMissing,
    LogDamaged,
    LogQuestionMalformed,
    NotYetIncluded,
    ReceiptUnknown,
)
from gateway.audit.journal import FoundEvent
from gateway.audit.log import Log, read_hashes
from gateway.audit.merkle import (
    Node,
    consistency_parts,
    inclusion_parts,
    leaf_hash,
    nodes_covering,
    proof_from,
    root_from,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """An RFC 9162 inclusion proof against a signed checkpoint; hashes are 32 bytes."""

    event: FoundEvent
    index: int
    size: int
    leaf_hash: bytes
    root: bytes
    proof: list[bytes]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """An RFC 9162 consistency proof; `note` is the smallest signed checkpoint that covers `size2`."""

    size1: int
    size2: int
    root1: bytes
    root2: bytes
    proof: list[bytes]
    note: str


async def latest_note(log: Log) -> str:
    """Return the newest signed checkpoint. Raises CheckpointMissing."""
    latest = await log.checkpoints.latest()
    if latest is None:
        raise CheckpointMissing
    return latest[1]


async def prove_inclusion(log: Log, receipt: str, size: int | None = None) -> Inclusion:
    """Return the proof for a receipt against the smallest checkpoint that covers it, or against a tree of `size`:
    that of a checkpoint somebody else keeps, such as a witness's.

    Raises ReceiptUnknown, NotYetIncluded (ask again in a second), LogQuestionMalformed (that many entries do not hold
    it, or are not signed yet), LogDamaged (the stored event is not the one the tree holds).
    """
    event = await log.journal.find(receipt)
    if event is None:
        raise ReceiptUnknown
    covering = None if event.index is None else await log.checkpoints.covering(event.index + 1)
    if event.index is None or covering is None:
        raise NotYetIncluded(retry_after=1)
    if size is not None:
        covering = await log.checkpoints.covering(size) if size > event.index else None
        if covering is None:
            raise LogQuestionMalformed("`size` must be a signed size that holds the entry")
    checkpoint, _, _ = parse_note(covering[1])
    size = size or checkpoint.size
    parts, own = inclusion_parts(event.index, size), Node(0, event.index)
    hashes = await read_hashes(
        log.tree, [own, *(node for part in parts for node in part), *nodes_covering(0, size)], size
    )
    hashed, root = leaf_hash(event.leaf), root_from(size, hashes)
    if hashes(own) != hashed or orjson.loads(event.leaf)["receipt"] != receipt:
        raise LogDamaged(operator_detail=f"entry {event.index} is not what the tree holds")
    if size == checkpoint.size:
        _require_root(checkpoint, root)
    return Inclusion(
        event=event,
        index=event.index,
        size=size,
        leaf_hash=hashed,
        root=root,
        proof=proof_from(parts, hashes),
        note=covering[1],
    )


async def prove_consistency(log: Log, size1: int, size2: int | None = None) -> Consistency:
    """Return the proof that the first `size1` entries are a prefix of the first `size2` (default: all signed).

    Raises LogQuestionMalformed, CheckpointMissing, LogDamaged.
    """
    latest = await log.checkpoints.latest()
    if latest is None:
        raise CheckpointMissing
    size2 = latest[0] if size2 is None else size2
    if not 0 < size1 <= size2 <= latest[0]:
        raise LogQuestionMalformed(f"`from` and `to` must satisfy 1 ≤ from ≤ to ≤ {latest[0]}")
    covering = await log.checkpoints.covering(size2)
    parts = consistency_parts(size1, size2)
    needed = [*(node for part in parts for node in part), *nodes_covering(0, size1), *nodes_covering(0, size2)]
    hashes = await read_hashes(log.tree, needed, size2)
    note = covering[1] if covering else latest[1]
    root2 = root_from(size2, hashes)
    if covering and covering[0] == size2:
        _require_root(parse_note(note)[0], root2)
    return Consistency(
        size1=size1,
        size2=size2,
        root1=root_from(size1, hashes),
        root2=root2,
        proof=proof_from(parts, hashes),
        note=note,
    )


def _require_root(checkpoint: Checkpoint, root: bytes) -> None:
    if checkpoint.root != root:
        raise LogDamaged(operator_detail=f"the tree contradicts the checkpoint of size {checkpoint.size}")


def inclusion_members(proof: Inclusion, *, with_leaf: bool) -> dict[str, Any]:
    """Return the wire form of an inclusion proof: what `verify merkle` reads, receipt and checkpoint.

    `with_leaf` adds the event itself, for those it concerns alone.
    """
    members = {
        "kind": "inclusion",
        "receipt": proof.event.receipt,
        "index": proof.index,
        "size": proof.size,
        "leaf_hash": _base64(proof.leaf_hash),
        "root": _base64(proof.root),
        "proof": _base64_list(proof.proof),
        "checkpoint": proof.note,
    }
    if with_leaf:
        members["leaf"] = _base64(proof.event.leaf)
    return members


def consistency_members(proof: Consistency) -> dict[str, Any]:
    """Return the wire form of a consistency proof: what `verify merkle` reads, and a covering checkpoint."""
    return {
        "kind": "consistency",
        "size1": proof.size1,
        "size2": proof.size2,
        "root1": _base64(proof.root1),
        "root2": _base64(proof.root2),
        "proof": _base64_list(proof.proof),
        "checkpoint": proof.note,
    }


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode()


def _base64_list(hashes: Iterable[bytes]) -> list[str]:
    return [_base64(hashed) for hashed in hashes]
