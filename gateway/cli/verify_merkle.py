"""`gate06 verify merkle`: RFC 9162 inclusion and consistency proofs, the same code as the service (design.md §15)."""

from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict, StrictInt

from gateway.audit.merkle import InvalidProof, check_consistency, check_inclusion, leaf_hash
from gateway.cli.pure_check import run_check


class InclusionAsked(BaseModel):
    """An inclusion proof; one of `leaf` and `leaf_hash` is given (both: they must agree)."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["inclusion"]
    leaf: str | None = None
    leaf_hash: str | None = None
    index: StrictInt
    size: StrictInt
    root: str
    proof: list[str] | None = None

    def check(self) -> None:
        """Check the proof. Raises InvalidProof, or ValueError when neither leaf nor hash is given."""
        if self.leaf is None and self.leaf_hash is None:
            raise ValueError("one of `leaf` and `leaf_hash` is needed")
        hashes = [_octets(self.leaf_hash)] if self.leaf_hash is not None else []
        if self.leaf is not None:
            hashes.append(leaf_hash(_octets(self.leaf)))
        if len(set(hashes)) != 1:
            raise InvalidProof("leaf_hash")
        check_inclusion(hashes[0], self.index, self.size, _all_octets(self.proof), _octets(self.root))


class ConsistencyAsked(BaseModel):
    """A consistency proof between two sizes."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["consistency"]
    size1: StrictInt
    size2: StrictInt
    root1: str
    root2: str
    proof: list[str] | None = None

    def check(self) -> None:
        """Check the proof. Raises InvalidProof."""
        roots = _octets(self.root1), _octets(self.root2)
        check_consistency(self.size1, self.size2, *roots, _all_octets(self.proof))


def check_merkle(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Answer {valid, rule}: the failed rule or null.

    Raises ValueError for an input that is no question (unknown kind, a member missing or of another type).
    """
    models: dict[Any, type[InclusionAsked | ConsistencyAsked]] = {
        "inclusion": InclusionAsked,
        "consistency": ConsistencyAsked,
    }
    kind = asked.get("kind")
    model = models.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ValueError("`kind` must be `inclusion` or `consistency`")
    question = model.model_validate(asked)
    try:
        question.check()
    except InvalidProof as invalid:
        return {"valid": False, "rule": invalid.rule}, False
    return {"valid": True, "rule": None}, True


def merkle(
    batch: Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")] = False,
    at: Annotated[str | None, typer.Option("--at", hidden=True, help="Accepted as by every check.")] = None,
) -> None:
    """Check a Merkle proof read from stdin: {kind: inclusion, …} or {kind: consistency, …}, base64 hashes."""
    run_check(check_merkle, batch=batch)


def _octets(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise InvalidProof("base64") from None


def _all_octets(texts: list[str] | None) -> list[bytes]:
    return [_octets(text) for text in texts or []]
