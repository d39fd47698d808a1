"""The profile `fapi2` (FAPI 2.0 Security Profile Final), clause by clause over HTTP, beside the other two profiles."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import journey
import provider_house as world
import pytest
from strong_portal import PORTALS, STRONG, StrongPortal

from gateway.openid_provider.clients import Portal
from gateway.openid_provider.possession import DPOP_ALGORITHMS
from gateway.tokens.key_material import generate_private_jwk, public_jwk
from tests.possession import CHANCE

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StrongPortal]:
    """One provider for every question that leaves nothing behind."""
    async with world.open_provider(tmp_path_factory.mktemp("shared"), portals=PORTALS) as provider:
        yield StrongPortal(provider)


@pytest.fixture
async def strong(tmp_path: Path) -> AsyncIterator[StrongPortal]:
    """A provider whose clock the test may move."""
    async with world.open_provider(tmp_path, portals=PORTALS) as provider:
        yield StrongPortal(provider)


def assert_refused(answer: Any, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text


async def test_a_request_that_was_not_pushed_is_refused(shared: StrongPortal) -> None:
    sent = await shared.provider.get(journey.authorize_url(client_id="strong"))
    told = journey.members(sent.headers["location"])
    assert (told["error"], told["state"], told["iss"]) == ("invalid_request", "st-1", world.ISSUER)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": world.CALLBACK + "/"}, "invalid_request"),
        ({"redirect_uri": world.CALLBACK + "?x=1"}, "invalid_request"),
        ({"redirect_uri": world.CALLBACK.upper()}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    ],
)
async def test_what_a_pushed_request_must_be(shared: StrongPortal, changes: dict[str, Any], error: str) -> None:
    assert_refused(await shared.push(**changes), error)


RSA = generate_private_jwk("RS256", "r1", CHANCE)
ASSERTIONS: dict[str, dict[str, Any]] = {
    "aud an endpoint": {"aud": f"{world.ISSUER}/token"},
    "aud the endpoint called": {"aud": f"{world.ISSUER}/par"},
    "aud in a list": {"aud": [world.ISSUER]},
    "no aud": {"aud": None},
    "no sub": {"sub": None},
    "no iss": {"iss": None},
    "no jti": {"jti": None},
    "no exp": {"exp": None},
    "expired": {"exp": -300},
    "nbf over a minute ahead": {"nbf": 61},
    "iat over a minute ahead": {"iat": 61},
}
TIMES = ("exp", "nbf", "iat")


@pytest.mark.parametrize("name", ASSERTIONS)
async def test_an_assertion_is_refused_for(shared: StrongPortal, name: str) -> None:
    bend = {
        key: int(shared.now) + value if key in TIMES and value else value for key, value in ASSERTIONS[name].items()
    }
    assert_refused(await shared.push(assertion=shared.assertion(**bend)), "invalid_client", 401)


async def test_an_assertion_by_rs256_is_refused(strong: StrongPortal) -> None:
    both = Portal.model_validate(STRONG | {"jwks": {"keys": [*STRONG["jwks"]["keys"], public_jwk(RSA)]}})
    strong.provider.house.clients.replace_seeds([both])
    assert_refused(await strong.push(assertion=strong.assertion(RSA)), "invalid_client", 401)
    assert (await strong.push()).status_code == 201


async def test_an_assertion_may_be_eight_seconds_ahead(shared: StrongPortal) -> None:
    ahead = int(shared.now) + 8
    assert (await shared.push(assertion=shared.assertion(nbf=ahead, iat=ahead))).status_code == 201


async def test_a_secret_or_nothing_proves_no_strong_client(shared: StrongPortal) -> None:
    form = {"grant_type": "client_credentials", "client_id": "strong"}
    for more in ({}, {"client_secret": "x"}):
        answer = await shared.provider.http.post("/token", data=form | more)
        assert_refused(answer, "invalid_client", 401)


@pytest.mark.parametrize("changes", [{"state": None}, {"nonce": None}, {"nonce": "n" * 64}, {"nonce": "n" * 384}])
async def test_optional_parameters(strong: StrongPortal, changes: dict[str, Any]) -> None:
    answer = await strong.redeem(await strong.code(**changes))
    assert answer.status_code == 200, answer.text
    assert answer.json()["id_token"]


async def test_a_code_lives_a_minute_and_once(strong: StrongPortal) -> None:
    code = await strong.code()
    strong.provider.clock.move(timedelta(seconds=60))
    assert_refused(await strong.redeem(code), "invalid_grant")
    code = await strong.code()
    assert (await strong.redeem(code)).status_code == 200
    strong.provider.clock.move(timedelta(seconds=1))
    assert_refused(await strong.redeem(code), "invalid_grant")


async def test_a_code_needs_its_verifier_and_its_client(strong: StrongPortal) -> None:
    code = await strong.code()
    assert_refused(await strong.redeem(code, code_verifier=None), "invalid_grant")
    assert_refused(await strong.redeem(code, code_verifier="w" * 43), "invalid_grant")
    assert_refused(await strong.redeem(code, redirect_uri=world.CALLBACK + "/"), "invalid_grant")
    assert_refused(await strong.redeem(code, client_id="portal"), "invalid_request")
    assert_refused(await journey.redeem(strong.provider, code), "invalid_grant")
    assert (await strong.redeem(code)).status_code == 200


async def test_a_refresh_needs_client_key_and_grant(strong: StrongPortal) -> None:
    kept = (await strong.tokens())["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": kept}
    assert_refused(await strong.provider.http.post("/token", data=form), "invalid_client", 401)
    foreign = await strong.provider.http.post("/token", data=form, headers=journey.basic())
    assert_refused(foreign, "invalid_grant")
    assert_refused(await strong.refresh(kept, None), "invalid_dpop_proof")
    assert (await strong.refresh(kept)).json()["refresh_token"] == kept


async def test_three_profiles_live_in_one_process(strong: StrongPortal) -> None:
    """Each by its own rules, from one issuer with one set of keys."""
    bound = await strong.tokens()
    assert bound["token_type"] == "DPoP"
    strong.provider.http.cookies.clear()
    plain = await journey.obtain_tokens(strong.provider)
    assert plain["token_type"] == "Bearer"
    strong.provider.http.cookies.clear()
    changes = {"client_id": "old", "redirect_uri": "http://127.0.0.1:8006/callback", "code_challenge": None}
    code = await journey.obtain_code(strong.provider, **changes, code_challenge_method=None, nonce=None)
    old = {"client_id": "old", "client_secret": "old-secret", "redirect_uri": changes["redirect_uri"]}
    form = old | {"grant_type": "authorization_code", "code": code}
    answer = await strong.provider.http.post("/token", data=form)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")


async def test_metadata_says_what_any_profile_allows(shared: StrongPortal) -> None:
    document = (await shared.provider.get("/.well-known/oauth-authorization-server")).json()
    assert document["dpop_signing_alg_values_supported"] == list(DPOP_ALGORITHMS)
    assert not {"RS256", "none", "HS256"} & set(document["dpop_signing_alg_values_supported"])
    assert document["require_pushed_authorization_requests"] is False
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert {"PS256", "ES256"} <= set(document["token_endpoint_auth_signing_alg_values_supported"])
