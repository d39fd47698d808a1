"""What a gateway asks: only what is published with this very content, a share on trial, nothing when suspended."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.connector_lifecycle.figures import Figures
from gateway.connector_lifecycle.orders import (
    PublishOrder,
    ReasonOrder,
    RetireOrder,
    SuspendOrder,
)
from gateway.connector_lifecycle.watch import BUDGET_OF
from gateway.connector_runtime.contract import Absent, Found, Unavailable
from tests.connector_lifecycle.gateway import NEW, OLD, WORDS, Gateway
from tests.connector_lifecycle.samples import FIELDS, manifest_text

pytestmark = pytest.mark.anyio


@pytest.fixture
def urls(tmp_path):
    from tests.services import fresh_urls

    return fresh_urls("sqlite", tmp_path)


def silent(outcome, notice=None):
    return outcome == Unavailable(reason="suspended", retry_after=300, notice=notice)


async def test_nothing_is_asked_before_the_first_look_and_before_publication(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD})
    assert await gateway.ask() == Unavailable(reason="suspended", retry_after=5)
    await gateway.look()
    assert silent(await gateway.ask())
    await gateway.approve(OLD)
    await gateway.look()
    assert silent(await gateway.ask()), "approved is not published"
    assert silent(await gateway.registry.verify("trial", gateway.question()))
    assert gateway.registers["trial"].asked == 0
    await gateway.take("publish", "1.0.0", PublishOrder())
    assert silent(await gateway.ask()), "a worker serves what it saw last"
    await gateway.look()
    assert isinstance(await gateway.ask(), Found)
    assert await gateway.registry.verify("trial", gateway.question()) is True


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ({"trial": OLD + "\n# một dòng\n"}, {}),
        ({"trial": OLD.replace("person.name", "person.other")}, {}),
        ({"trial": OLD.replace("1.0.0", "1.0.1")}, {}),
        ({"trial": OLD}, {"package": "gate06==0.0.1"}),
        ({"trial": OLD}, {"package": None}),
        ({"trial": OLD}, {"code": "6" * 64}),
        ({"trial": OLD}, {"code": None}),
    ],
)
async def test_another_content_or_package_than_the_approved_one_is_not_asked(storage, clock, tables, code):
    gateway = Gateway(storage, clock, tables, **code)
    await gateway.publish(OLD)
    await gateway.look()
    assert silent(await gateway.ask())
    assert gateway.registers["trial"].asked == 0
    developers = Gateway(storage, clock, tables, **code, unpublished_allowed=True)
    await developers.look()
    assert isinstance(await developers.ask(), Found)


async def test_a_suspended_version_answers_in_its_owners_words_also_on_a_developers_gateway(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD})
    developers = Gateway(storage, clock, {"trial": OLD + "# khác"}, unpublished_allowed=True)
    await gateway.publish(OLD)
    await gateway.take("suspend", "1.0.0", SuspendOrder(reason="sự cố", notice=WORDS))
    for one in (gateway, developers):
        await one.look()
        assert silent(await one.ask(), (WORDS.vi, WORDS.en))
    await gateway.take("resume", "1.0.0", ReasonOrder(reason="xong"))
    await gateway.look()
    assert isinstance(await gateway.ask(), Found)


async def test_a_day_ends_a_version_without_anybody_writing_so(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD})
    await gateway.publish(OLD)
    await gateway.take("retire", "1.0.0", RetireOrder(reason="thay", on=date(2031, 3, 3)))
    await gateway.look()
    assert isinstance(await gateway.ask(), Found)
    clock.move(datetime(2031, 3, 2, 17, 0, 1, tzinfo=UTC) - clock.now())  # midnight in Viet Nam
    await gateway.look()
    assert silent(await gateway.ask())


async def test_a_trial_answers_its_share_in_the_name_of_the_source_and_then_everything(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD, "trial_next": NEW})
    await gateway.publish(OLD)
    await gateway.publish(NEW, share=20)
    await gateway.look()
    outcomes = [await gateway.ask(request_id=f"r{number}") for number in range(400)]
    assert {outcome.provenance.source for outcome in outcomes} == {"trial"}
    assert 40 <= gateway.registers["trial_next"].asked <= 120
    again = gateway.registers["trial_next"].asked
    for number in range(400):
        await gateway.ask(request_id=f"r{number}")
    assert gateway.registers["trial_next"].asked == 2 * again, "the same question goes the same way"
    clock.move(timedelta(minutes=60))
    await gateway.look()
    before = gateway.registers["trial"].asked
    assert isinstance(await gateway.ask(), Found)
    assert gateway.registers["trial"].asked == before
    older = await gateway.lifecycle.release("trial", "1.0.0")
    assert (older.state, older.steps[-1].by) == ("retired", "gateway")


async def test_a_trial_that_fails_stops_by_itself_at_once_and_for_every_worker(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD, "trial_next": NEW})
    other = Gateway(storage, clock, {"trial": OLD, "trial_next": NEW})
    await gateway.publish(OLD)
    await gateway.publish(NEW, share=50)
    await gateway.look()
    gateway.registers["trial_next"].fails = True
    for number in range(400):
        await gateway.ask(request_id=f"r{number}")
    assert gateway.registers["trial_next"].asked == BUDGET_OF
    await gateway.look()
    release = await gateway.lifecycle.release("trial", "1.1.0")
    assert (release.state, release.trial, release.steps[-1].name) == ("suspended", None, "stop")
    await other.look()
    for number in range(50):
        assert isinstance(await other.ask(request_id=f"r{number}"), Found)
    assert other.registers["trial_next"].asked == 0
    events = [event.leaf for event in await storage.journal.pending(1000)]
    assert sum(b'"ConnectorStopped"' in leaf for leaf in events) == 1


async def test_a_trial_never_stands_in_for_a_source_that_somebody_suspended(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD, "trial_next": NEW})
    await gateway.publish(OLD)
    await gateway.publish(NEW, share=20)
    await gateway.take("suspend", "1.0.0", SuspendOrder(reason="sự cố", notice=WORDS))
    await gateway.look()
    assert silent(await gateway.ask(), (WORDS.vi, WORDS.en))
    assert gateway.registers["trial_next"].asked == 0


async def test_two_majors_answer_side_by_side_each_for_its_own_table(storage, clock):
    second = manifest_text("2.0.0", fields=FIELDS[:1])
    gateway = Gateway(storage, clock, {"trial": OLD, "trial2": second})
    await gateway.publish(OLD)
    await gateway.publish(second, share=5)
    await gateway.look()
    for source in ("trial", "trial2"):
        assert (await gateway.ask(source)).provenance.source == source
    assert [gateway.registers[name].asked for name in ("trial", "trial2")] == [1, 1]


async def test_a_version_this_gateway_cannot_read_is_not_asked(storage, clock):
    from gateway.connector_lifecycle.release import release_record
    from gateway.vocabulary.store import Put

    gateway = Gateway(storage, clock, {"trial": OLD})
    release = await gateway.publish(OLD)
    record = release_record(release)
    foreign = replace(record, body=record.body | {"text": OLD.replace("[owner]", "[proprietor]")})
    await storage.store.commit([Put(foreign)], now=clock.now())
    await gateway.look()
    assert silent(await gateway.ask())


async def test_answers_are_counted_without_people_and_few_are_not_told(storage, clock):
    gateway = Gateway(storage, clock, {"trial": OLD})
    figures = Figures(storage.store, clock)
    await gateway.publish(OLD)
    await gateway.look()
    for _ in range(4):
        await gateway.ask()
    assert await figures.last_used("trial") is None
    await gateway.counting.store(storage.store)
    assert await figures.last_used("trial") == date(2031, 3, 1)
    tally = (await figures.recent())["trial"]["full_name"]
    assert (tally.found, tally.answers, tally.asked) == (4, 4, 4)
    gateway.watch.observe("trial", "trial", {"full_name": Absent("empty")})
    gateway.watch.observe("trial", "trial", {"full_name": Absent("not_kept")})
    gateway.watch.observe("trial", "trial", {"full_name": Unavailable(reason="late")})
    gateway.watch.observe("trial", "trial", {"full_name": Unavailable(reason="timeout")})
    clock.move(timedelta(days=1))
    await gateway.ask()
    await gateway.counting.store(storage.store)
    tally = (await figures.recent())["trial"]["full_name"]
    assert (tally.found, tally.absent, tally.unavailable) == (5, 1, 1)
    assert await figures.last_used("trial") == date(2031, 3, 2)
    clock.move(timedelta(days=40))
    assert await figures.recent() == {}
    assert await figures.last_used("trial") == date(2031, 3, 2)
