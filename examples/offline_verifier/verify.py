"""Check without the gateway that an entry is in its log: `python verify.py PROOF CHECKPOINT LOG_KEY WITNESS_KEY`

PROOF is what `/v1/log/inclusion?receipt=…&size=…` answered, CHECKPOINT one of that size that a witness has cosigned
(`examples/witness`). Needs Python and `cryptography`. Exit codes: 0 the entry is in the log; 1 that is not proven, and
the rule that failed is named; 2 the command is wrong or a file unreadable. The rules: RFC 9162 §2.1.3.2; C2SP
signed-note, tlog-checkpoint, tlog-cosignature. What is accepted has one form only.
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 1, 4  # signature types of C2SP signed-note: Ed25519, and Ed25519 cosignature/v1
MEMBERS = {"kind", "receipt", "index", "size", "leaf_hash", "root", "proof", "checkpoint", "leaf"}
Key = tuple[str, int, bytes, Ed25519PublicKey]  # whose it is, how it signs, its four-byte name, and the key itself


class Refused(ValueError):
    """The entry is not proven; the text is the rule that failed."""


class Checkpoint(NamedTuple):
    size: int
    root: bytes
    seen_at: datetime
    note: str  # as the log alone signed it


def require(true: bool, rule: str) -> None:
    if not true:
        raise Refused(rule)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "member_twice")
    return dict(pairs)


read = json.JSONDecoder(object_pairs_hook=once, parse_constant=int).decode  # neither a mark, nor NaN


def base64_of(text: Any, rule: str, length: int | None = None) -> bytes:
    """Decode base64 that is written in the one way it can be."""
    try:
        octets = b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Refused(rule) from None
    require(b64encode(octets).decode() == text and length in (None, len(octets)), rule)
    return octets


def read_key(text: str, kind: int) -> Key:
    """Read a verifier key, `name+hash+base64`."""
    name, digest, encoded = [*text.strip().split("+", 2), "", ""][:3]
    octets = base64_of(encoded, "verifier_key", 33)
    own = sha256(f"{name}\n".encode() + octets).digest()[:4]
    require(bool(name) and octets[0] == kind and own.hex() == digest, "verifier_key")
    return name, kind, own, Ed25519PublicKey.from_public_bytes(octets[1:])


def check_signature(key: Key, lines: list[str], signed: str, rule: str) -> int:
    """Check the one signature of a key among a note's lines; return a witness's time in seconds."""
    name, kind, own, public = key
    found = [base64_of(line.rpartition(" ")[2], rule) for line in lines if line.startswith(f"— {name} ")]
    require(len(found) == 1 and found[0][:4] == own, rule)
    stamp, signature = (found[0][4:12], found[0][12:]) if kind == WITNESS else (b"", found[0][4:])
    seconds = int.from_bytes(stamp, "big")
    try:
        public.verify(signature, (f"cosignature/v1\ntime {seconds}\n" * (kind == WITNESS) + signed).encode())
    except InvalidSignature:
        raise Refused(rule) from None
    return seconds


def open_checkpoint(text: str, log: Key, witness: Key) -> Checkpoint:
    """Check both signatures of a cosigned checkpoint."""
    body, found, trailer = text.partition("\n\n")
    lines, signed = body.split("\n"), body + "\n"
    require(bool(found) and trailer.endswith("\n") and len(lines) == 3 and lines[0] == log[0], "checkpoint")
    signatures = trailer[:-1].split("\n")
    require(all(line.startswith("— ") for line in signatures) and str(int(lines[1])) == lines[1], "checkpoint")
    check_signature(log, signatures, signed, "log_signature")
    seen_at = datetime.fromtimestamp(check_signature(witness, signatures, signed, "witness_signature"), UTC)
    logs_own = [f"{line}\n" for line in signatures if not line.startswith(f"— {witness[0]} ")]
    return Checkpoint(int(lines[1]), base64_of(lines[2], "checkpoint"), seen_at, "".join((signed, "\n", *logs_own)))


def root_of(hashed: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that a path leads to (RFC 9162 §2.1.3.2)."""
    position, last = index, size - 1
    require(0 <= index <= last, "index")
    for sibling in path:
        require(last > 0, "path_length")
        on_left = position & 1 or position == last
        hashed = sha256(b"\x01" + (sibling + hashed if on_left else hashed + sibling)).digest()
        while on_left and not position & 1 and position:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
    require(last == 0, "path_length")
    return hashed


def verify(proof: Any, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the event that the proof is about. Raises Refused, naming the rule that failed."""
    require(type(proof) is dict and set(proof) == MEMBERS, "members")
    index, size, path = proof["index"], proof["size"], proof["proof"]
    types = [type(one) for one in (index, size, path, proof["receipt"])]
    require(proof["kind"] == "inclusion" and types == [int, int, list, str], "form")
    require((size, proof["checkpoint"]) == (checkpoint.size, checkpoint.note), "other_checkpoint")
    leaf, hashed = base64_of(proof["leaf"], "leaf"), base64_of(proof["leaf_hash"], "leaf_hash")
    require(sha256(b"\x00" + leaf).digest() == hashed, "leaf_hash")
    root = root_of(hashed, index, size, [base64_of(one, "path", 32) for one in path])
    require(base64_of(proof["root"], "root") == checkpoint.root == root, "root")
    event: dict[str, Any] = read(leaf.decode())
    require(type(event) is dict and event.get("receipt") == proof["receipt"], "receipt")
    return event


def main() -> int:
    """Read the files and say what is true of them."""
    asked = argparse.ArgumentParser(prog="verify", description="Check that an entry is in the evidence log.")
    for name in ("proof", "checkpoint", "log_key", "witness_key"):
        asked.add_argument(name)
    given = asked.parse_args()
    try:
        files = [Path(name).read_bytes() for name in (given.proof, given.checkpoint)]
        keys = read_key(given.log_key, LOG), read_key(given.witness_key, WITNESS)
        checkpoint = open_checkpoint(files[1].decode(), *keys)
        event = verify(read(files[0].decode()), checkpoint)
    except OSError as trouble:
        sys.stderr.write(f"cannot read `{trouble.filename}`: {trouble.strerror}\n")
        return 2
    except (ValueError, OverflowError, RecursionError) as refused:
        sys.stdout.write(f"refused: {refused if isinstance(refused, Refused) else 'form'}\n")
        return 1
    sys.stdout.write(f"{json.dumps(event)}\n")
    sys.stderr.write(f"in the log of {checkpoint.size} entries that {keys[1][0]} saw at {checkpoint.seen_at}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
