"""Every changing verb refuses a reason that names a person, before anything is stored."""

import asyncio

import orjson
import pytest

from gateway.cli.connection import opened_storage, settings_of
from gateway.vocabulary.store import Kind
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.cli.test_operators import ADD, events, old_key

NUMBER = "999041000001"


def stored() -> str:
    """Return everything the store has of acts and approvals, and the log."""

    async def read() -> str:
        async with opened_storage(settings_of(None, None, None)) as storage:
            kinds = (Kind.APPROVAL, Kind.PORTAL, Kind.CONNECTOR_RELEASE)
            return repr([await storage.store.select(kind) for kind in kinds])

    return asyncio.run(read()) + orjson.dumps(events()).decode()


@pytest.mark.parametrize("alone", [True, False], ids=["known before", "first"])
def test_no_verb_keeps_a_persons_number(staff: Staff, run: Run, alone: bool) -> None:
    staff.sign_in("a", "registration_officer", "security_officer", "system_admin")
    waiting = run(*ADD, "--reason", "theo kế hoạch", "--json")[1]["approval"]["id"]
    verbs = [
        ("portal", "add", "other", "--redirect-uri", "https://other.example/cb"),
        ("key", "retire", old_key(run), "--force"),
    ]
    if alone:
        staff.sign_in("b", "registration_officer", "security_officer", "system_admin")
        verbs += [("approval", "approve", waiting), ("approval", "reject", waiting)]
    for verb in verbs:
        code, out, err = run(*verb, "--reason", f"theo số {NUMBER}")
        assert (code, "GW-2417" in err, "12 digits" in err) == (5, True, True), (verb, err)
        assert NUMBER not in out + err
    assert NUMBER not in stored()
    assert [one["state"] for one in run("approval", "list", "--json")[1]["approvals"]] == ["waiting"]


def test_an_id_of_a_portal_is_nobodys_number(staff: Staff, run: Run) -> None:
    staff.sign_in("a", "registration_officer")
    code, _, err = run("portal", "add", NUMBER, "--redirect-uri", "https://mine.example/cb", "--reason", "thử")
    assert (code, "GW-2417" in err) == (5, True)
    assert NUMBER not in err + stored()
