"""`gate06 report`: the operator's view of what citizens reported, without who they are."""

import asyncio
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli.command import main
from gateway.consent.misuse_report import MisuseReport
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.store import Insert
from gateway.vocabulary.working_days import VIETNAM

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GATE06_"):
            monkeypatch.delenv(name)
    (tmp_path / "master.key").write_text("cd" * 32)
    settings = "issuer = 'https://gate.example'\n[store]\nurl = 'sqlite:///gate.db'\nmaster_key_file = 'master.key'\n"
    (tmp_path / "gate06.toml").write_text(settings)
    asyncio.run(fill())


async def fill() -> None:
    storage = await open_storage("sqlite:///gate.db", None, master_key=b"\xcd" * 32, randomness=SystemRandomness())
    for number, portal, citizen in ((1, "one", "citizen-a"), (2, None, "citizen-b"), (3, "two", "citizen-erased")):
        report = MisuseReport(
            number=f"BC-2026-0000-000{number}",
            citizen_id=citizen,
            at=AT,
            concern="not_me",
            portal=portal,
            about=None,
            receipt=f"rc_{number}",
            blocked=portal is not None,
        )
        await storage.store.commit([Insert(report.record())], now=AT)
    await storage.keys.erase("citizen-erased")
    await storage.close()


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    out, err = capfd.readouterr()
    return int(leaving.value.code or 0), (orjson.loads(out) if "--json" in arguments and out else out), err


def test_reports_are_listed_newest_first_without_whose_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    code, listed, _ = run(capfd, "report", "list", "--json")
    assert code == 0
    assert [report["number"][-1] for report in listed["reports"]] == ["2", "1"], "an erased citizen's is gone"
    assert "citizen" not in repr(listed)
    table = run(capfd, "report", "list")[1]
    columns = ["number", "at", "state", "due", "overdue", "portal", "concern", "blocked", "about", "receipt"]
    assert table.splitlines()[0].split() == columns
    assert "citizen-" not in table
    assert len(run(capfd, "report", "list", "--portal", "one", "--json")[1]["reports"]) == 1


def test_one_report_is_shown_by_its_number(capfd: pytest.CaptureFixture[str]) -> None:
    code, shown, _ = run(capfd, "report", "show", "bc-2026-0000-0001", "--json")
    assert code == 0
    overdue = shown.pop("overdue")
    assert overdue == (SystemClock().now().astimezone(VIETNAM).date() > date(2026, 11, 25))
    assert shown == {
        "schema": "gate06.report/1",
        "number": "BC-2026-0000-0001",
        "at": "2026-11-23T03:00:00Z",
        "portal": "one",
        "concern": "not_me",
        "blocked": True,
        "about": None,
        "receipt": "rc_1",
        "state": "received",
        "confirm_by": "2026-11-25",
        "answer_by": "2026-12-14",
        "due": "2026-11-25",
        "steps": [],
    }
    assert "blocked yes" in run(capfd, "report", "show", "BC-2026-0000-0001")[1]
    for number in ("BC-2026-0000-0003", "BC-2026-9999-9999", "x"):
        code, out, said = run(capfd, "report", "show", number)
        assert (code, out) == (4, "")
        assert "GW-1811" in said


def test_reports_are_found_by_the_portals_name_without_marks(capfd: pytest.CaptureFixture[str]) -> None:
    with Path("gate06.toml").open("a", encoding="utf-8") as file:
        file.write(
            "[[portal]]\nclient_id = 'one'\nclient_name = 'Cổng Đào tạo'\n"
            "redirect_uris = ['https://one.example/cb']\ntoken_endpoint_auth_method = 'none'\n"
        )
    for words, numbers in (("dao tao", ["1"]), ("ONE", ["1"]), ("dao tau", []), ("", ["2", "1"])):
        listed = run(capfd, "report", "list", "--find", words, "--json")[1]["reports"]
        assert [report["number"][-1] for report in listed] == numbers
    assert listed[1]["portal_name"]["vi"] == "Cổng Đào tạo"
    assert listed[0]["portal_name"] == {}


def test_portals_stand_in_the_order_of_the_dictionary_and_are_found_without_marks(
    capfd: pytest.CaptureFixture[str],
) -> None:
    names = {"d": "Ăn ở", "c": "Anh Đức", "b": "Đà Bắc", "a": "Da Bac", "e": "Cổng xã"}
    with Path("gate06.toml").open("a", encoding="utf-8") as file:
        for client_id, name in names.items():
            file.write(
                f"[[portal]]\nclient_id = '{client_id}'\nclient_name = '{name}'\nagency = 'UBND xã Tà Hộc'\n"
                f"redirect_uris = ['https://{client_id}.example/cb']\ntoken_endpoint_auth_method = 'none'\n"
            )

    def listed(*words: str) -> list[str]:
        portals = run(capfd, "portal", "list", *words, "--json")[1]["portals"]
        return [portal["name"]["vi"] for portal in portals]

    assert listed() == ["Anh Đức", "Ăn ở", "Cổng xã", "Da Bac", "Đà Bắc"]
    assert listed("da bac") == ["Da Bac", "Đà Bắc"]
    assert listed("Đà Bắc") == ["Đà Bắc", "Da Bac"]
    assert len(listed("ta hoc")) == 5
    assert listed("khong co") == []
    assert "Đà Bắc" in run(capfd, "portal", "list", "dà")[1]
