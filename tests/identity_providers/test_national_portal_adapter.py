"""The WSO2 dialect against the simulator, over real HTTP: personas, the faults of domain.md §4.3, every tampering."""

import contextlib
import re
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import orjson
import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import (
    AccountClosed,
    AccountLocked,
    AccountNotActivated,
    ClocksDiffer,
    EndsSession,
    IdentityProviderUnavailable,
    NoOwnAccount,
    Probes,
    SignInCancelled,
    SignInFailure,
    SignInNotConfirmed,
    UpstreamAnswerInvalid,
)
from gateway.identity_providers.national_portal.simulator import create_application
from gateway.identity_providers.simulator_desk import Registration
from gateway.vocabulary.clock import SettableClock, SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona, personas
from tests.identity_providers.bench import REDIRECT, opened

pytestmark = pytest.mark.anyio
SECRET = "secret of the demo+/%"


def settings_for(base, **changes):
    return IdentityProviderSettings.model_validate(
        {
            "alias": "national_portal",
            "kind": "national_portal",
            "label": {"vi": "Cổng Dịch vụ công quốc gia", "en": "National Public Service Portal"},
            "issuer": base,
            "client_id": "gate06",
            "client_secret": SECRET,
            "vouches_for_number": True,
            **changes,
        }
    )


@pytest.fixture
async def make_bench(bound_socket):
    stack = contextlib.AsyncExitStack()

    async def make(played=None, **changes):
        base = f"http://127.0.0.1:{bound_socket.getsockname()[1]}/cong"
        clock = SettableClock(SystemClock().now())
        registered = Registration(client_id="gate06", client_secret=SECRET, redirect_uris=(REDIRECT,))
        application = create_application(issuer=base, clients=[registered], clock=clock)
        if played is not None:
            played.issuer, played.clock, application = base, clock, played.application()
        return await stack.enter_async_context(opened(application, bound_socket, settings_for(base, **changes), clock))

    yield make
    await stack.aclose()


@pytest.fixture
async def bench(make_bench):
    return await make_bench()


@pytest.mark.parametrize("index", [1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14])
async def test_each_persona_with_an_account_signs_in(bench, index):
    one = persona(index)
    found = await bench.sign_in(f"persona:{index}")
    assert found.full_name == one.full_name
    assert found.personal_number == one.personal_number
    assert str(found.birth_date) == one.birth_date
    assert found.account_type == one.account.type
    assert found.account_level == one.account.level
    assert found.acr == f"urn:gate06:vneid:{one.account.level}"
    assert found.passport_number == (None if one.personal_number else one.passport_number)
    assert found.vouches_for_number
    assert found.organisation is None
    assert found.id_token.count(".") == 2


@pytest.mark.parametrize(("index", "failure"), [(4, AccountClosed), (5, NoOwnAccount), (9, AccountLocked)])
async def test_each_persona_without_a_usable_account_is_refused(bench, index, failure):
    with pytest.raises(failure) as refusal:
        await bench.sign_in(f"persona:{index}")
    assert not refusal.value.retryable


async def test_the_key_of_an_account_is_its_technical_id_and_never_the_number(bench):
    found = {index: (await bench.sign_in(f"persona:{index}")).subject for index in (3, 11, 12)}
    assert found[3] == (await bench.sign_in("persona:3")).subject
    assert len(set(found.values())) == 3
    assert not [one for index, one in found.items() if persona(index).personal_number in one]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("cancelled", SignInCancelled),
        ("locked", AccountLocked),
        ("closed", AccountClosed),
        ("not_activated", AccountNotActivated),
        ("silent", SignInNotConfirmed),
    ],
)
async def test_faults_by_hint_and_by_switch(bench, fault, failure):
    with pytest.raises(failure):
        await bench.sign_in(f"persona:3;{fault}")
    assert await bench.put_fault(target=3, fault=fault, times=1) == 200
    with pytest.raises(failure):
        await bench.sign_in("persona:3")
    assert (await bench.sign_in("persona:3")).full_name == "Trần Thị Bưởi"


async def test_level1_is_a_level_and_not_an_error(bench):
    found = await bench.sign_in("persona:3;level1")
    assert (found.account_level, found.acr) == (1, "urn:gate06:vneid:1")


async def test_silence_of_the_token_endpoint_ends_with_our_patience(make_bench):
    bench = await make_bench(timeout_for=0.2)
    with pytest.raises(IdentityProviderUnavailable):
        await bench.sign_in("persona:3;stalled")


async def test_the_request_is_the_dialects_own(bench):
    departure = await bench.depart("persona:3", state="random-state")
    asked = dict(parse_qsl(urlsplit(departure.url).query))
    assert urlsplit(departure.url).path == "/cong/oauth2/authorize"
    assert asked == {
        "response_type": "code",
        "client_id": "gate06",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "acr_values": "LoA1",
        "state": "random-state",
        "login_hint": "persona:3",
    }
    for hint in ("019090000001", "someone@example.test", "persona:999041000001", None):
        assert "login_hint" not in (await bench.depart(hint)).url


async def test_without_a_level_of_assurance_the_portal_refuses(bench):
    departure = await bench.depart("persona:3")
    _, location, _ = await bench.browser.get(departure.url.replace("acr_values=LoA1", "acr_values=LoA9"))
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(bench.callback(departure, location))
    assert refusal.value.operator_detail == "callback: error `invalid_request`"


async def test_calls_are_counted_without_their_queries_and_userinfo_is_a_post(bench):
    await bench.sign_in("persona:3")
    async with bench.browser.session.get(f"{bench.base}/_calls") as reply:
        calls = await reply.json()
    assert [(one["method"], one["path"].removeprefix("/cong/oauth2/")) for one in calls["last"]] == [
        ("HEAD", "authorize"),
        ("GET", "authorize"),
        ("POST", "token"),
        ("POST", "userinfo"),
    ]
    assert "state-1" not in str(calls)
    async with bench.browser.session.get(f"{bench.base}/oauth2/userinfo") as reply:
        assert reply.status == 405


async def test_the_page_signs_in_without_script_and_says_whom_it_plays(bench):
    departure = await bench.depart()
    _, _, page = await bench.browser.get(departure.url)
    assert "Đây không phải Cổng Dịch vụ công quốc gia thật" in page
    assert "<script" not in page
    assert all(f'value="{one.index}"' in page for one in personas())
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    action = re.search(r'action="([^"]+)"', page)[1]
    host = bench.base.removesuffix("/cong")
    _, location, _ = await bench.browser.post(host + action, {"attempt": attempt, "persona": "3", "fault": ""})
    assert (await bench.provider.complete(bench.callback(departure, location))).full_name == "Trần Thị Bưởi"
    style = re.search(r'href="([^"]+)"', page)[1]
    assert (await bench.browser.get(host + style))[0] == 200


async def test_its_session_ends_by_sending_the_browser_with_the_id_token(bench):
    assert isinstance(bench.provider, EndsSession)
    assert isinstance(bench.provider, Probes)
    await bench.provider.probe()
    assert not bench.provider.reauthenticates
    await bench.put_fault(target=3, fault="sso")
    found = await bench.sign_in("persona:3")
    assert (await bench.sign_in("persona:8")).full_name == "Trần Thị Bưởi", "the live session answers"
    out = bench.provider.sign_out_url(id_token=found.id_token, return_to="http://127.0.0.1:8000/out", state="s-1")
    asked = dict(parse_qsl(urlsplit(out).query))
    assert urlsplit(out).path == "/cong/oidc/logout"
    assert (asked["id_token_hint"], asked["state"]) == (found.id_token, "s-1")
    status, location, _ = await bench.browser.get(out)
    assert (status, location) == (303, "http://127.0.0.1:8000/out?state=s-1")
    assert (await bench.sign_in("persona:8")).full_name == persona(8).full_name


async def test_sign_out_sends_nobody_to_a_stranger(bench):
    out = bench.provider.sign_out_url(id_token=None, return_to="https://evil.test/", state="s")
    status, location, page = await bench.browser.get(out)
    assert (status, location) == (200, None)
    assert "Đã đăng xuất khỏi Cổng Dịch vụ công quốc gia" in page


async def test_the_sign_out_address_is_a_setting_and_never_what_userinfo_says(make_bench):
    bench = await make_bench(logout_endpoint="https://portal.test/out")
    found = await bench.sign_in("persona:3")
    out = bench.provider.sign_out_url(id_token=found.id_token, return_to=REDIRECT, state="s")
    assert out.startswith("https://portal.test/out?")


def b64url(value):
    return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def token_of(claims):
    return f"{b64url({'alg': 'RS256', 'kid': 'x'})}.{b64url(claims)}.c2lnbmF0dXJl"


@pytest.mark.parametrize("named", [{"name": "Trần Thị Bưởi"}, {"sub": "999175000003"}, {"sub": "9991 7500 0003"}])
async def test_an_id_token_that_names_the_person_enters_no_address(bench, named):
    for token in (token_of({"iss": bench.base, "sub": "u-1", **named}), "no token"):
        assert "id_token_hint" not in bench.provider.sign_out_url(id_token=token, return_to=REDIRECT, state="s")


def _set(name, value):
    return lambda query: urlencode([(key, value if key == name else held) for key, held in parse_qsl(query)])


def _drop(name):
    return lambda query: urlencode([(key, held) for key, held in parse_qsl(query) if key != name])


PROFILE = "state=state-1&SoDinhDanh=999175000003&HoVaTen=X&TechID=1&LoaiTaiKhoan=1&IAL=2"
TAMPER_ROWS = [
    ("state wrong", _set("state", "state-2"), "callback: `state` is not ours"),
    ("state a return address", _set("state", "aHR0cHM6Ly9ldmlsLnRlc3Q="), "callback: `state` is not ours"),
    ("state missing", _drop("state"), "callback: `state` missing"),
    ("code missing", _drop("code"), "callback: `code` missing or malformed"),
    ("profile posted by the browser", lambda _: PROFILE, "callback: `code` missing or malformed"),
    ("access token in the query", lambda _: "state=state-1&access_token=abc", "callback: `code` missing or malformed"),
    ("id token in the query", lambda _: "state=state-1&id_token=a.b.c", "callback: `code` missing or malformed"),
]


@pytest.mark.parametrize(("tamper", "check"), [r[1:] for r in TAMPER_ROWS], ids=[r[0] for r in TAMPER_ROWS])
async def test_a_callback_that_was_tampered_with_redeems_nothing(bench, tamper, check):
    departure, location = await bench.come_back("persona:3")
    base, _, query = location.partition("?")
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(bench.callback(departure, f"{base}?{tamper(query)}"))
    assert refusal.value.operator_detail == check
    assert not [url for method, url in bench.client.sent if method == "POST"]


async def test_a_profile_beside_a_good_code_is_not_believed(bench):
    departure, location = await bench.come_back("persona:3")
    found = await bench.provider.complete(bench.callback(departure, f"{location}&SoDinhDanh=999090000002&HoVaTen=X"))
    assert (found.full_name, found.personal_number) == ("Trần Thị Bưởi", "999175000003")


async def test_a_code_is_redeemed_once_and_for_its_own_attempt(bench):
    departure, location = await bench.come_back("persona:3")
    callback = bench.callback(departure, location)
    await bench.provider.complete(callback)
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(callback)
    assert refusal.value.operator_detail == "token: error `invalid_grant`"
    _, location = await bench.come_back("persona:3")
    victim = await bench.depart(state="state-of-the-victim")
    with pytest.raises(UpstreamAnswerInvalid):
        await bench.provider.complete(bench.callback(victim, location, state="state-of-the-victim"))


class Played:
    """A portal that answers what a test gives it."""

    def __init__(self):
        self.issuer, self.clock = "", None
        self.told = {
            "sub": "u-1",
            "TechID": "t-1",
            "LoaiTaiKhoan": "1",
            "SoDinhDanh": "999090000002",
            "HoVaTen": "Sơn",
            "NgayThangNamSinh": "19901020",
            "IAL": 2,
        }
        self.id_claims, self.token_members, self.statuses = {}, {}, {}
        self.requests = []

    def application(self):
        return Starlette(
            routes=[
                Route("/cong/oauth2/authorize", lambda request: Response()),
                Route("/cong/oauth2/token", self.token, methods=["POST"]),
                Route("/cong/oauth2/userinfo", self.tell, methods=["GET", "POST"]),
            ]
        )

    def id_token(self):
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "sub": "u-1", "aud": "gate06", "iat": now, "exp": now + 300, **self.id_claims}
        return token_of({name: value for name, value in claims.items() if value is not None})

    async def token(self, request):
        self.requests.append(("token", request.method, parse_qs((await request.body()).decode())))
        answer = {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(), **self.token_members}
        told = {name: value for name, value in answer.items() if value is not None}
        return JSONResponse(told, self.statuses.get("token", 200))

    async def tell(self, request):
        self.requests.append(("userinfo", request.method, request.headers.get("authorization")))
        told = {name: value for name, value in self.told.items() if value is not None}
        return JSONResponse(told, self.statuses.get("userinfo", 200))


async def complete(bench):
    departure = await bench.depart()
    return await bench.provider.complete(bench.callback(departure, f"{REDIRECT}?code=a-plain-code&state=state-1"))


async def test_the_dialect_is_spoken_as_it_is_written(make_bench):
    played = Played()
    bench = await make_bench(played)
    assert (await complete(bench)).subject == "t-1"
    (_, _, form), userinfo = played.requests
    assert form == {
        "grant_type": ["authorization_code"],
        "code": ["a-plain-code"],
        "redirect_uri": [REDIRECT],
        "client_id": ["gate06"],
        "client_secret": [SECRET],
    }
    assert userinfo == ("userinfo", "POST", "Bearer at")


USERINFO_ROWS = [
    ("no technical id", {"TechID": None}, "`subject`"),
    ("technical id a number", {"TechID": 7}, "`subject`"),
    ("no name", {"HoVaTen": " "}, "`full_name`"),
    ("eleven digits", {"SoDinhDanh": "99909000002"}, "`personal_number`"),
    ("a citizen without number or passport", {"SoDinhDanh": None}, "`personal_number`"),
    ("no account type", {"LoaiTaiKhoan": None}, "`account_type`"),
    ("unknown account type", {"LoaiTaiKhoan": "4"}, "`account_type`"),
    ("a level that is no number", {"IAL": True}, "`account_level`"),
    ("month first", {"NgayThangNamSinh": "05/31/1990"}, "`birth_date`"),
    ("an organisation without a name", {"LoaiTaiKhoan": "2", "MaSoThue": "9900000101"}, "`organisation_name`"),
    ("an organisation without a tax code", {"LoaiTaiKhoan": "3", "TenDoanhNghiep": "X"}, "`tax_code`"),
    ("a tax code of nine digits", {"LoaiTaiKhoan": 2, "TenDoanhNghiep": "X", "MaSoThue": "990000010"}, "`tax_code`"),
]


@pytest.mark.parametrize(("told", "claim"), [r[1:] for r in USERINFO_ROWS], ids=[r[0] for r in USERINFO_ROWS])
async def test_userinfo_that_is_not_what_it_promises(make_bench, told, claim):
    played = Played()
    bench = await make_bench(played)
    played.told |= told
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await complete(bench)
    assert refusal.value.operator_detail == f"claims: {claim} missing or malformed"


READ_ROWS = [
    ({"IAL": 1}, "acr", "urn:gate06:vneid:1"),
    ({"IAL": "02"}, "account_level", 2),
    ({"IAL": 3}, "account_level", None),
    ({"IAL": 0}, "acr", None),
    ({"IAL": None}, "account_level", None),
    ({"NgayThangNamSinh": "1941"}, "birth_date", PartialDate(1941)),
    ({"NgayThangNamSinh": 1941}, "birth_date", PartialDate(1941)),
    ({"NgayThangNamSinh": "19410000"}, "birth_date", PartialDate(1941)),
    ({"NgayThangNamSinh": "1975-05-12"}, "birth_date", PartialDate(1975, 5, 12)),
    ({"LoaiTaiKhoan": 1}, "account_type", "citizen"),
    ({"SoDinhDanh": None, "HoChieu": "N00000014"}, "account_type", "foreigner"),
    ({"SoDinhDanh": "", "HoChieu": "N00000014"}, "passport_number", "N00000014"),
    ({"HoChieu": "N00000014"}, "account_type", "citizen"),
    ({"GioiTinh": "2"}, "sex", "female"),
]


@pytest.mark.parametrize(("told", "member", "value"), READ_ROWS)
async def test_userinfo_is_read_as_the_portal_writes(make_bench, told, member, value):
    played = Played()
    bench = await make_bench(played)
    played.told |= told
    assert getattr(await complete(bench), member) == value


@pytest.mark.parametrize(
    ("claims", "check"),
    [
        ({"sub": "u-2"}, "userinfo: `sub` is not that of the id token"),
        ({"sub": None}, "id token: refused by rule `sub`"),
        ({"sub": ["u-1"]}, "id token: refused by rule `sub`"),
        ({"iss": "https://other.test"}, "id token: refused by rule `iss`"),
        ({"aud": "somebody-else"}, "id token: refused by rule `aud`"),
        ({"aud": ["somebody-else"]}, "id token: refused by rule `aud`"),
        ({"aud": None}, "id token: refused by rule `aud`"),
        ({"exp": True}, "id token: refused by rule `exp`"),
        ({"exp": None}, "id token: refused by rule `exp`"),
    ],
)
async def test_an_id_token_about_something_else_is_refused(make_bench, claims, check):
    played = Played()
    bench = await make_bench(played)
    played.id_claims = claims
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await complete(bench)
    assert refusal.value.operator_detail == check


async def test_an_id_token_that_has_ended_is_told_as_a_wrong_clock(make_bench):
    played = Played()
    bench = await make_bench(played)
    played.id_claims = {"exp": int(bench.clock.now().timestamp()) - 59}
    assert (await complete(bench)).subject == "t-1"
    played.id_claims = {"exp": int(bench.clock.now().timestamp()) - 3600}
    with pytest.raises(ClocksDiffer) as refusal:
        await complete(bench)
    assert re.fullmatch("id token: ended 360[01] s ago by our clock", refusal.value.operator_detail)


@pytest.mark.parametrize(
    ("members", "check"),
    [
        ({"id_token": None}, "token: `id_token` missing or malformed"),
        ({"id_token": "a.b"}, "id token: refused by rule `form`"),
        ({"id_token": f"e30.{b64url([1])}.x"}, "id token: refused by rule `form`"),
        ({"id_token": "e30.eyJzdWIiOiJhIiwic3ViIjoiYiJ9.x"}, "id token: refused by rule `form`"),
        ({"access_token": None}, "token: `access_token` missing or malformed"),
        ({"token_type": "mac"}, "token: `token_type` is not bearer"),
        ({"error": "invalid_client"}, "token: error `invalid_client`"),
        ({"error": "Sơn 999090000002"}, "token: unknown error code"),
    ],
)
async def test_a_token_answer_that_is_refused(make_bench, members, check):
    played = Played()
    bench = await make_bench(played)
    played.token_members = members
    with pytest.raises(SignInFailure) as refusal:
        await complete(bench)
    assert refusal.value.operator_detail == check


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_userinfo_that_refuses_is_no_sign_in(make_bench, status):
    played = Played()
    bench = await make_bench(played)
    played.statuses["userinfo"] = status
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await complete(bench)
    assert refusal.value.operator_detail == f"userinfo: status {status}"


@pytest.mark.parametrize("error", ["authentication_timeout", "temporarily_unavailable"])
async def test_an_app_that_did_not_confirm_has_its_own_class(bench, error):
    departure = await bench.depart()
    with pytest.raises(SignInNotConfirmed):
        await bench.provider.complete(bench.callback(departure, f"{REDIRECT}?error={error}&state=state-1"))


async def test_a_dead_portal_is_found_out_before_the_browser_leaves(make_bench):
    bench = await make_bench(issuer="http://127.0.0.1:1/cong")
    with pytest.raises(IdentityProviderUnavailable):
        await bench.depart()


async def test_nothing_of_a_person_is_logged_raised_or_requested(make_bench, capsys):
    bench = await make_bench(timeout_for=0.2)
    texts, hints = [], []
    with structlog.testing.capture_logs() as logged:
        for one in personas():
            for fault in ("", ";cancelled", ";locked"):
                try:
                    found = await bench.sign_in(f"persona:{one.index}{fault}")
                    hints.append(bench.provider.sign_out_url(id_token=found.id_token, return_to=REDIRECT, state="s"))
                except SignInFailure as failure:
                    texts.append(repr(failure) + failure.operator_detail + str(failure.__context__))
    printed = capsys.readouterr()
    requested = " ".join(url for _, url in bench.client.sent)
    everything = "".join(texts + hints) + repr(logged) + printed.out + printed.err + requested
    values = [value for one in personas() for value in (one.full_name, one.personal_number, one.passport_number)]
    # a name of one syllable may stand inside another word
    assert not [value for value in values if value and len(value) > 4 and value in everything]
