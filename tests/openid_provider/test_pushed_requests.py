"""Pushed authorization requests (RFC 9126): checked before anybody signs in, visited often, answered once."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import provider_house as world
import pytest
from journey import CHALLENGE, agree, authorize_url, basic, come_in, hidden, members, redeem, visit

from gateway.openid_provider.clients import Portal
from gateway.openid_provider.pushed_request import REQUEST_URI

pytestmark = pytest.mark.anyio
APP = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}


async def push(
    provider: world.Provider, headers: dict[str, str] | None = None, **changes: str | None
) -> httpx2.Response:
    """Push a good request, with changes (None leaves a parameter out)."""
    form = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url()).query).items()} | changes
    kept = {name: value for name, value in form.items() if value is not None}
    return await provider.http.post("/par", data=kept, headers=basic() if headers is None else headers)


async def pushed(provider: world.Provider, **changes: str | None) -> str:
    """Push and return the address that the browser is sent to."""
    answer = await push(provider, **changes)
    assert answer.status_code == 201, answer.text
    return visit(answer.json()["request_uri"])


async def test_a_pushed_request_signs_somebody_in(provider: world.Provider) -> None:
    answer = await push(provider)
    body = answer.json()
    assert (answer.status_code, body["expires_in"], answer.headers["cache-control"]) == (201, 90, "no-store")
    assert body["request_uri"].startswith(REQUEST_URI)
    assert len(body["request_uri"].removeprefix(REQUEST_URI)) == 43
    answered = await agree(provider, await come_in(provider, visit(body["request_uri"])))
    told = members(answered.headers["location"])
    assert (told["state"], told["iss"]) == ("st-1", world.ISSUER)
    assert (await redeem(provider, told["code"])).status_code == 200


async def test_a_second_visit_before_the_answer_comes_to_the_same_question(provider: world.Provider) -> None:
    address = await pushed(provider)
    await provider.get(address)
    page = await come_in(provider, address)
    assert (await agree(provider, page)).status_code == 303


async def test_an_answered_request_is_spent(provider: world.Provider) -> None:
    address = await pushed(provider)
    await agree(provider, await come_in(provider, address))
    again = await provider.get(address)
    assert again.status_code == 400
    assert "GW-1010" in again.text
    assert "location" not in again.headers


async def test_a_refusal_spends_it_too(provider: world.Provider) -> None:
    address = await pushed(provider)
    page = await come_in(provider, address)
    left = await provider.http.post(str(page.url), data={"csrf": hidden(page.text, "csrf"), "decision": "deny"})
    assert members(left.headers["location"])["error"] == "access_denied"
    assert (await provider.get(address)).status_code == 400


async def test_of_two_attempts_of_one_request_one_is_answered(provider: world.Provider) -> None:
    address = await pushed(provider)
    second = (await provider.get(address)).headers["location"]
    first = await agree(provider, await come_in(provider, address))
    assert "code" in members(first.headers["location"])
    late = await provider.get(second)
    if late.status_code == 200:
        late = await agree(provider, late)
    assert late.status_code == 409
    assert "code=" not in late.headers.get("location", "")


async def test_forty_silent_requests_of_one_name_get_one_code(provider: world.Provider) -> None:
    await agree(provider, await come_in(provider, await pushed(provider)))
    address = await pushed(provider)
    answers = await asyncio.gather(*(provider.get(address) for _ in range(40)))
    codes = [answer for answer in answers if "code=" in answer.headers.get("location", "")]
    assert len(codes) == 1
    assert {answer.status_code for answer in answers} <= {303, 400, 409}


@pytest.mark.parametrize("seconds", [89, 91])
async def test_it_lives_ninety_seconds(provider: world.Provider, seconds: int) -> None:
    address = await pushed(provider)
    provider.clock.move(timedelta(seconds=seconds))
    assert (await provider.get(address)).status_code == (303 if seconds < 90 else 400)


async def test_a_sign_in_may_take_longer_than_the_name_lives(provider: world.Provider) -> None:
    page = await come_in(provider, await pushed(provider))
    provider.clock.move(timedelta(minutes=10))
    assert "code" in members((await agree(provider, page)).headers["location"])


async def test_it_is_the_clients_own(provider: world.Provider) -> None:
    request_uri = (await push(provider)).json()["request_uri"]
    assert (await provider.get(visit(request_uri, client_id="app"))).status_code == 400
    assert (await provider.get(visit(request_uri))).status_code == 303


async def test_only_what_was_pushed_counts(provider: world.Provider) -> None:
    """Front-channel copies are ignored (RFC 9126 §4)."""
    request_uri = (await push(provider, state=None, nonce=None)).json()["request_uri"]
    bent = visit(
        request_uri,
        state="outside",
        nonce="outside",
        scope="openid",
        redirect_uri="https://evil.example/",
        prompt="none",
    )
    answered = await agree(provider, await come_in(provider, bent))
    assert answered.headers["location"].startswith(world.CALLBACK)
    assert "state" not in members(answered.headers["location"])


@pytest.mark.parametrize("request_uri", [REQUEST_URI, REQUEST_URI + "x" * 43, REQUEST_URI + "../../x"])
async def test_an_unknown_name_is_a_page(provider: world.Provider, request_uri: str) -> None:
    answer = await provider.get(visit(request_uri))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_another_kind_of_request_uri_is_not_offered(provider: world.Provider) -> None:
    answer = await provider.get(authorize_url(request_uri="https://portal.example/request.jwt"))
    assert members(answer.headers["location"])["error"] == "request_uri_not_supported"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request_uri": REQUEST_URI + "x"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "!"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"scope": "openid procedure:1.000656"}, "invalid_scope"),
        ({"authorization_details": "[{}]"}, "invalid_authorization_details"),
        ({"resource": "https://strange.example"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"client_id": "app"}, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_said_at_once(
    provider: world.Provider, changes: dict[str, str | None], error: str
) -> None:
    answer = await push(provider, **changes)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (400, error)
    assert "receipt=rf_" in body["error_uri"]
    assert "request_uri" not in body


@pytest.mark.parametrize("headers", [{}, basic(secret="wrong"), basic("nobody")])
async def test_who_pushes_is_known_first(provider: world.Provider, headers: dict[str, str]) -> None:
    answer = await push(provider, headers, client_id=None)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_public_client_pushes_with_its_name(provider: world.Provider) -> None:
    answer = await push(provider, {}, **APP)
    assert answer.status_code == 201
    assert (await provider.get(visit(answer.json()["request_uri"], client_id="app"))).status_code == 303


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_it_is_posted(provider: world.Provider, method: str) -> None:
    assert (await provider.http.request(method, "/par")).status_code == 405


async def test_a_client_that_pushes_only_sends_nothing_with_the_browser(provider: world.Provider) -> None:
    portal = provider.house.clients.get("portal")
    assert portal is not None
    strict = Portal.model_validate(
        portal.model_dump(exclude_defaults=True) | {"require_pushed_authorization_requests": True}
    )
    provider.house.clients.replace_seeds([strict])
    sent = members((await provider.get(authorize_url())).headers["location"])
    assert (sent["error"], sent["state"]) == ("invalid_request", "st-1")
    assert (await provider.get(await pushed(provider))).status_code == 303


async def test_it_lives_shorter_than_fapi_allows(provider: world.Provider) -> None:
    assert provider.house.lifetimes.pushed_for < timedelta(minutes=10)  # FAPI 2.0 Security Profile §5.3.2.2


async def test_the_metadata_names_it(provider: world.Provider) -> None:
    document = (await provider.get("/.well-known/openid-configuration")).json()
    assert document["pushed_authorization_request_endpoint"] == f"{world.ISSUER}/par"
    assert document["require_pushed_authorization_requests"] is False
