"""private_key_jwt (RFC 7523): one assertion proves one client once, and every no looks alike from outside."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest

from gateway.identity_providers.contract import IdentityProviderUnavailable
from gateway.openid_provider.client_assertion import ASSERTION_TYPE, AssertionRefused, prove_by_assertion
from gateway.openid_provider.client_keys import ClientKeys, KeysUnreachable
from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.tokens.claim_cases import Case, cases_of, named

pytestmark = pytest.mark.anyio

KEY, OTHER = (generate_private_jwk("ES256", kid, SystemRandomness()) for kid in ("k1", "k2"))
NOW = int(world.START.timestamp())
TOKEN = f"{world.ISSUER}/token"


def keyed(**changes: Any) -> Portal:
    """Return a client with a key."""
    members: dict[str, Any] = {
        "client_id": "keyed",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [public_jwk(KEY)]},
        "redirect_uris": [world.CALLBACK],
        "grant_types": ["authorization_code", "client_credentials"],
        "scope": "openid report:read",
    }
    merged = {name: value for name, value in (members | changes).items() if value is not None}
    return Portal.model_validate(merged)


def assertion(key: dict[str, str] = KEY, *, typ: str | None = "JWT", **changes: Any) -> str:
    """Return a good assertion, with changes (None leaves a claim out)."""
    claims = {"iss": "keyed", "sub": "keyed", "aud": world.ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "j-1"} | changes
    return sign({name: value for name, value in claims.items() if value is not None}, import_signing_key(key), typ=typ)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider that knows the client with a key."""
    async with world.open_provider(tmp_path, portals=(*world.PORTALS, keyed())) as opened:
        yield opened


async def ask(provider: world.Provider, proof: str | None, path: str = "/token", **changes: str | None) -> Any:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "resource": "https://reports.example",
        "scope": "report:read",
        "token": "x",
        "client_assertion": proof,
        "client_assertion_type": ASSERTION_TYPE,
    }
    form |= changes
    return await provider.http.post(path, data={name: value for name, value in form.items() if value is not None})


@pytest.mark.parametrize("aud", [world.ISSUER, TOKEN, f"{world.ISSUER}/par", [world.ISSUER], [world.ISSUER, TOKEN]])
async def test_a_good_assertion_is_good_once(provider: world.Provider, aud: object) -> None:
    proof = assertion(aud=aud)
    answer = await ask(provider, proof)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    again = await ask(provider, proof)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(assertion(OTHER), id="another key"),
        pytest.param(assertion(dict(OTHER, kid="k1")), id="another key under the right id"),
        pytest.param(assertion(iss="portal"), id="iss of somebody else"),
        pytest.param(assertion(iss=None), id="no iss"),
        pytest.param(assertion(sub="portal"), id="sub of a client that has a secret"),
        pytest.param(assertion(sub="nobody"), id="sub of nobody"),
        pytest.param(assertion(sub=None), id="no sub"),
        pytest.param(assertion(aud=None), id="no aud"),
        pytest.param(assertion(aud=f"{world.ISSUER}/userinfo"), id="aud an address that takes no assertion"),
        pytest.param(assertion(aud=world.ISSUER + "/"), id="aud with a slash more"),
        pytest.param(assertion(aud=[]), id="aud empty"),
        pytest.param(assertion(aud=[world.ISSUER, "https://other.example"]), id="aud opens another door too"),
        pytest.param(assertion(aud=[world.ISSUER, 5]), id="aud not text"),
        pytest.param(assertion(exp=None), id="no exp"),
        pytest.param(assertion(exp=NOW - 300), id="expired five minutes ago"),
        pytest.param(assertion(exp=NOW + 7200), id="lives too long"),
        pytest.param(assertion(iat=NOW + 120, exp=NOW + 180), id="made in the future"),
        pytest.param(assertion(nbf=NOW + 120), id="not valid yet"),
        pytest.param(assertion(jti=None), id="no jti"),
        pytest.param(assertion(jti=""), id="empty jti"),
        pytest.param(assertion(jti=7), id="jti not text"),
        pytest.param(assertion(jti="j" * 600), id="endless jti"),
        pytest.param(assertion(typ="at+jwt"), id="another kind of token"),
        pytest.param("eyJhbGciOiJub25lIn0.eyJzdWIiOiJrZXllZCJ9.", id="unsigned"),
        pytest.param("x.y.z", id="no JWT"),
        pytest.param("\x7f", id="noise"),
    ],
)
async def test_every_other_assertion_is_invalid_client(provider: world.Provider, proof: str) -> None:
    answer = await ask(provider, proof)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.json()["error_description"] == (await ask(provider, "x.y.z")).json()["error_description"]
    assert (await ask(provider, assertion())).status_code == 200, "a refused assertion costs its client nothing"


@pytest.mark.parametrize("case", cases_of("client_assertion", "client_assertion_baseline"), ids=named)
async def test_the_rule_is_that_of_the_command(provider: world.Provider, case: Case) -> None:
    profile = "fapi2" if case.kind == "client_assertion" else "baseline"
    portal = keyed().model_copy(update={"profile": profile})
    proof = assertion(**case.changes("keyed", world.ISSUER))
    if case.rule is None:
        await prove_by_assertion(provider.house, portal, proof, world.START)
        return
    with pytest.raises(AssertionRefused) as refusal:
        await prove_by_assertion(provider.house, portal, proof, world.START)
    assert refusal.value.rule == case.rule


async def test_the_skew_of_a_client_is_forgiven_a_little(provider: world.Provider) -> None:
    early = assertion(iat=NOW + 8, nbf=NOW + 8, jti="early")
    assert (await ask(provider, early)).status_code == 200


async def test_one_method_per_request(provider: world.Provider) -> None:
    both = await ask(provider, assertion(), client_secret="x")
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    foreign = await ask(provider, assertion(), client_id="portal")
    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_request")
    typeless = await ask(provider, assertion(), client_assertion_type=None)
    assert typeless.json()["error"] == "invalid_client"
    saml = await ask(provider, assertion(), client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2")
    assert saml.json()["error"] == "invalid_client"
    alone = await ask(provider, None)
    assert alone.json()["error"] == "invalid_client"


async def test_a_registered_secret_or_nothing_does_not_open_a_client_with_a_key(provider: world.Provider) -> None:
    for method in ({"client_secret": world.SECRET}, {}):
        form = {"grant_type": "client_credentials", "client_id": "keyed", **method}
        answer = await provider.http.post("/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("path", ["/introspect", "/revoke", "/par"])
async def test_every_endpoint_of_clients_takes_it(provider: world.Provider, path: str) -> None:
    more = {"redirect_uri": world.CALLBACK, "response_type": "code", "scope": "openid", "resource": None}
    challenge = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    changes: dict[str, str | None] = {**more, **challenge} if path == "/par" else {}
    proof = assertion(jti=path)
    answer = await ask(provider, proof, path, **changes)
    assert answer.status_code in {200, 201}, answer.text
    assert (await ask(provider, proof, path, **changes)).status_code == 401


async def test_of_twenty_uses_at_once_one_wins(provider: world.Provider) -> None:
    proof = assertion()
    answers = await asyncio.gather(*(ask(provider, proof) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 19]


async def test_two_clients_may_use_one_jti(tmp_path: Path) -> None:
    twin = keyed(client_id="twin")
    async with world.open_provider(tmp_path, portals=(keyed(), twin)) as provider:
        assert (await ask(provider, assertion())).status_code == 200
        assert (await ask(provider, assertion(iss="twin", sub="twin"))).status_code == 200


async def test_only_the_registered_algorithm_signs(tmp_path: Path) -> None:
    rsa = generate_private_jwk("RS256", "r1", SystemRandomness())
    keys = {"keys": [public_jwk(KEY), {**public_jwk(rsa), "alg": "RS256"}]}
    one = keyed(token_endpoint_auth_signing_alg="RS256", jwks=keys)
    async with world.open_provider(tmp_path, portals=(one,)) as provider:
        assert (await ask(provider, assertion())).status_code == 401
        assert (await ask(provider, assertion(rsa))).status_code == 200


async def test_what_was_made_before_the_memory_began_is_refused(provider: world.Provider) -> None:
    """A Redis that started anew may have forgotten what was used in its last second (design.md §11)."""

    class Restarted:
        remembers_since = world.START - timedelta(seconds=5)

    house = replace(provider.house, replays=Restarted())
    portal = keyed()
    old = assertion(iat=NOW - 6, jti="old")
    undated = assertion(iat=None, jti="undated")
    for proof in (old, undated):
        with pytest.raises(AssertionRefused, match="restart"):
            await prove_by_assertion(house, portal, proof, world.START)
    await prove_by_assertion(house, portal, assertion(jti="new"), world.START)
    later = world.START + timedelta(hours=2)
    moment = int(later.timestamp())
    await prove_by_assertion(house, portal, assertion(iat=None, exp=moment + 60, jti="later"), later)


def test_a_client_with_a_key_is_registered_with_one_place_of_keys() -> None:
    for wrong in (
        {"jwks": None},
        {"jwks_uri": "https://portal.example/jwks"},
        {"client_secret": "s" * 43},
        {"jwks": {"keys": [KEY]}},
        {"jwks": None, "jwks_uri": "http://portal.example/jwks"},
    ):
        with pytest.raises(ValueError, match=r"jwks|secret|private"):
            keyed(**wrong)
    assert keyed(jwks=None, jwks_uri="https://portal.example/jwks").jwks_uri


class Published:
    """What a client publishes, and how often it was fetched."""

    def __init__(self, *keys: dict[str, str]) -> None:
        self.keys = list(keys)
        self.fetched = 0
        self.gone = False

    async def fetch(self, address: str) -> bytes:
        assert address == "https://portal.example/jwks"
        self.fetched += 1
        if self.gone:
            raise IdentityProviderUnavailable(operator_detail="client keys: no answer")
        return json.dumps({"keys": [public_jwk(key) for key in self.keys]}).encode()


PUBLISHER = keyed(jwks=None, jwks_uri="https://portal.example/jwks")


async def test_published_keys_are_fetched_once_in_ten_minutes() -> None:
    published, clock = Published(KEY), SettableClock(datetime(2031, 1, 1, tzinfo=UTC))
    keys = ClientKeys(published.fetch, clock)
    await asyncio.gather(*(keys.of(PUBLISHER) for _ in range(20)))
    assert published.fetched == 1
    clock.move(timedelta(minutes=11))
    await keys.of(PUBLISHER)
    assert published.fetched == 2


async def test_a_dead_server_is_bridged_for_an_hour_and_asked_now_and_then() -> None:
    published, clock = Published(KEY), SettableClock(datetime(2031, 1, 1, tzinfo=UTC))
    keys = ClientKeys(published.fetch, clock)
    await keys.of(PUBLISHER)
    published.gone = True
    clock.move(timedelta(minutes=59))
    assert (await keys.of(PUBLISHER)).candidates("k1", "ES256")
    clock.move(timedelta(minutes=2))
    with pytest.raises(KeysUnreachable):
        await keys.of(PUBLISHER)


async def test_a_new_key_is_found_at_its_first_use_and_made_up_ones_fetch_nothing(tmp_path: Path) -> None:
    published = Published(KEY)
    async with world.open_provider(tmp_path, portals=(PUBLISHER,)) as opened:
        # the house is a value: the routes of this one were made for it
        object.__setattr__(opened.house, "client_keys", ClientKeys(published.fetch, opened.clock))
        assert (await ask(opened, assertion())).status_code == 200
        published.keys = [OTHER]
        assert (await ask(opened, assertion(OTHER, jti="rotated"))).status_code == 200
        assert published.fetched == 2
        for number in range(50):
            made_up = assertion(dict(OTHER, kid=f"made-up-{number}"), jti=f"m{number}")
            assert (await ask(opened, made_up)).status_code == 401
        assert published.fetched == 2, "within half a minute nothing more is fetched"
        assert (await ask(opened, assertion(jti="old key"))).status_code == 401, "what is not published any more"
        opened.clock.move(timedelta(seconds=31))
        published.gone = True
        late = int(opened.clock.now().timestamp())
        proof = assertion(OTHER, jti="bridged", iat=late, exp=late + 60)
        assert (await ask(opened, proof)).status_code == 200, "keys known already outlast a server that is gone"


async def test_no_way_out_is_a_no(tmp_path: Path) -> None:
    async with world.open_provider(tmp_path, portals=(PUBLISHER,)) as opened:
        answer = await ask(opened, assertion())
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert isinstance(answer, httpx2.Response)
