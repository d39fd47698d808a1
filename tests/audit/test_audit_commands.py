"""`gate06 audit …` and `gate06 verify merkle`."""

import asyncio
import json
from base64 import b64encode
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from gateway.audit.checkpoint import verifier_key
from gateway.audit.merkle import consistency_parts, inclusion_parts, leaf_hash, perfect_root, proof_from, root_from
from gateway.cli import verify
from gateway.cli.audit import OpenedLog, create_app
from gateway.cli.verify_merkle import check_merkle
from tests.audit.grown_log import SIGNER, grow, make_event
from tests.audit.log_in_memory import MemoryLog

KEY = verifier_key(SIGNER.origin, SIGNER.public_key)


def app_over(memory, asked=None):
    @asynccontextmanager
    async def open_log(store, redis, config):
        if asked is not None:
            asked.append((store, redis, config))
        yield OpenedLog(memory.log(), SIGNER.verifier())

    return create_app(open_log)


def run(memory, *arguments, asked=None):
    return CliRunner().invoke(app_over(memory, asked), [str(argument) for argument in arguments])


@pytest.fixture
def memory():
    return asyncio.run(grow(300, (100,)))


def test_export_writes_json_lines(memory, tmp_path):
    asked = []
    done = run(memory, "export", "--store", "sqlite:///x.db", asked=asked)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.exit_code, len(lines), lines[7]["index"]) == (0, 300, 7)
    assert asked == [("sqlite:///x.db", None, [])]
    assert run(memory, "export", "--out", tmp_path / "log.jsonl").stdout == ""
    assert (tmp_path / "log.jsonl").read_text() == done.stdout


def test_verify_accepts_a_whole_log(memory):
    done = run(memory, "verify")
    assert (done.exit_code, done.stdout) == (0, "300 entries, 2 checkpoints\n")
    assert json.loads(run(memory, "verify", "--json").stdout)["valid"] is True


def test_verify_names_the_index_and_exits_7(memory):
    memory.events[123] = make_event(123, outcome="forged")
    done = run(memory, "verify")
    assert done.exit_code == 7
    assert "leaf_changed at index 123" in done.stderr
    answer = json.loads(run(memory, "verify", "--json").stdout)
    assert (answer["valid"], answer["rule"], answer["index"]) == (False, "leaf_changed", 123)


def test_a_saved_checkpoint_convicts_a_rebuilt_log(memory, tmp_path):
    saved = tmp_path / "checkpoint.txt"
    saved.write_text(run(memory, "checkpoint").stdout)
    assert run(memory, "verify", "--checkpoint", saved).exit_code == 0
    rebuilt = asyncio.run(grow(400, (300,), make=lambda number: make_event(number + (number >= 50))))
    assert run(rebuilt, "verify").exit_code == 0
    done = run(rebuilt, "verify", "--checkpoint", saved)
    assert done.exit_code == 7
    assert "contradicts_checkpoint" in done.stderr


def test_an_export_is_verified_offline_with_the_public_key(memory, tmp_path):
    saved, export = tmp_path / "checkpoint.txt", tmp_path / "log.jsonl"
    saved.write_text(run(memory, "checkpoint").stdout)
    run(memory, "export", "--out", export)
    key = run(memory, "checkpoint", "--key").stdout.strip()
    assert key == KEY
    nothing = MemoryLog()
    assert run(nothing, "verify", "--export", export, "--key", key, "--checkpoint", saved).exit_code == 0
    export.write_text("".join(export.read_text().splitlines(keepends=True)[:-1]))
    assert run(nothing, "verify", "--export", export, "--key", key, "--checkpoint", saved).exit_code == 7
    assert run(nothing, "verify", "--export", export, "--key", "nonsense").exit_code == 2


def test_a_log_without_checkpoint_has_none_to_print():
    done = run(MemoryLog(), "checkpoint")
    assert (done.exit_code, done.stdout) == (4, "")
    assert run(MemoryLog(), "verify").exit_code == 0


def test_a_checkpoint_file_that_is_not_there_is_a_usage_error(memory, tmp_path):
    assert run(memory, "verify", "--checkpoint", tmp_path / "none.txt").exit_code == 2


LEAVES = [str(number).encode() for number in range(13)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def text(octets):
    return b64encode(octets).decode()


def look_up(node):
    start = node.number << node.level
    return perfect_root(b"".join(HASHES[start : start + (1 << node.level)]))


INCLUSION = {
    "kind": "inclusion",
    "leaf": text(LEAVES[5]),
    "index": 5,
    "size": 13,
    "root": text(root_from(13, look_up)),
    "proof": [text(part) for part in proof_from(inclusion_parts(5, 13), look_up)],
}
CONSISTENCY = {
    "kind": "consistency",
    "size1": 6,
    "size2": 13,
    "root1": text(root_from(6, look_up)),
    "root2": text(root_from(13, look_up)),
    "proof": [text(part) for part in proof_from(consistency_parts(6, 13), look_up)],
}


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (INCLUSION, None),
        (INCLUSION | {"leaf": None, "leaf_hash": text(HASHES[5])}, None),
        (INCLUSION | {"leaf_hash": text(HASHES[5])}, None),
        (INCLUSION | {"leaf_hash": text(HASHES[6])}, "leaf_hash"),
        (INCLUSION | {"leaf": text(LEAVES[6])}, "root"),
        (INCLUSION | {"index": 13}, "index_in_tree"),
        (INCLUSION | {"index": -1}, "index_in_tree"),
        (INCLUSION | {"size": 0}, "index_in_tree"),
        (INCLUSION | {"proof": None}, "proof_length"),
        (INCLUSION | {"proof": ["AAAA"]}, "hash_length"),
        (INCLUSION | {"proof": ["*"]}, "base64"),
        (INCLUSION | {"root": ""}, "hash_length"),
        (CONSISTENCY, None),
        (CONSISTENCY | {"proof": []}, "proof_length"),
        (CONSISTENCY | {"size1": 14}, "size_order"),
        (CONSISTENCY | {"size1": 5}, "proof_length"),
        (CONSISTENCY | {"root1": CONSISTENCY["root2"]}, "root1"),
        (CONSISTENCY | {"root2": CONSISTENCY["root1"]}, "root2"),
        (CONSISTENCY | {"size1": 0, "proof": []}, "empty_root"),
        ({"kind": "inclusion", "leaf": "", "index": 0, "size": 1, "root": text(leaf_hash(b"")), "proof": []}, None),
    ],
)
def test_a_proof_is_judged_by_a_named_rule(asked, rule):
    assert check_merkle(asked) == ({"valid": rule is None, "rule": rule}, rule is None)


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"kind": "else"}, {"kind": ["inclusion"]}, {"kind": "inclusion"}, INCLUSION | {"index": "5"},
        INCLUSION | {"index": True}, INCLUSION | {"leaf": None}, INCLUSION | {"proof": "x"}, INCLUSION | {"size": 1.0},
        CONSISTENCY | {"size1": None},
    ],
)  # fmt: skip
def test_what_is_no_question_is_a_usage_error(asked):
    with pytest.raises(ValueError):
        check_merkle(asked)


def test_the_command_gives_ids_back_and_answers_every_line():
    lines = [INCLUSION | {"id": "a"}, CONSISTENCY | {"id": 7}, INCLUSION | {"id": "c", "index": 4}]
    done = CliRunner().invoke(verify.app, ["merkle", "--batch"], input="\n".join(json.dumps(line) for line in lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [
        {"id": "a", "valid": True, "rule": None},
        {"id": 7, "valid": True, "rule": None},
        {"id": "c", "valid": False, "rule": "root"},
    ]
    assert done.exit_code == 1
    assert CliRunner().invoke(verify.app, ["merkle"], input=json.dumps(INCLUSION)).exit_code == 0
    assert CliRunner().invoke(verify.app, ["merkle"], input="{}").exit_code == 2
