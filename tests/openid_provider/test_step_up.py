"""Step-up (RFC 9470): a procedure wants a recent sign-in, prefill says so, and the portal comes back with one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest
from consent_house import desk_of
from journey import authorize_url, basic, members, obtain_code, obtain_tokens, redeem, sign_in

from gateway.application.joints import TokenBearers
from gateway.openid_provider.clients import Portal
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.endpoints import prefill_routes
from gateway.prefill.house import Figures, Prefill
from tests.policy.fresh_book import FRESH, MAX_AGE_S, write_fresh_book
from tests.possession import Holder
from tests.prefill.lab import FakeSources

pytestmark = pytest.mark.anyio

ASKED = {"scope": f"openid procedure:{FRESH}"}
LATER = timedelta(seconds=MAX_AGE_S + 1)
API = f"{world.ISSUER}/v1/prefill"
TOLD = f'error_description="The sign-in is older than the procedure allows", max_age="{MAX_AGE_S}"'


def portal(**changes: Any) -> Portal:
    members = {
        "client_id": "portal",
        "client_secret": world.SECRET,
        "redirect_uris": [world.CALLBACK],
        "procedures": ["1.004222", FRESH],
    }
    return Portal.model_validate(members | changes)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider with prefill behind it, for a province with a procedure that wants a recent sign-in."""
    policy = PolicyBundle.load([write_fresh_book(tmp_path)])
    async with world.open_provider(tmp_path, portals=(portal(),)) as opened:
        house = opened.house
        object.__setattr__(house, "policy", policy)
        figures = Figures(issuer=house.issuer)
        forms = Prefill(policy, FakeSources(opened.clock), desk_of(house), house.keys, figures)  # type: ignore[arg-type]
        object.__setattr__(house, "forms", forms)
        opened.application.router.routes.extend(prefill_routes(forms, TokenBearers(house)))
        yield opened


async def fill(provider: world.Provider, token: str, procedure: str = FRESH, **headers: str) -> httpx2.Response:
    sent = {"authorization": f"Bearer {token}"} | headers
    return await provider.http.post("/v1/prefill", json={"procedure": procedure}, headers=sent)


async def come_back(provider: world.Provider, **asked: str) -> dict[str, Any]:
    """Answer the challenge: sign in again, and redeem; the notice of today is known."""
    answered = await sign_in(provider, **ASKED, **asked)
    assert answered.status_code == 303, "the notice was read today"
    tokens = (await redeem(provider, members(answered.headers["location"])["code"])).json()
    return dict(tokens)


async def test_an_old_sign_in_is_challenged_and_a_new_one_passes(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, **ASKED)
    filled = await fill(provider, tokens["access_token"])
    assert filled.status_code == 200
    provider.clock.move(LATER)
    refused = await fill(provider, tokens["access_token"])
    challenge = refused.headers["www-authenticate"]
    assert refused.status_code == 401
    assert challenge == f'Bearer realm="gate06", error="insufficient_user_authentication", {TOLD}'
    problem = refused.json()
    assert (problem["code"], problem["refused_by"], problem["status"]) == ("GW-1606", "policy", 401)
    assert problem["receipt"].startswith("rf_")
    assert problem["messages"]["vi"].startswith("Thủ tục này")
    again = await provider.get(
        f"/v1/prefill/{filled.json()['id']}", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert (again.status_code, again.headers["www-authenticate"]) == (401, challenge)
    new = await come_back(provider, max_age=str(MAX_AGE_S))
    assert provider.upstream.begun[-1].max_age == MAX_AGE_S
    assert (await fill(provider, new["access_token"])).status_code == 200


async def test_the_last_second_still_counts(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, **ASKED)
    provider.clock.move(timedelta(seconds=MAX_AGE_S))
    assert (await fill(provider, tokens["access_token"])).status_code == 200


async def test_a_bound_token_is_challenged_by_its_scheme(provider: world.Provider) -> None:
    holder, at = Holder(), provider.clock.now().timestamp()
    code = await obtain_code(provider, **ASKED)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.CALLBACK, "code_verifier": "v" * 43}
    proof = holder.prove("POST", f"{world.ISSUER}/token", at)
    token = (await provider.http.post("/token", data=form, headers={**basic(), "dpop": proof})).json()["access_token"]
    provider.clock.move(LATER)
    proof = holder.prove("POST", API, provider.clock.now().timestamp(), token=token)
    refused = await fill(provider, token, authorization=f"DPoP {token}", dpop=proof)
    algs = 'algs="ES256 Ed25519 EdDSA PS256"'
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == (
        f'DPoP realm="gate06", {algs}, error="insufficient_user_authentication", {TOLD}'
    )


async def test_a_level_that_is_too_low_is_never_challenged(provider: world.Provider) -> None:
    """Signing in again would not raise it (design.md §3)."""
    provider.upstream.answer = world.person(account_level=1, acr="urn:gate06:vneid:1")
    page = await sign_in(provider, **ASKED)
    assert (page.status_code, "GW-1203" in page.text) == (403, True)


async def test_who_asks_for_no_such_procedure_is_not_asked(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid procedure:1.004222")
    provider.clock.move(LATER)
    assert (await fill(provider, tokens["access_token"], "1.004222")).status_code == 200


@pytest.mark.parametrize(("sent", "counts"), [(None, MAX_AGE_S), ("86400", MAX_AGE_S), ("60", 60), ("0", 0)])
async def test_an_old_session_signs_in_anew_at_once(provider: world.Provider, sent: str | None, counts: int) -> None:
    """The portal need not be refused first: the shorter of what it and the procedure want counts."""
    await obtain_tokens(provider, **ASKED)
    provider.clock.move(LATER)
    silent = await provider.get(authorize_url(**ASKED, max_age=sent, prompt="none"))
    assert members(silent.headers["location"])["error"] == "login_required"
    await sign_in(provider, **ASKED, max_age=sent)
    assert (provider.upstream.begun[-1].max_age, provider.upstream.begun[-1].prompt_login) == (counts, True)
    provider.clock.move(timedelta(seconds=30))
    silent = await provider.get(authorize_url(**ASKED, max_age=sent, prompt="none"))
    assert ("code" in members(silent.headers["location"])) is (counts > 30)


async def test_an_upstream_that_did_not_ask_again_passes_nothing(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(auth_time=world.START - timedelta(hours=2))
    page = await sign_in(provider, **ASKED)
    assert (page.status_code, 'data-code="GW-1201"' in page.text) == (403, True)


async def test_introspection_says_when_and_at_what_level(provider: world.Provider) -> None:
    """RFC 9470 §6.2: a resource server of the portal's own can judge the age by itself."""
    tokens = await obtain_tokens(provider, **ASKED)
    provider.clock.move(LATER)
    answer = await provider.http.post("/introspect", data={"token": tokens["access_token"]}, headers=basic())
    told = answer.json()
    assert (told["auth_time"], told["acr"]) == (int(world.START.timestamp()), "urn:gate06:vneid:2")


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
async def test_both_documents_say_that_max_age_and_acr_count(provider: world.Provider, name: str) -> None:
    """RFC 9470 §7."""
    document = (await provider.get(f"/.well-known/{name}")).json()
    assert document["acr_values_supported"] == ["urn:gate06:vneid:1", "urn:gate06:vneid:2"]
