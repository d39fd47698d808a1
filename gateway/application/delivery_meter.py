"""The metrics of deliveries, for all workers together: tries by what came of them, and how many wait."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

TRIES = Counter(
    "gate06_delivery_tries",
    "Tries to tell another address something, by what came of them",
    ["channel", "outcome"],
)
# the queue is one for all workers: whoever counted it last with the most knows best
WAITING = Gauge("gate06_deliveries_waiting", "Deliveries that wait", ["channel"], multiprocess_mode="livemax")


class DeliveryMeter:
    """Implements `gateway.delivery.channel.Meter`."""

    def count_try(self, channel: str, outcome: str) -> None:
        """Count a try."""
        TRIES.labels(channel, outcome).inc()

    def tell_waiting(self, counts: Mapping[str, int]) -> None:
        """Set how many wait."""
        for channel, count in counts.items():
            TRIES.labels(channel, "delivered")  # there from the start, so that an alert may rest on it
            WAITING.labels(channel).set(count)
