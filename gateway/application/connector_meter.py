"""The metrics of connectors, for all workers together: calls by how they ended, their time, outages and quarantines."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

from gateway.connector_runtime.meter import OUTCOMES

CALLS = Counter("gate06_connector_calls", "Calls to a source by how they ended", ["connector", "outcome"])
SECONDS = Histogram(
    "gate06_connector_call_seconds",
    "Time of a call to a source, tries and queue included",
    ["connector"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
SPENT = Counter("gate06_connector_quota_refusals", "Calls not made because a quota of the day is spent", ["connector"])
# 1 when any living worker is in it: each judges a source by itself
OUTAGE = Gauge("gate06_connector_outage", "1 while calls are paused", ["connector"], multiprocess_mode="livemax")
QUARANTINED = Gauge(
    "gate06_connector_quarantined",
    "1 while the answers' drift keeps it from being asked",
    ["connector"],
    multiprocess_mode="livemax",
)
TRIAL_OVERDUE = Gauge(
    "gate06_connector_trial_overdue",
    "1 while a trial goes on after its time because too few good answers came",
    ["connector"],
    multiprocess_mode="livemax",
)


def tell_overdue(table: str, overdue: bool) -> None:
    """Note whether the trial of a table's version goes on after its time."""
    TRIAL_OVERDUE.labels(table).set(overdue)


class ConnectorMeter:
    """Implements `gateway.connector_runtime.meter.Meter`; its labels are the tables of the settings and OUTCOMES."""

    def count_call(self, source: str, outcome: str, seconds: float) -> None:
        """Count a call; an outcome that no list names is a fault of ours and counted as one."""
        calls, times = _meters(source, outcome if outcome in OUTCOMES else "fault")
        calls.inc()
        times.observe(seconds)

    def count_spent(self, source: str) -> None:
        """Count a call that was not made; it has no time."""
        SPENT.labels(source).inc()

    def tell_state(self, source: str, *, outage: bool, quarantined: bool) -> None:
        """Set both gauges."""
        OUTAGE.labels(source).set(outage)
        QUARANTINED.labels(source).set(quarantined)
        TRIAL_OVERDUE.labels(source)  # there from the start, so that an alert may rest on it, and on the next one
        SPENT.labels(source)


@lru_cache(maxsize=4096)
def _meters(source: str, outcome: str) -> tuple[Counter, Histogram]:
    return CALLS.labels(source, outcome), SECONDS.labels(source)
