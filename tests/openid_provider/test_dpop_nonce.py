"""Nonces for proofs (RFC 9449 §8, §9): demanded where the profile is named, given with the refusal, never stored."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import journey
import provider_house as world
import pytest
from strong_portal import PORTALS, StrongPortal

from gateway.tokens.dpop_nonce import STEP_FOR, NonceSteps

pytestmark = pytest.mark.anyio
SECRET = b"n" * 32
NOW = datetime(2026, 11, 23, 3, 0, 30, tzinfo=UTC)


@pytest.fixture
async def strong(tmp_path: Path) -> AsyncIterator[StrongPortal]:
    """A provider that wants nonces of `fapi2` clients and of nobody else."""
    async with world.open_provider(tmp_path, portals=PORTALS) as provider:
        house = replace(provider.house, nonces=NonceSteps(SECRET, ["fapi2"]))
        provider.application.router.routes[: len(world.provider_routes(house))] = world.provider_routes(house)
        yield StrongPortal(replace(provider, house=house))


def test_a_nonce_is_good_for_some_minutes_on_every_node() -> None:
    one, other = NonceSteps(SECRET, ["fapi2"]), NonceSteps(SECRET, ["fapi2", "baseline"])
    nonce = one.current(NOW)
    times = {step: NOW + timedelta(seconds=step * STEP_FOR) for step in range(-3, 7)}
    good = [step for step, now in times.items() if nonce in (other.accepted("fapi2", now) or ())]
    assert good == [-1, 0, 1, 2, 3]
    assert nonce not in (NonceSteps(b"o" * 32, ["fapi2"]).accepted("fapi2", NOW) or ())
    assert len(nonce) == 22
    assert one.accepted("baseline", NOW) is None


async def test_the_nonce_comes_with_the_refusal_and_then_it_goes(strong: StrongPortal) -> None:
    refused = await strong.push(proof=strong.proof("POST", "/par"))
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
    assert refused.json()["error_uri"].endswith("/errors/GW-1407"), "it is a step of the protocol, and no evidence"
    assert await world.events_of(strong.provider) == []
    nonce = refused.headers["dpop-nonce"]
    code = await strong.code(proof=strong.proof("POST", "/par", nonce=nonce))

    asked = await strong.redeem(code)
    assert (asked.status_code, asked.json()["error"]) == (400, "use_dpop_nonce")
    assert asked.json()["error_uri"].endswith("/errors/GW-1407")
    answer = await strong.redeem(code, strong.proof("POST", "/token", nonce=asked.headers["dpop-nonce"]))
    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"] == nonce
    tokens = answer.json()

    at_resource = await strong.person(tokens["access_token"])
    assert (at_resource.status_code, at_resource.json()["error"]) == (401, "use_dpop_nonce")
    assert at_resource.json()["error_uri"].endswith("/errors/GW-1605")
    assert 'DPoP realm="gate06", error="use_dpop_nonce"' in at_resource.headers["www-authenticate"]
    person = await strong.person(tokens["access_token"], nonce=at_resource.headers["dpop-nonce"])
    assert (person.status_code, person.headers["dpop-nonce"]) == (200, nonce)

    kept = tokens["refresh_token"]
    assert (await strong.refresh(kept, strong.proof("POST", "/token", nonce=nonce))).status_code == 200


@pytest.mark.parametrize("nonce", ["", "another", 5, None, ["x"]])
async def test_another_nonce_is_none(strong: StrongPortal, nonce: object) -> None:
    refused = await strong.push(proof=strong.proof("POST", "/par", nonce=nonce))
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")


async def test_an_old_nonce_is_replaced(strong: StrongPortal) -> None:
    nonce = (await strong.push(proof=strong.proof("POST", "/par"))).headers["dpop-nonce"]
    strong.provider.clock.move(timedelta(seconds=3 * STEP_FOR))
    assert (await strong.push(proof=strong.proof("POST", "/par", nonce=nonce))).status_code == 201
    strong.provider.clock.move(timedelta(seconds=STEP_FOR))
    late = await strong.push(proof=strong.proof("POST", "/par", nonce=nonce))
    assert late.json()["error"] == "use_dpop_nonce"
    fresh = late.headers["dpop-nonce"]
    assert fresh != nonce
    assert (await strong.push(proof=strong.proof("POST", "/par", nonce=fresh))).status_code == 201


async def test_a_wrong_proof_is_not_excused_by_a_nonce(strong: StrongPortal) -> None:
    nonce = (await strong.push(proof=strong.proof("POST", "/par"))).headers["dpop-nonce"]
    refused = await strong.push(proof=strong.proof("POST", "/par", nonce=nonce, htm="GET"))
    assert refused.json()["error"] == "invalid_dpop_proof"


async def test_other_profiles_are_left_alone(strong: StrongPortal) -> None:
    headers = journey.basic() | {"dpop": strong.proof("POST", "/token")}
    answer = await strong.provider.http.post("/token", data={"grant_type": "client_credentials"}, headers=headers)
    assert (answer.status_code, "dpop-nonce" in answer.headers) == (200, False)
