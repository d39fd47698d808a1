"""Alerts of sign-ins for the province's message hub, which knows how a person is reached; the gateway does not.

An alert is a security event token (RFC 8417), pushed by RFC 8935, signed by us and encrypted to the hub: it names the
person, and nobody on the way may read whom. It waits as a delivery that says neither name nor number; they are read
when it is written, and after an erasure there is nothing to read and nothing is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.event import SignInAlertSent
from gateway.connector_runtime.contract import OutboundClient
from gateway.consent.sign_in_notice import SignInNotice
from gateway.delivery.channel import Outgoing
from gateway.delivery.delivery import Delivery, hand_in, new_id
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.door import service_of
from gateway.tokens.event_token import TYPE, ReceiverKey, seal_event
from gateway.tokens.issue import pairwise_subject
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.clock import Randomness
from gateway.vocabulary.store import Change, Insert, Kind, RecordKey

CHANNEL = "sign_in_alert"
EVENT = "urn:gate06:event:sign-in"
NUMBER_FORMAT = "urn:gate06:subject:personal-number"
SENT_FOR = timedelta(hours=24)
"""How long a hub that does not answer is tried: an alert of the day before yesterday frightens and helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Where alerts go: the address, who it is in `aud`, the key it reads with, the sector of the subjects it knows, and
    what it wants in `Authorization`."""

    url: str
    audience: str
    key: ReceiverKey
    sector: str
    bearer: str | None = None


class HubOutbox:
    """`NoticeOutbox` that lists a notice at `/me/notices` and hands it in for the hub, both in the sign-in's commit."""

    sends = True

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    def put(self, notice: SignInNotice) -> Sequence[Change]:
        """Return the entry of the list and the delivery."""
        delivery = Delivery(
            id=new_id(self._randomness),
            channel=CHANNEL,
            receiver="message_hub",
            content={
                "client_id": notice.client_id,
                "provider": notice.provider,
                "rule": notice.rule,
                "at": notice.at.timestamp(),
            },
            citizen_id=notice.citizen_id,
            sealed_for_citizen=True,
            begun_at=notice.at,
            give_up_at=notice.at + SENT_FOR,
            due_at=notice.at,
        )
        return (Insert(notice.record()), hand_in(delivery))


class AlertChannel:
    """Writes alerts. The `jti` is the delivery's own id at every try: a hub that has it already sends no second one."""

    event = SignInAlertSent

    def __init__(self, house: House, hub: Hub, outbound: OutboundClient) -> None:
        self._house = house
        self._hub = hub
        self.outbound = outbound

    async def write(self, delivery: Delivery, now: datetime) -> Outgoing | None:
        """Return the request of RFC 8935 §2.1, None for a person who is not here any more."""
        (stored,) = await self._house.store.load(RecordKey(Kind.CITIZEN, delivery.citizen_id or ""))
        if stored is None:
            return None
        claims = {
            "iss": self._house.issuer,
            "aud": self._hub.audience,
            "iat": int(now.timestamp()),
            "jti": delivery.id,
            "toe": int(delivery.content["at"]),
            "sub_id": self._subject(Citizen.of(stored.body)),
            "events": {EVENT: self._told(delivery.content)},
        }
        signed = self._house.keys.sign(claims, typ=TYPE)
        headers = {"content-type": f"application/{TYPE}", "accept": "application/json"}
        if self._hub.bearer is not None:
            headers["authorization"] = f"Bearer {self._hub.bearer}"
        return Outgoing(self._hub.url, headers, seal_event(signed, self._hub.key).encode("ascii"))

    def _subject(self, citizen: Citizen) -> dict[str, Any]:
        """Return who is meant (RFC 9493 §3.2.8): as the hub knows them when they sign in there, and by number."""
        subject = pairwise_subject(self._house.pairwise_secret, self._hub.sector, citizen.id)
        known: list[dict[str, str]] = [{"format": "iss_sub", "iss": self._house.issuer, "sub": subject}]
        if citizen.personal_number is not None:
            known.append({"format": NUMBER_FORMAT, "personal_number": citizen.personal_number})
        return {"format": "aliases", "identifiers": known}

    def _told(self, content: Mapping[str, Any]) -> dict[str, Any]:
        service = service_of(self._house, content["client_id"])
        provider = self._house.identity_providers.get(content["provider"])
        return {
            "service": {"client_id": content["client_id"], "name": dict(service.name)},
            "identity_provider": content["provider"] if provider is None else dict(provider.label),
            "suspicious": content["rule"] == "suspicious",
            "notices_uri": f"{self._house.issuer}/me/notices",
        }
