"""What the profile `fapi2` and its members change in the relying party, where no module of the plans looks."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import Authentication, Begin, Callback, Departure, UpstreamAnswerInvalid
from gateway.identity_providers.registry import build
from gateway.tokens import jose
from gateway.tokens.claim_rules import LOGOUT_EVENT
from gateway.tokens.key_material import import_signing_key, public_jwk, thumbprint
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.conformance.fapi_upstream import FapiUpstream
from tests.conformance.moved_clock import MovedTime
from tests.conformance.upstream import served_upstream
from tests.identity_providers.issuer import private_jwk
from tests.identity_providers.wire import outbound

pytestmark = pytest.mark.anyio
REDIRECT = "https://gateway.test/upstream/strict/callback"


class Signer:
    """Our ring, as far as this folder sees it."""

    def sign(self, claims: Any, *, typ: str | None, alg: str = "ES256") -> str:
        return jose.sign(claims, import_signing_key(private_jwk(alg, f"ours-{alg}")), typ=typ)


class Bench:
    """One upstream, one provider, and a browser between them."""

    def __init__(self, upstream: FapiUpstream, provider: Any) -> None:
        self.upstream, self.provider = upstream, provider

    async def depart(self) -> Departure:
        departure: Departure = await self.provider.begin(Begin(state="state-1", redirect_uri=REDIRECT))
        return departure

    def browse(self, departure: Departure) -> Callback:
        """Go there and come back."""
        raw = urlsplit(httpx2.get(departure.url).headers["location"]).query
        back = dict(parse_qsl(raw))
        return Callback(parameters=back, raw_query=raw, redirect_uri=REDIRECT, state="state-1", memory=departure.memory)

    async def sign_in(self) -> Authentication:
        found: Authentication = await self.provider.complete(self.browse(await self.depart()))
        return found

    async def refused(self, callback: Callback) -> str:
        with pytest.raises(UpstreamAnswerInvalid) as refusal:
            await self.provider.complete(callback)
        return str(refusal.value.operator_detail)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[FapiUpstream]:
    with served_upstream(FapiUpstream) as served:
        served.time = MovedTime(tmp_path / "clock")
        served.client_keys = lambda: {  # type: ignore[method-assign]
            "keys": [public_jwk(private_jwk(alg, f"ours-{alg}")) for alg in ("ES256", "PS256")]
        }
        yield served


Make = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make(upstream: FapiUpstream) -> AsyncIterator[Make]:
    stack = contextlib.AsyncExitStack()

    async def made(**changes: Any) -> Bench:
        client = await stack.enter_async_context(outbound())
        table = {name: value for name, value in {**upstream.settings(), **changes}.items() if value is not None}
        settings = IdentityProviderSettings.model_validate(table)
        provider = build([settings], client, Signer(), SystemClock(), SystemRandomness())
        return Bench(upstream, provider[settings.alias])

    yield made
    await stack.aclose()


async def test_every_sign_in_has_a_key_of_its_own_that_stays_in_its_memory(make: Make) -> None:
    bench = await make()
    first, second = await bench.depart(), await bench.depart()
    keys = [one.memory["dpop_key"] for one in (first, second)]
    assert thumbprint(public_jwk(keys[0])) != thumbprint(public_jwk(keys[1]))
    assert set(dict(parse_qsl(urlsplit(first.url).query))) == {"client_id", "request_uri"}
    assert keys[0]["d"] not in first.url


async def test_a_nonce_is_used_again_until_another_is_wanted(make: Make) -> None:
    bench = await make()
    for calls in ([2, 2, 2], [4, 4, 3]):
        # the server has one nonce for two endpoints here, so each asks for its own; userinfo's stays good
        assert (await bench.sign_in()).full_name == "Trần Thị Bưởi"
        counted = [bench.upstream.count(path, "POST") for path in ("/par", "/token")]
        assert [*counted, bench.upstream.count("/userinfo")] == calls
    assert bench.upstream.faults == []


async def test_a_sign_in_that_left_without_a_key_gets_no_bound_token(make: Make) -> None:
    bench = await make()
    callback = bench.browse(await bench.depart())
    memory = {name: value for name, value in callback.memory.items() if name != "dpop_key"}
    assert "left before `dpop_bound_access_tokens`" in await bench.refused(replace(callback, memory=memory))
    assert not bench.upstream.count("/token", "POST")


async def test_assertions_and_requests_are_signed_with_the_algorithm_that_is_set(
    make: Make, upstream: FapiUpstream
) -> None:
    upstream.signed = True
    bench = await make(**upstream.settings("strict"), token_endpoint_auth_signing_alg="PS256")
    assert (await bench.sign_in()).subject == "subject-1"
    assert upstream.faults == []


async def test_one_algorithm_of_id_tokens_can_be_pinned(make: Make, upstream: FapiUpstream) -> None:
    bench = await make(id_token_signed_response_alg="PS256")
    assert await bench.refused(bench.browse(await bench.depart())) == "id token: refused by rule `alg`"
    upstream.signing = private_jwk("PS256", "pinned")
    upstream.published = [upstream.signing]
    assert (await (await make(id_token_signed_response_alg="PS256")).sign_in()).subject == "subject-1"


async def test_a_document_that_demands_pushed_requests_is_enough(make: Make, upstream: FapiUpstream) -> None:
    upstream.asks = False
    bench = await make(profile=None, token_endpoint_auth_method="private_key_jwt", dpop_bound_access_tokens=True)
    assert "request_uri=" in (await bench.depart()).url
    upstream.metadata["require_pushed_authorization_requests"] = False
    plain = await make(profile=None, token_endpoint_auth_method="private_key_jwt", dpop_bound_access_tokens=True)
    departure = await plain.depart()
    carried = dict(parse_qsl(urlsplit(departure.url).query))
    assert carried["dpop_jkt"] == thumbprint(public_jwk(departure.memory["dpop_key"]))
    assert "request_uri" not in carried


async def test_an_answer_has_to_come_as_it_was_asked_for(make: Make, upstream: FapiUpstream) -> None:
    plain = await make()
    callback = plain.browse(await plain.depart())
    told = upstream.sign_answer(callback.parameters)
    assert await plain.refused(replace(callback, parameters={"response": told})) == "callback: `state` missing"
    upstream.signed = True
    signed = await make(**upstream.settings("strict"))
    callback = signed.browse(await signed.depart())
    for parameters, rule in (
        ({"code": "c", "state": "state-1", "iss": upstream.url}, "callback: `response` missing"),
        ({"response": upstream.id_token()}, "callback: `response`: refused by rule `forbidden:sub`"),
        ({"response": upstream.sign_answer({"code": "c"}), "state": "state-1"}, "callback: `state` missing"),
        ({"response": upstream.sign_answer({"code": "c", "state": "other"})}, "callback: `state` is not ours"),
    ):
        assert await signed.refused(replace(callback, parameters=parameters)) == rule
    assert not upstream.count("/token", "POST")
    assert (await signed.provider.complete(callback)).subject == "subject-1"


async def test_a_nonce_that_was_refused_is_not_sent_again(make: Make, upstream: FapiUpstream) -> None:
    upstream.always_asks, upstream.given_nonce = True, "the-same-each-time"
    bench = await make()
    for calls in (2, 3):
        with pytest.raises(UpstreamAnswerInvalid):
            await bench.depart()
        assert upstream.count("/par", "POST") == calls


async def test_a_logout_token_is_signed_as_the_profile_says(make: Make, upstream: FapiUpstream) -> None:
    strict, plain = await make(), await make(profile=None, token_endpoint_auth_method="private_key_jwt")
    at = int(upstream.time.seconds())
    claims = {
        "iss": upstream.url,
        "aud": "gate06",
        "iat": at,
        "jti": "j-1",
        "sub": "subject-1",
        "events": {LOGOUT_EVENT: {}},
    }
    upstream.published = [private_jwk(alg, f"logout-{alg}") for alg in ("ES256", "RS256")]
    good, weak = (jose.sign(claims, import_signing_key(one), typ="logout+jwt") for one in upstream.published)
    assert (await strict.provider.read_logout(good)).subject == "subject-1"
    assert (await plain.provider.read_logout(weak)).subject == "subject-1"
    with pytest.raises(UpstreamAnswerInvalid) as refusal:
        await strict.provider.read_logout(weak)
    assert refusal.value.operator_detail == "logout token: refused by rule `alg`"


@pytest.mark.parametrize("nonce", ["", "with a space", 'with"quote', "n" * 513])
async def test_a_nonce_that_could_not_be_one_is_not_sent(make: Make, upstream: FapiUpstream, nonce: str) -> None:
    upstream.given_nonce = nonce
    bench = await make()
    with pytest.raises(UpstreamAnswerInvalid):
        await bench.depart()
    assert upstream.count("/par", "POST") == 1
