"""What calls are made with besides the connector: time, chance, the counter of quotas, who hears of a drift, and who
counts the calls."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.connector_runtime.drift import Drift
from gateway.connector_runtime.meter import Meter, Unmetered
from gateway.connector_runtime.quota import Quotas
from gateway.vocabulary.clock import Clock, Randomness, SystemRandomness

OnDrift = Callable[[str, Drift], None]


@dataclass(frozen=True, slots=True)
class Means:
    """The means of one source's calls; without `quotas` nothing is counted, `on_drift` is told the source. `notice` is
    what the owner has people read in an outage, Vietnamese and English."""

    clock: Clock
    chance: Randomness = field(default_factory=SystemRandomness)
    quotas: Quotas | None = None
    on_drift: OnDrift | None = None
    notice: tuple[str, str] | None = None
    meter: Meter = field(default_factory=Unmetered)
