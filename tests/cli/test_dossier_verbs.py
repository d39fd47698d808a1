"""`gate06 dossier`: a file is taken once, what cannot be waits with its reason, and is replayed by whoever may."""

from pathlib import Path

import orjson

from gateway.vocabulary.officer import STAFF_ROLES
from tests.cli.conftest import SETTINGS, Run
from tests.cli.staff_login import Staff
from tests.dossiers.told import CODE, NUMBER, START, event, whole

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dossiers" / "synthetic.jsonl"
FINISHED = "H99.05860-261105-0001"
PORTAL = """
[[portal]]
client_id = "mot-cua"
client_secret = "{secret}"
redirect_uris = ["https://mot-cua.example/callback"]
dossier_units = [{units}]
"""


def settle(folder: Path, units: str) -> None:
    (folder / "gate06.toml").write_text(SETTINGS + PORTAL.format(secret="s" * 43, units=units))


def lines(file: Path, *told: object) -> Path:
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in told))
    return file


def test_the_sample_file_is_taken_once_and_its_dossiers_are_shown(staff: Staff, run: Run) -> None:
    staff.sign_in("first", "service_admin")
    code, first, _ = run("dossier", "import", str(SAMPLE), "--json")
    assert (code, first["accepted"], first["rejected"]) == (0, 11, {})
    code, again, _ = run("dossier", "import", str(SAMPLE), "--json")
    assert (code, again["accepted"], again["duplicate"], again["receipt"]) == (0, 0, 11, None)
    code, shown, _ = run("dossier", "show", FINISHED, "--json")
    assert (code, shown["status"], shown["channel"], shown["procedure"]) == (0, 10, "online", "1.004222")
    assert shown["fees"] == [{"code": "LP01", "amount": 20_000}]
    assert [one["status"] for one in shown["moments"]] == [1, 2, 9, 10]
    assert shown["handling_hours"] == 23
    assert "moment 2026-11-05T01:00:00+00:00 new H99.05860" in run("dossier", "show", FINISHED)[1]
    assert run("dossier", "show", "H99.05860-261105-0099")[0] == 4
    assert run("dossier", "show", "0099")[0] == 2


def test_what_is_not_taken_waits_and_is_replayed_when_the_client_may(staff: Staff, run: Run, tmp_path: Path) -> None:
    settle(tmp_path, '"H99.41"')
    staff.sign_in("first", *STAFF_ROLES)
    file = lines(tmp_path / "told.jsonl", event("accepted"), whole(), event("lost"))
    code, taken, err = run("dossier", "import", str(file), "--client", "mot-cua", "--json")
    assert (code, taken["accepted"], taken["rejected"]) == (9, 0, {"DS-102": 1, "DS-106": 2})
    assert "dead-letters" in err
    letters = run("dossier", "dead-letters", "--json")[1]["letters"]
    assert sorted(one["code"] for one in letters) == ["DS-102", "DS-106", "DS-106"]
    assert NUMBER not in orjson.dumps(letters).decode()
    assert run("dossier", "replay")[0] == 9
    settle(tmp_path, '"H99"')
    code, replayed, _ = run("dossier", "replay", "--json")
    assert (code, replayed["accepted"], replayed["rejected"]) == (9, 2, {"DS-102": 1})
    (left,) = run("dossier", "dead-letters", "--json")[1]["letters"]
    assert (left["code"], left["sender"], left["event"]) == ("DS-102", "mot-cua", f"lost-{START:%d%H%M%S}")
    assert run("dossier", "show", CODE, "--json")[1]["status"] == 4
    assert run("dossier", "replay", "dl_none")[0] == 4


def test_a_file_that_breaks_off_keeps_what_stands_before_and_names_the_line(
    staff: Staff, run: Run, tmp_path: Path
) -> None:
    staff.sign_in("first", "service_admin")
    file = lines(tmp_path / "told.jsonl", {"service": "DongBoHoSoMC", "data": [whole()]}, [event("accepted")])
    assert run("dossier", "import", str(file), "--json")[1]["accepted"] == 2
    for broken, place in ((b'{"id":', ":3: is no JSON"), (b'{"a":1,"a":2}', ":3: a member is there twice")):
        other = tmp_path / "broken.jsonl"
        other.write_bytes(file.read_bytes() + broken)
        code, _, err = run("dossier", "import", str(other))
        assert (code, f"broken.jsonl{place}" in err) == (5, True), err
    service = lines(tmp_path / "service.jsonl", {"service": "TraCuuHoSo", "data": []})
    assert "service.jsonl:1: `service`" in run("dossier", "import", str(service))[2]
    assert run("dossier", "import", str(tmp_path / "none.jsonl"))[0] == 5
    assert run("dossier", "import", str(file), "--client", "nobody")[0] == 2


def test_who_may_not_neither_imports_nor_replays(staff: Staff, run: Run) -> None:
    for roles in ((), ("auditor", "registration_officer")):
        if roles:
            staff.sign_in("first", *roles)
        assert run("dossier", "import", str(SAMPLE))[0] == 5
        assert run("dossier", "replay")[0] == 5
    assert run("dossier", "show", FINISHED)[0] == 4
