"""DPoP at `/par`, `/authorize` and `/token` (RFC 9449 §5, §10): what a key binds, and what it refuses."""

import asyncio
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import journey
import orjson
import provider_house as world
import pytest
from strong_portal import PORTALS, StrongPortal

from gateway.openid_provider.clients import Portal
from tests.possession import Holder

pytestmark = pytest.mark.anyio
APP = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}


@pytest.fixture
async def strong(tmp_path: Path) -> AsyncIterator[StrongPortal]:
    async with world.open_provider(tmp_path, portals=PORTALS) as provider:
        yield StrongPortal(provider)


def assert_error(answer: Any, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert "receipt=rf_" in answer.json()["error_uri"]
    assert "www-authenticate" not in answer.headers or status == 401


async def post(portal: StrongPortal, form: dict[str, str | None], proof: str | None, **headers: str) -> Any:
    """Post to `/token` as a client without a key of its own; `proof` "" makes a good one."""
    data = {name: value for name, value in form.items() if value is not None}
    sent = headers if proof is None else {**headers, "dpop": proof or portal.proof("POST", "/token")}
    return await portal.provider.http.post("/token", data=data, headers=sent)


async def redeem(portal: StrongPortal, code: str, proof: str | None = "", **changes: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": journey.VERIFIER}
    headers = {} if "client_id" in changes else journey.basic()
    return await post(portal, form | {"redirect_uri": world.CALLBACK} | changes, proof, **headers)


async def refresh(portal: StrongPortal, token: str, proof: str | None = "", **changes: str) -> Any:
    headers = {} if "client_id" in changes else journey.basic()
    return await post(portal, {"grant_type": "refresh_token", "refresh_token": token, **changes}, proof, **headers)


async def code_of(portal: StrongPortal, **changes: str) -> str:
    """Walk to a code of a client that does not push."""
    portal.provider.http.cookies.clear()
    asked = {"scope": "openid profile offline_access", "prompt": "consent"} | changes
    return await journey.obtain_code(portal.provider, **asked)


async def test_a_strong_client_proves_its_key_each_time(strong: StrongPortal) -> None:
    code = await strong.code()
    assert_error(await strong.redeem(code, None), "invalid_dpop_proof")
    answer = await strong.redeem(code)
    tokens = answer.json()
    assert (answer.status_code, tokens["token_type"]) == (200, "DPoP"), "a refusal before spent nothing"
    assert_error(await strong.refresh(tokens["refresh_token"], None), "invalid_dpop_proof")
    assert_error(await strong.post("/token", {"grant_type": "client_credentials"}, None), "invalid_dpop_proof")


async def test_any_client_may_bind_its_tokens(strong: StrongPortal) -> None:
    tokens = (await redeem(strong, await code_of(strong))).json()
    assert tokens["token_type"] == "DPoP"
    assert (await strong.person(tokens["access_token"])).status_code == 200
    assert (await strong.person(tokens["access_token"], scheme="Bearer")).status_code == 401
    plain = await redeem(strong, await code_of(strong), None)
    assert plain.json()["token_type"] == "Bearer"


async def test_bound_tokens_are_followed_by_bound_ones(strong: StrongPortal) -> None:
    kept = (await redeem(strong, await code_of(strong))).json()["refresh_token"]
    assert_error(await refresh(strong, kept, None), "invalid_dpop_proof")
    other = StrongPortal(strong.provider)  # a confidential client's refresh token is bound to its authentication
    answer = (await refresh(other, kept)).json()
    assert (answer["token_type"], answer["refresh_token"]) == ("DPoP", kept)
    assert (await other.person(answer["access_token"])).status_code == 200
    assert (await strong.person(answer["access_token"])).status_code == 401


async def test_a_public_clients_refresh_token_is_bound_to_the_key(strong: StrongPortal) -> None:
    kept = (await redeem(strong, await code_of(strong, **APP), **APP)).json()["refresh_token"]
    thief = StrongPortal(strong.provider)
    assert_error(await refresh(thief, kept, client_id="app"), "invalid_grant")
    assert_error(await refresh(strong, kept, None, client_id="app"), "invalid_grant")
    for _ in range(2):
        answer = (await refresh(strong, kept, client_id="app")).json()
        assert (answer["token_type"], answer["refresh_token"]) == ("DPoP", kept), "bound, it does not rotate"


async def test_a_public_client_without_a_key_rotates(strong: StrongPortal) -> None:
    kept = (await redeem(strong, await code_of(strong, **APP), None, **APP)).json()["refresh_token"]
    assert (await refresh(strong, kept, None, client_id="app")).json()["refresh_token"] != kept


async def test_a_strong_clients_refresh_token_does_not_rotate(strong: StrongPortal) -> None:
    kept = (await strong.tokens())["refresh_token"]
    first = (await strong.refresh(kept)).json()
    strong.provider.clock.move(timedelta(seconds=31))
    second = (await strong.refresh(kept)).json()
    assert first["refresh_token"] == second["refresh_token"] == kept
    assert_error(await strong.post("/token", {"grant_type": "refresh_token", "refresh_token": "gr_x"}), "invalid_grant")


@pytest.mark.parametrize("by", ["proof", "parameter", "both"])
async def test_a_code_is_bound_where_it_was_asked_for(strong: StrongPortal, by: str) -> None:
    proof = None if by == "parameter" else strong.proof("POST", "/par")
    code = await strong.code(proof=proof, dpop_jkt=None if by == "proof" else strong.holder.jkt)
    thief = StrongPortal(strong.provider)
    assert_error(await thief.redeem(code), "invalid_grant")
    assert (await strong.redeem(code)).status_code == 200, "the thief could not burn it"


async def test_a_code_is_bound_by_the_browsers_request(strong: StrongPortal) -> None:
    code = await code_of(strong, dpop_jkt=strong.holder.jkt)
    assert_error(await redeem(strong, code, None), "invalid_grant")
    assert_error(await redeem(StrongPortal(strong.provider), code), "invalid_grant")
    assert (await redeem(strong, code)).json()["token_type"] == "DPoP"


async def test_two_keys_in_one_request_are_refused(strong: StrongPortal) -> None:
    proof = strong.proof("POST", "/par")
    assert_error(await strong.push(proof=proof, dpop_jkt=Holder().jkt), "invalid_request")


@pytest.mark.parametrize("bent", ["short", "x" * 43 + "=", "é" * 43, "x" * 44])
async def test_a_thumbprint_looks_like_one(strong: StrongPortal, bent: str) -> None:
    assert_error(await strong.push(dpop_jkt=bent), "invalid_request")
    sent = await strong.provider.get(journey.authorize_url(dpop_jkt=bent))
    assert journey.members(sent.headers["location"])["error"] == "invalid_request"


@pytest.mark.parametrize(
    "bend",
    [
        {"htm": "GET"},
        {"htu": f"{world.ISSUER}/userinfo"},
        {"iat": 5},
        {"without": ("jti",)},
        {"header": {"alg": "none"}},
        {"header": {"typ": "JWT"}},
    ],
)
async def test_a_bad_proof_is_said_at_par_and_token(strong: StrongPortal, bend: dict[str, Any]) -> None:
    assert_error(await strong.push(proof=strong.proof("POST", "/par", **bend)), "invalid_dpop_proof")
    code = await strong.code()
    assert_error(await strong.redeem(code, strong.proof("POST", "/token", **bend)), "invalid_dpop_proof")
    assert (await strong.redeem(code)).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10])
async def test_a_clock_ten_seconds_off_is_forgiven(strong: StrongPortal, seconds: int) -> None:
    at = int(strong.now) + seconds
    code = await strong.code(proof=strong.proof("POST", "/par", iat=at, nbf=at - 1, exp=at + 60))
    assert (await strong.redeem(code, strong.proof("POST", "/token", iat=at))).status_code == 200


async def test_a_proof_is_good_once_at_par(strong: StrongPortal) -> None:
    proof = strong.proof("POST", "/par")
    assert (await strong.push(proof=proof)).status_code == 201
    assert_error(await strong.push(proof=proof), "invalid_dpop_proof")


async def test_a_used_proof_costs_the_code_nothing(strong: StrongPortal) -> None:
    kept = (await strong.tokens())["refresh_token"]
    proof = strong.proof("POST", "/token")
    assert (await strong.refresh(kept, proof)).status_code == 200
    code = await strong.code()
    assert_error(await strong.redeem(code, proof), "invalid_dpop_proof")
    assert (await strong.redeem(code)).status_code == 200
    assert (await strong.refresh(kept)).status_code == 200, "and no grant was revoked for it"


async def test_a_proof_is_remembered_as_long_as_it_would_be_good(strong: StrongPortal) -> None:
    kept = (await strong.tokens())["refresh_token"]
    proof = strong.proof("POST", "/token", iat=int(strong.now) + 25)
    assert (await strong.refresh(kept, proof)).status_code == 200
    for seconds in (100, 200, 20, 10):
        strong.provider.clock.move(timedelta(seconds=seconds))
        assert_error(await strong.refresh(kept, proof), "invalid_dpop_proof")


async def test_forty_uses_of_one_proof_are_one(strong: StrongPortal) -> None:
    tokens = await strong.tokens()
    proof = strong.proof("POST", "/token")
    answers = await asyncio.gather(*(strong.refresh(tokens["refresh_token"], proof) for _ in range(40)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 39}
    proof = strong.proof("GET", "/userinfo", token=tokens["access_token"])
    seen = await asyncio.gather(*(strong.person(tokens["access_token"], proof) for _ in range(40)))
    assert Counter(answer.status_code for answer in seen) == {200: 1, 401: 39}
    pushed = strong.proof("POST", "/par")
    names = await asyncio.gather(*(strong.push(proof=pushed) for _ in range(40)))
    assert Counter(answer.status_code for answer in names) == {201: 1, 400: 39}


async def test_a_code_redeemed_twice_revokes_with_proofs_too(strong: StrongPortal) -> None:
    code = await strong.code()
    tokens = (await strong.redeem(code)).json()
    assert_error(await strong.redeem(code), "invalid_grant")
    assert (await strong.person(tokens["access_token"])).status_code == 401
    assert_error(await strong.refresh(tokens["refresh_token"]), "invalid_grant")


async def test_a_signed_token_carries_the_key(strong: StrongPortal) -> None:
    form = {"grant_type": "client_credentials", "resource": "https://reports.example"}
    answer = (await strong.post("/token", form)).json()
    claims = orjson.loads(urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
    assert (answer["token_type"], claims["cnf"]) == ("DPoP", {"jkt": strong.holder.jkt})
    told = (await strong.post("/introspect", {"token": answer["access_token"]}, None)).json()
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": strong.holder.jkt})


async def test_whoever_registered_for_bound_tokens_gets_no_other(strong: StrongPortal) -> None:
    portal = strong.provider.house.clients.get("portal")
    assert portal is not None
    bound = Portal.model_validate(portal.model_dump(exclude_defaults=True) | {"dpop_bound_access_tokens": True})
    strong.provider.house.clients.replace_seeds([bound])
    answer = await post(strong, {"grant_type": "client_credentials"}, None, **journey.basic())
    assert_error(answer, "invalid_dpop_proof")
    answer = await post(strong, {"grant_type": "client_credentials"}, "", **journey.basic())
    assert answer.json()["token_type"] == "DPoP"


@dataclass
class Forgetful:
    """A memory of marks that began at some time."""

    remembers_since: datetime | None


async def test_after_a_restart_of_the_memory_older_proofs_are_refused(strong: StrongPortal) -> None:
    kept = await strong.tokens()
    since = strong.provider.clock.now()
    strong.provider.application.router.routes[:] = world.provider_routes(
        replace(strong.provider.house, replays=Forgetful(since))
    )
    assertion = strong.assertion(iat=int(strong.now) + 2, exp=int(strong.now) + 60)
    form = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
    older = await strong.post("/token", form, assertion=assertion)
    assert_error(older, "invalid_dpop_proof")
    assert (await strong.person(kept["access_token"])).status_code == 401
    strong.provider.clock.move(timedelta(seconds=2))
    assert (await strong.refresh(kept["refresh_token"])).status_code == 200
    assert (await strong.person(kept["access_token"])).status_code == 200
