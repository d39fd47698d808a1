"""What a report says: 24 checks with stable ids, the hashes of what was examined, and one canonical form."""

import json
from hashlib import sha256
from pathlib import Path

from gateway.audit.canonical import canonical_bytes
from gateway.connector_exam.finding import all_checks
from gateway.connector_exam.reference import render_exam
from gateway.connector_exam.sitting import LOOKS, READS
from gateway.connector_runtime.examination import CHECKS, EXAM
from tests.connector_exam.conftest import Sit, add, change

_GROUPS = {"manifest": 5, "safety": 5, "meaning": 6, "behaviour": 5, "evidence": 3}


def test_there_are_24_checks_in_five_groups_and_each_is_carried_out() -> None:
    checks = all_checks()
    assert {group: sum(one.group == group for one in checks.values()) for group in _GROUPS} == _GROUPS
    assert list(checks) == list(CHECKS), "what approval wants is what the exam takes, in its order"
    assert READS.keys() | LOOKS.keys() == checks.keys()
    assert not READS.keys() & LOOKS.keys()


def test_every_check_is_told_in_both_languages() -> None:
    for one in all_checks().values():
        for text in (*one.sentence.values(), *one.why.values()):
            assert text.endswith("."), one.id
        assert one.sentence["vi"] != one.sentence["en"]
        assert f"`{one.id}`" in render_exam()


def test_a_scaffold_passes_before_any_edit(folder: Path, sit: Sit) -> None:
    found = sit(folder)
    assert [one.check.id for one in found.failed] == []
    wire = found.wire()
    assert wire["manifest_sha256"] == sha256((folder / "manifest.toml").read_bytes()).hexdigest()
    assert (wire["connector"], wire["version"], wire["taken_on"]) == ("library", "0.1.0", "2026-11-27")
    assert [one["id"] for one in wire["checks"]] == list(all_checks())
    assert wire["exam"] == EXAM


def test_the_hash_is_that_of_the_canonical_form_and_follows_what_was_examined(folder: Path, sit: Sit) -> None:
    first = sit(folder)
    again = json.loads(json.dumps(first.wire(), indent=4))
    assert sha256(canonical_bytes(again)).hexdigest() == first.digest
    assert sit(folder).digest == first.digest
    (folder / "samples" / "persona_01.json").write_bytes((folder / "samples" / "persona_01.json").read_bytes() + b"\n")
    assert sit(folder).digest != first.digest


def test_no_value_of_a_person_is_in_a_report_of_a_failure(folder: Path, sit: Sit) -> None:
    change(folder, 'about = { personal_number = "citizen_id" }', 'about = { birth_date = "birth" }')
    found = sit(folder)
    assert "meaning.one-person" in {one.check.id for one in found.failed}
    text = json.dumps(found.wire(), ensure_ascii=False)
    assert "999175000003" not in text
    assert "BƯỞI" not in text


def test_a_fault_says_what_where_why_and_how(folder: Path, sit: Sit) -> None:
    change(folder, 'from = "card.no"', 'from = "card.number"')
    failed = next(one for one in sit(folder).wire()["checks"] if one["outcome"] == "failed")
    assert failed["id"] == "meaning.personas"
    assert failed["why"]["vi"]
    fault = failed["faults"][0]
    assert fault["where"].startswith("library/manifest.toml:")
    assert "card.number" in fault["what"]
    assert fault["fix"]


def test_a_connector_that_cannot_be_built_fails_with_its_reason(folder: Path, sit: Sit) -> None:
    change(folder, 'secret_ref = "toy-key"', 'secret_ref = "kQ7vZp2mXw9Rt4Ls8Nd1"')
    failed = {one.check.id: one.faults[0].what for one in sit(folder).failed}
    assert "looks like a secret" in failed["manifest.secrets"]
    assert "manifest.schema" not in failed
    assert failed["safety.reach"].startswith("the connector cannot be asked: CN-107")


def test_a_guess_nobody_confirmed_and_a_key_in_the_folder_are_faults(folder: Path, sit: Sit) -> None:
    change(folder, "[record]", "# confirm: where the one record is\n[record]")
    (folder / "samples" / "own.pem").write_text("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    failed = {one.check.id: one.faults[0] for one in sit(folder).failed}
    assert failed["manifest.schema"].what == "1 guesses of the import are not confirmed"
    assert failed["manifest.secrets"].where == "samples/own.pem"


def test_a_check_that_is_let_off_is_skipped_until_its_day(folder: Path, sit: Sit) -> None:
    change(folder, 'from = "card.no"', 'from = "card.number"')
    reason = "the owner renames the member in December, as agreed in writing"
    add(folder, f'[[quality.skips]]\ncheck = "meaning.personas"\nreason = "{reason}"\nuntil = 2026-11-27\n')
    found = sit(folder)
    skipped = next(one for one in found.wire()["checks"] if one["outcome"] == "skipped")
    assert (skipped["id"], skipped["reason"], skipped["until"]) == ("meaning.personas", reason, "2026-11-27")
    assert "meaning.personas" not in {one.check.id for one in found.failed}


def test_after_its_day_it_is_taken_again(folder: Path, sit: Sit) -> None:
    change(folder, 'from = "card.no"', 'from = "card.number"')
    reason = "the owner renames the member in December, as agreed in writing"
    add(folder, f'[[quality.skips]]\ncheck = "meaning.personas"\nreason = "{reason}"\nuntil = 2026-11-26\n')
    failed = next(one for one in sit(folder).failed if one.check.id == "meaning.personas")
    assert any("is over" in fault.what for fault in failed.faults)


def test_a_skip_of_no_check_is_a_fault(folder: Path, sit: Sit) -> None:
    add(folder, '[[quality.skips]]\ncheck = "meaning.all"\nreason = "everything is fine here"\nuntil = 2027-01-01\n')
    failed = {one.check.id: one.faults[0].what for one in sit(folder).failed}
    assert "`meaning.all` is no check" in failed["manifest.schema"]
