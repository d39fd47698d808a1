"""The queue as others see it: over real stores and real HTTP, with two couriers, a dead receiver and a kill."""

import asyncio
import os
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.outbound import ZoneClient
from tests.delivery.post import START, Post, Receiver
from tests.services import MASTER_KEY, Urls

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
MANY = 60  # tries of one delivery, and more than there ever are


def second(count: float) -> timedelta:
    return timedelta(seconds=count)


async def test_it_is_told_once_and_the_log_says_so(post: Post, receiver: Receiver) -> None:
    await post.hand_in("one")
    courier = post.courier()
    assert await courier.work() == 1
    assert await courier.work() == 0
    assert receiver.seen == [("/portal", "one")]
    assert await post.waiting() == []
    assert await post.outcomes() == ["delivered"]
    assert post.meter.tries == {"delivered": 1}


async def test_nothing_is_told_before_its_time(post: Post, receiver: Receiver) -> None:
    post.clock.move(second(1))
    await post.hand_in("later")
    post.clock.move(-second(1))
    assert await post.courier().work() == 0
    assert receiver.seen == []


async def test_of_two_couriers_one_goes_with_each(post: Post, receiver: Receiver) -> None:
    names = [f"{number:02}" for number in range(40)]
    for name in names:
        await post.hand_in(name, receiver=f"portal-{int(name) % 8}")
    couriers = [post.courier() for _ in range(2)]
    for _ in names:
        await asyncio.gather(*(courier.work() for courier in couriers))
    assert sorted(name for _, name in receiver.seen) == names
    assert await post.outcomes() == ["delivered"] * 40


async def test_who_does_not_take_it_is_asked_again_ever_later(post: Post, receiver: Receiver) -> None:
    receiver.answers["/portal"] = [(503, {}), (404, {}), (200, {})]
    await post.hand_in("one")
    courier = post.courier()
    for wait_s, tried in ((10, 1), (30, 2)):
        assert await courier.work() == 1
        post.clock.move(second(wait_s) - timedelta(milliseconds=1))
        assert (await courier.work(), len(receiver.seen)) == (0, tried)
        post.clock.move(timedelta(milliseconds=1))
    assert await courier.work() == 1
    assert await post.waiting() == []
    assert post.meter.tries == {"again": 2, "delivered": 1}
    assert await post.outcomes() == ["delivered"]


async def test_a_receiver_that_asks_for_time_gets_it(post: Post, receiver: Receiver) -> None:
    receiver.answers["/portal"] = [(429, {"Retry-After": "90"}), (200, {})]
    await post.hand_in("one")
    courier = post.courier()
    await courier.work()
    (waiting,) = await post.waiting()
    assert (waiting.due_at, waiting.tries) == (START + second(90), 1)
    post.clock.move(second(89))
    assert await courier.work() == 0
    post.clock.move(second(1))
    await courier.work()
    assert (await post.waiting(), len(receiver.seen)) == ([], 2)


async def test_a_refusal_ends_it_at_once(post: Post, receiver: Receiver) -> None:
    receiver.answers["/portal"] = [(400, {})]
    await post.hand_in("one")
    await post.courier().work()
    assert (await post.waiting(), await post.outcomes()) == ([], ["declined"])


async def test_there_is_an_end_to_trying(post: Post, receiver: Receiver) -> None:
    receiver.answers["/portal"] = [(500, {})]
    await post.hand_in("one")
    courier = post.courier()
    for _ in range(MANY):
        if waiting := await post.waiting():
            post.clock.move(waiting[0].due_at - post.clock.now())
            await courier.work()
    assert START + timedelta(hours=22) < post.clock.now() < START + timedelta(hours=24)
    assert await post.outcomes() == ["given_up"]
    assert len(receiver.seen) == post.meter.tries.total()


async def test_nobody_is_asked_after_the_end(post: Post, receiver: Receiver) -> None:
    await post.hand_in("one")
    post.clock.move(timedelta(hours=24))
    await post.courier().work()
    assert (receiver.seen, await post.waiting(), await post.outcomes()) == ([], [], ["given_up"])


async def test_a_dead_receiver_keeps_nobody_waiting_and_is_knocked_at_once(post: Post, receiver: Receiver) -> None:
    receiver.answers["/dead"] = [(503, {})]
    for number in range(5):
        await post.hand_in(f"d{number}", receiver="dead")
    await post.hand_in("one", receiver="alive")
    await post.courier().work()
    assert Counter(path for path, _ in receiver.seen) == {"/dead": 1, "/alive": 1}
    waiting = await post.waiting()
    assert [one.due_at for one in waiting] == [START + second(10)] * 5
    assert sorted(one.tries for one in waiting) == [0, 0, 0, 0, 1]
    receiver.answers["/dead"] = [(200, {})]
    post.clock.move(second(10))
    await post.courier().work()
    assert await post.waiting() == []


async def test_what_only_waited_ends_in_time_too(post: Post, receiver: Receiver) -> None:
    receiver.answers["/dead"] = [(503, {})]
    for name in ("a", "b"):
        await post.hand_in(name, receiver="dead")
    courier = post.courier()
    for _ in range(MANY):
        if waiting := await post.waiting():
            post.clock.move(waiting[0].due_at - post.clock.now())
            await courier.work()
    assert await post.outcomes() == ["given_up"] * 2


async def test_a_receiver_that_is_gone_is_dropped(post: Post, receiver: Receiver) -> None:
    await post.hand_in("one", receiver="left")
    courier = post.courier()
    post.channel.gone.add("left")
    await courier.work()
    assert (receiver.seen, await post.waiting(), await post.outcomes()) == ([], [], ["dropped"])


async def test_an_address_outside_the_zone_is_never_reached(post: Post, receiver: Receiver) -> None:
    outside = ZoneClient("internet", EgressSettings())
    await post.hand_in("one")
    await post.courier(outside).work()
    await outside.close()
    assert receiver.seen == []
    assert [one.tries for one in await post.waiting()] == [1]


async def test_nothing_is_told_of_somebody_who_was_erased(post: Post, receiver: Receiver) -> None:
    await post.hand_in("one", citizen="citizen-1")
    assert [one.citizen_id for one in await post.waiting()] == ["citizen-1"]
    await post.storage.keys.erase("citizen-1")
    assert await post.courier().work() == 0
    assert receiver.seen == []


async def test_a_courier_killed_on_the_way_leaves_a_try_to_come(post: Post, receiver: Receiver, urls: Urls) -> None:
    receiver.answers["/portal"] = [None, (200, {})]
    await post.hand_in("one")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.delivery.courier_program"),
        *(urls.store, urls.redis or "", MASTER_KEY.hex(), receiver.address, START.isoformat()),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    await receiver.arrived.wait()
    program.kill()
    await program.wait()
    courier = post.courier()
    assert await courier.work() == 0, "the try that is under way is nobody else's"
    post.clock.move(second(10))
    await courier.work()
    assert receiver.seen == [("/portal", "one")] * 2
    assert (await post.waiting(), await post.outcomes()) == ([], ["delivered"])
