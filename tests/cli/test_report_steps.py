"""`gate06 report take|answer|close` in production: who may, in which order, and what is kept of it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.connection import opened_storage, settings_of
from gateway.consent.misuse_report import MisuseReport
from gateway.vocabulary.store import Insert
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff

NUMBER = "BC-2026-0000-0001"
AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def reported(staff: Staff) -> None:
    """One report stands in the store."""
    asyncio.run(_store(NUMBER))


async def _store(number: str, at: datetime = AT) -> None:
    report = MisuseReport(
        number=number,
        citizen_id=f"citizen-of-{number}",
        at=at,
        concern="not_me",
        portal=None,
        about=None,
        receipt="rc_1",
        blocked=False,
    )
    async with opened_storage(settings_of(None, None, None)) as storage:
        assert (await storage.store.commit([Insert(report.record())], now=at)).done


STEPS: Sequence[tuple[str, ...]] = (("take",), ("answer", "--text", "Đã kiểm tra."), ("close", "--reason", "đã rõ"))


def test_a_report_goes_its_way_and_says_who_took_each_step(staff: Staff, run: Run, tmp_path: Path) -> None:
    staff.sign_in("hoa", "security_officer")
    text = tmp_path / "answer.txt"
    text.write_text("Dòng một.\nDòng hai.\n", "utf-8")
    code, taken, said = run("report", "take", NUMBER.lower(), "--reason", "theo phân công", "--json")
    assert (code, taken["state"]) == (0, "in_hand")
    assert "is in hand" in said
    code, answered, _ = run("report", "answer", NUMBER, "--text-file", str(text), "--json")
    assert (code, answered["state"], answered["due"]) == (0, "answered", None)
    staff.sign_in("thang", "service_admin")
    code, closed, _ = run("report", "close", NUMBER, "--reason", "đã rõ", "--json")
    assert (code, closed["state"]) == (0, "closed")
    assert [(one["state"], one["by"], one["who"], one["role"]) for one in closed["steps"]] == [
        ("in_hand", "staff:id-hoa", "hoa", "security_officer"),
        ("answered", "staff:id-hoa", "hoa", "security_officer"),
        ("closed", "staff:id-thang", "thang", "service_admin"),
    ]
    assert [one["text"] for one in closed["steps"]] == ["", "Dòng một.\nDòng hai.", ""]
    assert "citizen-of" not in repr(closed)
    shown = run("report", "show", NUMBER)[1]
    assert "state closed" in shown
    assert shown.count("step ") == 3
    assert [one["number"] for one in run("report", "list", "--json")[1]["reports"]] == [NUMBER]
    assert run("report", "list", "--open", "--json")[1]["reports"] == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0])
def test_nobody_without_a_role_takes_a_step(staff: Staff, run: Run, step: tuple[str, ...]) -> None:
    staff.be("nobody")
    code, out, err = run("report", step[0], NUMBER, *step[1:])
    assert (code, out, "GW-2401" in err) == (5, "", True)
    staff.sign_in("oanh", "auditor", "observer", "registration_officer", "system_admin", "desk_officer")
    for number in (NUMBER, "BC-2026-9999-9999"):
        code, out, err = run("report", step[0], number, *step[1:])
        assert (code, out, "GW-2403" in err) == (5, "", True), "the role is asked for before the number"
    assert run("report", "show", NUMBER, "--json")[1]["state"] == "received"


def test_what_is_wrong_is_said(staff: Staff, run: Run, tmp_path: Path) -> None:
    staff.sign_in("hoa", "security_officer")
    code, _, err = run("report", "answer", NUMBER, "--text", "x")
    assert (code, "GW-1812" in err, "`received`" in err) == (8, True, True)
    assert run("report", "take", NUMBER)[0] == 0
    for arguments in (("--text", "a", "--text-file", "b"), ("--text-file", str(tmp_path))):
        assert run("report", "answer", NUMBER, *arguments)[0] == 2
    code, _, err = run("report", "answer", NUMBER)
    assert ("GW-1813" in err, code != 0) == (True, True)
    assert run("report", "answer", NUMBER, "--text", "Đã xem.")[0] == 0
    code, _, err = run("report", "close", NUMBER)
    assert ("GW-2415" in err, code != 0) == (True, True)
    assert run("report", "take", "BC-2026-9999-9999")[0] == 4


def test_overdue_reports_are_marked(staff: Staff, run: Run) -> None:
    asyncio.run(_store("BC-2024-0000-0002", datetime(2024, 3, 4, tzinfo=UTC)))
    asyncio.run(_store("BC-2999-0000-0003", datetime(2999, 3, 4, tzinfo=UTC)))
    listed = run("report", "list", "--json")[1]["reports"]
    assert [one["number"] for one in listed] == ["BC-2999-0000-0003", NUMBER, "BC-2024-0000-0002"], "newest first"
    assert (listed[0]["overdue"], listed[2]["overdue"], listed[2]["due"]) == (False, True, "2024-03-06")
    staff.sign_in("hoa", "security_officer")
    run("report", "take", "BC-2024-0000-0002")
    run("report", "answer", "BC-2024-0000-0002", "--text", "Đã xem.")
    listed = run("report", "list", "--json")[1]["reports"]
    assert (listed[2]["overdue"], listed[2]["due"]) == (False, None)
