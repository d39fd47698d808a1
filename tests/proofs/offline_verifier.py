"""The evidence log from outside: a witness that follows it and refuses a fork, and a verifier that has two files only.

`It must show` 5 of the full road. The witness (`examples/witness`) and the verifier (`examples/offline_verifier`) are
programs of their own, beside a real gateway: every entry's downloaded proof is accepted with the witness's checkpoint,
each of many altered ones is refused, and a log that was rebuilt with the real key is refused as a rollback while it is
shorter and as a fork once it has outgrown what was seen. Seeded: the same alterations every time.
"""

import asyncio
import json
import random
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp

from tests.proofs.stack import ROOT, Stack, Wish, fresh, open_stack
from tests.proofs.tampering import rebuild_log
from tests.proofs.walking import walker

COVERS = ("gateway/audit", "gateway/storage", "examples/witness", "examples/offline_verifier")
WITNESS = ROOT / "examples/witness/witness.py"
VERIFIER = ROOT / "examples/offline_verifier/verify.py"
NAME = "witness.example.vn/1"
PEOPLE = (1, 2, 3, 6, 11, 12)
SEED = 20261127
REFUSED = 7


async def prove(
    folder: Path, *, journeys: int = 40, altered: int = 1000, settings: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Run it on both databases. Raises AssertionError."""
    found: dict[str, Any] = {}
    for setting in settings or ("sqlite", "postgresql"):
        where = folder / setting
        async with open_stack(Wish(folder=where, urls=fresh(setting, where))) as stack:
            owner = Owner(stack, folder / f"witness-{setting}")
            found[setting] = await prove_entries(stack, owner, journeys, altered)
            found[setting] |= await prove_fork_refused(stack, owner, setting)
    return found


class Owner:
    """Who runs the witness and, somewhere else, the verifier: knows two public keys and one address."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.key, self.state = folder / "witness.key", folder / "state"
        self.public, self.log_key = "", ""

    async def begin(self) -> None:
        """Make the witness's key, and learn the log's."""
        self.folder.mkdir(parents=True)
        code, out, _ = await run(WITNESS, "init", "--name", NAME, "--key", str(self.key))
        assert code == 0
        self.public = out.strip()
        code, keys, _ = await self.stack.command("audit", "checkpoint", "--key")
        assert code == 0
        (self.log_key,) = keys.decode().split()

    async def look(self) -> tuple[int, str]:
        """Let the witness look once; return its exit code and what it says."""
        named = ("--name", NAME, "--key", str(self.key), "--state", str(self.state))
        code, out, err = await run(WITNESS, "follow", *named, "--log", self.stack.issuer, "--log-key", self.log_key)
        return code, out + err

    @property
    def checkpoint(self) -> str:
        """The cosigned checkpoint, as anybody may fetch it."""
        return (self.state / "checkpoint").read_text("utf-8")

    async def verify(self, proof: Mapping[str, Any], checkpoint: str | None = None) -> tuple[int, str, str]:
        """Run the verifier on two files."""
        files = self.folder / "proof.json", self.folder / "checkpoint.txt"
        files[0].write_text(json.dumps(proof), "utf-8")
        files[1].write_text(checkpoint or self.checkpoint, "utf-8")
        return await run(VERIFIER, *map(str, files), self.log_key, self.public)


async def prove_entries(stack: Stack, owner: Owner, journeys: int, altered: int) -> dict[str, Any]:
    """Grow the log in two parts with the witness looking after each; check true entries and altered ones."""
    await owner.begin()
    receipts = await walk_people(stack, journeys)
    code, said = await owner.look()
    assert (code, "the first one seen" in said) == (0, True), said
    receipts += await walk_people(stack, journeys)
    size = await look_until(owner, len(await stack.events()))
    proofs = [await download(stack, receipt, size) for receipt in receipts]
    verifier = load(VERIFIER)
    opened = open_with(verifier, owner)
    for proof in proofs:
        assert verifier.verify(proof, opened)["receipt"] == proof["receipt"]
    code, out, err = await owner.verify(proofs[0])
    assert (code, json.loads(out)["receipt"], NAME in err) == (0, proofs[0]["receipt"], True)
    refused = refuse_altered(verifier, owner, proofs, altered)
    forms = refuse_other_forms(verifier, owner, proofs[0])
    await refuse_unreadable(owner, proofs[0])
    for changed, checkpoint in list(alterations(proofs, owner.checkpoint, 5)):
        code, out, _ = await owner.verify(changed, checkpoint)
        assert (code, out.startswith("refused: ")) == (1, True), out
    return {
        "entries": size,
        "true_accepted": len(proofs),
        "altered_refused": sum(refused.values()),
        "rules": dict(refused),
        "other_forms_refused": forms,
    }


async def look_until(owner: Owner, size: int) -> int:
    """Let the witness look until a checkpoint covers so many entries: one is signed at most once a second."""
    for _ in range(600):
        code, said = await owner.look()
        assert (code, "the first one seen" in said) == (0, False), said
        covered = int(owner.checkpoint.split("\n")[1])
        if covered >= size:
            return covered
        await asyncio.sleep(0.1)
    raise AssertionError(f"no checkpoint covers {size} entries")


def refuse_altered(verifier: ModuleType, owner: Owner, proofs: list[dict[str, Any]], count: int) -> Counter[str]:
    """Check `count` altered pairs of proof and checkpoint; return how often each rule refused."""
    keys = verifier.read_key(owner.log_key, verifier.LOG), verifier.read_key(owner.public, verifier.WITNESS)
    refused: Counter[str] = Counter()
    for proof, checkpoint in alterations(proofs, owner.checkpoint, count):
        try:
            verifier.verify(proof, verifier.open_checkpoint(checkpoint, *keys))
        except verifier.Refused as rule:
            refused[str(rule)] += 1
        except ValueError:
            refused["form"] += 1
        else:
            raise AssertionError(f"an altered proof is accepted: {proof}, {checkpoint}")
    return refused


def refuse_other_forms(verifier: ModuleType, owner: Owner, proof: dict[str, Any]) -> int:
    """Check the very same proof in every form that is not its own; return how many were refused."""
    keys = verifier.read_key(owner.log_key, verifier.LOG), verifier.read_key(owner.public, verifier.WITNESS)
    count = 0
    for name, written, checkpoint in other_forms(proof, owner.checkpoint):
        try:
            opened = verifier.open_checkpoint(checkpoint.decode(), *keys)
            verifier.verify(verifier.read(written.decode()), opened)
        except (ValueError, RecursionError):
            count += 1
        else:
            raise AssertionError(f"accepted: {name}")
    return count


def other_forms(proof: dict[str, Any], checkpoint: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield (what is wrong, proof file, checkpoint file): members too many or twice, other encodings, other types."""
    true, note = json.dumps(proof).encode(), checkpoint.encode()
    yield "a member too many", json.dumps({**proof, "note": "x"}).encode(), note
    for name, value in proof.items():
        twice = f"{{{json.dumps(name)}: {json.dumps(value)}, ".encode() + true[1:]
        yield f"`{name}` twice", twice, note
        for other in (None, True, 1.5, [], {}, [value], {"of": value}, str(value) + " ", 10**400):
            yield f"`{name}` is {type(other).__name__}", json.dumps({**proof, name: other}).encode(), note
    for sibling in (None, 1, [], {}):
        yield "a hash is no text", json.dumps({**proof, "proof": [*proof["proof"], sibling]}).encode(), note
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        yield f"proof in {encoding}", true.decode().encode(encoding), note
        yield f"checkpoint in {encoding}", true, checkpoint.encode(encoding)
    yield "checkpoint with other ends of lines", true, note.replace(b"\n", b"\r\n")
    for document in (b"", b"null", b"[]", b"1", b'"x"', b"{}", b"NaN", b"[" * 100_000, true + true, true[:-1], b"\xff"):
        yield "no proof at all", document, note
        yield "no checkpoint at all", true, document


async def refuse_unreadable(owner: Owner, proof: dict[str, Any]) -> None:
    """Name files that are not there or are none to the command: 2 and one sentence, with no trace of the program."""
    await owner.verify(proof)
    there, gone = owner.folder / "proof.json", owner.folder / "gone.json"
    for files in ((gone, there), (there, gone), (owner.folder, there), (there, owner.folder)):
        code, out, err = await run(VERIFIER, *map(str, files), owner.log_key, owner.public)
        assert (code, out, err.count("\n"), err.startswith("cannot read `")) == (2, "", 1, True), err
    for written in (b"\xff\xfe{\x00}\x00", b"[" * 100_000, b"[]"):
        gone.write_bytes(written)
        code, out, err = await run(
            VERIFIER, str(gone), str(owner.folder / "checkpoint.txt"), owner.log_key, owner.public
        )
        assert (code, out.startswith("refused: "), err) == (1, True, ""), (out, err)


def alterations(proofs: list[dict[str, Any]], checkpoint: str, count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield `count` pairs of which one part is altered: every member in turn, and the checkpoint."""
    chance = random.Random(SEED)
    places = [*proofs[0], "checkpoint file"]
    made = 0
    while made < count:
        place, proof, note = places[made % len(places)], deepcopy(chance.choice(proofs)), checkpoint
        if place == "checkpoint file":
            note = alter_text(note, chance)
        else:
            others = [other[place] for other in proofs if other[place] != proof[place]]
            ways: list[Callable[[], Any]] = [lambda: alter(proof[place], chance)]  # noqa: B023  called at once
            if others:
                ways.append(lambda: chance.choice(others))  # noqa: B023  called at once
            changed = chance.choice(ways)()
            if changed == proof[place] and type(changed) is type(proof[place]):
                continue
            proof[place] = changed
            if chance.random() < 0.02:
                del proof[place]
        made += 1
        yield proof, note


def alter(value: Any, chance: random.Random) -> Any:
    """Return another value of the kind: a bit, a letter, a number, a hash that is gone, doubled or moved."""
    if isinstance(value, int):
        return chance.choice(
            [value + 1, value - 1, -value - 1, value * 2 + 1, str(value), float(value), True, None, 2**64]
        )
    if isinstance(value, list):
        if not value:
            return [b64encode(bytes(32)).decode()]
        at = chance.randrange(len(value))
        moved = value[1:] + value[:1] if len(value) > 1 else [*value, value[0]]
        flipped = [*value[:at], alter_text(value[at], chance), *value[at + 1 :]]
        return chance.choice([value[:at] + value[at + 1 :], [*value, value[at]], moved, flipped, flipped, flipped, {}])
    if chance.random() < 0.3:
        try:
            octets = bytearray(b64decode(value, validate=True))
        except ValueError:
            return alter_text(value, chance)
        if octets:
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
            return b64encode(octets).decode()
    return alter_text(value, chance)


def alter_text(text: str, chance: random.Random) -> str:
    """Return a text with one letter changed, lost, added or doubled."""
    at = chance.randrange(len(text))
    letter = chance.choice([other for other in "ABCabc019+/=-— \n" if other != text[at]])
    return chance.choice(
        [
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at],
            text + "\n",
        ]
    )


async def prove_fork_refused(stack: Stack, owner: Owner, setting: str) -> dict[str, Any]:
    """Let the gateway build and sign the log anew without one entry: the witness refuses, and stays as it was."""
    size, cosigned = int(owner.checkpoint.split("\n")[1]), owner.checkpoint
    await rebuild_log(stack, setting, random.Random(SEED).randrange(size))
    assert len(await stack.events()) == size - 1
    found: dict[str, Any] = {}
    for expected in ("rollback", "fork"):
        code, said = await owner.look()
        kind = said.partition("refused: ")[2].partition(":")[0]
        assert (code, kind) == (REFUSED, expected), said
        assert owner.checkpoint == cosigned, "nothing new is cosigned"
        (evidence,) = owner.state.glob(f"{expected}-*.json")
        assert json.loads(evidence.read_text("utf-8"))["seen"].split("\n")[1] == str(size)
        found[expected] = said.partition("refused: ")[2].strip()
        while len(await stack.events()) <= size:  # as if nothing had happened, until it is longer than what was seen
            await walk_people(stack, 1)
    code, _ = await owner.look()
    assert code == REFUSED, "a fork is not forgotten"
    return found


async def walk_people(stack: Stack, journeys: int) -> list[str]:
    """Fill forms; return the receipts that the portal was given."""
    receipts = []
    for number in range(journeys):
        async with walker(stack) as browser:
            status, form = await browser.prefill(await browser.sign_in(PEOPLE[number % len(PEOPLE)]))
            assert status == 200, form
            receipts.append(form["receipt"])
    await stack.events()  # waits until the sequencer has caught up
    return receipts


async def download(stack: Stack, receipt: str, size: int) -> dict[str, Any]:
    """Download an entry's proof as the portal concerned does, for a tree of the size that the witness has seen."""
    async with aiohttp.ClientSession() as session:
        asked = {"grant_type": "client_credentials"}
        async with session.post(f"{stack.issuer}/token", data=asked, headers=stack.basic) as answer:
            bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        question = {"receipt": receipt, "size": str(size)}
        async with session.get(f"{stack.issuer}/v1/log/inclusion", params=question, headers=bearer) as answer:
            assert answer.status == 200, await answer.text()
            return dict(await answer.json())


def open_with(verifier: ModuleType, owner: Owner) -> Any:
    """Open the witness's checkpoint with both keys."""
    keys = verifier.read_key(owner.log_key, verifier.LOG), verifier.read_key(owner.public, verifier.WITNESS)
    return verifier.open_checkpoint(owner.checkpoint, *keys)


def load(file: Path) -> ModuleType:
    """Load a program of the examples: they are no package."""
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def run(program: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a program of the examples; return exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
