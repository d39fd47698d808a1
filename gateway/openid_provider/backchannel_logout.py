"""Telling portals that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0): who is told, and what is sent.

Whatever ends a session or what a portal has from a person hands in one delivery for each sign-in at each portal that
registered an address. A session that merely runs out tells nobody: the person may be in the middle of a form there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from gateway.audit.event import LogoutTold
from gateway.connector_runtime.contract import OutboundClient
from gateway.delivery.channel import Outgoing
from gateway.delivery.delivery import Delivery, hand_in, new_id
from gateway.openid_provider.grant import session_id_at
from gateway.openid_provider.house import House
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Change, Record

CHANNEL = "logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOLD_FOR = timedelta(hours=24)
"""How long a portal that does not answer is tried: no session of ours is older, and hardly one of theirs."""
_TOKEN_FOR = timedelta(minutes=2)  # OpenID Connect Back-Channel Logout 1.0 §4: no longer


def farewells(
    house: House, grants: Iterable[Record], *, sessions: Iterable[str] | None = None, client_id: str | None = None
) -> list[Change]:
    """Return what tells portals that their sign-ins have ended, once for each sign-in.

    `grants` are all stored grants of one person, those that ended too: the portal's own session may still stand.
    `sessions` are the keys of the sessions that end, None for all; `client_id` the one portal that is told.
    """
    wanted = None if sessions is None else frozenset(sessions)
    ended: dict[tuple[str, str], Record] = {}
    for record in grants:
        body = record.body
        if body.get("realm", "citizen") != "citizen" or "openid" not in body["scopes"]:
            continue
        if wanted is not None and body["session_key"] not in wanted:
            continue
        if client_id in {None, body["client_id"]} and _listens(house, body["client_id"]):
            ended.setdefault((body["client_id"], body["session_key"]), record)
    return [hand_in(_farewell(house, record)) for record in ended.values()]


def _listens(house: House, client_id: str) -> bool:
    portal = house.clients.get(client_id)
    return portal is not None and portal.backchannel_logout_uri is not None


def _farewell(house: House, record: Record) -> Delivery:
    now, body = house.clock.now(), record.body
    client_id = body["client_id"]
    return Delivery(
        id=new_id(house.randomness),
        channel=CHANNEL,
        receiver=client_id,
        content={
            "client_id": client_id,
            "sub": body["subject"],
            "sid": session_id_at(body["session_key"], client_id),
        },
        # sealed for the house: somebody who was erased is signed out all the same
        citizen_id=record.subject,
        begun_at=now,
        give_up_at=now + TOLD_FOR,
        due_at=now,
    )


class LogoutChannel:
    """Writes logout tokens: signed anew at each try, in the algorithm of the portal's ID tokens."""

    event = LogoutTold

    def __init__(self, house: House, outbound: OutboundClient) -> None:
        self._house = house
        self.outbound = outbound

    async def write(self, delivery: Delivery, now: datetime) -> Outgoing | None:
        """Return the request of §2.5, None for a portal that is gone or takes none any more."""
        portal = self._house.clients.get(delivery.receiver)
        if portal is None or portal.backchannel_logout_uri is None:
            return None
        claims = self._claims(delivery.content, now)
        token = self._house.keys.sign(claims, typ="logout+jwt", alg=portal.id_token_signed_response_alg)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return Outgoing(portal.backchannel_logout_uri, headers, urlencode({"logout_token": token}).encode("ascii"))

    def _claims(self, content: Mapping[str, str], now: datetime) -> dict[str, object]:
        """Return the claims of §2.4. A new `jti` at each try: that of a try whose answer was lost may be known."""
        issued_at = int(now.timestamp())
        return {
            "iss": self._house.issuer,
            "aud": content["client_id"],
            "iat": issued_at,
            "exp": issued_at + int(_TOKEN_FOR.total_seconds()),
            "jti": text_token(self._house.randomness, 128),
            "sub": content["sub"],
            "sid": content["sid"],
            "events": {EVENT: {}},
        }
