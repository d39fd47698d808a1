"""Pushed authorization requests (RFC 9126): kept as checked, named by a `request_uri`, spent when they are answered.

A visit spends nothing: a browser that reloads, or a person who starts anew, comes to the same question. What ends a
request is its answer, code or error; of several attempts that began with one request one is answered.
"""

from dataclasses import replace
from datetime import datetime

from gateway.openid_provider.authorization import AuthorizationRequest, request_body, request_of
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import Lifetimes
from gateway.tokens.issue import key_of
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Insert, Kind, Record, RecordKey

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"


class InvalidRequestUri(Failure):
    """The `request_uri` of a pushed request leads nowhere: nobody knows where to send the browser back to."""

    code = "GW-1010"
    title = "request_uri is not known"
    oauth_error = "invalid_request_uri"
    vi = "Liên kết đăng nhập đã dùng hoặc đã hết hạn. Ông/bà quay lại cổng dịch vụ và bấm đăng nhập lại."
    en = "This sign-in link was used before or has expired. Please go back to the portal and sign in again."
    fix = "Push the request anew for each sign-in and use its `request_uri` at once, with the client that pushed it."


def names_pushed(parameters: Parameters) -> bool:
    """Tell whether an authorization request only names one that was pushed."""
    return parameters.get("request_uri", "").startswith(REQUEST_URI)


def push(house: House, request: AuthorizationRequest, now: datetime) -> tuple[str, Insert]:
    """Return the `request_uri` of a checked request, 256 bits that nobody guesses, and what stores it."""
    name = text_token(house.randomness)
    record = Record(
        kind=Kind.PUSHED_REQUEST,
        key=key_of(name),
        expires_at=now + house.lifetimes.pushed_for,
        body=request_body(request),
    )
    return REQUEST_URI + name, Insert(record)


async def load_pushed(house: House, parameters: Parameters, portal: Portal) -> AuthorizationRequest:
    """Return the request that this client pushed; what else stands in the address does not count (RFC 9126 §4).

    Raises InvalidRequestUri: unknown, expired, answered, or another client's.
    """
    key = key_of(parameters.required("request_uri").removeprefix(REQUEST_URI))
    now = house.clock.now()
    record, mark = await house.store.load(RecordKey(Kind.PUSHED_REQUEST, key), _mark(key))
    if record is None or not record.alive(now):
        raise InvalidRequestUri("`request_uri` is unknown or has expired")
    if mark is not None and mark.alive(now):
        raise InvalidRequestUri("`request_uri` was used before")
    if record.body["client_id"] != portal.client_id:
        raise InvalidRequestUri("`request_uri` is another client's")
    return replace(request_of(record.body), pushed=key)


def answered_mark(request: AuthorizationRequest, lifetimes: Lifetimes, now: datetime) -> Record | None:
    """Return what says that a pushed request has been answered; None for one that came with the browser.

    It outlives every attempt that may have begun with the request.
    """
    if request.pushed is None:
        return None
    address = _mark(request.pushed)
    lasting = lifetimes.attempt_max_for + lifetimes.pushed_for
    return Record(kind=address.kind, key=address.key, expires_at=now + lasting, body={})


def _mark(key: str) -> RecordKey:
    return RecordKey(Kind.REPLAY_MARK, f"pushed.{key}")
