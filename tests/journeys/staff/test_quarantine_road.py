"""A quarantine is seen and ended by a member of staff over HTTP and on the operators' page, and by nobody else."""

import asyncio
from base64 import urlsafe_b64decode

import httpx2
import pytest

from gateway.audit.record import Evidence
from gateway.connector_runtime.drift import Drift
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.quarantine import Quarantine
from gateway.settings import DEMO_MASTER_KEY
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.connector_lifecycle.samples import own_manifest
from tests.connector_runtime.test_quarantine import Connectors
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk, staff_token

WHY = "Sổ được làm trống theo kế hoạch"
VERSION = read_manifest(own_manifest("land"), "land/manifest.toml").version


def drift(stack: Stack, sign: str, version: str = VERSION) -> None:
    """Store what a worker of this gateway stores when it sees the land register drift."""

    async def store() -> None:
        chance, key = SystemRandomness(), urlsafe_b64decode(DEMO_MASTER_KEY + "=")
        storage = await open_storage(stack.urls.store, None, master_key=key, randomness=chance, migrate=False)
        worker = Quarantine(storage.store, Evidence(SystemClock(), chance, storage.keys), SystemClock())
        worker.report("land", Drift(sign=sign))
        await worker.look(Connectors(land=version))
        await storage.close()

    asyncio.run(store())


def api(stack: Stack, account: str) -> httpx2.Client:
    return httpx2.Client(base_url=stack.issuer, headers={"authorization": f"Bearer {staff_token(stack, account)}"})


def listed(http: httpx2.Client) -> list[tuple[str, str, str]]:
    answer = http.get("/v1/quarantines")
    assert answer.status_code == 200
    return [(one["source"], one["version"], one["sign"]) for one in answer.json()["quarantines"]]


def test_a_quarantine_is_seen_and_released_by_the_api(stack: Stack) -> None:
    where = "/v1/quarantines/land/release"
    owner, looking = api(stack, "vi.thang"), api(stack, "nguyen.oanh")
    assert listed(owner) == []
    drift(stack, "nobody")
    assert listed(owner) == listed(looking) == [("land", VERSION, "nobody")]
    refused = looking.post(where, json={"reason": WHY})
    assert (refused.status_code, refused.json()["code"]) == (403, "GW-2403")
    assert owner.post(where, json={}).status_code in {400, 422}, "a reason is wanted"
    assert httpx2.post(stack.issuer + where, json={"reason": WHY}).status_code == 401
    assert listed(owner) == [("land", VERSION, "nobody")]
    released = owner.post(where, json={"reason": WHY})
    assert (released.status_code, released.json()["source"]) == (200, "land")
    assert listed(owner) == []
    again = owner.post(where, json={"reason": WHY})
    assert (again.status_code, again.json()["code"]) == (404, "CN-216")
    drift(stack, "gone", version="0.9.0")
    assert listed(owner) == [], "another version ended it"


@pytest.mark.parametrize(("sign", "words"), [("unreadable", "không đọc được"), ("other_people", "về người khác")])
def test_a_quarantine_is_seen_and_released_on_the_page(stack: Stack, sign: str, words: str) -> None:
    drift(stack, sign)
    looking = Desk(stack, "nguyen.oanh")
    page = looking.sign_in(looking.go("GET", f"{stack.issuer}/staff/connectors"))
    assert 'data-quarantined="land"' in page.text
    assert words in page.text
    assert 'id="do-release-1" disabled' in page.text
    owner = Desk(stack, "vi.thang")
    page = owner.sign_in(owner.go("GET", f"{stack.issuer}/staff/connectors"))
    unnamed = owner.http.post(f"{stack.issuer}/staff/connectors/quarantine", data={"source": "land", "reason": WHY})
    assert unnamed.status_code == 400, "a form of nobody's session"
    assert owner.press(page, "do-release-1").status_code >= 400, "a reason is wanted"
    after = owner.press(page, "do-release-1", reason=WHY)
    assert (after.status_code, "data-quarantined" in after.text) == (200, False)
