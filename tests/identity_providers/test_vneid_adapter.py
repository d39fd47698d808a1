"""The direct dialect against the simulator, over real HTTP: every persona, every fault, every tampering."""

import contextlib
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, quote, unquote, urlsplit

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
    IdentityProviderUnavailable,
    NoOwnAccount,
    SignInCancelled,
    SignInFailure,
    SignInNotConfirmed,
    UpstreamAnswerInvalid,
)
from gateway.identity_providers.vneid.simulator import Client, create_application
from gateway.identity_providers.vneid.simulator_seal import seal
from gateway.vocabulary.clock import SettableClock, SystemClock, SystemRandomness
from gateway.vocabulary.collation import person_key
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona, personas
from tests.identity_providers.bench import REDIRECT, opened

pytestmark = pytest.mark.anyio
RANDOM = SystemRandomness()


def settings_for(base, pem, **changes):
    return IdentityProviderSettings.model_validate(
        {
            "alias": "vneid",
            "kind": "vneid",
            "label": {"vi": "Đăng nhập bằng tài khoản định danh điện tử", "en": "Sign in with VNeID"},
            "issuer": base,
            "client_id": "gate06",
            "client_secret": "secret of the demo+/%",
            "private_key": pem,
            "vouches_for_number": True,
            **changes,
        }
    )


@pytest.fixture
async def make_bench(bound_socket, rsa_pem, rsa_public_pem):
    stack = contextlib.AsyncExitStack()

    async def make(application=None, **changes):
        base = f"http://127.0.0.1:{bound_socket.getsockname()[1]}"
        clock = SettableClock(SystemClock().now())
        registered = Client(
            client_id="gate06",
            client_secret="secret of the demo+/%",
            redirect_uris=(REDIRECT,),
            public_key=rsa_public_pem,
        )
        played = application or create_application(issuer=base, clients=[registered], clock=clock)
        settings = settings_for(base, rsa_pem, **changes)
        return await stack.enter_async_context(opened(played, bound_socket, settings, clock))

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
    assert found.auth_time is None
    assert found.id_token is None


@pytest.mark.parametrize(
    ("index", "failure"), [(4, AccountClosed), (5, NoOwnAccount), (9, AccountLocked)], ids=["4", "5", "9"]
)
async def test_each_persona_without_a_usable_account_is_refused(bench, index, failure):
    with pytest.raises(failure) as refusal:
        await bench.sign_in(f"persona:{index}")
    assert not refusal.value.retryable


async def test_edges_of_the_personas_stay_intact(bench):
    year_only = await bench.sign_in("persona:1")
    assert year_only.birth_date == PartialDate(1941)
    assert (await bench.sign_in("persona:2")).full_name == "Sơn"
    assert "\u0243" in (await bench.sign_in("persona:6")).full_name
    assert (await bench.sign_in("persona:10")).acr == "urn:gate06:vneid:1"
    foreigner = await bench.sign_in("persona:14")
    assert (foreigner.account_type, foreigner.personal_number) == ("foreigner", None)


async def test_subjects_are_stable_distinct_and_not_the_number(bench):
    subjects = {}
    for index in (3, 11, 12, 3):
        found = await bench.sign_in(f"persona:{index}")
        assert subjects.setdefault(index, found.subject) == found.subject
        assert found.personal_number not in found.subject
    assert len(set(subjects.values())) == 3


async def test_the_query_that_comes_back_breaks_a_form_decoder(bench):
    departure, location = await bench.come_back("persona:3")
    raw = urlsplit(location).query
    code = next(pair for pair in raw.split("&") if pair.startswith("code="))
    assert "+" in code
    assert " " in parse_qs(raw)["code"][0]
    assert (await bench.provider.complete(bench.callback(departure, location))).full_name == "Trần Thị Bưởi"


async def test_a_proxy_that_encodes_the_plus_changes_nothing(bench):
    departure, location = await bench.come_back("persona:3")
    base, _, query = location.partition("?")
    encoded = "&".join(
        f"{name}={quote(unquote(value), safe='')}" for name, _, value in (p.partition("=") for p in query.split("&"))
    )
    found = await bench.provider.complete(bench.callback(departure, f"{base}?{encoded}"))
    assert found.full_name == "Trần Thị Bưởi"


FAULT_ROWS = [
    ("cancelled", SignInCancelled),
    ("locked", AccountLocked),
    ("closed", AccountClosed),
    ("not_activated", AccountNotActivated),
    ("silent", SignInNotConfirmed),
]


@pytest.mark.parametrize(("fault", "failure"), FAULT_ROWS)
async def test_faults_by_hint(bench, fault, failure):
    with pytest.raises(failure):
        await bench.sign_in(f"persona:3;{fault}")
    assert (await bench.sign_in("persona:3")).full_name == "Trần Thị Bưởi"


@pytest.mark.parametrize(("fault", "failure"), FAULT_ROWS)
async def test_faults_by_switch(bench, fault, failure):
    assert await bench.put_fault(target=3, fault=fault, times=1) == 200
    assert (await bench.sign_in("persona:1")).birth_date == PartialDate(1941)
    with pytest.raises(failure):
        await bench.sign_in("persona:3")
    assert (await bench.sign_in("persona:3")).full_name == "Trần Thị Bưởi"


async def test_level1_is_a_level_and_not_an_error(bench):
    assert (await bench.sign_in("persona:3;level1")).acr == "urn:gate06:vneid:1"
    await bench.put_fault(target="*", fault="level1")
    assert (await bench.sign_in("persona:2")).account_level == 1
    async with bench.browser.session.delete(f"{bench.base}/_faults") as reply:
        assert (await reply.json()) == {"faults": []}
    assert (await bench.sign_in("persona:2")).account_level == 2


async def test_a_fault_ends_by_itself(bench):
    await bench.put_fault(target="*", fault="locked", seconds=60)
    with pytest.raises(AccountLocked):
        await bench.sign_in("persona:3")
    bench.clock.move(timedelta(seconds=61))
    await bench.sign_in("persona:3")


async def test_silence_of_the_token_endpoint_ends_with_our_patience(make_bench):
    bench = await make_bench(timeout_for=0.2)
    with pytest.raises(IdentityProviderUnavailable) as refusal:
        await bench.sign_in("persona:3;stalled")
    assert refusal.value.operator_detail.startswith("token: no answer")


async def test_a_short_silence_ends_as_an_outage(bench):
    await bench.put_fault(target=3, fault="stalled", seconds=0.05)
    with pytest.raises(IdentityProviderUnavailable) as refusal:
        await bench.sign_in("persona:3")
    assert refusal.value.operator_detail == "token: status 503"


@pytest.mark.parametrize("error", ["authentication_timeout", "temporarily_unavailable"])
async def test_an_app_that_did_not_confirm_has_its_own_class(bench, error):
    departure = await bench.depart()
    with pytest.raises(SignInNotConfirmed) as refusal:
        await bench.provider.complete(bench.callback(departure, f"{REDIRECT}?error={error}&state=state-1"))
    assert refusal.value.retryable


async def test_people_stand_by_their_given_name_and_are_found_without_marks(bench):
    departure = await bench.depart()
    _, _, page = await bench.browser.get(departure.url)
    names = [unescape(name) for name in re.findall(r'<span class="name">([^<·]+)', page)]
    assert names == sorted(names, key=person_key)
    for words, found in (("do hoa", ["8", "102"]), ("hbil", ["6"]), ("Khong ai", []), ("be nam", ["11", "12"])):
        attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
        form = {"attempt": attempt, "find": "1", "words": words}
        status, _, page = await bench.browser.post(f"{bench.base}/authorize/choice", form)
        assert status == 200
        assert re.findall(r'id="persona-(\d+)"', page) == found
        assert ('id="nobody"' in page) is not bool(found)
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    form = {"attempt": attempt, "persona": "3"}
    status, location, _ = await bench.browser.post(f"{bench.base}/authorize/choice", form)
    assert location is not None


async def test_a_person_who_is_not_confirmed_waits_on_the_page(bench):
    departure = await bench.depart()
    _, _, page = await bench.browser.get(departure.url)
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    form = {"attempt": attempt, "persona": "3", "fault": "silent"}
    status, location, page = await bench.browser.post(f"{bench.base}/authorize/choice", form)
    assert (status, location) == (200, None)
    assert "Đang chờ xác nhận" in page
    wait, back = re.search(r'http-equiv="refresh" content="(\d+);url=([^"]+)"', page).groups()
    assert wait == "30"
    assert f'id="time-over" href="{back}"' in page
    with pytest.raises(SignInNotConfirmed):
        await bench.provider.complete(bench.callback(departure, unescape(back)))


async def test_the_page_signs_in_and_cancels_without_script(bench):
    departure = await bench.depart()
    _, _, page = await bench.browser.get(departure.url)
    assert '<html lang="vi">' in page
    assert "MÔI TRƯỜNG THỬ" in page
    assert "<script" not in page
    assert all(f'value="{one.index}"' in page for one in personas())
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    form = {"attempt": attempt, "persona": "3", "fault": ""}
    status, location, _ = await bench.browser.post(f"{bench.base}/authorize/choice", form)
    assert status == 303
    assert (await bench.provider.complete(bench.callback(departure, location))).full_name == "Trần Thị Bưởi"
    status, _, page = await bench.browser.post(f"{bench.base}/authorize/choice", form)
    assert status == 400
    departure = await bench.depart()
    _, _, page = await bench.browser.get(departure.url)
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    _, location, _ = await bench.browser.post(f"{bench.base}/authorize/choice", {"attempt": attempt, "cancel": "1"})
    with pytest.raises(SignInCancelled):
        await bench.provider.complete(bench.callback(departure, location))


async def test_sso_signs_in_without_a_page_until_signed_out(bench):
    await bench.put_fault(target=3, fault="sso")
    await bench.sign_in("persona:3")
    departure = await bench.depart("persona:8")
    _, location, _ = await bench.browser.get(departure.url)
    # the danger this fault plays: another person's live session answers
    assert (await bench.provider.complete(bench.callback(departure, location))).full_name == "Trần Thị Bưởi"
    assert not bench.provider.reauthenticates
    out = bench.provider.sign_out_url(id_token=None, return_to="http://127.0.0.1:8000/out", state="s-1")
    status, location, _ = await bench.browser.get(out)
    assert (status, location) == (303, "http://127.0.0.1:8000/out?state=s-1")
    assert (await bench.sign_in("persona:8")).full_name == persona(8).full_name


async def test_sign_out_sends_nobody_to_a_stranger(bench):
    out = bench.provider.sign_out_url(id_token=None, return_to="https://evil.test/", state="s")
    status, location, page = await bench.browser.get(out)
    assert (status, location) == (200, None)
    assert "Đã đăng xuất" in page


@pytest.mark.parametrize(
    "hint",
    ["persona:0", "persona:99", "persona:x", "person:3", "persona:3;explode", "persona:019090000001", "0190 9000 0001"],
)
async def test_the_simulator_refuses_other_people(bench, hint):
    departure = await bench.depart()
    status, location, page = await bench.browser.get(f"{departure.url}&login_hint={quote(hint)}")
    assert (status, location) == (400, None)
    assert "0190" not in page


async def test_only_hints_of_personas_travel(bench):
    assert "login_hint=persona%3A3%3Bcancelled" in (await bench.depart("persona:3;cancelled")).url
    for hint in ("019090000001", "someone@example.test", "persona:999041000001", None):
        assert "login_hint" not in (await bench.depart(hint)).url


async def test_calls_are_counted_without_their_queries(bench):
    await bench.sign_in("persona:3")
    async with bench.browser.session.get(f"{bench.base}/_calls") as reply:
        calls = await reply.json()
    asked = [(one["method"], one["path"]) for one in calls["last"]]
    assert asked == [("HEAD", "/authorize"), ("GET", "/authorize"), ("POST", "/token"), ("GET", "/userinfo")]
    assert calls["count"] == 4
    assert "state-1" not in str(calls)


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"target": 3},
        {"target": 3, "fault": "nonsense"},
        {"target": 99, "fault": "locked"},
        {"target": "3x", "fault": "sso"},
    ],
)
async def test_an_order_for_no_fault_is_refused(bench, order):
    assert await bench.put_fault(**order) in (400, 404)


def _drop(name):
    return lambda query: "&".join(pair for pair in query.split("&") if not pair.startswith(f"{name}="))


def _set(name, value):
    return lambda query: "&".join(
        f"{name}={value}" if pair.startswith(f"{name}=") else pair for pair in query.split("&")
    )


def _flip(name):
    def apply(query):
        pairs = dict(pair.split("=", 1) for pair in query.split("&"))
        old = pairs[name]
        pairs[name] = ("A" if old[20] != "A" else "B").join((old[:20], old[21:]))
        return "&".join(f"{key}={value}" for key, value in pairs.items())

    return apply


TAMPER_ROWS = [
    ("state wrong", _set("state", "state-2"), "callback: `state` is not ours"),
    ("state missing", _drop("state"), "callback: `state` missing"),
    ("code missing", _drop("code"), "callback: `code` or `encrypt_key` missing"),
    ("encrypt_key missing", _drop("encrypt_key"), "callback: `code` or `encrypt_key` missing"),
    ("code twice", lambda query: query + "&code=x", "callback: a parameter is there twice"),
    ("plain code smuggled in", _set("code", "a-plain-code"), "envelope: encrypted answer refused"),
    ("code flipped", _flip("code"), "envelope: encrypted answer refused"),
    ("key flipped", _flip("encrypt_key"), "envelope: encrypted answer refused"),
    ("key of nobody", _set("encrypt_key", "AAAA"), "envelope: encrypted answer refused"),
    ("profile posted by the browser", lambda _: "state=state-1&citizenPid=999175000003&fullName=X", "`code` or"),
    ("access token in the query", lambda _: "state=state-1&access_token=abc", "`code` or"),
]


@pytest.mark.parametrize(("tamper", "check"), [r[1:] for r in TAMPER_ROWS], ids=[r[0] for r in TAMPER_ROWS])
async def test_a_callback_that_was_tampered_with_redeems_nothing(bench, tamper, check):
    departure, location = await bench.come_back("persona:3")
    base, _, query = location.partition("?")
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(bench.callback(departure, f"{base}?{tamper(query)}"))
    assert check in refusal.value.operator_detail
    assert not [url for method, url in bench.client.sent if method == "POST"]


async def test_a_code_is_redeemed_once_and_only_with_its_own_key(bench):
    departure, location = await bench.come_back("persona:3")
    callback = bench.callback(departure, location)
    await bench.provider.complete(callback)
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(callback)
    assert refusal.value.operator_detail == "token: error `invalid_grant`"


async def test_a_code_of_one_browser_does_not_serve_another_attempt(bench):
    """No nonce, no PKCE: the state with its memory is all that binds, so it must bind."""
    _, location = await bench.come_back("persona:3")
    victim = await bench.depart(state="state-of-the-victim")
    with pytest.raises(UpstreamAnswerInvalid):
        await bench.provider.complete(bench.callback(victim, location, state="state-of-the-victim"))


async def test_a_plain_code_is_taken_only_where_the_settings_say_so(make_bench, rsa_public_pem):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    departure = await bench.depart()
    found = await bench.provider.complete(
        bench.callback(departure, f"{REDIRECT}?code=a-plain-code&encrypt_key=opaque+key&state=state-1")
    )
    assert found.subject == "s-1"
    assert played.forms[0]["encrypt_key"] == ["opaque+key"]


class Played:
    """A VNeID that answers what a test gives it."""

    def __init__(self, public_pem):
        self.token_body = {"access_token": "at"}
        self.userinfo_body = {"sub": "s-1", "fullName": "Sơn", "citizenPid": "999090000002", "accountLevel": "2"}
        self.token_raw = self.userinfo_raw = None
        self.status = 200
        self.forms = []
        self.public_pem = public_pem

    def application(self):
        return Starlette(
            routes=[
                Route("/authorize", lambda request: Response()),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.tell),
            ]
        )

    def sealed(self, answer):
        data, key = seal(orjson.dumps(answer), self.public_pem, RANDOM)
        return {"data": data, "key": key}

    async def token(self, request):
        self.forms.append(parse_qs((await request.body()).decode()))
        return JSONResponse(self.token_body if self.token_raw is None else self.token_raw, self.status)

    async def tell(self, request):
        return JSONResponse(self.sealed(self.userinfo_body) if self.userinfo_raw is None else self.userinfo_raw)


async def complete_plain(bench):
    departure = await bench.depart()
    return await bench.provider.complete(
        bench.callback(departure, f"{REDIRECT}?code=a-plain-code&encrypt_key=opaque&state=state-1")
    )


USERINFO_ROWS = [
    ("no sub", {"sub": None}, "`subject`"),
    ("sub a number", {"sub": 7}, "`subject`"),
    ("no name", {"fullName": " "}, "`full_name`"),
    ("name with a line break", {"fullName": "Sơn\nLâm"}, "`full_name`"),
    ("eleven digits", {"citizenPid": "99909000002"}, "`personal_number`"),
    ("number with letters", {"citizenPid": "99909000000O"}, "`personal_number`"),
    ("number as a JSON number", {"citizenPid": 999090000002}, "`personal_number`"),
    ("a citizen without number", {"citizenPid": None}, "`personal_number`"),
    ("unknown account type", {"accountType": "robot"}, "`account_type`"),
    ("month first", {"birthDate": "05/31/1990"}, "`birth_date`"),
    ("a time for a date", {"birthDate": "1990-10-19T17:00:00Z"}, "`birth_date`"),
]


@pytest.mark.parametrize(("told", "claim"), [r[1:] for r in USERINFO_ROWS], ids=[r[0] for r in USERINFO_ROWS])
async def test_userinfo_that_is_not_what_it_promises(make_bench, rsa_public_pem, told, claim):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    played.userinfo_body = {k: v for k, v in {**played.userinfo_body, **told}.items() if v is not None}
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await complete_plain(bench)
    assert refusal.value.operator_detail == f"claims: {claim} missing or malformed"


ORGANISATION = {"accountType": "ORGANISATION", "organizationName": "Hội X", "taxCode": "9900000103-001"}
READ_ROWS = [
    ({"citizenPid": "9990 9000 0002"}, "personal_number", "999090000002"),
    ({"citizenPid": "９９９０９００００００２"}, "personal_number", "999090000002"),
    ({"citizenPid": "099999003", "accountType": "foreigner"}, "old_number", "099999003"),
    ({"birthDate": "1941"}, "birth_date", PartialDate(1941)),
    ({"birthDate": 1941}, "birth_date", PartialDate(1941)),
    ({"birthDate": "00/00/1941"}, "birth_date", PartialDate(1941)),
    ({"birthDate": "19410000"}, "birth_date", PartialDate(1941)),
    ({"birthDate": "00/05/1941"}, "birth_date", PartialDate(1941, 5)),
    ({"birthDate": "1941-05-00"}, "birth_date", PartialDate(1941, 5)),
    ({"birthDate": "12/05/1975"}, "birth_date", PartialDate(1975, 5, 12)),
    ({"birthDate": "19750512"}, "birth_date", PartialDate(1975, 5, 12)),
    ({"birthDate": ""}, "birth_date", None),
    ({"fullName": "So\u031bn"}, "full_name", "Sơn"),
    ({"accountLevel": 2}, "account_level", 2),
    ({"accountLevel": "01"}, "acr", "urn:gate06:vneid:1"),
    ({"accountLevel": "9"}, "acr", None),
    ({"accountLevel": ""}, "account_level", None),
    (ORGANISATION, "account_level", None),
    (ORGANISATION, "full_name", "Sơn"),
    (ORGANISATION, "organisation", Organisation(kind="organisation", name="Hội X", tax_code="9900000103001")),
    ({**ORGANISATION, "accountType": "BUSINESS"}, "account_type", "organisation"),
]


@pytest.mark.parametrize(("told", "member", "value"), READ_ROWS)
async def test_userinfo_is_read_as_people_write(make_bench, rsa_public_pem, told, member, value):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    played.userinfo_body |= told
    assert getattr(await complete_plain(bench), member) == value


async def test_claim_names_and_levels_are_settings(make_bench, rsa_public_pem):
    played = Played(rsa_public_pem)
    bench = await make_bench(
        played.application(),
        encrypted_code=False,
        claims={"subject": "id", "full_name": "hoTen", "sex": "gioiTinh"},
        acr={"MUC_2": "urn:gate06:vneid:2"},
    )
    played.userinfo_body = {
        "id": "x-1",
        "hoTen": "Sơn",
        "gioiTinh": "Nam",
        "accountLevel": "MUC_2",
        "citizenPid": "999090000002",
    }
    found = await complete_plain(bench)
    assert (found.subject, found.full_name, found.sex) == ("x-1", "Sơn", "male")
    assert (found.account_level, found.acr) == (2, "urn:gate06:vneid:2")


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        ({"data": "AAAA", "key": "AAAA"}, "envelope: encrypted answer refused"),
        ({"data": 1, "key": None}, "envelope: encrypted answer refused"),
        (["a"], "token: not a JSON object (status 200)"),
        ({"token_type": "Bearer"}, "token: `access_token` missing or malformed"),
        ({"access_token": "at", "token_type": "mac"}, "token: `token_type` is not bearer"),
        ({"error": "account_locked"}, "token: error `account_locked`"),
        ({"error": "Sơn 999090000002"}, "token: unknown error code"),
        ({"error": {"a": 1}}, "token: malformed error"),
    ],
)
async def test_token_answer_that_is_refused(make_bench, rsa_public_pem, answer, check):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    played.token_raw = answer
    with pytest.raises(SignInFailure) as refusal:
        await complete_plain(bench)
    assert refusal.value.operator_detail == check


async def test_sealed_text_that_is_no_object_ends_like_a_broken_envelope(make_bench, rsa_public_pem):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    for answer in (["a"], "text", 7):
        played.userinfo_raw = played.sealed(answer)
        with pytest.raises(UpstreamAnswerInvalid) as refusal:
            await complete_plain(bench)
        assert refusal.value.operator_detail == "envelope: encrypted answer refused"


async def test_errors_arrive_sealed_too(make_bench, rsa_public_pem):
    played = Played(rsa_public_pem)
    bench = await make_bench(played.application(), encrypted_code=False)
    played.token_raw, played.status = played.sealed({"error": "account_not_activated"}), 400
    with pytest.raises(AccountNotActivated):
        await complete_plain(bench)


async def test_a_dead_vneid_is_found_out_before_the_browser_leaves(make_bench):
    bench = await make_bench(issuer="http://127.0.0.1:1")
    with pytest.raises(IdentityProviderUnavailable):
        await bench.depart()


async def test_nothing_of_a_person_is_logged_raised_or_requested(make_bench, capsys):
    bench = await make_bench(timeout_for=0.2)
    texts = []
    with structlog.testing.capture_logs() as logged:
        for one in personas():
            for fault in ("", ";cancelled", ";locked", ";closed", ";not_activated"):
                try:
                    await bench.sign_in(f"persona:{one.index}{fault}")
                except SignInFailure as failure:
                    texts.append(repr(failure) + failure.operator_detail + str(failure.__context__))
        with pytest.raises(SignInFailure) as refusal:
            await bench.sign_in("persona:3;stalled")
        texts.append(repr(refusal.value) + refusal.value.operator_detail)
    assert [entry["reason"] for entry in logged] == ["SomeTrouble"]
    printed = capsys.readouterr()
    requested = " ".join(url for _, url in bench.client.sent)
    everything = "".join(texts) + repr(logged) + printed.out + printed.err + requested
    values = [value for one in personas() for value in (one.full_name, one.personal_number, one.passport_number)]
    # a name of one syllable may stand inside another word
    assert not [value for value in values if value and len(value) > 4 and value in everything]
