"""The relying party against an issuer that misbehaves: one row for each thing that can be wrong."""

import asyncio
import contextlib
import re
from base64 import b64decode
from datetime import timedelta
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
import structlog

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import (
    AccountLevelTooLow,
    Begin,
    Callback,
    ClocksDiffer,
    IdentityProviderUnavailable,
    SignInCancelled,
    SignInFailure,
    SignInNotConfirmed,
    UpstreamAnswerInvalid,
)
from gateway.identity_providers.exchange import read_object
from gateway.identity_providers.registry import build
from gateway.tokens import jose
from gateway.tokens.claim_rules import LOGOUT_EVENT
from gateway.tokens.issue import half_hash
from gateway.tokens.key_material import import_signing_key
from gateway.vocabulary.clock import SettableClock, SystemClock, SystemRandomness
from gateway.vocabulary.partial_date import PartialDate
from tests.identity_providers.issuer import (
    ACCESS_TOKEN,
    Issuer,
    hmac_signed,
    private_jwk,
    with_header,
    without_kid,
)
from tests.identity_providers.wire import Reply, outbound, serving
from tests.tokens.claim_cases import cases_of, named, with_changes

pytestmark = pytest.mark.anyio
REDIRECT = "https://gateway.test/upstream/idp/callback"


class Signer:
    def sign(self, claims, *, typ, alg="ES256"):
        return jose.sign(claims, import_signing_key(private_jwk("ES256", "ours")), typ=typ)


class Bench:
    """One issuer, one provider, one journey."""

    def __init__(self, issuer, provider, clock, client):
        self.issuer, self.provider, self.clock, self.client = issuer, provider, clock, client

    async def depart(self, **wishes):
        departure = await self.provider.begin(Begin(state="state-1", redirect_uri=REDIRECT, **wishes))
        return departure, self.issuer.authorize(departure.url)

    def callback(self, departure, came, **changes):
        parameters = {"code": came, "state": "state-1", "iss": self.issuer.url, **changes}
        parameters = {name: value for name, value in parameters.items() if value is not None}
        return Callback(
            parameters=parameters, raw_query="", redirect_uri=REDIRECT, state="state-1", memory=departure.memory
        )

    async def sign_in(self, *, wishes=None, **changes):
        departure, came = await self.depart(**(wishes or {}))
        return await self.provider.complete(self.callback(departure, came, **changes))


@pytest.fixture
async def make_bench(bound_socket):
    """Start the issuer; the settings may be changed by name."""
    stack = contextlib.AsyncExitStack()

    async def make(**changes):
        clock = SettableClock(SystemClock().now())
        issuer = Issuer(f"http://127.0.0.1:{bound_socket.getsockname()[1]}", clock)
        await stack.enter_async_context(serving(issuer.application(), bound_socket))
        client = await stack.enter_async_context(outbound())
        members = {
            "alias": "idp",
            "kind": "openid_connect",
            "label": "Test",
            "issuer": issuer.url,
            "client_id": "gate06",
            "client_secret": "s3cret of/100%",
            "acr": {"level-1": "urn:gate06:vneid:1", "level-2": "urn:gate06:vneid:2"},
            **changes,
        }
        settings = IdentityProviderSettings.model_validate({k: v for k, v in members.items() if v is not None})
        provider = build([settings], client, Signer(), clock, SystemRandomness())["idp"]
        return Bench(issuer, provider, clock, client)

    yield make
    await stack.aclose()


@pytest.fixture
async def bench(make_bench):
    return await make_bench()


async def test_happy_journey_gives_the_person_in_our_words(bench):
    bench.issuer.claims |= {"acr": "level-2", "amr": ["pin", "face"], "sid": "session-9"}
    found = await bench.sign_in()
    assert (found.provider, found.issuer, found.subject) == ("idp", bench.issuer.url, "subject-1")
    assert found.full_name == "Trần Thị Bưởi"
    assert found.birth_date == PartialDate(1975, 5, 12)
    assert (found.acr, found.account_level, found.amr) == ("urn:gate06:vneid:2", 2, ("pin", "face"))
    assert found.session_id == "session-9"
    assert found.auth_time == bench.clock.now().replace(microsecond=0) - timedelta(seconds=5)


async def test_request_always_carries_pkce_s256_nonce_and_exact_members(bench):
    departure, _ = await bench.depart(
        acr_values=("urn:gate06:vneid:2", "urn:gate06:vneid:1", "urn:other"),
        prompt_login=True,
        max_age=0,
        login_hint="persona:3",
        ui_locales="vi",
    )
    query = parse_qs(urlsplit(departure.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["nonce"] == [departure.memory["nonce"]]
    assert query["acr_values"] == ["level-2 level-1"]
    assert query["prompt"] == ["login"]
    assert query["max_age"] == ["0"]
    assert query["login_hint"] == ["persona:3"]
    assert query["ui_locales"] == ["vi"]
    assert query["redirect_uri"] == [REDIRECT]
    assert departure.memory["code_verifier"] not in departure.url


async def test_nonce_and_verifier_are_fresh_each_time(bench):
    first, _ = await bench.depart()
    second, _ = await bench.depart()
    assert first.memory["nonce"] != second.memory["nonce"]
    assert first.memory["code_verifier"] != second.memory["code_verifier"]


@pytest.mark.parametrize("hint", ["019090000001", "so 019.090.000.001", "0190 9000 0001", "x" * 300, "a\nb"])
async def test_a_hint_that_may_hold_a_number_does_not_travel(bench, hint):
    departure, _ = await bench.depart(login_hint=hint)
    assert "login_hint" not in departure.url


async def test_an_upstream_that_cannot_reauthenticate_is_not_asked_to(make_bench):
    bench = await make_bench(reauthenticates=False)
    departure, _ = await bench.depart(prompt_login=True, max_age=5)
    assert "prompt=" not in departure.url
    assert "max_age=" not in departure.url


def _claims(**changes):
    return lambda issuer: issuer.claims.update(changes)


def _twist(make):
    def apply(issuer):
        issuer.twist_token = lambda token: make(issuer, token)

    return apply


def _break_signature(_, token):
    head, body, tail = token.split(".")
    return f"{head}.{body}.{'A' if tail[0] != 'A' else 'B'}{tail[1:]}"


def _swap_claims(_, token):
    head, _, tail = token.split(".")
    return f"{head}.{token.split('.')[1][:-4]}AAAA.{tail}"


def _publish(*jwks):
    def apply(issuer):
        issuer.published = [issuer.signing, *jwks]

    return apply


# (what the issuer does, how, the rule named to operators; None: the sign-in succeeds)
ID_TOKEN_ROWS = [
    ("happy", lambda issuer: None, None),
    ("invalid-iss", _claims(iss="https://evil.test"), "iss"),
    ("iss with a slash more", lambda issuer: issuer.claims.update(iss=issuer.url + "/"), "iss"),
    ("missing-iss", _claims(iss=None), "missing:iss"),
    ("missing-sub", _claims(sub=None), "missing:sub"),
    ("empty sub", _claims(sub=""), "sub"),
    ("sub not ascii", _claims(sub="chủ-thể"), "sub"),
    ("sub too long", _claims(sub="s" * 256), "sub"),
    ("invalid-aud", _claims(aud="somebody-else"), "aud"),
    ("foreign aud although azp is us", _claims(aud="somebody-else", azp="gate06"), "aud"),
    ("aud a prefix of ours", _claims(aud="gate0"), "aud"),
    ("aud as array of us", _claims(aud=["gate06"]), None),
    ("secondary aud without azp", _claims(aud=["gate06", "other"]), "missing:azp"),
    ("secondary aud with our azp", _claims(aud=["gate06", "other"], azp="gate06"), None),
    ("secondary aud with foreign azp", _claims(aud=["gate06", "other"], azp="other"), "azp"),
    ("single aud with foreign azp", _claims(azp="other"), "azp"),
    ("aud empty array", _claims(aud=[]), "aud"),
    ("missing-aud", _claims(aud=None), "missing:aud"),
    ("missing-iat", _claims(iat=None), "missing:iat"),
    ("missing-exp", _claims(exp=None), "missing:exp"),
    ("iat 8 s ahead", lambda i: i.claims.update(iat=int(i.clock.now().timestamp()) + 8), None),
    ("nonce-invalid", _claims(nonce="another"), "nonce"),
    ("nonce missing", _claims(nonce=None), "nonce"),
    ("good at_hash", lambda i: i.claims.update(at_hash=half_hash(ACCESS_TOKEN, "ES256")), None),
    ("wrong at_hash", lambda i: i.claims.update(at_hash=half_hash("another", "ES256")), "at_hash"),
    ("at_hash not a text", _claims(at_hash=7), "at_hash"),
    ("auth_time in an hour", lambda i: i.claims.update(auth_time=int(i.clock.now().timestamp()) + 3600), "auth_time"),
    ("auth_time as text", _claims(auth_time="1"), "auth_time"),
    ("no auth_time", _claims(auth_time=None), None),
    ("sig-none", _twist(lambda _, t: with_header(t, {"alg": "none"}, "")), "form"),
    ("sig none with a tail", _twist(lambda _, t: with_header(t, {"alg": "none"})), "alg"),
    ("null alg", _twist(lambda _, t: with_header(t, {"alg": None})), "alg"),
    ("HS256 with our secret", _twist(lambda _, t: hmac_signed(t, b"s3cret of/100%" * 3)), "alg"),
    ("invalid-sig", _twist(_break_signature), "signature"),
    ("claims swapped under the signature", _twist(_swap_claims), "signature"),
    ("crit header", _twist(lambda _, t: with_header(t, {"alg": "ES256", "crit": ["x"]})), "crit"),
    ("own key in the header", _twist(lambda _, t: with_header(t, {"alg": "ES256", "jwk": {"kty": "EC"}})), "header"),
    ("kid-absent-single-jwks", _twist(lambda i, t: without_kid(t, i.signing)), None),
    ("unknown kid", _twist(lambda _, t: with_header(t, {"alg": "ES256", "kid": "nobody"})), "kid"),
    ("an encryption key and nonsense in the set", _publish({"kty": "oct", "k": "AAAA"}, {"kty": "??"}), None),
]


@pytest.mark.parametrize(("twist", "rule"), [row[1:] for row in ID_TOKEN_ROWS], ids=[row[0] for row in ID_TOKEN_ROWS])
async def test_id_token(bench, twist, rule):
    twist(bench.issuer)
    if rule is None:
        assert (await bench.sign_in()).subject == "subject-1"
        return
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in()
    assert refusal.value.operator_detail == f"id token: refused by rule `{rule}`"
    assert bench.issuer.count("/userinfo") == 0


@pytest.mark.parametrize("case", cases_of("id_token", "logout_token"), ids=named)
async def test_the_rule_is_that_of_the_command(bench, case):
    changes = case.changes("gate06", "gate06")
    if case.kind == "id_token":
        bench.issuer.claims.update(changes)
        told = bench.sign_in()
    else:
        now = int(bench.clock.now().timestamp())
        good = {"iss": bench.issuer.url, "aud": "gate06", "iat": now, "jti": "j-1", "sub": "person-3", "sid": "up-1"}
        claims = with_changes(good | {"events": {LOGOUT_EVENT: {}}}, changes)
        signed = jose.sign(claims, import_signing_key(bench.issuer.signing), typ="logout+jwt")
        told = bench.provider.read_logout(signed)
    if case.rule is None:
        await told
        return
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await told
    assert refusal.value.operator_detail.endswith(f"refused by rule `{case.rule}`")


@pytest.mark.parametrize(("claim", "seconds", "outside"), [("exp", -61, 61), ("iat", 3600, 3600), ("nbf", 90, 90)])
async def test_a_time_that_does_not_fit_is_told_as_what_it_is(bench, claim, seconds, outside):
    bench.issuer.claims[claim] = int(bench.issuer.clock.now().timestamp()) + seconds
    with pytest.raises(ClocksDiffer) as refusal:
        await bench.sign_in()
    said = re.fullmatch(
        rf"id token: refused by rule `{claim}`, (\d+) s outside by our clock", refusal.value.operator_detail
    )
    assert said is not None
    assert (refusal.value.code, abs(int(said[1]) - outside) <= 2) == ("GW-1213", True)
    assert bench.issuer.count("/userinfo") == 0


async def test_kid_absent_multiple_jwks_is_refused(bench):
    bench.issuer.published = [bench.issuer.signing, private_jwk("ES256", "key-2")]
    bench.issuer.twist_token = lambda token: without_kid(token, bench.issuer.signing)
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in()
    assert refusal.value.operator_detail == "id token: refused by rule `kid`"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "Ed25519"])
async def test_id_token_algorithms_of_the_allow_list(bench, alg):
    bench.issuer.signing = private_jwk(alg, f"key-{alg}")
    bench.issuer.published = [bench.issuer.signing]
    bench.issuer.claims["at_hash"] = half_hash(ACCESS_TOKEN, alg)
    assert (await bench.sign_in()).subject == "subject-1"


def _metadata(**changes):
    return lambda issuer: issuer.metadata.update(changes)


DISCOVERY_ROWS = [
    ("discovery-issuer-mismatch", _metadata(issuer="https://evil.test"), "`issuer` is not the pinned one"),
    ("issuer with a slash more", lambda i: i.metadata.update(issuer=i.url + "/"), "`issuer` is not the pinned one"),
    ("no issuer", _metadata(issuer=None), "`issuer` is not the pinned one"),
    ("no token endpoint", _metadata(token_endpoint=None), "`token_endpoint` missing"),
    ("http on another host", _metadata(token_endpoint="http://evil.test/token"), "`token_endpoint` is not"),
    ("keys by file", _metadata(jwks_uri="file:///etc/passwd"), "`jwks_uri` is not"),
    ("credentials in an address", _metadata(jwks_uri="https://u:p@evil.test/keys"), "`jwks_uri` is not"),
    ("an address that is no text", _metadata(authorization_endpoint=["https://a.test"]), "`authorization_endpoint`"),
    ("line break in an address", _metadata(userinfo_endpoint="https://a.test/\r\nx: y"), "`userinfo_endpoint` is not"),
    ("script address", _metadata(authorization_endpoint="javascript:alert(1)"), "`authorization_endpoint` is not"),
]


@pytest.mark.parametrize(("twist", "check"), [r[1:] for r in DISCOVERY_ROWS], ids=[r[0] for r in DISCOVERY_ROWS])
async def test_discovery_document_that_is_refused(bench, twist, check):
    twist(bench.issuer)
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.depart()
    assert check in refusal.value.operator_detail
    assert bench.issuer.count("/token", "POST") == 0


async def test_discovery_cannot_change_our_security_settings(bench):
    """The two overrides that worked against a known client: PKCE off, TLS checks off; and some more of the kind."""
    bench.issuer.metadata |= {
        "code_challenge_method": None,
        "code_challenge_methods_supported": ["plain"],
        "verify": False,
        "client_id": "evil",
        "scope": "everything",
        "token_endpoint_auth_methods_supported": ["none"],
        "id_token_signing_alg_values_supported": ["none", "HS256"],
        "authorization_response_iss_parameter_supported": "no",
        "timeout": 3600,
    }
    departure, code = await bench.depart()
    query = parse_qs(urlsplit(departure.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert (query["client_id"], query["scope"]) == (["gate06"], ["openid profile"])
    await bench.provider.complete(bench.callback(departure, code))
    assert bench.issuer.token_headers[0]["authorization"].startswith("Basic ")
    bench.issuer.twist_token = lambda token: with_header(token, {"alg": "none"}, "")
    with pytest.raises(UpstreamAnswerInvalid):
        await bench.sign_in()


async def test_http_addresses_are_never_used_below_an_https_issuer():
    from gateway.identity_providers.discovery import is_safe_address

    assert is_safe_address("https://other.test/token", "https://idp.test")
    assert not is_safe_address("http://idp.test/token", "https://idp.test")
    assert is_safe_address("http://127.0.0.1:9/token", "http://127.0.0.1:8")
    assert not is_safe_address("http://localhost:9/token", "http://127.0.0.1:8")
    assert not is_safe_address("https://idp.test:99999/", "https://idp.test")
    assert not is_safe_address("https:///token", "https://idp.test")


async def test_discovery_and_keys_are_fetched_once_for_many_sign_ins(bench):
    for _ in range(3):
        await bench.sign_in()
    # a GET for the document and one to see that it is up; both are remembered while the clock stands still
    assert bench.issuer.count("/discovery") + bench.issuer.count("/discovery", "HEAD") <= 2
    assert bench.issuer.count("/keys") == 1


async def test_discovery_has_an_age(bench):
    await bench.sign_in()
    bench.clock.move(timedelta(hours=1, seconds=1))
    bench.issuer.metadata["token_endpoint"] = "http://evil.test/token"
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.depart()
    assert "`token_endpoint`" in refusal.value.operator_detail


async def test_a_wrong_document_is_not_fetched_for_every_citizen(bench):
    bench.issuer.metadata["issuer"] = "https://evil.test"
    for _ in range(5):
        with pytest.raises(UpstreamAnswerInvalid) as refusal:
            await bench.depart()
        assert "`issuer` is not the pinned one" in refusal.value.operator_detail
    assert bench.issuer.count("/discovery") == 1
    del bench.issuer.metadata["issuer"]
    bench.clock.move(timedelta(seconds=3))
    await bench.depart()


async def test_parallel_sign_ins_share_one_fetch(bench):
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(bench.depart())
    assert bench.issuer.count("/discovery") <= 2


async def test_signing_key_rotation_just_before_signing(bench):
    await bench.sign_in()
    bench.issuer.signing = private_jwk("ES256", "key-2")
    bench.issuer.published = [private_jwk("ES256", "key-1"), bench.issuer.signing]
    assert (await bench.sign_in()).subject == "subject-1"
    assert bench.issuer.count("/keys") == 2


async def test_made_up_key_ids_do_not_become_a_stream_of_fetches(bench):
    bench.issuer.twist_token = lambda token: with_header(token, {"alg": "ES256", "kid": "made-up"})
    for _ in range(4):
        with pytest.raises(UpstreamAnswerInvalid):
            await bench.sign_in()
    assert bench.issuer.count("/keys") == 2
    bench.clock.move(timedelta(seconds=31))
    with pytest.raises(UpstreamAnswerInvalid):
        await bench.sign_in()
    assert bench.issuer.count("/keys") == 3


async def test_keys_that_cannot_be_refetched_are_kept_for_a_bounded_time(bench):
    await bench.sign_in()
    bench.issuer.statuses["keys"] = 503
    bench.clock.move(timedelta(minutes=20))
    assert (await bench.sign_in()).subject == "subject-1"
    bench.clock.move(timedelta(minutes=45))
    with pytest.raises(IdentityProviderUnavailable):
        await bench.sign_in()


CALLBACK_ROWS = [
    ("state missing", {"state": None}, "`state` missing"),
    ("state wrong", {"state": "state-2"}, "`state` is not ours"),
    ("iss wrong", {"iss": "https://evil.test"}, "`iss` is not the pinned issuer"),
    ("code missing", {"code": None}, "`code` missing"),
    ("code with a line break", {"code": "a\r\nb"}, "`code` missing or malformed"),
    ("code too long", {"code": "c" * 5000}, "`code` missing or malformed"),
    ("access token instead of a code", {"code": None, "access_token": "abc"}, "`code` missing"),
    ("unknown error", {"error": "Trần Thị Bưởi"}, "unknown error code"),
    ("our fault", {"error": "invalid_scope"}, "error `invalid_scope`"),
    ("wrong iss beside an error", {"error": "access_denied", "iss": "https://evil.test"}, "`iss` is not"),
]


@pytest.mark.parametrize(("changes", "check"), [r[1:] for r in CALLBACK_ROWS], ids=[r[0] for r in CALLBACK_ROWS])
async def test_callback_that_is_refused_calls_nobody(bench, changes, check):
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in(**changes)
    assert check in refusal.value.operator_detail
    assert bench.issuer.count("/token", "POST") == 0


async def test_iss_removed_is_refused_where_it_was_announced(bench):
    assert (await bench.sign_in(iss=None)).subject == "subject-1"
    bench.issuer.metadata["authorization_response_iss_parameter_supported"] = True
    bench.clock.move(timedelta(hours=1, seconds=1))
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in(iss=None)
    assert refusal.value.operator_detail == "callback: `iss` missing"


async def test_memory_of_another_attempt_is_refused(bench):
    departure, code = await bench.depart()
    other = await bench.provider.begin(Begin(state="state-9", redirect_uri=REDIRECT))
    mixed = bench.callback(departure, code)
    mixed = Callback(
        parameters=mixed.parameters, raw_query="", redirect_uri=REDIRECT, state="state-1", memory=other.memory
    )
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(mixed)
    assert "memory belongs to another" in refusal.value.operator_detail


async def test_another_redirect_uri_is_refused(bench):
    departure, code = await bench.depart()
    given = bench.callback(departure, code)
    moved = Callback(
        parameters=given.parameters,
        raw_query="",
        redirect_uri="https://gateway.test/upstream/other/callback",
        state="state-1",
        memory=departure.memory,
    )
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.provider.complete(moved)
    assert refusal.value.operator_detail == "callback: arrived at another redirect URI"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("access_denied", SignInCancelled),
        ("temporarily_unavailable", SignInNotConfirmed),
        ("login_required", SignInNotConfirmed),
        ("interaction_required", SignInNotConfirmed),
        ("server_error", IdentityProviderUnavailable),
        ("unmet_authentication_requirements", AccountLevelTooLow),
    ],
)
async def test_each_cause_has_its_own_class(bench, error, failure):
    with pytest.raises(failure) as refusal:
        await bench.sign_in(error=error, error_description="Trần Thị Bưởi", code=None)
    assert "Bưởi" not in refusal.value.operator_detail + str(refusal.value)


TOKEN_ROWS = [
    ("not a bearer", {"token_type": "DPoP"}, "`token_type` is not bearer"),
    ("no token type", {"token_type": None}, "`token_type` is not bearer"),
    ("no access token", {"access_token": None}, "`access_token` missing"),
    ("no id token", {"id_token": None}, "`id_token` missing"),
    ("id token not a text", {"id_token": {"a": 1}}, "`id_token` missing or malformed"),
    ("line break in access token", {"access_token": "a\r\nx: y"}, "`access_token` missing or malformed"),
    ("an error with 200", {"error": "invalid_grant"}, "error `invalid_grant`"),
]


@pytest.mark.parametrize(("answer", "check"), [r[1:] for r in TOKEN_ROWS], ids=[r[0] for r in TOKEN_ROWS])
async def test_token_answer_that_is_refused(bench, answer, check):
    bench.issuer.token_answer = answer
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in()
    assert check in refusal.value.operator_detail
    assert bench.issuer.count("/userinfo") == 0


async def test_token_type_and_expires_in_are_read_leniently(bench):
    bench.issuer.token_answer = {"token_type": "bearer", "expires_in": None}
    assert (await bench.sign_in()).subject == "subject-1"


@pytest.mark.parametrize(
    ("told", "check"),
    [
        ({"sub": "subject-2"}, "`sub` is not that of the id token"),
        ({"sub": None}, "`sub` is not that of the id token"),
        ({"sub": ["subject-1"]}, "`sub` is not that of the id token"),
        ({"name": None}, "`full_name`"),
        ({"name": "a\u0000b"}, "`full_name`"),
        ({"name": 7}, "`full_name`"),
        ({"birthdate": "05/12/75"}, "`birth_date`"),
        ({"birthdate": "1975-02-30"}, "`birth_date`"),
    ],
)
async def test_userinfo_that_is_refused(bench, told, check):
    bench.issuer.userinfo = told
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in()
    assert check in refusal.value.operator_detail


async def test_userinfo_adds_to_the_id_token_and_overrides_nothing(bench):
    bench.issuer.claims |= {"acr": "level-1", "name": "Sơn"}
    bench.issuer.userinfo |= {"acr": "level-2", "name": "Another"}
    found = await bench.sign_in()
    assert (found.acr, found.full_name) == ("urn:gate06:vneid:1", "Sơn")


async def test_an_acr_that_is_not_mapped_is_no_level(bench):
    bench.issuer.claims["acr"] = "urn:gate06:vneid:2"
    found = await bench.sign_in()
    assert (found.acr, found.account_level) == (None, None)


async def test_without_userinfo_endpoint_the_id_token_speaks_alone(bench):
    bench.issuer.metadata["userinfo_endpoint"] = None
    bench.issuer.claims["name"] = "Sơn"
    assert (await bench.sign_in()).full_name == "Sơn"


async def test_max_age_is_checked_and_not_only_asked(bench):
    bench.issuer.claims["auth_time"] = int(bench.clock.now().timestamp()) - 4000
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in(wishes={"max_age": 600})
    assert refusal.value.operator_detail.endswith("`max_age`")
    bench.issuer.claims["auth_time"] = None
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in(wishes={"max_age": 600})
    assert refusal.value.operator_detail.endswith("`missing:auth_time`")


async def test_prompt_login_wants_an_authentication_after_departure(bench):
    bench.issuer.claims["auth_time"] = int(bench.clock.now().timestamp()) - 300
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await bench.sign_in(wishes={"prompt_login": True})
    assert refusal.value.operator_detail.endswith("`prompt`")


async def test_client_secret_basic_is_percent_encoded(bench):
    await bench.sign_in()
    scheme, _, pair = bench.issuer.token_headers[0]["authorization"].partition(" ")
    client_id, _, secret = b64decode(pair).decode().partition(":")
    assert scheme == "Basic"
    assert secret == "s3cret+of%2F100%25"
    assert (unquote_plus(client_id), unquote_plus(secret)) == ("gate06", "s3cret of/100%")
    assert "client_secret" not in bench.issuer.token_forms[0]


async def test_client_secret_post(make_bench):
    bench = await make_bench(token_endpoint_auth_method="client_secret_post")
    await bench.sign_in()
    assert bench.issuer.token_forms[0]["client_secret"] == "s3cret of/100%"
    assert "authorization" not in bench.issuer.token_headers[0]


async def test_private_key_jwt_names_the_issuer_as_its_only_audience(make_bench):
    bench = await make_bench(token_endpoint_auth_method="private_key_jwt", client_secret=None)
    await bench.sign_in()
    await bench.sign_in()
    first, second = (form["client_assertion"] for form in bench.issuer.token_forms)
    keys = jose.FixedKeys.of_jwks(
        {"keys": [{k: v for k, v in private_jwk("ES256", "ours").items() if k != "d"}]}, strict=True
    )
    claims = jose.verify(
        first,
        jose.CLIENT_ASSERTION,
        keys,
        now=bench.clock.now(),
        issuer="gate06",
        audience=bench.issuer.url,
    )
    assert claims["aud"] == bench.issuer.url
    assert claims["sub"] == "gate06"
    assert claims["exp"] - claims["iat"] == 60
    assert claims["jti"] != jose.verify(second, jose.CLIENT_ASSERTION, keys, now=bench.clock.now())["jti"]
    assert "client_secret" not in bench.issuer.token_forms[0]


@pytest.mark.parametrize(
    ("step", "status", "failure"),
    [
        ("token", 500, IdentityProviderUnavailable),
        ("token", 429, IdentityProviderUnavailable),
        ("token", 302, UpstreamAnswerInvalid),
        ("userinfo", 503, IdentityProviderUnavailable),
        ("userinfo", 401, UpstreamAnswerInvalid),
        ("keys", 404, UpstreamAnswerInvalid),
        ("discovery", 404, UpstreamAnswerInvalid),
        ("discovery", 500, IdentityProviderUnavailable),
    ],
)
async def test_troubles_of_the_upstream(bench, step, status, failure):
    bench.issuer.statuses[step] = status
    with pytest.raises(failure) as refusal:
        await bench.sign_in()
    assert str(status) in refusal.value.operator_detail


async def test_a_dead_upstream_is_found_out_before_the_browser_leaves(make_bench, bound_socket):
    bench = await make_bench(issuer="http://127.0.0.1:1")
    with pytest.raises(IdentityProviderUnavailable) as refusal:
        await bench.depart()
    assert "SomeTrouble" in refusal.value.operator_detail
    assert "127.0.0.1" not in refusal.value.operator_detail


async def test_an_upstream_that_died_after_discovery_is_found_out_too(bench):
    await bench.depart()
    bench.issuer.statuses["discovery"] = 503
    bench.clock.move(timedelta(seconds=3))
    with pytest.raises(IdentityProviderUnavailable):
        await bench.depart()
    bench.issuer.statuses.clear()
    bench.clock.move(timedelta(seconds=3))
    await bench.depart()


async def test_sign_out_goes_along_the_announced_address(bench):
    assert bench.provider.sign_out_url(id_token=None, return_to=REDIRECT, state="s") is None
    await bench.provider.probe()
    found = await bench.sign_in()
    url = bench.provider.sign_out_url(id_token=found.id_token, return_to=REDIRECT, state="s")
    query = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{bench.issuer.url}/logout?")
    assert query["post_logout_redirect_uri"] == [REDIRECT]
    assert query["id_token_hint"] == [found.id_token]
    assert (query["state"], query["client_id"]) == (["s"], ["gate06"])


async def test_an_id_token_that_describes_a_person_never_enters_an_address(bench):
    bench.issuer.claims["name"] = "Trần Thị Bưởi"
    found = await bench.sign_in()
    url = bench.provider.sign_out_url(id_token=found.id_token, return_to=REDIRECT, state="s")
    assert "id_token_hint" not in url
    assert "id_token_hint" not in bench.provider.sign_out_url(id_token="no.t", return_to=REDIRECT, state="s")


async def test_sign_out_may_be_set_for_an_upstream_that_announces_none(make_bench):
    bench = await make_bench(logout_endpoint="http://127.0.0.1/out")
    bench.issuer.metadata["end_session_endpoint"] = None
    await bench.sign_in()
    assert bench.provider.sign_out_url(id_token=None, return_to=REDIRECT, state="s").startswith("http://127.0.0.1/out?")


async def test_nothing_of_the_person_is_logged_or_raised(bench, capsys):
    """Every failing row once more, with canaries: neither logs nor exceptions hold a value or a token."""
    canaries = ["CANARY", "Bưởi", "subject-1", ACCESS_TOKEN, "code-of-the-test", "999175000003"]
    texts = []
    with structlog.testing.capture_logs() as logged:
        for _, twist, rule in ID_TOKEN_ROWS:
            if rule is None:
                continue
            bench.issuer.claims = {"name": "Bưởi CANARY"}
            bench.issuer.published = [bench.issuer.signing]
            bench.issuer.twist_token = lambda token: token
            twist(bench.issuer)
            with pytest.raises(SignInFailure) as refusal:
                await bench.sign_in()
            texts.append(repr(refusal.value) + refusal.value.operator_detail + str(refusal.value.__cause__))
            bench.clock.move(timedelta(seconds=1))
        bench.issuer.claims, bench.issuer.twist_token = {}, lambda token: token
        bench.issuer.statuses["userinfo"] = 500
        with pytest.raises(SignInFailure) as refusal:
            await bench.sign_in()
        texts.append(repr(refusal.value) + refusal.value.operator_detail)
    printed = capsys.readouterr()
    everything = "".join(texts) + repr(logged) + printed.out + printed.err
    assert not [canary for canary in canaries if canary in everything]
    # addresses: what was requested holds no code, token or name either
    requested = " ".join(url for _, url in bench.client.sent)
    assert not [canary for canary in canaries if canary in requested]


@pytest.mark.parametrize(
    "body", [b'{"sub":"a","sub":"b"}', b'{"x":{"y":1,"y":2}}', b'{"exp":NaN}', b"[]", b"", b"\xff", b"[" * 9000]
)
def test_an_answer_that_two_readers_read_differently_is_none(body: bytes) -> None:
    with pytest.raises(UpstreamAnswerInvalid):
        read_object("userinfo", Reply(200, {}, body))
    assert read_object("userinfo", Reply(200, {}, b'{"sub":"a"}')) == {"sub": "a"}
