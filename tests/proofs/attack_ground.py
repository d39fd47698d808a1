"""The ground of the attacks: a running stack with a person signed in, clients that sign, the gateway's own keys, and
the good tokens that are bent."""

import asyncio
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from multidict import CIMultiDict

from gateway.cli.connection import opened_ring, opened_storage, settings_of
from gateway.tokens.key_material import generate_private_jwk, public_jwk
from gateway.tokens.keys import KeyState
from gateway.vocabulary.clock import SystemClock
from tests.conformance.upstream import Upstream
from tests.possession import CHANCE, Holder, b64
from tests.proofs.attack_tokens import Good
from tests.proofs.stack import Stack
from tests.proofs.walking import CHALLENGE, Step, Walker, answer_of

SIGNER, ASKER, SECRET = "signs-who-it-is", "signs-what-it-asks", "s" * 43
KEY = generate_private_jwk("ES256", "client-1", CHANCE)
RESOURCE = "https://reports.example"
EXPIRED = frozenset({"exp: a day ago", "exp: zero"})
"""An ID token that has expired is a hint as good as any (RP-Initiated Logout 1.0 §4, OpenID Connect Core §3.1.2.1)."""
CALLBACK = "https://asker.example/callback"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def portals() -> list[dict[str, Any]]:
    """Return the two clients with keys: one signs assertions (`fapi2`), the other its requests."""
    keys = {"jwks": {"keys": [public_jwk(KEY)]}, "redirect_uris": [CALLBACK]}
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    return [
        {
            "client_id": SIGNER,
            "profile": "fapi2",
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": "openid report:read",
            "grant_types": grants,
            **keys,
        },
        {
            "client_id": ASKER,
            "client_secret": SECRET,
            "post_logout_redirect_uris": [CALLBACK],
            "userinfo_signed_response_alg": "ES256",
            "scope": "openid profile report:read",
            "grant_types": grants,
            **keys,
        },
    ]


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    members: Mapping[str, Any]
    location: str
    text: str
    seconds: float

    @property
    def error(self) -> str:
        """The OAuth error, from the answer or from the address it leads to; empty without one."""
        return str(self.members.get("error") or answer_of(Step(self.location)).get("error", ""))


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place. `kind` is what it takes; `good` makes a fresh one, after `ready` where there is something to prepare
    for each; `took` tells whether the answer means that it was taken; `refusals` are the statuses of a refusal;
    `ignores` names bends that a standard says to pass over there; `in_header`: HTTP carries it in one."""

    name: str
    kind: str
    good: Callable[[], Good]
    send: Callable[[str], Awaitable[Answer]]
    took: Callable[[Answer], bool]
    refusals: frozenset[int]
    ignores: frozenset[str] = frozenset()
    ready: Callable[[], Awaitable[None]] | None = None
    in_header: bool = False


class Check:
    """`gate06 verify … --batch`, kept running: one line in, one line out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    async def ask(self, **asked: Any) -> Answer:
        """Ask it about one token."""
        begun = time.perf_counter()
        self._to.write(orjson.dumps(asked) + b"\n")
        await self._to.drain()
        told = orjson.loads(await self._from.readline())
        return Answer(200, told, "", "", time.perf_counter() - begun)


@asynccontextmanager
async def checking(stack: Stack) -> AsyncIterator[Mapping[str, Check]]:
    """Start both commands; their input ends, and so do they."""
    running = {verb: await _verify(stack, verb) for verb in ("jws", "dpop")}
    try:
        yield {verb: Check(process) for verb, process in running.items()}
    finally:
        for process in running.values():
            assert process.stdin is not None
            process.stdin.close()
            await process.communicate()


async def _verify(stack: Stack, verb: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    line = (sys.executable, "-m", "gateway", "verify", verb, "--batch")
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*line, env=stack.environment, stdin=pipe, stdout=pipe, stderr=quiet)


@dataclass
class Ground:
    """A running stack with a person signed in at it, and the keys the gateway signs with (its store is ours)."""

    stack: Stack
    browser: Walker
    upstream: Upstream
    asked_keys: list[str]
    checks: Mapping[str, "Check"]
    own: dict[str, str] = field(default_factory=dict)
    ring: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    holder: Holder = field(default_factory=Holder)
    bound: str = ""
    form: dict[str, Any] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Sign a person in, fill a form, bind a token, and read the gateway's key."""
        self.tokens = await self.browser.tokens(3)
        status, self.form = await self.browser.prefill(self.tokens["access_token"])
        assert status == 200, self.form
        proof = self.holder.prove("POST", f"{self.issuer}/token", time.time())
        status, tokens = await self.browser.redeem(await self.browser.code(3), DPoP=proof)
        assert (status, tokens["token_type"]) == (200, "DPoP"), tokens
        self.bound = tokens["access_token"]
        self.own = {"Authorization": f"Bearer {await self.browser.client_token()}"}
        settings = settings_of(self.stack.wish.urls.store, None, [self.stack.plan.settings_file])
        async with opened_storage(settings) as storage:
            listed = (await opened_ring(settings, storage)).listed()
        now = SystemClock().now()
        self.ring = next(dict(one.jwk) for one in listed if (one.alg, one.state(now)) == ("ES256", KeyState.ACTIVE))

    @property
    def issuer(self) -> str:
        """The issuer."""
        return self.stack.issuer

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """Send one request without cookies and measure it; a `session` brings its own."""
        session: aiohttp.ClientSession | None = more.pop("session", None)
        if session is not None:
            return await self._ask(session, method, path, more)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as stranger:
            return await self._ask(stranger, method, path, more)

    async def _ask(self, session: aiohttp.ClientSession, method: str, path: str, more: dict[str, Any]) -> Answer:
        body, headers = _octets_of(more)
        begun = time.perf_counter()
        url = f"{self.issuer}{path}"
        async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
            told = await answer.read()
            seconds = time.perf_counter() - begun
            kind = answer.headers.get("content-type", "").partition(";")[0]
            one_object = kind in {"application/json", "application/problem+json"}
            members = orjson.loads(told) if told and one_object else {}
            location = answer.headers.get("location", "")
            return Answer(answer.status, members, location, told.decode("utf-8", "replace"), seconds)

    def ours(self, typ: str, **claims: Any) -> Good:
        """Return a token of the gateway's own key."""
        header = {"alg": "ES256", "kid": self.ring["kid"], "typ": typ}
        at = int(time.time())
        return Good(header, {"iss": self.issuer, "iat": at, "exp": at + 300, **claims}, self.ring)

    def theirs(self, typ: str, **claims: Any) -> Good:
        """Return a token of the upstream's key; its reader judges `exp` first where there is one."""
        at = int(time.time())
        header = {"alg": "ES256", "kid": self.upstream.signing["kid"], "typ": typ}
        said = {"iss": self.upstream.url, "aud": "gate06", "iat": at, **claims}
        return Good(header, said, self.upstream.signing, time="exp" if "exp" in claims else "iat")

    @staticmethod
    def query(parameters: Mapping[str, str]) -> str:
        """Return parameters as an address carries them."""
        return urlencode(parameters)

    def asked(self, **changes: str) -> dict[str, str]:
        """Return the parameters of a good authorization request of the client that signs them."""
        return {
            "client_id": ASKER,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile",
            "state": "st-1",
            "nonce": "no-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }


def basic(name: str = ASKER) -> dict[str, str]:
    """Return the header of a client with a secret."""
    return {"Authorization": aiohttp.encode_basic_auth(name, SECRET)}


def fresh_id() -> str:
    """Return a `jti`."""
    return b64(CHANCE.octets(12))


def assertion(ground: Ground) -> Good:
    """Return a good client assertion (RFC 7523)."""
    at = int(time.time())
    claims = {"iss": SIGNER, "sub": SIGNER, "aud": ground.issuer, "iat": at, "exp": at + 60, "jti": fresh_id()}
    return Good({"alg": "ES256", "kid": KEY["kid"], "typ": "JWT"}, claims, KEY)


def request_object(ground: Ground) -> Good:
    """Return a good request object (RFC 9101)."""
    at = int(time.time())
    times = {"iat": at, "nbf": at, "exp": at + 300, "jti": fresh_id()}
    claims = {"iss": ASKER, "aud": ground.issuer, **times, **ground.asked()}
    return Good({"alg": "ES256", "kid": KEY["kid"], "typ": "oauth-authz-req+jwt"}, claims, KEY)


def read_part(token: str, part: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of a token without verifying it."""
    segment = token.split(".")[part]
    read: dict[str, Any] = orjson.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return read


def _octets_of(more: Mapping[str, Any]) -> tuple[BytesIO | None, CIMultiDict[str]]:
    """Return body and headers of `json`, or of `data` (a form's members, or octets that bring their own type)."""
    headers = CIMultiDict(more.get("headers") or {})
    body = more.get("data")
    if "json" in more:
        headers.setdefault("content-type", "application/json")
        body = orjson.dumps(more["json"])
    elif isinstance(body, Mapping):
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        body = urlencode(body).encode()
    return None if body is None else BytesIO(body), headers
