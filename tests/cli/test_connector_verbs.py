"""`gate06 connector` in production: each step by who is signed in, each refusal with its exit code, none by nobody."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.cli.connection import opened_storage, settings_of
from gateway.connector_runtime.examination import EXAM
from gateway.settings import ConfigurationRefused
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.connector_lifecycle.samples import FIELDS, PACKAGE, manifest_text, report_on, report_without

CODE = ("--package", PACKAGE)
WHY = ("--reason", "theo kế hoạch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A department's folder with its exam's report."""
    made = tmp_path / "trial"
    made.mkdir()
    write(made, manifest_text())
    return made


def write(folder: Path, text: str) -> None:
    (folder / "manifest.toml").write_text(text, "utf-8")
    (folder / "report.json").write_text(json.dumps(report_on(text)), "utf-8")


def hand_in(run: Run, folder: Path, *more: str) -> tuple[int, dict[str, str], str]:
    return run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *more, "--json")


def approve(run: Run, release: dict[str, str], **changes: str) -> tuple[int, str, str]:
    known = release | changes
    hashes = ("--manifest-sha256", known["manifest_sha256"], "--report-sha256", known["report_sha256"])
    return run("connector", "approve", "trial", known["version"], *hashes, *CODE)


def told() -> list[tuple[str, str]]:
    async def read() -> list[tuple[str, str]]:
        async with opened_storage(settings_of(None, None, None)) as storage:
            events = [json.loads(event.leaf) for event in await storage.journal.pending(1000)]
        found = [(event["event"], event["actor"]["ref"]) for event in events]
        return [one for one in found if one[0].startswith("Connector")]

    return asyncio.run(read())


def test_a_version_goes_the_whole_way_by_command(staff: Staff, run: Run, folder: Path) -> None:
    assert hand_in(run, folder, *WHY)[0] == 5, "nobody is signed in"
    staff.sign_in("nhung", "registration_officer")
    code, release, talk = hand_in(run, folder, *WHY)
    assert (code, release["state"]) == (0, "submitted")
    assert release["manifest_sha256"] in talk
    code, _, err = approve(run, release)
    assert (code, "CN-206" in err) == (5, True)
    staff.sign_in("pan", "security_officer")
    code, _, err = approve(run, release, report_sha256="0" * 64)
    assert (code, "CN-208" in err) == (8, True)
    assert approve(run, release)[:2] == (0, "submitted\n")
    code, _, err = approve(run, release)
    assert (code, "CN-207" in err) == (8, True)
    code, _, err = run("connector", "publish", "trial", "1.0.0")
    assert (code, "GW-2403" in err) == (5, True)
    staff.sign_in("hoa", "security_officer")
    assert approve(run, release)[:2] == (0, "approved\n")
    staff.sign_in("thang", "service_admin")
    assert run("connector", "publish", "trial", "1.0.0")[:2] == (0, "published\n")
    notice = ("--notice-vi", "Tạm dừng.", "--notice-en", "Paused.")
    assert run("connector", "suspend", "trial", "1.0.0", *notice, *WHY)[:2] == (0, "suspended\n")
    assert run("connector", "resume", "trial", "1.0.0", *WHY)[:2] == (0, "published\n")
    code, impact, _ = run("connector", "impact", "trial", "1.0.0", "--json")
    assert (code, impact["fields"], impact["last_used"]) == (0, [], None)
    assert run("connector", "retire", "trial", "1.0.0", "--on", "2099-01-01", *WHY)[:2] == (0, "published\n")
    assert run("connector", "retire", "trial", "1.0.0", *WHY)[:2] == (0, "retired\n")
    listed = run("connector", "list", "--json")[1]["connectors"]
    assert [(one["version"], one["state"], one["tier"]) for one in listed[0]["versions"]] == [
        ("1.0.0", "retired", "bronze")
    ]
    table = run("connector", "list")[1].splitlines()
    assert ("tier" in table[0].split(), "bronze" in table[1].split()) == (True, True)
    steps = run("connector", "show", "trial", "1.0.0")[1]
    assert json.loads(steps)["tier"] == "bronze"
    assert [step["name"] for step in json.loads(steps)["steps"]][3:5] == ["pan", "hoa"]
    names = [name for name, ref in told() if ref != "staff:id-pan" or name == "ConnectorApproved"]
    assert names.count("ConnectorApproved") == 2
    assert run("connector", "show", "trial", "9.9.9")[0] == 4


def test_the_difference_and_the_least_number_are_told_before_anybody_submits(
    staff: Staff, run: Run, folder: Path
) -> None:
    staff.sign_in("nhung", "registration_officer")
    release = hand_in(run, folder, *WHY)[1]
    for name in ("pan", "hoa"):
        staff.sign_in(name, "security_officer")
        assert approve(run, release)[0] == 0
    staff.sign_in("nhung", "registration_officer")
    assert run("connector", "publish", "trial", "1.0.0")[0] == 0
    write(folder, manifest_text("1.1.0", fields=FIELDS[:1]))
    code, document, _ = run("connector", "diff", "trial", "--from", "1.0.0", "--folder", str(folder), "--json")
    assert (code, document["minimum_bump"]) == (0, "major")
    code, _, err = run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *WHY)
    assert (code, "2.0.0" in err) == (7, True)
    write(folder, manifest_text("2.0.0", fields=FIELDS[:1]))
    assert hand_in(run, folder, *WHY)[1]["state"] == "submitted"
    assert run("connector", "diff", "trial", "--from", "1.0.0", "--to", "2.0.0")[1].startswith("needs")
    assert run("connector", "diff", "trial", "--from", "1.0.0")[0] == 2


def test_a_number_that_was_handed_in_holds_what_it_held(staff: Staff, run: Run, folder: Path) -> None:
    text = manifest_text()

    def try_other_content() -> tuple[int, bool, str]:
        staff.sign_in("nhung", "registration_officer")
        write(folder, text + "# nội dung khác\n")
        code, _, err = run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *WHY)
        return code, "CN-202" in err, json.loads(run("connector", "show", "trial", "1.0.0")[1])["manifest_sha256"]

    staff.sign_in("nhung", "registration_officer")
    release = hand_in(run, folder, *WHY)[1]
    refused = (8, True, release["manifest_sha256"])
    assert try_other_content() == refused, "it is submitted"
    for name in ("pan", "hoa"):
        staff.sign_in(name, "security_officer")
        assert approve(run, release)[0] == 0
    assert try_other_content() == refused, "it is approved"
    staff.sign_in("thang", "service_admin")
    assert run("connector", "publish", "trial", "1.0.0")[0] == 0
    assert try_other_content() == refused, "it is published"
    staff.sign_in("thang", "service_admin")
    assert run("connector", "retire", "trial", "1.0.0", *WHY)[0] == 0
    assert try_other_content() == refused, "it is retired"


def test_an_approval_wants_a_report_of_the_edition_that_counts_then(
    staff: Staff, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff.sign_in("nhung", "registration_officer")
    release = hand_in(run, folder, *WHY)[1]
    monkeypatch.setattr("gateway.connector_lifecycle.report.EXAM", EXAM + 1)  # the exam wants more meanwhile
    staff.sign_in("pan", "security_officer")
    code, _, err = approve(run, release)
    assert (code, f"of exam {EXAM}, and exam {EXAM + 1} counts now" in err) == (7, True)


def test_a_failing_or_foreign_report_goes_no_further(staff: Staff, run: Run, folder: Path) -> None:
    staff.sign_in("nhung", "registration_officer")
    text = manifest_text(summary="Sửa sau khi kiểm tra")
    (folder / "manifest.toml").write_text(text, "utf-8")
    code, _, err = run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *WHY)
    assert (code, "CN-204" in err) == (7, True)
    for report, named in (
        (report_without(text, "meaning.letters"), "1 of 24 checks are missing: `meaning.letters`"),
        (report_on(text, exam=EXAM + 1), f"exam {EXAM} counts now"),
    ):
        (folder / "report.json").write_text(json.dumps(report), "utf-8")
        code, _, err = run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *WHY)
        assert (code, "CN-204" in err, named in err) == (7, True, True)
    (folder / "report.json").write_text("{")
    code, _, err = run("connector", "submit", str(folder), "--report", str(folder / "report.json"), *CODE, *WHY)
    assert (code, "CN-211" in err) == (5, True)
    assert run("connector", "submit", str(folder / "none"), "--report", "x")[0] == 3
    assert [one["versions"][0]["state"] for one in run("connector", "list", "--json")[1]["connectors"]] == ["draft"]


def test_production_never_asks_what_nobody_published(staff: Staff, tmp_path: Path) -> None:
    assert settings_of(None, None, None).unpublished_allowed is False
    own = tmp_path / "own.toml"
    own.write_text('[connectors]\nunpublished = "allow"\n')
    with pytest.raises(ConfigurationRefused, match="unpublished"):
        settings_of(None, None, [tmp_path / "gate06.toml", own])
