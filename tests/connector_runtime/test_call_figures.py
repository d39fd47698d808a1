"""What is counted of calls: how they ended, how long they took, outages and quarantines, and nothing of a person."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY, generate_latest

from gateway.application.connector_meter import ConnectorMeter
from gateway.connector_runtime.contract import Found
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.meter import OUTCOMES
from gateway.connector_runtime.quota import Quotas
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.connector_runtime.questions import NOW
from tests.connector_runtime.test_running_source import question
from tests.connector_runtime.toy import asking, down, running, well

pytestmark = pytest.mark.anyio


def figure(name: str, source: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"gate06_connector_{name}", {"connector": source, **labels})


async def test_calls_their_time_and_an_outage_are_counted() -> None:
    clock, source = SettableClock(NOW), "toy_in_an_outage"
    means = Means(clock, meter=ConnectorMeter())
    async with running() as toy, asking({source: toy}, means=means, retries=0) as registry:
        assert (figure("outage", source), figure("quarantined", source)) == (0, 0)
        for person in range(3):
            await registry.ask({source: question(person, clock=clock)})
        toy.behave = down
        for person in range(20):
            await registry.ask({source: question(person, clock=clock)})
        assert figure("calls_total", source, outcome="answered") == 3
        assert figure("calls_total", source, outcome="unreachable") == len(toy.seen) - 3 < 20
        assert figure("call_seconds_count", source) == len(toy.seen), "who is not asked is no call"
        assert figure("call_seconds_bucket", source, le="20.0") == len(toy.seen)
        assert figure("outage", source) == 1
        toy.behave = well
        clock.move(timedelta(seconds=11))
        answers = await registry.ask({source: question(clock=clock)})
        assert {type(one) for one in answers[source].values()} == {Found}
        assert figure("outage", source) == 0


async def test_a_quarantine_shows_until_it_ends() -> None:
    source = "toy_in_quarantine"
    async with (
        running() as toy,
        asking({source: toy}, means=Means(SettableClock(NOW), meter=ConnectorMeter())) as known,
    ):
        known.quarantine(source)
        assert figure("quarantined", source) == 1
        known.release(source)
        assert figure("quarantined", source) == 0


async def test_a_call_that_the_quota_does_not_allow_is_counted_apart(storage: Storage) -> None:
    clock, source = SettableClock(NOW), f"toy_{SystemRandomness().octets(4).hex()}"  # the figures outlive a test
    quotas = Quotas(source, Limits(daily_per_portal=2), storage.store, clock)
    means = Means(clock, meter=ConnectorMeter(), quotas=quotas)
    async with running() as toy, asking({source: toy}, means=means, daily_per_portal=2) as registry:
        assert figure("quota_refusals_total", source) == 0
        for person in range(5):
            await registry.ask({source: question(person, clock=clock)}, portal="lc")
        await registry.ask({source: question(9, clock=clock)}, portal="bk")
    assert (figure("quota_refusals_total", source), len(toy.seen)) == (3, 3)
    assert figure("call_seconds_count", source) == 3


async def test_labels_are_a_closed_list_without_people() -> None:
    clock, source = SettableClock(NOW), "toy_of_labels"
    async with running(down) as toy, asking({source: toy}, means=Means(clock, meter=ConnectorMeter())) as registry:
        for person in range(5):
            await registry.ask({source: question(person, clock=clock)})
    ConnectorMeter().count_call(source, "said 999175000003", 0.1)
    # other tests of the process count other things
    written = "\n".join(line for line in generate_latest(REGISTRY).decode().splitlines() if "gate06_" in line)
    assert "999175" not in written
    assert figure("calls_total", source, outcome="fault") == 1
    outcomes = {
        sample.labels["outcome"]
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "gate06_connector_calls_total"
    }
    assert outcomes <= set(OUTCOMES)
