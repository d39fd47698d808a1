"""`gate06 report`: the operator's view of what citizens reported, without who they are."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli.command import main
from gateway.consent.misuse_report import MisuseReport
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert

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
    assert table.splitlines()[0].split() == ["number", "at", "portal", "concern", "blocked", "about", "receipt"]
    assert "citizen-" not in table
    assert len(run(capfd, "report", "list", "--portal", "one", "--json")[1]["reports"]) == 1


def test_one_report_is_shown_by_its_number(capfd: pytest.CaptureFixture[str]) -> None:
    code, shown, _ = run(capfd, "report", "show", "bc-2026-0000-0001", "--json")
    assert code == 0
    assert shown == {
        "schema": "gate06.report/1",
        "number": "BC-2026-0000-0001",
        "at": "2026-11-23T03:00:00Z",
        "portal": "one",
        "concern": "not_me",
        "blocked": True,
        "about": None,
        "receipt": "rc_1",
    }
    assert "blocked yes" in run(capfd, "report", "show", "BC-2026-0000-0001")[1]
    for number in ("BC-2026-0000-0003", "BC-2026-9999-9999", "x"):
        code, out, said = run(capfd, "report", "show", number)
        assert (code, out) == (4, "")
        assert "GW-1811" in said
