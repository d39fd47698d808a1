"""Checkpoints and signed notes."""

from base64 import b64decode, b64encode

import pytest

from gateway.audit.checkpoint import (
    InvalidNote,
    NoteSigner,
    NoteVerifier,
    key_hash,
    origin_of,
    parse_note,
    parse_verifier_key,
    verifier_key,
)

ROOT = bytes(range(32))
SIGNER = NoteSigner("dvc.example.vn/log", b"\x01" * 32)
OTHER = NoteSigner("dvc.example.vn/log", b"\x02" * 32)
NOTE = SIGNER.sign(42, ROOT)


def test_a_note_is_what_the_specification_says():
    lines = NOTE.split("\n")
    assert lines[:4] == ["dvc.example.vn/log", "42", b64encode(ROOT).decode(), ""]
    dash, name, signature = lines[4].split(" ")
    assert (dash, name, lines[5:]) == ("—", "dvc.example.vn/log", [""])
    assert len(b64decode(signature)) == 4 + 64
    assert b64decode(signature)[:4] == key_hash("dvc.example.vn/log", SIGNER.public_key)


def test_what_was_signed_is_read_back():
    checkpoint = SIGNER.verifier().open(NOTE)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("dvc.example.vn/log", 42, ROOT)
    assert SIGNER.verifier().open(SIGNER.sign(0, ROOT)).size == 0


@pytest.mark.parametrize(
    ("issuer", "origin"),
    [
        ("https://dvc.example.vn", "dvc.example.vn/log"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000/log"),
        ("https://a.example/tenant/", "a.example/tenant/log"),
    ],
)
def test_the_origin_is_the_issuer_without_scheme(issuer, origin):
    assert origin_of(issuer) == origin


def test_a_verifier_key_travels():
    text = verifier_key(SIGNER.origin, SIGNER.public_key)
    assert parse_verifier_key(text) == (SIGNER.origin, SIGNER.public_key)
    for wrong in (text[:-4], text.replace("+", "-", 1), text.replace("dvc", "dvd"), "", "a+b+c"):
        with pytest.raises(InvalidNote, match="verifier_key"):
            parse_verifier_key(wrong)


def test_a_retired_key_still_verifies_its_old_notes():
    both = NoteVerifier(SIGNER.origin, [OTHER.public_key, SIGNER.public_key])
    assert both.open(NOTE).size == both.open(OTHER.sign(42, ROOT)).size == 42


def test_lines_of_witnesses_do_no_harm_and_no_good():
    witness = NoteSigner("witness.example", b"\x03" * 32)
    line = witness.sign(42, ROOT).split("\n")[-2]
    assert SIGNER.verifier().open(f"{NOTE}{line}\n").size == 42
    with pytest.raises(InvalidNote, match="unknown_key"):
        SIGNER.verifier().open("\n".join([*NOTE.split("\n")[:4], line, ""]))


def _with(note, place, line):
    lines = note.split("\n")
    lines[place] = line
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        ("", "form"),
        (NOTE[:-1], "form"),
        (NOTE.replace("\n\n", "\n"), "form"),
        (NOTE + "\x00\n", "form"),
        (NOTE.replace("\n", "\r\n"), "form"),
        ("a" * 20000, "form"),
        (_with(NOTE, 1, "042"), "size"),
        (_with(NOTE, 1, "-1"), "size"),
        (_with(NOTE, 1, "4²"), "size"),
        (_with(NOTE, 1, "9" * 30), "size"),
        (_with(NOTE, 2, "AAAA"), "root"),
        (_with(NOTE, 2, "*"), "root"),
        (_with(NOTE, 1, "43"), "signature"),
        (_with(NOTE, 2, b64encode(bytes(32)).decode()), "signature"),
        (_with(NOTE, 0, "evil.example/log"), "origin"),
        (_with(NOTE, 4, "dvc.example.vn/log AAAA"), "signature_line"),
        (_with(NOTE, 4, "— dvc.example.vn/log"), "signature_line"),
        (OTHER.sign(42, ROOT), "unknown_key"),
    ],
)
def test_a_note_that_is_not_the_logs_is_not_believed(note, rule):
    with pytest.raises(InvalidNote) as raised:
        SIGNER.verifier().open(note)
    assert raised.value.rule == rule


def test_parsing_believes_nobody():
    checkpoint, signed, signatures = parse_note(OTHER.sign(7, ROOT))
    assert (checkpoint.size, signed.endswith(b"\n"), len(signatures)) == (7, True, 1)


def test_extension_lines_are_covered_by_the_signature():
    extended = _with(NOTE, 2, f"{b64encode(ROOT).decode()}\nextension")
    with pytest.raises(InvalidNote, match="signature"):
        SIGNER.verifier().open(extended)
