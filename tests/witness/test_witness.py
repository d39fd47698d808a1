"""The witness against logs that lie, and against its own damaged memory; the honest road is `tests/proofs`."""

import json
import stat
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checkpoint import NoteSigner, parse_note, verifier_key
from gateway.audit.merkle import RightEdge, consistency_parts, leaf_hash, perfect_root, proof_from
from tests.journeys.stack import free_ports

PROGRAM = Path(__file__).parents[2] / "examples/witness/witness.py"
ORIGIN, NAME = "gate.example/log", "witness.example/1"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))
KEY = verifier_key(ORIGIN, SIGNER.public_key)


@pytest.fixture(scope="module")
def witness():
    spec = spec_from_file_location("witness", PROGRAM)
    module = module_from_spec(spec)
    sys.modules["witness"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["witness"]


def leaves(count, odd=None):
    return [leaf_hash(b"%d" % number if number != odd else b"another") for number in range(count)]


def note(hashes):
    edge = RightEdge()
    for hashed in hashes:
        edge.append(hashed)
    return SIGNER.sign(edge.size, edge.root())


class Log:
    """A log that shows what it was told to, and proves by its own entries."""

    def __init__(self, hashes):
        self.hashes = hashes

    def checkpoint(self):
        return note(self.hashes)

    def consistency(self, size1, size2):
        def look_up(node):
            return perfect_root(b"".join(self.hashes[node.number << node.level : (node.number + 1) << node.level]))

        return {"proof": [b64encode(one).decode() for one in proof_from(consistency_parts(size1, size2), look_up)]}


def seen(witness, hashes):
    return witness.open_note(note(hashes), witness.read_log_keys([KEY]))


def test_what_grew_from_what_was_seen_is_accepted(witness):
    for size1 in range(1, 34):
        for size2 in range(size1, 68):
            log = Log(leaves(size2))
            witness.check_continues(seen(witness, leaves(size1)), seen(witness, log.hashes), log)


@pytest.mark.parametrize("size1", [1, 2, 3, 7, 8, 20])
def test_one_other_entry_anywhere_is_a_fork(witness, size1):
    before = seen(witness, leaves(size1))
    for size2 in range(size1, 40):
        for odd in range(size1):
            log = Log(leaves(size2, odd))
            with pytest.raises(witness.Contradiction) as refused:
                witness.check_continues(before, seen(witness, log.hashes), log)
            assert refused.value.kind == "fork"
            assert refused.value.evidence["seen"] == before.note


@pytest.mark.parametrize(
    "answer",
    [{}, {"proof": None}, {"proof": []}, {"proof": ["x"]}, {"proof": ["AAAA"]}, {"proof": [1]}, {"status": 400}],
)
def test_a_log_that_cannot_prove_is_refused(witness, answer):
    log = Log(leaves(9))
    log.consistency = lambda size1, size2: answer
    with pytest.raises(witness.Contradiction, match="fork"):
        witness.check_continues(seen(witness, leaves(5)), seen(witness, log.hashes), log)


def test_a_proof_with_a_hash_too_many_or_too_few_is_refused(witness):
    log = Log(leaves(11))
    proof = log.consistency(5, 11)["proof"]
    for bent in (proof[:-1], [*proof, proof[0]], proof[::-1]):
        log.consistency = lambda size1, size2, bent=bent: {"proof": bent}
        with pytest.raises(witness.Contradiction):
            witness.check_continues(seen(witness, leaves(5)), seen(witness, log.hashes), log)


def test_a_shorter_log_is_a_rollback(witness):
    log = Log(leaves(4))
    with pytest.raises(witness.Contradiction, match="5 entries and now shows 4"):
        witness.check_continues(seen(witness, leaves(5)), seen(witness, log.hashes), log)


@pytest.mark.parametrize(
    "bent",
    [
        lambda text: text.replace("\n5\n", "\n6\n"),
        lambda text: text.replace("\n5\n", "\n05\n"),
        lambda text: text.replace(ORIGIN, "other.example/log"),
        lambda text: text.partition("\n\n")[0],
        lambda text: text[:-10] + "A" + text[-9:],
        lambda text: NoteSigner(ORIGIN, bytes(32)).sign(5, bytes(32)),
        lambda text: "",
        lambda text: "<html>",
    ],
)
def test_what_the_log_did_not_sign_is_refused(witness, bent):
    with pytest.raises(witness.Contradiction) as refused:
        witness.open_note(bent(note(leaves(5))), witness.read_log_keys([KEY]))
    assert refused.value.kind == "signature"


def test_a_retired_key_of_the_log_still_counts(witness):
    later = NoteSigner(ORIGIN, bytes(32))
    keys = witness.read_log_keys([verifier_key(ORIGIN, later.public_key), KEY])
    assert witness.open_note(note(leaves(5)), keys).size == 5
    assert witness.open_note(later.sign(6, bytes(32)), keys).size == 6


@pytest.mark.parametrize("key", ["", "x", KEY[:-2], KEY.replace("gate", "gabe"), KEY.replace("+", " ")])
def test_a_damaged_key_is_not_used(witness, key):
    with pytest.raises(witness.Unusable):
        witness.read_log_keys([key])


def test_a_cosigned_note_is_still_the_logs_note(witness):
    private = witness.Ed25519PrivateKey.generate()
    cosigned = witness.cosign(seen(witness, leaves(5)), NAME, private, 1_795_000_000)
    assert SIGNER.verifier().open(cosigned).size == 5
    _, signed, ((_, _), (name, octets)) = parse_note(cosigned)
    assert (name, octets[:4]) == (NAME, witness.key_id(NAME, b"\x04", private.public_key().public_bytes_raw()))
    private.public_key().verify(octets[12:], b"cosignature/v1\ntime 1795000000\n" + signed)


def run(*arguments):
    return subprocess.run(
        [sys.executable, PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def test_the_key_is_its_owners_alone_and_never_replaced(tmp_path):
    key = tmp_path / "witness.key"
    made = run("init", "--name", NAME, "--key", key)
    assert (made.returncode, made.stdout.startswith(f"{NAME}+")) == (0, True)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert run("init", "--name", NAME, "--key", key).returncode == 3
    assert key.read_bytes() == before


def test_the_exit_codes_say_what_is_wrong(tmp_path):
    key, state = tmp_path / "witness.key", tmp_path / "state"
    run("init", "--name", NAME, "--key", key)
    nobody = f"http://127.0.0.1:{free_ports()['GATEWAY']}"
    known = ("--name", NAME, "--key", key, "--log", nobody, "--state", state)
    assert run("follow", *known, "--log-key", KEY).returncode == 6
    assert run("follow", *known, "--log-key", "x").returncode == 3
    assert run("follow", *known).returncode == 2
    assert run("follow", *known, "--log-key", KEY, "--name", "a b").returncode == 2
    (state / "checkpoint").write_text("cosigned before")
    lost = run("follow", *known, "--log-key", KEY)
    assert (lost.returncode, "restore it" in lost.stderr) == (3, True)
    (state / "seen.json").write_text(json.dumps({"note": "x"}))
    assert run("follow", *known, "--log-key", KEY).returncode == 3
    assert (state / "checkpoint").read_text() == "cosigned before"


@pytest.fixture(scope="module")
def verifier():
    spec = spec_from_file_location("offline_verifier", PROGRAM.parents[1] / "offline_verifier/verify.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cosigned(key, *, seconds=1_764_000_000, said=None):
    text = note(leaves(3))
    signed = text.partition("\n\n")[0] + "\n"
    octets = b"\x04" + key.public_key().public_bytes_raw()
    name_hash = sha256(f"{NAME}\n".encode() + octets).digest()[:4]
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{signed}".encode())
    told = (said or seconds).to_bytes(8, "big")
    line = f"— {NAME} {b64encode(name_hash + told + signature).decode()}\n"
    return text + line, f"{NAME}+{name_hash.hex()}+{b64encode(octets).decode()}"


def test_the_verifier_believes_a_checkpoint_only_with_the_witness_own_signature(verifier):
    own, other = Ed25519PrivateKey.from_private_bytes(b"w" * 32), Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    text, key = cosigned(own)
    log, witness = verifier.read_key(KEY, verifier.LOG), verifier.read_key(key, verifier.WITNESS)
    seen = verifier.open_checkpoint(text, log, witness)
    assert (seen.size, seen.seen_at.year) == (3, 2025)
    for lie in (
        cosigned(other)[0],  # somebody else's key under the witness's name
        cosigned(own, said=1_764_000_001)[0],  # another time than the one that was signed
        text.rpartition("— ")[0],  # no witness at all
        text + text.rpartition("\n— ")[2].join(("— ", "")),  # twice
    ):
        with pytest.raises(verifier.Refused, match="witness_signature"):
            verifier.open_checkpoint(lie, log, witness)
