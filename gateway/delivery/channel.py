"""What a kind of delivery has to know of itself: what to send, and how its end is called in the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.audit.event import Event
from gateway.connector_runtime.contract import OutboundClient
from gateway.delivery.delivery import Delivery
from gateway.delivery.schedule import Outcome


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request by POST: the address and what is sent there."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """Writes the deliveries of one kind, and has the way out of their egress zone."""

    @property
    def event(self) -> type[Event]:
        """The event of a delivery's end."""
        ...

    @property
    def outbound(self) -> OutboundClient:
        """The client of the zone where the receivers of this channel are."""
        ...

    async def write(self, delivery: Delivery, now: datetime) -> Outgoing | None:
        """Return what this try sends, None when there is nobody to tell any more. Raises StorageUnavailable."""
        ...


class Meter(Protocol):
    """Counts deliveries; every word it is given comes from a closed set."""

    def count_try(self, channel: str, outcome: Outcome | str) -> None:
        """Count a try by what came of it: an outcome, or `again`."""
        ...

    def tell_waiting(self, counts: Mapping[str, int]) -> None:
        """Set how many wait, by channel."""
        ...
