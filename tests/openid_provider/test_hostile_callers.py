"""Programs that call wrongly: what they get is an OAuth error with a receipt, never a bug and never more than that."""

from base64 import b64encode
from datetime import timedelta

import provider_house as world
import pytest
from journey import authorize_url, basic, members, obtain_code, obtain_tokens, redeem, sign_in

from gateway.audit.receipt import is_receipt
from gateway.vocabulary.store import Kind, RecordKey

pytestmark = pytest.mark.anyio
FORM = {"content-type": "application/x-www-form-urlencoded"}
CLIENT = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic é",
        "Basic ",
        "Basic !!!!",
        "Basic " + b64encode(b"portal").decode(),
        "Basic " + b64encode(b"portal:\xff").decode(),
        "Basic " + b64encode(b"portal:%ff").decode(),
        "Basic " + b64encode(b"\x00:\x00").decode(),
        "Basic " + b64encode(b"portal:wrong").decode(),
        "Basic " + b64encode(b"nobody:x").decode(),
    ],
)
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
async def test_bad_credentials_are_invalid_client(provider: world.Provider, path: str, authorization: str) -> None:
    answer = await provider.http.post(
        path, data={**CLIENT, "token": "x"}, headers={"authorization": authorization.encode("latin-1")}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_public_client_that_introspects_is_challenged(provider: world.Provider) -> None:
    answer = await provider.http.post("/introspect", data={"token": "x", "client_id": "app"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("method", "path", "form", "error"),
    [
        ("POST", "/token", {"grant_type": "password"}, "invalid_client"),
        ("POST", "/token", "a=1&a=2", "invalid_request"),
        ("POST", "/introspect", {"token": "x"}, "invalid_client"),
        ("POST", "/introspect", "%ff", "invalid_request"),
        ("POST", "/revoke", {"token": "x"}, "invalid_client"),
        ("GET", "/userinfo", None, "invalid_token"),
        ("POST", "/userinfo", {"access_token": "ga_x"}, "invalid_token"),
        ("POST", "/userinfo", "access_token=a&access_token=b", "invalid_request"),
    ],
)
async def test_every_oauth_error_has_a_receipt(
    provider: world.Provider, method: str, path: str, form: dict[str, str] | str | None, error: str
) -> None:
    body = {"content": form, "headers": FORM} if isinstance(form, str) else {"data": form}
    answer = (await provider.http.request(method, path, **body)).json()  # type: ignore[arg-type]
    assert answer["error"] == error
    address, _, receipt = answer["error_uri"].partition("?receipt=")
    assert address.startswith(f"{world.ISSUER}/errors/GW-")
    assert is_receipt(receipt)
    (record,) = await provider.house.store.load(RecordKey(Kind.RECEIPT, receipt))
    assert record is not None


async def test_the_receipt_of_an_authenticated_client_is_its_own(provider: world.Provider) -> None:
    for path in ("/introspect", "/revoke"):
        answer = (await provider.http.post(path, data={}, headers=basic())).json()
        assert answer["error"] == "invalid_request"
        receipt = answer["error_uri"].partition("?receipt=")[2]
        (record,) = await provider.house.store.load(RecordKey(Kind.RECEIPT, receipt))
        assert record is not None
        assert record.body["client_id"] == "portal"


async def test_a_scope_that_means_nothing_is_invalid_scope(provider: world.Provider) -> None:
    for scope in ("dance", "offline_access", " "):
        told = members((await provider.get(authorize_url(scope=scope))).headers["location"])
        assert told["error"] == "invalid_scope", scope
    tokens = await obtain_tokens(provider, scope="openid profile offline_access", prompt="consent")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": " "}
    answer = (await provider.http.post("/token", data=form, headers=basic())).json()
    assert answer["error"] == "invalid_scope"


async def test_scopes_end_at_the_registration(provider: world.Provider) -> None:
    narrow = world.PORTALS[0].model_copy(update={"scope": "openid"})
    narrow = type(narrow).model_validate(narrow.model_dump())
    provider.house.clients.replace_seeds([narrow])
    told = members((await provider.get(authorize_url(scope="openid profile"))).headers["location"])
    assert told["error"] == "invalid_scope"


async def test_a_procedure_that_does_not_exist_is_invalid_scope(provider: world.Provider) -> None:
    ahead = world.PORTALS[0].model_copy(update={"procedures": ("9.999999",)})
    provider.house.clients.replace_seeds([ahead])
    told = members((await provider.get(authorize_url(scope="openid procedure:9.999999"))).headers["location"])
    assert told["error"] == "invalid_scope"


async def test_registration_by_parameter_is_refused(provider: world.Provider) -> None:
    told = members((await provider.get(authorize_url(registration="{}"))).headers["location"])
    assert told["error"] == "registration_not_supported"


async def test_the_claims_parameter_is_tolerated(provider: world.Provider) -> None:
    page = await sign_in(provider, claims='{"userinfo":{"name":{"essential":true}}}')
    assert page.status_code == 200


async def test_a_removed_client_opens_nothing_any_more(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    provider.house.clients.replace_seeds(world.PORTALS[1:])
    assert (await provider.get("/userinfo", headers=bearer)).status_code == 401
    page = await provider.get(authorize_url())
    assert page.status_code == 400


async def test_a_legacy_client_gets_nothing_after_its_last_day(provider: world.Provider) -> None:
    last = world.PORTALS[2].model_copy(update={"legacy_until": world.START.date(), "procedures": ()})
    provider.house.clients.replace_seeds([world.PORTALS[0], last])
    old = {"client_id": "old", "redirect_uri": "http://127.0.0.1:8006/callback", "code_challenge": None}
    code = await obtain_code(provider, **old, code_challenge_method=None)
    form = {"client_id": "old", "client_secret": "old-secret", "redirect_uri": "http://127.0.0.1:8006/callback"}
    answer = await redeem(provider, code, authorization=None, code_verifier=None, **form)
    assert answer.status_code == 200
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    provider.clock.move(timedelta(hours=20, minutes=59, seconds=59))
    assert (await redeem(provider, "x", authorization=None, **form)).json()["error"] == "invalid_grant"
    provider.clock.move(timedelta(seconds=2))
    assert (await redeem(provider, "x", authorization=None, **form)).json()["error"] == "unauthorized_client"
    assert (await provider.get("/userinfo", headers=bearer)).status_code == 401


async def test_no_number_of_a_person_enters_a_refusal(provider: world.Provider) -> None:
    for query in ("scope=openid+procedure:999175000003", "999175000003=1&999175000003=2"):
        url = authorize_url(scope=None) + "&" + query
        answer = await provider.get(url)
        assert "999175000003" not in answer.text + answer.headers.get("location", "")
    form = {"content": "999175000003=1&999175000003=2", "headers": {**FORM, **basic()}}
    assert "999175000003" not in (await provider.http.post("/token", **form)).text  # type: ignore[arg-type]
    for record in await provider.house.listing.select(Kind.RECEIPT):
        assert "999175000003" not in str(record.body)


async def test_the_last_second_of_a_code(provider: world.Provider) -> None:
    early, late = await obtain_code(provider), await obtain_code_silently(provider)
    provider.clock.move(timedelta(seconds=59, microseconds=999_999))
    assert (await redeem(provider, early)).status_code == 200
    provider.clock.move(timedelta(microseconds=1))
    assert (await redeem(provider, late)).json()["error"] == "invalid_grant"


async def obtain_code_silently(provider: world.Provider) -> str:
    return members((await provider.get(authorize_url(prompt="none"))).headers["location"])["code"]


async def test_what_goes_back_cannot_break_out_of_the_address(provider: world.Provider) -> None:
    state = "a\r\nset-cookie: x=1&code=stolen#frag\u2028é%00"
    answer = await provider.get(authorize_url(prompt="none", state=state))
    assert answer.headers.get_list("set-cookie") == []
    told = members(answer.headers["location"])
    assert told["state"] == state
    assert "code" not in told
    assert answer.headers["location"].startswith(world.CALLBACK + "?")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path",
    ["/authorize", "/token", "/userinfo", "/introspect", "/revoke", "/jwks", "/logout", "/interaction/x"],
)
async def test_other_methods_are_no_bug(provider: world.Provider, path: str, method: str) -> None:
    answer = await provider.http.request(method, path)
    assert answer.status_code in ({200, 400, 401, 405} if method == "HEAD" else {405})
    if method == "HEAD":
        assert answer.content == b""


async def test_a_forged_callback_is_the_callers_mistake(provider: world.Provider) -> None:
    for query in ("", "state=%00", "state=forged&state=2", "state=é", "error=x", "state=" + "a" * 9000):
        for address in ("/upstream/fake/callback", "/upstream/none/callback", "/upstream/fake/signed-out"):
            assert (await provider.get(f"{address}?{query}")).status_code == 400, (address, query)


async def test_what_is_posted_never_enters_an_address(provider: world.Provider) -> None:
    """A post keeps a hint out of histories and logs; going on as GET must not put it there."""
    provider.house.clients.replace_seeds([world.PORTALS[0].model_copy(update={"id_token_claims": ("name",)})])
    hint = (await obtain_tokens(provider))["id_token"]
    query = authorize_url(id_token_hint=hint, login_hint="999175000003", prompt="none").partition("?")[2]
    posted = await provider.http.post("/authorize", content=query, headers=FORM)
    assert posted.headers["location"].startswith(f"{world.ISSUER}/interaction/")
    assert "code" in members((await provider.get(posted.headers["location"])).headers["location"])
    form = {"id_token_hint": hint, "post_logout_redirect_uri": "http://127.0.0.1:8003/bye", "state": "s"}
    away = (await provider.http.post("/logout", data=form)).headers["location"]
    assert hint.split(".")[1] not in away
    ended = await provider.get(away)
    assert ended.headers["location"] == "http://127.0.0.1:8003/bye?state=s"


async def test_a_posted_request_is_judged_as_any_other(provider: world.Provider) -> None:
    for changes, error in (({"prompt": "none"}, "login_required"), ({"response_type": "token"}, None)):
        query = authorize_url(**changes).partition("?")[2]
        answer = await provider.http.post("/authorize", content=query, headers=FORM)
        if error is not None:
            answer = await provider.get(answer.headers["location"])
        told = members(answer.headers["location"])
        assert told["error"] == (error or "unsupported_response_type")
        assert told["state"] == "st-1"
    bad = await provider.http.post("/authorize", data={"client_id": "nobody"})
    assert bad.status_code == 400
    hinted = await provider.http.post(
        "/authorize", content=authorize_url(idp_hint="fake").partition("?")[2], headers=FORM
    )
    away = await provider.get(hinted.headers["location"])
    assert away.headers["location"].startswith("https://idp.example/authorize")
    page = await provider.http.post("/authorize", content=authorize_url().partition("?")[2], headers=FORM)
    assert 'id="login"' in (await provider.get(page.headers["location"])).text


async def test_the_question_whether_to_sign_out_repeats_no_hint(provider: world.Provider) -> None:
    provider.house.clients.replace_seeds([world.PORTALS[0].model_copy(update={"id_token_claims": ("name",)})])
    hint = (await obtain_tokens(provider))["id_token"]
    provider.http.cookies.clear()
    provider.upstream.answer = world.person(subject="person-4", personal_number="999050000004", full_name="MA VĂN LÙNG")
    await obtain_tokens(provider)
    page = await provider.get("/logout", params={"id_token_hint": hint})
    assert 'id="logout-yes"' in page.text
    assert hint.split(".")[1] not in page.text
