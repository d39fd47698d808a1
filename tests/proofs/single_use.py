"""What is good once, forty times at the same moment on two workers: the name of a pushed request, a proof of
possession at each kind of endpoint, a client's assertion, and a refresh token that rotates. Never two winners.

Half of the proof `races`, which starts the stack and redeems codes.
"""

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from tests.possession import CHANCE, Holder, b64
from tests.proofs.stack import Stack
from tests.proofs.walking import CHALLENGE, VERIFIER, Step, Walker, answer_of, walker

PARALLEL = 40
APP, SIGNER = "app-of-a-proof", "signer-of-a-proof"
_KEY = generate_private_jwk("ES256", "s1", CHANCE)
TOML = f"""
[[portal]]
client_id = "{SIGNER}"
profile = "fapi2"
token_endpoint_auth_method = "private_key_jwt"
grant_types = ["client_credentials"]
jwks = {{ keys = [{{ {", ".join(f'{name} = "{value}"' for name, value in public_jwk(_KEY).items())} }}] }}

[[portal]]
client_id = "{APP}"
application_type = "native"
token_endpoint_auth_method = "none"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["http://127.0.0.1/callback"]
"""
OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}


async def race(stack: Stack, rounds: int) -> dict[str, Any]:
    """Use each thing `PARALLEL` times at once, `rounds` times. Raises AssertionError."""
    begun = time.perf_counter()
    seen: Counter[str] = Counter()
    async with walker(stack) as browser, contextlib.AsyncExitStack() as opened:
        callers = [await opened.enter_async_context(walker(stack)) for _ in range(PARALLEL)]
        await browser.sign_in(3)
        for _ in range(rounds):
            seen["request_uri"] += await _answer_one_request(browser, callers)
            seen["proof with a token"] += await _show_one_proof(browser, callers)
            seen["proof at the PAR endpoint"] += await _push_with_one_proof(browser, callers)
            seen["client assertion"] += await _prove_with_one_assertion(browser, callers)
            seen["proof at the token endpoint"] += await _refresh_with_one_proof(browser, callers)
            seen["refresh token"] += await _rotate_one_token(browser, callers)
    assert set(seen.values()) == {rounds}, seen
    return {"rounds": rounds, "winners": dict(seen), "seconds": round(time.perf_counter() - begun, 1)}


async def _answer_one_request(browser: Walker, callers: list[Walker]) -> int:
    """One pushed request, opened by one browser in many tabs: it is answered with one code."""
    asked = dict(_query(browser))
    status, kept = await browser.post_form("/par", asked)
    assert status == 201, kept
    name = urlencode({"client_id": asked["client_id"], "request_uri": kept["request_uri"]})
    answers = await asyncio.gather(
        *(browser.ask(Step(f"{browser.stack.issuer}/authorize?{name}")) for _ in range(len(callers)))
    )
    home = browser.stack.plan.portal_url
    told = [answer_of(one) for one in answers if isinstance(one, Step) and one.url.startswith(home)]
    return sum("code" in answer for answer in told)


async def _show_one_proof(browser: Walker, callers: list[Walker]) -> int:
    """One proof beside a bound token, at userinfo and nowhere twice."""
    holder, tokens = await _bound(browser)
    token, url = tokens["access_token"], f"{browser.stack.issuer}/userinfo"
    headers = {"Authorization": f"DPoP {token}", "DPoP": holder.prove("GET", url, time.time(), token=token)}

    async def ask(caller: Walker) -> int:
        async with caller.session.get(url, headers=headers) as answer:
            await answer.read()
            return int(answer.status)

    return _winners(await asyncio.gather(*map(ask, callers)), {200, 401})


async def _refresh_with_one_proof(browser: Walker, callers: list[Walker]) -> int:
    """One proof with a refresh token that may be used often: the proof may not."""
    holder, tokens = await _bound(browser, prompt="consent", scope="openid offline_access")
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    proof = holder.prove("POST", f"{browser.stack.issuer}/token", time.time())
    answers = await asyncio.gather(*(caller.post_form("/token", fields, DPoP=proof) for caller in callers))
    assert {answer["error"] for status, answer in answers if status != 200} == {"invalid_dpop_proof"}
    return _winners([status for status, _ in answers], {200, 400})


async def _push_with_one_proof(browser: Walker, callers: list[Walker]) -> int:
    """One proof beside many pushed requests (RFC 9449 §10.1): one of them is kept."""
    proof = Holder().prove("POST", f"{browser.stack.issuer}/par", time.time())
    asked = dict(_query(browser))
    answers = await asyncio.gather(*(caller.post_form("/par", asked, DPoP=proof) for caller in callers))
    assert {answer["error"] for status, answer in answers if status != 201} == {"invalid_dpop_proof"}
    return _winners([status for status, _ in answers], {201, 400}, won=201)


async def _prove_with_one_assertion(browser: Walker, callers: list[Walker]) -> int:
    """One assertion of who a client is, shown by many; each brings a proof of its own."""
    address, at = f"{browser.stack.issuer}/token", int(time.time())
    claims = {"iss": SIGNER, "sub": SIGNER, "aud": browser.stack.issuer, "iat": at, "exp": at + 60}
    assertion = sign({**claims, "jti": b64(CHANCE.octets(12))}, import_signing_key(_KEY), typ="JWT")
    proven = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}

    async def ask(caller: Walker) -> int:
        headers = {"DPoP": Holder().prove("POST", address, time.time())}
        form = {"grant_type": "client_credentials", **proven}
        async with caller.session.post(address, data=form, headers=headers) as answer:
            told = orjson.loads(await answer.read())
            assert answer.status == 200 or told["error"] == "invalid_client", told
            return int(answer.status)

    return _winners(await asyncio.gather(*map(ask, callers)), {200, 401})


async def _rotate_one_token(browser: Walker, callers: list[Walker]) -> int:
    """A public client's token, used in many tabs: all get one and the same successor, within the grace time."""
    code = await browser.code(3, client_id=APP, **OFFLINE)
    fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    status, tokens = await _as_app(browser, fields | {"redirect_uri": browser.callback})
    assert status == 200, tokens
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(*(_as_app(caller, again) for caller in callers))
    assert {status for status, _ in answers} == {200}
    successors = {answer["refresh_token"] for _, answer in answers}
    assert tokens["refresh_token"] not in successors
    return len(successors)


async def _bound(browser: Walker, **more: str) -> tuple[Holder, dict[str, Any]]:
    """Sign in and bind the tokens to a new key."""
    holder = Holder()
    code = await browser.code(3, **more)
    proof = holder.prove("POST", f"{browser.stack.issuer}/token", time.time())
    status, tokens = await browser.redeem(code, DPoP=proof)
    assert (status, tokens.get("token_type")) == (200, "DPoP"), tokens
    return holder, tokens


def _query(browser: Walker) -> dict[str, str]:
    return answer_of(browser.authorization(3)) | {"code_challenge": CHALLENGE}


def _winners(statuses: list[int], known: set[int], *, won: int = 200) -> int:
    assert set(statuses) <= known, Counter(statuses)
    return statuses.count(won)


async def _as_app(caller: Walker, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Post to the token endpoint as a client without a secret."""
    async with caller.session.post(f"{caller.stack.issuer}/token", data=fields | {"client_id": APP}) as answer:
        return answer.status, orjson.loads(await answer.read())
