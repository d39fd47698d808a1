"""`gate06 connector release`: by whom, why, with what evidence, and what the workers make of it."""

import asyncio
import json

from gateway.audit.record import Evidence
from gateway.cli.connection import opened_storage, settings_of
from gateway.connector_runtime.drift import Drift
from gateway.connector_runtime.quarantine import Quarantine, address_of
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.connector_runtime.test_quarantine import Connectors

WHY = ("--reason", "Sổ được làm trống theo kế hoạch")


def look(connectors: Connectors, drift: Drift | None = None) -> Connectors:
    """Let a worker look once, after it saw a drift of `land`."""

    async def once() -> None:
        async with opened_storage(settings_of(None, None, None)) as storage:
            worker = Quarantine(storage.store, Evidence(SystemClock(), SystemRandomness(), storage.keys), SystemClock())
            if drift is not None:
                worker.report("land", drift)
            await worker.look(connectors)

    asyncio.run(once())
    return connectors


def told() -> list[dict]:
    async def read() -> list[dict]:
        async with opened_storage(settings_of(None, None, None)) as storage:
            return [json.loads(event.leaf) for event in await storage.journal.pending(100)]

    return [event for event in asyncio.run(read()) if event["event"].startswith("Connector")]


def finding() -> dict:
    async def read() -> dict:
        async with opened_storage(settings_of(None, None, None)) as storage:
            (record,) = await storage.store.load(address_of("land"))
            return record.body

    return asyncio.run(read())


def test_a_quarantine_ends_with_a_name_and_a_reason_and_may_begin_again(staff: Staff, run: Run) -> None:
    mine = look(Connectors(land="1.0.0", tax="1.0.0"), Drift(sign="gone", attribute="land_plot"))
    assert mine.stopped == {"land"}
    assert run("connector", "release", "land", *WHY)[0] == 5, "nobody is signed in"
    staff.sign_in("oanh", "auditor")
    code, _, err = run("connector", "release", "land", *WHY)
    assert (code, "GW-2403" in err) == (5, True)
    staff.sign_in("thang", "service_admin")
    assert run("connector", "release", "land")[0] != 0, "a reason is wanted"
    assert look(mine).stopped == {"land"}, "what was refused changed nothing"
    code, said, _ = run("connector", "release", "land", *WHY, "--json")
    assert (code, said["sign"], said["attribute"]) == (0, "gone", "land_plot")
    assert look(mine).stopped == set()
    assert look(Connectors(land="1.0.0")).stopped == set(), "a worker that starts later knows it, too"
    released = finding()["released"]
    assert (released["by"], released["role"], released["reason"]) == ("staff:id-thang", "service_admin", WHY[1])
    event = told()[-1]
    assert (event["event"], event["connector"], event["outcome"]) == ("ConnectorReleased", "land", "gone")
    assert (event["actor"], event["attributes"]) == ({"kind": "operator", "ref": "staff:id-thang"}, ["land_plot"])
    assert WHY[1] not in json.dumps(event, ensure_ascii=False), "words of people stay out of the log"
    code, _, err = run("connector", "release", "land", *WHY)
    assert (code, "CN-216" in err) == (4, True)
    mine.quarantine("land")
    assert look(mine, Drift(sign="other_people")).stopped == {"land"}
    assert [one["event"] for one in told()] == ["ConnectorQuarantined", "ConnectorReleased", "ConnectorQuarantined"]
    assert finding()["sign"] == "other_people"


def test_who_is_not_quarantined_is_not_released(staff: Staff, run: Run) -> None:
    staff.sign_in("thang", "security_officer")
    code, _, err = run("connector", "release", "tax", *WHY)
    assert (code, "CN-216" in err) == (4, True)
