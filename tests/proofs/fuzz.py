"""Requests nobody planned for, at full size: what the document allows and bends of it, at every operation and by every
caller, and the protocol's own words in wrong places.

`It must show` 3 of the first half of certification: no 5xx, no status and no content that the document does not
promise, no error that no standard registers. Seeds are kept, so that what was found once is found again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import orjson

from tests.application import promise
from tests.journeys.stack import Stack
from tests.openid_provider.grammar import ERRORS, Asked, Grammar, requests_of
from tests.proofs.walking import CHALLENGE, VERIFIER

COVERS = (
    *(
        "gateway/openid_provider",
        "gateway/application",
        "gateway/prefill",
        "gateway/audit",
        "gateway/connector_lifecycle",
    ),
    *("tests/application/promise.py", "tests/openid_provider/grammar.py"),
)
SEEDS = (20261127, 20261128, 20261129)
_STATUSES = frozenset({200, 201, 303, 400, 401, 403, 405, 409, 413, 431})


async def prove(
    folder: Path, *, seeds: Sequence[int] = SEEDS, examples: int = 60, words: int = 5000, setting: str = "sqlite"
) -> dict[str, Any]:
    """Explore every operation `examples` times with each seed, and send `words` requests of words. Raises on the first
    answer that was not promised."""
    return await asyncio.to_thread(_prove, folder, seeds, examples, words, setting)


def _prove(folder: Path, seeds: Sequence[int], examples: int, words: int, setting: str) -> dict[str, Any]:
    begun = time.perf_counter()
    explored: Counter[int] = Counter()
    spoken: Counter[int] = Counter()
    rounds = list(promise.rounds())
    with Stack(folder, setting) as stack:
        document = promise.promised_by(stack)
        for seed in seeds:
            known = promise.callers(stack)
            for path, method, caller in rounds:
                operation = document[path][method.upper()]
                explored += promise.explore(operation, stack, known[caller], examples=examples, chance=seed)
            spoken += asyncio.run(_speak(stack, requests_of(grammar_of(stack), seed, words)))
    return {
        "seeds": list(seeds),
        "operations and callers": len(rounds),
        "cases of the document": explored.total(),
        "answered with": {str(status): count for status, count in sorted(explored.items())},
        "requests of words": spoken.total(),
        "answered": {str(status): count for status, count in sorted(spoken.items())},
        "5xx": sum(count for status, count in (explored + spoken).items() if status >= 500),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def grammar_of(stack: Stack) -> Grammar:
    """Return what the demo has besides the words of the standards."""
    callback = f"{stack.portal_url}/callback"
    good = {
        "client_id": "sample-portal",
        "redirect_uri": callback,
        "response_type": "code",
        "scope": "openid profile",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    out = f"{stack.portal_url}/logged-out"
    return Grammar(
        bases={
            "/authorize": [{}, good, {**good, "prompt": "none"}],
            "/par": [{}, good],
            "/token": [{}, {"grant_type": "authorization_code"}, {"grant_type": "refresh_token"}],
            "/userinfo": [{}],
            "/introspect": [{}, {"token": "x"}],
            "/revoke": [{}, {"token": "x"}],
            "/device_authorization": [{}, {"client_id": "gate06-command"}],
            "/device": [{}],
            "/logout": [{}, {"client_id": "sample-portal", "post_logout_redirect_uri": out}],
            "/logout/confirm": [{}],
            "/upstream/vneid/callback": [{}],
            "/upstream/vneid/signed-out": [{}],
            "/upstream/staff/backchannel-logout": [{}, {"logout_token": "a.b.c"}],
            "/interaction/x": [{}],
            "/staff/sign-out": [{}],
            "/me": [{}],
            "/me/report": [{}],
        },
        words=["sample-portal", "conformance", callback, f"{callback}#x", out, CHALLENGE, VERIFIER, "vneid", "staff"],
        authorizations=[promise.basic(stack)],
    )


async def _speak(stack: Stack, requests: Sequence[Asked]) -> Counter[int]:
    seen: Counter[int] = Counter()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for one in requests:
            seen[await _send(session, stack, one)] += 1
    return seen


async def _send(session: aiohttp.ClientSession, stack: Stack, asked: Asked) -> int:
    octets, url = urlencode(asked.pairs), f"{stack.issuer}{asked.path}"
    headers = [(name, value.decode("latin-1")) for name, value in asked.headers]
    body = None
    if asked.method == "POST":
        body = octets.encode()
        headers += [("content-type", asked.kind)] if asked.kind else []
    else:
        url = f"{url}?{octets}"
    async with session.request(asked.method, url, data=body, headers=headers, allow_redirects=False) as answer:
        told = await answer.read()
        judge(stack, asked, answer.status, dict(answer.headers), told)
        return int(answer.status)


def judge(stack: Stack, asked: Asked, status: int, headers: dict[str, str], body: bytes) -> None:
    """Hold an answer to what is documented."""
    assert status in _STATUSES, (asked, status)
    location = headers.get("Location", "")
    if location:
        known = {urlsplit(stack.issuer).netloc, urlsplit(stack.portal_url).netloc, urlsplit(stack.vneid_url).netloc}
        assert urlsplit(location).netloc in known, (asked, location)
    if status >= 400 and headers.get("Content-Type", "").startswith("application/json") and body:
        told = orjson.loads(body)
        assert told["error"] in ERRORS, (asked, told)
        # no receipt is demanded: what strangers can make the house store has a limit (decision 0014)
        assert told["error_uri"].startswith(f"{stack.issuer}/errors/GW-"), (asked, told)
