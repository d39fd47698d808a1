"""A witness of an evidence log, run by somebody who does not run the gateway.

    python witness.py init --name witness.example.vn/1 --key witness.key       make a key, print its public half
    python witness.py follow --log URL --log-key KEY --key witness.key --name witness.example.vn/1 --state FOLDER

It fetches the log's newest checkpoint, has the log prove that it continues the last one seen here, remembers it, and
only then cosigns it (C2SP tlog-cosignature, Ed25519 `cosignature/v1`) into `FOLDER/checkpoint`. A log that shows
another past (fork) or a shorter one (rollback) is refused: nothing is cosigned, what was shown is kept in `FOLDER` as
evidence, and the exit code says so. Needs Python and the package `cryptography`; reads nothing of a citizen.

Exit codes: 0 cosigned; 2 the command is wrong; 3 key or state cannot be used; 6 the log does not answer; 7 refused.
"""

import argparse
import fcntl
import json
import os
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_KEY, WITNESS_KEY = b"\x01", b"\x04"
"""Signature types of C2SP signed-note: a log's Ed25519, and a witness's Ed25519 cosignature/v1."""
_DASH = "— "
_LONGEST_ANSWER = 65_536


class Unusable(Exception):
    """A key or the state cannot be used (exit 3)."""


class Unreachable(Exception):
    """The log does not answer, or not with what it should (exit 6)."""


class Contradiction(Exception):
    """The log contradicts what this witness has seen (exit 7). `kind` is fork, rollback, signature or proof."""

    def __init__(self, kind: str, sentence: str, evidence: dict[str, Any]) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind
        self.evidence = evidence


@dataclass(frozen=True)
class Seen:
    """A checkpoint: origin, size, root (32 bytes), and the note that the log signed."""

    origin: str
    size: int
    root: bytes
    note: str

    @property
    def body(self) -> str:
        """The signed lines."""
        return self.note.partition("\n\n")[0] + "\n"


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """Return the four bytes that name a key in a signature line (C2SP signed-note)."""
    return sha256(f"{name}\n".encode() + kind + public).digest()[:4]


def verifier_key(name: str, kind: bytes, public: bytes) -> str:
    """Return a public key as owners of logs and witnesses exchange it."""
    return f"{name}+{key_id(name, kind, public).hex()}+{b64encode(kind + public).decode()}"


def read_log_keys(texts: list[str]) -> dict[tuple[str, bytes], Ed25519PublicKey]:
    """Read the log's verifier keys: the present one, and earlier ones after it was replaced. Raises Unusable."""
    keys: dict[tuple[str, bytes], Ed25519PublicKey] = {}
    for text in texts:
        name, _, rest = text.strip().partition("+")
        try:
            octets = b64decode(rest.partition("+")[2], validate=True)
            keys[name, key_id(name, LOG_KEY, octets[1:])] = Ed25519PublicKey.from_public_bytes(octets[1:])
        except ValueError:
            raise Unusable("a log key is not `name+hash+base64`") from None
        if verifier_key(name, LOG_KEY, octets[1:]) != text.strip():
            raise Unusable("a log key is damaged: its hash is not that of the key")
    if len({name for name, _ in keys}) != 1:
        raise Unusable("all keys must be of one log")
    return keys


def open_note(note: str, keys: dict[tuple[str, bytes], Ed25519PublicKey]) -> Seen:
    """Return the checkpoint in a note that one of the log's keys signed. Raises Contradiction."""
    body, _, trailer = note.partition("\n\n")
    refused = Contradiction("signature", "the checkpoint is not signed by the log's key", {"shown": note})
    try:
        origin, size, root = body.split("\n")[:3]
        seen = Seen(origin, int(size), b64decode(root, validate=True), note)
        lines = [line.removeprefix(_DASH).partition(" ")[::2] for line in trailer.splitlines()]
        signatures = [(name, b64decode(encoded, validate=True)) for name, encoded in lines]
    except ValueError:
        raise refused from None
    for name, octets in signatures:
        key = keys.get((name, octets[:4]))
        if key is not None and name == origin and len(seen.root) == 32 and str(seen.size) == size:
            try:
                key.verify(octets[4:], seen.body.encode())
            except InvalidSignature:
                raise refused from None
            return seen
    raise refused


class LogOverHttp:
    """The log as anybody can ask it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._opener = build_opener(ProxyHandler({})) if url.startswith("http://127.") else build_opener()

    def checkpoint(self) -> str:
        """Return the newest note. Raises Unreachable."""
        return self._ask("/v1/log/checkpoint").decode("utf-8", "replace")

    def consistency(self, size1: int, size2: int) -> dict[str, Any]:
        """Return what the log says to prove that size2 continues size1. Raises Unreachable."""
        try:
            answer = json.loads(self._ask(f"/v1/log/consistency?{urlencode({'from': size1, 'to': size2})}"))
        except HTTPError as refused:
            return {"status": refused.code}  # a log that cannot prove is treated as one that will not
        except ValueError:
            raise Unreachable("the log answers no JSON") from None
        return answer if isinstance(answer, dict) else {}

    def _ask(self, path: str) -> bytes:
        try:
            with self._opener.open(f"{self._url}{path}", timeout=20) as answer:
                return bytes(answer.read(_LONGEST_ANSWER))
        except HTTPError as refused:
            if path.startswith("/v1/log/consistency") and refused.code in {400, 404, 409, 422}:
                raise
            raise Unreachable(f"the log answers {refused.code}") from None
        except OSError as trouble:
            raise Unreachable(f"the log does not answer ({type(trouble).__name__})") from None


def check_continues(before: Seen, now: Seen, log: LogOverHttp) -> None:
    """Check that a checkpoint continues the one before. Raises Contradiction, Unreachable."""
    evidence: dict[str, Any] = {"seen": before.note, "shown": now.note}
    if now.origin != before.origin:
        raise Contradiction("fork", "the checkpoint is another log's", evidence)
    if now.size < before.size:
        sentence = f"the log had {before.size} entries and now shows {now.size}"
        raise Contradiction("rollback", sentence, evidence)
    if now.size == before.size:
        if now.root != before.root:
            raise Contradiction("fork", f"two different logs of {now.size} entries", evidence)
        return
    if before.size == 0:
        return
    answer = log.consistency(before.size, now.size)
    evidence["proof"] = answer
    try:
        path = [b64decode(one, validate=True) for one in answer["proof"]]
        roots = roots_of(before.size, now.size, before.root, path)
    except (KeyError, TypeError, ValueError):
        sentence = f"the log does not prove that its {now.size} entries continue the {before.size} seen here"
        raise Contradiction("fork", sentence, evidence) from None
    if roots != (before.root, now.root):
        sentence = f"the {now.size} entries shown do not continue the {before.size} seen here"
        raise Contradiction("fork", sentence, evidence)


def roots_of(size1: int, size2: int, root1: bytes, path: list[bytes]) -> tuple[bytes, bytes]:
    """Return both roots that a consistency proof leads to (RFC 9162 §2.1.4.2). Raises ValueError for its length."""
    if size1 & (size1 - 1) == 0:  # a perfect old tree is itself the first subtree
        path = [root1, *path]
    if not path or any(len(one) != 32 for one in path):
        raise ValueError("path")
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ValueError("path")
        if position & 1 or position == last:
            old, new = sha256(b"\x01" + sibling + old).digest(), sha256(b"\x01" + sibling + new).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = sha256(b"\x01" + new + sibling).digest()
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("path")
    return old, new


def cosign(seen: Seen, name: str, key: Ed25519PrivateKey, seconds: int) -> str:
    """Return the note with this witness's line: what it has seen, and when (C2SP cosignature/v1)."""
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{seen.body}".encode())
    octets = key_id(name, WITNESS_KEY, key.public_key().public_bytes_raw()) + seconds.to_bytes(8, "big") + signature
    return f"{seen.note}{_DASH}{name} {b64encode(octets).decode()}\n"


class State:
    """A folder: `seen.json`, the cosigned `checkpoint`, and one file for each contradiction."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder: two witnesses of one name that do not know each other would be a fork themselves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def last(self, keys: dict[tuple[str, bytes], Ed25519PublicKey]) -> Seen | None:
        """Return what was seen last. Raises Unusable: a damaged memory must not become an empty one."""
        file = self._folder / "seen.json"
        if not file.exists():
            if (self._folder / "checkpoint").exists():
                raise Unusable(f"`{file}` is missing beside a cosigned checkpoint; restore it")
            return None
        try:
            return open_note(json.loads(file.read_text("utf-8"))["note"], keys)
        except (ValueError, KeyError, TypeError, Contradiction):
            raise Unusable(f"`{file}` is damaged, or of a log with another key; restore it") from None

    def remember(self, seen: Seen) -> None:
        """Store what is seen, on the disk, before anything is cosigned."""
        self._write("seen.json", json.dumps({"size": seen.size, "note": seen.note}, ensure_ascii=False))

    def publish(self, cosigned: str) -> None:
        """Put the cosigned checkpoint where others fetch it."""
        self._write("checkpoint", cosigned)

    def keep_evidence(self, contradiction: Contradiction) -> Path:
        """Keep what a log has shown: both notes are signed by its own key, and together they convict it."""
        text = json.dumps({"kind": contradiction.kind, **contradiction.evidence}, indent=1, ensure_ascii=False)
        name = f"{contradiction.kind}-{sha256(text.encode()).hexdigest()[:12]}.json"
        self._write(name, text)
        return self._folder / name

    def _write(self, name: str, text: str) -> None:
        fresh = self._folder / f"{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def look_once(given: argparse.Namespace, key: Ed25519PrivateKey) -> str:
    """Fetch, check, remember, cosign. Return what to say. Raises Unusable, Unreachable, Contradiction."""
    keys, state, log = read_log_keys(given.log_key), State(given.state), LogOverHttp(given.log)
    with state.alone():
        before = state.last(keys)
        try:
            now = open_note(log.checkpoint(), keys)
            if before is not None:
                check_continues(before, now, log)
        except Contradiction as refused:
            print(f"kept as evidence: {state.keep_evidence(refused)}", file=sys.stderr)  # noqa: T201
            raise
        state.remember(now)
        state.publish(cosign(now, given.name, key, int(time.time())))
    first = "" if before is not None else "; the first one seen, so nothing before it was checked"
    return f"cosigned {now.size} entries of {now.origin}{first}"


def init(given: argparse.Namespace) -> int:
    """Make a key; an old one is never replaced."""
    private = Ed25519PrivateKey.generate()
    try:
        with os.fdopen(os.open(given.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(b64encode(private.private_bytes_raw()) + b"\n")
    except OSError as trouble:
        raise Unusable(f"`{given.key}` cannot be made: {trouble.strerror}") from None
    print(verifier_key(given.name, WITNESS_KEY, private.public_key().public_bytes_raw()))  # noqa: T201
    return 0


def follow(given: argparse.Namespace) -> int:
    """Look once, or every so many seconds until the log contradicts itself."""
    try:
        key = Ed25519PrivateKey.from_private_bytes(b64decode(given.key.read_bytes().strip(), validate=True))
    except (OSError, ValueError):
        raise Unusable(f"`{given.key}` holds no key; `init` makes one") from None
    while True:
        try:
            print(look_once(given, key), flush=True)  # noqa: T201
        except Unreachable as trouble:
            if given.every is None:
                raise
            print(f"{trouble}; asking again", file=sys.stderr)  # noqa: T201
        if given.every is None:
            return 0
        time.sleep(given.every)


def main() -> int:
    """Read the command, do it, and leave with a code that says how it ended."""
    asked = argparse.ArgumentParser(prog="witness", description="Follow an evidence log and refuse a fork.")
    verbs = asked.add_subparsers(required=True)
    for work in (init, follow):
        verb = verbs.add_parser(work.__name__, help=work.__doc__)
        verb.set_defaults(work=work)
        verb.add_argument("--name", required=True, help="this witness's name, an address without https://")
        verb.add_argument("--key", type=Path, required=True, help="the file of its private key")
    verb.add_argument("--log", required=True, help="where the log answers: the gateway's issuer")
    verb.add_argument("--log-key", action="append", required=True, help="name+hash+base64; again for an earlier key")
    verb.add_argument("--state", type=Path, required=True, help="the folder of what was seen")
    verb.add_argument("--every", type=float, help="seconds between looks; without it, once")
    given = asked.parse_args()
    if not given.name or any(letter.isspace() or letter == "+" for letter in given.name):
        asked.error("--name holds a space or a plus sign")
    codes = {Unusable: 3, Unreachable: 6, Contradiction: 7}
    try:
        return int(given.work(given))
    except tuple(codes) as trouble:
        print(f"refused: {trouble}" if isinstance(trouble, Contradiction) else trouble, file=sys.stderr)  # noqa: T201
        return codes[type(trouble)]


if __name__ == "__main__":
    sys.exit(main())
