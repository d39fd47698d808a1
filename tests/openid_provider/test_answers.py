"""How answers reach a portal (form_post, JARM): codes and errors by the same door, and no other way than asked."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest
from journey import agree, authorize_url, basic, hidden, members, reach_sign_in, redeem, sign_in, told
from signing_house import EC_SEAL, opened, signing

from gateway.identity_providers.contract import SignInCancelled
from gateway.openid_provider.response_mode import SIGNED_FOR
from gateway.tokens.jose import ID_TOKEN_HINT, JosePolicy, JoseRefused, verify

pytestmark = pytest.mark.anyio
JARM = JosePolicy(name="answer", required=frozenset({"iss", "aud", "exp"}), audience_is_text=True)
SEALED = {"authorization_encrypted_response_alg": "ECDH-ES", "authorization_encrypted_response_enc": "A256GCM"}


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    portals = (*world.PORTALS, signing(), signing("sealed", **SEALED))
    async with world.open_provider(tmp_path, portals=portals) as opened_one:
        yield opened_one


def read(provider: world.Provider, answer: httpx2.Response, client_id: str = "portal") -> dict[str, Any]:
    """Return the claims of a signed answer; nothing stands beside it."""
    answered = told(answer)
    assert set(answered) == {"response"}
    claims = verify(
        answered["response"],
        JARM,
        provider.house.keys,
        now=provider.clock.now(),
        issuer=world.ISSUER,
        audience=client_id,
    )
    assert claims["exp"] == provider.clock.now().timestamp() + SIGNED_FOR.total_seconds()
    return claims


async def test_an_answer_is_posted_by_a_page(provider: world.Provider) -> None:
    page = await agree(provider, await sign_in(provider, response_mode="form_post"))
    answered = told(page)
    assert (answered["state"], answered["iss"], set(answered)) == ("st-1", world.ISSUER, {"code", "state", "iss"})
    assert f'action="{world.CALLBACK}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "sha256-" in page.headers["content-security-policy"]
    assert (await redeem(provider, answered["code"])).status_code == 200


async def test_what_is_posted_is_escaped(provider: world.Provider) -> None:
    state = '"><script>alert(1)</script>&amp;'
    page = await agree(provider, await sign_in(provider, response_mode="form_post", state=state))
    assert told(page)["state"] == state
    assert page.text.count("<script") == 1


async def test_the_page_speaks_the_browsers_language(provider: world.Provider) -> None:
    for accepted, word in (("en", "One more step"), ("vi", "Còn một bước"), ("fr", "Còn một bước")):
        provider.http.headers["accept-language"] = accepted
        refused = await provider.get(authorize_url(response_mode="form_post", prompt="none"))
        assert word in refused.text
        assert told(refused)["error"] == "login_required"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": None}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("mode", ["form_post", "jwt", "query.jwt", "form_post.jwt"])
async def test_errors_go_the_same_way(
    provider: world.Provider, mode: str, changes: dict[str, str | None], error: str
) -> None:
    refused = await provider.get(authorize_url(response_mode=mode, **changes))
    answered = read(provider, refused) if "jwt" in mode else told(refused)
    assert (answered["error"], answered["state"], answered["iss"]) == (error, "st-1", world.ISSUER)
    assert refused.status_code == (200 if "form_post" in mode else 303)


async def test_another_mode_is_refused_in_the_address(provider: world.Provider) -> None:
    for mode in ("fragment", "fragment.jwt", "web_message", "QUERY", "query query"):
        refused = await provider.get(authorize_url(response_mode=mode))
        assert members(refused.headers["location"])["error"] == "invalid_request", mode


async def test_leaving_is_told_the_same_way(provider: world.Provider) -> None:
    page = await sign_in(provider, response_mode="form_post.jwt")
    form = {"csrf": hidden(page.text, "csrf"), "decision": "deny"}
    assert read(provider, await provider.http.post(str(page.url), data=form))["error"] == "access_denied"


@pytest.mark.parametrize("mode", ["form_post", "jwt"])
async def test_a_failed_sign_in_leads_back_the_same_way(provider: world.Provider, mode: str) -> None:
    provider.upstream.answer = SignInCancelled()
    page = await sign_in(provider, response_mode=mode)
    attempt = str(page.url).partition("?")[0]
    assert f'href="{attempt}?back=on"' in page.text
    back = await provider.get(f"{attempt}?back=on")
    answered = read(provider, back) if mode == "jwt" else told(back)
    assert (answered["error"], answered["state"]) == ("access_denied", "st-1")


async def test_the_way_back_is_the_browsers_own(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider, response_mode="form_post")
    assert (await provider.get(f"{attempt}?back=on")).status_code == 409  # nothing failed
    async with provider.another_browser() as stranger:
        assert (await stranger.get(f"{attempt}?back=on")).status_code == 400


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
async def test_a_signed_answer(provider: world.Provider, mode: str) -> None:
    claims = read(provider, await agree(provider, await sign_in(provider, response_mode=mode)))
    assert set(claims) == {"iss", "aud", "exp", "code", "state"}
    assert (await redeem(provider, claims["code"])).status_code == 200


async def test_a_signed_answer_is_no_id_token(provider: world.Provider) -> None:
    answered = told(await agree(provider, await sign_in(provider, response_mode="jwt")))
    with pytest.raises(JoseRefused):
        verify(answered["response"], ID_TOKEN_HINT, provider.house.keys, now=provider.clock.now())
    hinted = await provider.get(authorize_url(prompt="none", id_token_hint=answered["response"]))
    assert members(hinted.headers["location"])["error"] == "login_required"


async def test_the_client_names_the_algorithm(provider: world.Provider) -> None:
    provider.house.clients.replace_seeds([signing(authorization_signed_response_alg="PS256")])
    answered = told(await provider.get(authorize_url(client_id="signing", response_mode="jwt", prompt="none")))
    assert json.loads(urlsafe_b64decode(answered["response"].partition(".")[0] + "=="))["alg"] == "PS256"


async def test_an_encrypted_answer_is_read_by_its_client_alone(provider: world.Provider) -> None:
    for mode in ("jwt", "form_post.jwt"):
        answered = told(await provider.get(authorize_url(client_id="sealed", response_mode=mode, prompt="none")))
        header, inner = opened(answered["response"], EC_SEAL)
        assert header == header | {"alg": "ECDH-ES", "enc": "A256GCM", "kid": "e1", "cty": "JWT"}
        claims = verify(inner, JARM, provider.house.keys, now=provider.clock.now(), audience="sealed")
        assert claims["error"] == "login_required"


async def test_a_pushed_request_keeps_its_mode(provider: world.Provider) -> None:
    form = members(authorize_url(response_mode="form_post"))
    named = (await provider.http.post("/par", data=form, headers=basic())).json()["request_uri"]
    bent = {"client_id": "portal", "request_uri": named, "response_mode": "query", "prompt": "none"}
    begun = await provider.get("/authorize", params=bent)
    assert begun.status_code == 303
    assert "/interaction/" in begun.headers["location"]
    left = await provider.get(begun.headers["location"])
    answer = await provider.http.post(
        begun.headers["location"], data={"csrf": hidden(left.text, "csrf"), "cancel": "1"}
    )
    assert told(answer)["error"] == "access_denied"
    assert answer.status_code == 200


async def test_an_officer_is_answered_the_same_way(provider: world.Provider) -> None:
    asked = {"client_id": "desk", "redirect_uri": "http://127.0.0.1:8009/callback", "prompt": "none"}
    assert told(await provider.get(authorize_url(response_mode="form_post", **asked)))["error"] == "login_required"
    assert read(provider, await provider.get(authorize_url(response_mode="jwt", **asked)), "desk")["state"] == "st-1"


async def test_the_metadata_names_the_modes(provider: world.Provider) -> None:
    document = (await provider.get("/.well-known/oauth-authorization-server")).json()
    for mode in document["response_modes_supported"]:
        answer = await provider.get(authorize_url(response_mode=mode, prompt="none"))
        assert "error" in (read(provider, answer) if "jwt" in mode else told(answer))
    assert "ES256" in document["authorization_signing_alg_values_supported"]
