"""Trials of two workers on one store: what each counted is judged together, and what nobody asked replaces nothing."""

import json
from datetime import timedelta

import pytest

from gateway.connector_lifecycle.orders import ReasonOrder, SuspendOrder
from gateway.connector_lifecycle.trial import ALONE_FROM, BUDGET_OF
from gateway.connector_runtime.contract import Absent, Found, Refused, Unavailable
from gateway.vocabulary.store import Kind
from tests.connector_lifecycle.conftest import OWNER
from tests.connector_lifecycle.gateway import NEW, OLD, WORDS, Gateway
from tests.services import fresh_urls

pytestmark = pytest.mark.anyio

TABLES = {"trial": OLD, "trial_next": NEW}


@pytest.fixture
def urls(tmp_path):
    return fresh_urls("sqlite", tmp_path)


@pytest.fixture
async def pair(storage, clock):
    """Two workers with a version on trial for half of the questions."""
    both = Gateway(storage, clock, TABLES), Gateway(storage, clock, TABLES)
    await both[0].publish(OLD)
    await both[0].publish(NEW, share=50)
    for one in both:
        await one.look()
    return both


async def fill(gateway, answers, start=0):
    """Ask until the version on trial gave so many answers more; return where to go on."""
    register, wanted = gateway.registers["trial_next"], gateway.registers["trial_next"].asked + answers
    while register.asked < wanted:
        await gateway.ask(request_id=f"r{start}")
        start += 1
    return start


def routed(gateway, table, start):
    """Return people whose questions go to a table."""
    return [number for number in range(start, start + 100) if gateway.watch.route("trial", f"r{number}") == table]


async def told(storage, name):
    events = [json.loads(one.leaf) for one in await storage.journal.pending(1000)]
    return [one for one in events if one["event"] == name]


async def state_of(gateway, number):
    return (await gateway.lifecycle.release("trial", number)).state


async def test_time_alone_replaces_nothing_and_is_told_once(storage, clock, pair):
    overdue = {}
    pair[0].watch._overdue = overdue.__setitem__
    clock.move(timedelta(days=1))
    for _ in range(2):
        for one in pair:
            await one.look()
    assert (await state_of(pair[0], "1.0.0"), await state_of(pair[0], "1.1.0")) == ("published", "published")
    (event,) = await told(storage, "ConnectorProlonged")
    assert (event["connector"], event["version"], event["count"]) == ("trial", "1.1.0", 0)
    assert overdue == {"trial": False, "trial_next": True}
    await fill(pair[0], BUDGET_OF)
    await pair[0].look()
    assert await state_of(pair[0], "1.0.0") == "retired"
    await pair[0].look()
    assert overdue == {"trial": False, "trial_next": False}


async def test_what_two_workers_counted_is_enough_together(storage, clock, pair):
    start = 0
    for one in pair:
        start = await fill(one, BUDGET_OF // 2, start)
        await one.look()
    clock.move(timedelta(minutes=60))
    await pair[0].look()
    assert await state_of(pair[0], "1.0.0") == "retired"
    for one in pair:
        await one.look()
    assert await storage.store.select(Kind.TRIAL_COUNT) == []


async def test_failures_of_two_workers_stop_it_together(storage, clock, pair):
    start = 0
    for one in pair:
        for number in routed(one, "trial", 1000 + start)[: BUDGET_OF // 2]:
            await one.ask(request_id=f"r{number}")
        one.registers["trial_next"].says = Refused("purpose_denied")
        start = await fill(one, BUDGET_OF // 2, start)
        await one.look()
    assert await state_of(pair[0], "1.1.0") == "suspended"
    release = await pair[0].lifecycle.release("trial", "1.1.0")
    assert release.steps[-1].reason == "too many answers failed"


@pytest.mark.parametrize(
    "says",
    [
        Refused("other_person"),
        Refused("bad_request"),
        Absent("no_match"),
        Absent("empty"),
        Unavailable(reason="malformed"),
    ],
)
async def test_what_a_version_on_trial_may_not_answer_stops_it_at_once(storage, clock, pair, says):
    gateway = pair[0]
    await gateway.ask_many(40, start=1000)
    gateway.registers["trial_next"].says = says
    await gateway.ask_many(300)
    assert gateway.registers["trial_next"].asked < 100
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "suspended"
    assert isinstance(await gateway.ask(), Found)


async def test_a_register_in_which_people_are_unknown_is_no_fault_of_the_version(storage, clock, pair):
    gateway = pair[0]
    for register in gateway.registers.values():
        register.says = Absent("no_match")
    await gateway.ask_many(60)
    clock.move(timedelta(minutes=60))
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "published"
    assert await state_of(gateway, "1.0.0") == "retired"


async def test_a_suspended_source_does_not_come_back_by_itself(storage, clock, pair):
    gateway = pair[0]
    await fill(gateway, BUDGET_OF)
    await gateway.take("suspend", "1.0.0", SuspendOrder(reason="sự cố", notice=WORDS))
    clock.move(timedelta(days=1))
    await gateway.look()
    outcome = await gateway.ask()
    assert (outcome.reason, outcome.notice) == ("suspended", (WORDS.vi, WORDS.en))
    assert await state_of(gateway, "1.0.0") == "suspended"
    await gateway.take("resume", "1.0.0", ReasonOrder(reason="xong"))
    await gateway.look()
    assert await state_of(gateway, "1.0.0") == "retired", "the trial was passed meanwhile"


async def test_the_version_before_is_brought_back_and_the_event_says_by_whom(storage, clock, pair):
    gateway = pair[0]
    await fill(gateway, BUDGET_OF)
    clock.move(timedelta(minutes=60))
    await gateway.look()
    before = gateway.registers["trial"].asked
    await gateway.take("resume", "1.0.0", ReasonOrder(reason="sai địa chỉ"))
    for one in pair:
        await one.look()
        assert isinstance(await one.ask(), Found)
    assert gateway.registers["trial"].asked == before + 1
    (resumed,), (aside,) = await told(storage, "ConnectorResumed"), await told(storage, "ConnectorSuspended")
    assert (resumed["actor"]["ref"], resumed["instead_of"]) == (OWNER.reference, ["1.1.0"])
    assert (aside["actor"]["ref"], aside["version"], aside["role"]) == (OWNER.reference, "1.1.0", "service_admin")


ONE = "999175000003"


async def test_the_same_people_at_two_workers_are_not_twice_as_many(storage, clock, pair):
    for one in pair:
        await fill(one, BUDGET_OF // 2)
        await one.look()
    clock.move(timedelta(minutes=60))
    await pair[0].look()
    assert await state_of(pair[0], "1.0.0") == "published"
    await fill(pair[0], BUDGET_OF // 2 + 1, start=1000)
    await pair[0].look()
    assert await state_of(pair[0], "1.0.0") == "retired"


async def test_one_person_neither_stops_nor_ends_a_trial(storage, clock, pair):
    gateway, register = pair[0], pair[0].registers["trial_next"]
    for says in (Refused("other_person"), None):
        register.says = says
        for number in range(100):
            await gateway.ask(request_id=f"r{number}", personal_number=ONE)
    assert register.asked > 60
    clock.move(timedelta(minutes=60))
    await gateway.look()
    assert (await state_of(gateway, "1.0.0"), await state_of(gateway, "1.1.0")) == ("published", "published")
    assert "1 good answers of 1," in (await gateway.lifecycle.release("trial", "1.1.0")).steps[-1].reason


@pytest.mark.parametrize(
    "limits", [{"daily_total": 3}, {"concurrency": 1, "queue": 0}, {"fresh_for": {"full_name": 60}}]
)
async def test_what_the_gateway_refused_or_kept_says_nothing_of_a_version(storage, clock, limits):
    gateway = Gateway(storage, clock, TABLES, **limits)
    await gateway.publish(OLD)
    await gateway.publish(NEW, share=50)
    await gateway.look()
    if "concurrency" in limits:
        for caller in gateway.callers.values():
            assert caller._room.try_enter()  # somebody else's call, which does not end
    for _ in range(2):
        await gateway.ask_many(60)
    asked = gateway.registers["trial_next"].asked
    tried = gateway.watch._trials.of("trial/1.1.0").tried
    assert (tried.answers, tried.spoiled) == (asked, 0)
    assert asked == 0 or "concurrency" not in limits
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "published"


async def test_a_quarantined_register_says_nothing_of_the_version(storage, clock, pair):
    gateway = pair[0]
    gateway.registry.quarantine("trial_next")
    await gateway.ask_many(60)
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "published"


@pytest.mark.parametrize("first", ["trial", "trial_next"])
async def test_a_register_in_trouble_under_both_versions_stops_none(storage, clock, pair, first):
    gateway = pair[0]
    for register in gateway.registers.values():
        register.says = Refused("bad_request")
    # also where the version on trial is asked first: it waits for the other one's answers
    tables = sorted(gateway.registers, key=lambda table: table != first)
    for number in [one for table in tables for one in routed(gateway, table, 0)[: ALONE_FROM - 1]]:
        await gateway.ask(request_id=f"r{number}")
    assert min(one.asked for one in gateway.registers.values()) >= BUDGET_OF
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "published"
    gateway.registers["trial"].says = None
    await gateway.ask_many(300, start=100)
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "suspended"


async def test_a_version_nobody_can_compare_is_judged_by_itself_after_twice_as_many(storage, clock, pair):
    gateway = pair[0]
    gateway.registers["trial_next"].says = Refused("bad_request")
    for number in routed(gateway, "trial_next", 0)[: ALONE_FROM - 1]:
        await gateway.ask(request_id=f"r{number}")
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "published"
    await gateway.ask(request_id=f"r{routed(gateway, 'trial_next', 500)[0]}")
    await gateway.look()
    assert await state_of(gateway, "1.1.0") == "suspended"


async def test_a_drift_of_the_version_on_trial_stops_it(storage, clock, pair):
    gateway = pair[0]
    gateway.registers["trial_next"].says = Refused("other_person")
    await gateway.ask_many(60)
    assert gateway.registers["trial_next"].asked == 3
    assert {type(one) for one in await gateway.ask_many(60)} == {Found}
    await gateway.look()
    assert (await gateway.lifecycle.release("trial", "1.1.0")).steps[-1].reason == "its answers drifted"
