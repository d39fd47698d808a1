"""What the gateway tells others beside the requests: the channels of deliveries, and the courier that serves them."""

from gateway.application.delivery_meter import DeliveryMeter
from gateway.connector_runtime.outbound import ZoneClient
from gateway.consent.sign_in_notice import NoticeList, NoticeOutbox
from gateway.delivery.channel import Channel
from gateway.delivery.courier import Courier, Desk
from gateway.openid_provider import backchannel_logout, sign_in_alert
from gateway.openid_provider.house import House
from gateway.settings import Settings
from gateway.settings.message_hub import read_hub
from gateway.storage.sealed import SealedStore
from gateway.vocabulary.clock import Randomness


def make_courier(house: House, agenda: SealedStore, portals: ZoneClient, *others: tuple[str, Channel]) -> Courier:
    """Return a courier. `portals` is the way out to what portals registered; `others` are further channels."""
    channels: dict[str, Channel] = {
        backchannel_logout.CHANNEL: backchannel_logout.LogoutChannel(house, portals),
        **dict(others),
    }
    desk = Desk(store=house.store, agenda=agenda, evidence=house.evidence, clock=house.clock, meter=DeliveryMeter())
    return Courier(desk, channels)


async def deliver(settings: Settings, house: House, agenda: SealedStore, portals: ZoneClient) -> None:
    """Tell others what waits until cancelled. Raises ConfigurationRefused."""
    hub = read_hub(settings)
    if hub is None:
        await make_courier(house, agenda, portals).run()
        return
    outbound = ZoneClient(settings.egress.message_hub, settings.egress)
    alerts = (sign_in_alert.CHANNEL, sign_in_alert.AlertChannel(house, hub, outbound))
    try:
        await make_courier(house, agenda, portals, alerts).run()
    finally:
        await outbound.close()


def make_outbox(settings: Settings, randomness: Randomness) -> NoticeOutbox:
    """Return where notices of sign-ins go. Raises ConfigurationRefused for a hub that cannot be told anything."""
    return NoticeList() if read_hub(settings) is None else sign_in_alert.HubOutbox(randomness)
