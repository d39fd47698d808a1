"""In an outage of a real connector's register people read what its manifest says, and the status page says so too."""

import pytest

from gateway.connector_runtime.contract import Unavailable

pytestmark = pytest.mark.anyio

WORDS = (
    "Chưa lấy được thông tin từ CSDL quốc gia về dân cư. Ông/bà có thể tự điền.",
    "The national population database does not answer. You can fill in the form yourself.",
)


async def test_the_manifests_notice_is_told_while_calls_are_paused(source, question_about) -> None:
    registry = source.registry(limits={"fewest_calls": 3, "retries": 0})
    await source.order(target="*", fault="down")
    told = []
    for _ in range(4):
        answer = (await registry.ask({"population": question_about(3)}))["population"]
        told += {(one.reason, one.notice) for one in answer.values() if isinstance(one, Unavailable)}
    assert told == [("unreachable", None)] * 2 + [("unreachable", WORDS), ("closed", WORDS)]
    assert (await registry.check_all())["population"].state == "degraded"


async def test_a_quarantined_register_is_down_and_unasked(source, question_about) -> None:
    registry = source.registry()
    registry.quarantine("population")
    answer = (await registry.ask({"population": question_about(3)}))["population"]
    assert set(answer.values()) == {Unavailable(retry_after=600, reason="closed", notice=WORDS)}
    health = (await registry.check_all())["population"]
    assert (health.state, health.detail) == ("down", "quarantined: its answers drifted")
    registry.release("population")
    answer = (await registry.ask({"population": question_about(3)}))["population"]
    assert not any(isinstance(one, Unavailable) for one in answer.values())
