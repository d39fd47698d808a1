"""What the gateway tells others beside the requests: the channels of deliveries, and the courier that serves them."""

from gateway.application.delivery_meter import DeliveryMeter
from gateway.connector_runtime.outbound import ZoneClient
from gateway.delivery.channel import Channel
from gateway.delivery.courier import Courier, Desk
from gateway.openid_provider import backchannel_logout
from gateway.openid_provider.house import House
from gateway.storage.sealed import SealedStore


def make_courier(house: House, agenda: SealedStore, portals: ZoneClient) -> Courier:
    """Return the courier of this worker. `portals` is the way out to what portals registered."""
    channels: dict[str, Channel] = {
        backchannel_logout.CHANNEL: backchannel_logout.LogoutChannel(house, portals),
    }
    desk = Desk(store=house.store, agenda=agenda, evidence=house.evidence, clock=house.clock, meter=DeliveryMeter())
    return Courier(desk, channels)
