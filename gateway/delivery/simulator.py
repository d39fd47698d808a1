"""Plays the province's message hub: takes alerts of sign-ins by push (RFC 8935) and says what it would have sent.

`create_application` makes a Starlette application. It opens, verifies and remembers as the real one must: a token that
is not for it, not of the gateway or of another kind is refused with `err`; one that it has already is taken again and
sends no second message. `GET /_calls` tells how many came and what the last messages were, with numbers shortened; `PUT
/_faults {fault: down or slow_down, times?}` makes it fail.
"""

import hmac
from typing import Any

import aiohttp
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.tokens.event_token import TYPE, ReceiverKey, open_event, read_receiver_key
from gateway.tokens.jose import EVENT_TOKEN, FixedKeys, JoseRefused, verify
from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.clock import Clock, SystemClock

EVENT = "urn:gate06:event:sign-in"
_NUMBER = "urn:gate06:subject:personal-number"
_KEPT = 100
_STATUS = {"down": 503, "slow_down": 429}


def create_application(
    issuer: str, private_jwk: dict[str, str], audience: str, bearer: str = "", clock: Clock | None = None
) -> Starlette:
    """Return the hub of one gateway; `private_jwk` is the P-256 key whose public half the gateway has."""
    key = read_receiver_key(orjson.dumps(private_jwk), private=True)
    hub = _Hub(issuer, key, audience, bearer, clock or SystemClock())
    return Starlette(
        routes=[
            Route("/events", hub.take, methods=["POST"]),
            Route("/_calls", hub.calls, methods=["GET"]),
            Route("/_faults", hub.fail, methods=["PUT"]),
        ]
    )


class _Hub:
    def __init__(self, issuer: str, key: ReceiverKey, audience: str, bearer: str, clock: Clock) -> None:
        self._issuer, self._key, self._audience, self._clock = issuer, key, audience, clock
        self._bearer = bearer
        self._count = 0
        self._sent: dict[str, dict[str, Any]] = {}
        self._faults: list[str] = []

    async def take(self, request: Request) -> Response:
        """Take one event (RFC 8935 §2.2), or refuse it (§2.3)."""
        self._count += 1
        if self._faults:
            return Response(status_code=_STATUS[self._faults.pop(0)], headers={"retry-after": "60"})
        given = request.headers.get("authorization", "")
        if self._bearer and not hmac.compare_digest(given.encode(), f"Bearer {self._bearer}".encode()):
            return _refused("authentication_failed", 401)
        wrong = await self._read(request)
        return Response(status_code=202) if wrong is None else _refused(wrong)

    async def _read(self, request: Request) -> str | None:
        """Keep an event that is good; return what is wrong with any other, as RFC 8935 §2.4 calls it."""
        if request.headers.get("content-type") != f"application/{TYPE}":
            return "invalid_request"
        try:
            signed = open_event((await request.body()).decode("ascii", "replace"), self._key)
            keys, now = FixedKeys.of_jwks(await self._published()), self._clock.now()
            claims = verify(signed, EVENT_TOKEN, keys, now=now, issuer=self._issuer, audience=self._audience)
        except KeyRefused:
            return "invalid_key"
        except JoseRefused as refusal:
            return {"iss": "invalid_issuer", "aud": "invalid_audience"}.get(refusal.rule, "invalid_request")
        told = claims["events"].get(EVENT) if isinstance(claims["events"], dict) else None
        if not isinstance(told, dict):
            return "invalid_request"
        self._keep(claims, told)
        return None

    def _keep(self, claims: dict[str, Any], told: dict[str, Any]) -> None:
        if claims["jti"] in self._sent:
            return
        known = {one["format"]: one for one in claims["sub_id"]["identifiers"]}
        number = known.get(_NUMBER, {}).get("personal_number", "")
        to = {"sub": known["iss_sub"]["sub"], "number_ends": number[-3:]}
        self._sent[claims["jti"]] = {"to": to, "at": claims["toe"], **told}
        while len(self._sent) > _KEPT:
            del self._sent[next(iter(self._sent))]

    async def _published(self) -> dict[str, Any]:
        async with aiohttp.ClientSession(trust_env=False) as session, session.get(f"{self._issuer}/jwks") as reply:
            published: dict[str, Any] = orjson.loads(await reply.read())
            return published

    async def calls(self, request: Request) -> Response:
        """Tell what came."""
        return JSONResponse({"count": self._count, "last": list(self._sent.values())})

    async def fail(self, request: Request) -> Response:
        """Fail from now on, once or as often as asked."""
        order = orjson.loads(await request.body())
        if order.get("fault") not in _STATUS:
            return JSONResponse({"error": "unknown fault"}, 400)
        self._faults += [order["fault"]] * int(order.get("times", 1))
        return JSONResponse({"ok": True})


def _refused(err: str, status: int = 400) -> Response:
    return JSONResponse({"err": err, "description": "the event is not taken"}, status)
