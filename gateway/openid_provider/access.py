"""Access tokens as they come back to us: read, loaded with their grant, judged (RFC 6750, RFC 9449 §7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.openid_provider.failure import InvalidRequest, InvalidToken
from gateway.openid_provider.grant import Grant, grant_address, grant_of
from gateway.openid_provider.house import House
from gateway.openid_provider.possession import DPOP_CHALLENGE, challenge, prove_access
from gateway.tokens.issue import key_of, parse
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Kind, Record, RecordKey, Store

_CHALLENGE = {"WWW-Authenticate": f'Bearer realm="gate06", {DPOP_CHALLENGE}'}
_MALFORMED = {"WWW-Authenticate": 'Bearer realm="gate06", error="invalid_request"'}
REFUSED = {"WWW-Authenticate": 'Bearer realm="gate06", error="invalid_token"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A token that is good now. `grant` is None when a client got it for itself; `resource` None for our own API.
    `beside` are the records that were asked for in the same round trip."""

    record: Record
    client_id: str
    scopes: frozenset[str]
    resource: str | None
    grant: Grant | None
    beside: tuple[Record | None, ...] = ()

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key it is bound to, None for a bearer token."""
        return self.record.body.get("jkt")


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token as a request shows it, and the scheme it is shown by."""

    scheme: Literal["bearer", "dpop"]
    token: str


_SCHEMES: dict[str, Literal["bearer", "dpop"]] = {"bearer": "bearer", "dpop": "dpop"}


def token_of(authorization: Sequence[str], body_token: str | None = None) -> ShownToken:
    """Return the token of a request; a scheme is read in any case of letters (RFC 9110 §11.1).

    Raises InvalidToken (none) or InvalidRequest (more than one, RFC 6750 §2).
    """
    shown = []
    for value in authorization:
        name, space, token = value.partition(" ")
        scheme = _SCHEMES.get(name.lower())
        if scheme is not None and space:
            shown.append(ShownToken(scheme, token.strip()))
    if len(authorization) > 1 or (shown and body_token is not None):
        raise InvalidRequest("the access token is sent more than once", headers=_MALFORMED)
    if body_token is not None:
        shown.append(ShownToken("bearer", body_token))
    if not shown:
        # no token at all: a challenge without an error code (RFC 6750 §3.1)
        raise InvalidToken("no access token", headers=_CHALLENGE)
    return shown[0]


def bearer_of(authorization: Sequence[str], body_token: str | None = None) -> str:
    """Return a token that no key is bound to. Raises InvalidToken, InvalidRequest."""
    shown = token_of(authorization, body_token)
    if shown.scheme != "bearer":
        raise _refused("it is shown by the scheme of bound tokens")
    return shown.token


async def check_possession(
    house: House, presented: Presented, shown: ShownToken, access: Access, *, portal: Portal, now: datetime
) -> None:
    """A bound token is shown by the scheme `DPoP` with a proof of its key, any other by `Bearer` (RFC 9449 §7).

    Raises InvalidToken (the other scheme), AccessProofRefused, AccessNonceWanted, StorageUnavailable.
    """
    if access.jkt is None:
        if shown.scheme != "bearer":
            raise _refused("it is bound to no key and shown as if it were")
        return
    if shown.scheme != "dpop":
        raise InvalidToken(
            "the access token is bound to a key: send it by the scheme `DPoP` with a proof",
            headers=challenge("invalid_token"),
        )
    await prove_access(house, presented, shown.token, access.jkt, portal=portal, now=now)


def grant_named(token: str) -> str:
    """Return the id of the grant that an access token names in its own text. Raises InvalidToken."""
    named = parse(token)
    if named is None or named[0] != "ga":
        raise _refused("malformed")
    return named[1]


async def load_access(store: Store, token: str, now: datetime, beside: Sequence[RecordKey] = ()) -> Access:
    """Return what a token opens, and what is stored `beside`, in one round trip.

    Raises InvalidToken for anything that is not good now, without saying why.
    """
    addresses = (RecordKey(Kind.ACCESS_TOKEN, key_of(token)), grant_address(grant_named(token)))
    record, stored_grant, *others = await store.load(*addresses, *beside)
    if record is None or not record.alive(now):
        raise _refused("unknown, expired or revoked")
    grant = grant_of(stored_grant, now)
    if record.group is not None and grant is None:
        raise _refused("the grant has ended")
    return Access(
        record=record,
        client_id=record.body["client_id"],
        scopes=frozenset(record.body["scopes"]),
        resource=record.body["resource"],
        grant=grant,
        beside=tuple(others),
    )


def client_of(access: Access, clients: ClientRegistry, now: datetime) -> Portal:
    """Return the client that a token was issued to. Raises InvalidToken."""
    return standing_client(access.client_id, clients, now)


def standing_client(client_id: str, clients: ClientRegistry, now: datetime) -> Portal:
    """The client of a token must still be registered, and a `legacy` one in its time. Raises InvalidToken."""
    portal = clients.get(client_id)
    if portal is None or portal.ended(now):
        raise _refused("its client is not registered any more, or its end date has passed")
    return portal


def _refused(why: str) -> InvalidToken:
    return InvalidToken("the access token is not valid", operator_detail=why, headers=REFUSED)
