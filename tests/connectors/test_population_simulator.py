"""The simulator's own levers."""

import aiohttp
import pytest

from gateway.connector_runtime.contract import Found, Unavailable
from gateway.connector_runtime.contract.simulator_faults import NAMES, FaultBoard, FaultRefused, magic_fault, read_fault
from gateway.connector_runtime.contract.simulator_writing import shape_of

pytestmark = pytest.mark.anyio


def test_shapes_differ_between_people_and_stay_with_a_person() -> None:
    shapes = {shape_of(index) for index in range(1, 15)}
    assert len(shapes) == 14
    assert {shape.prefix for shape in shapes} == {None, "ns1", "dc"}
    assert {shape.date for shape in shapes} == {"both", "compact", "dashes", "slashes", "text"}
    assert {shape.unknown for shape in shapes} == {"empty", "missing", "zero"}
    assert any(shape.split_name for shape in shapes)
    assert any(shape.single_unit_code for shape in shapes)
    assert shape_of(8) == shape_of(8)


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {"target": 3},
        {"target": 3, "fault": "sleepy"},
        {"target": 14, "fault": "down"},
        {"target": 15, "fault": "down"},
        {"target": "019175000003", "fault": "down"},
        {"target": 3, "fault": "slow", "seconds": -1},
        {"target": 3, "fault": "slow", "seconds": True},
        {"target": 3, "fault": "slow", "times": 0},
        {"target": 3, "fault": "slow", "time": 1},
        {"target": 3, "fault": "deceased"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order: object) -> None:
    with pytest.raises(FaultRefused):
        read_fault(order)


@pytest.mark.parametrize("name", NAMES)
def test_every_documented_fault_can_be_ordered(name: str) -> None:
    assert read_fault({"target": "*", "fault": name}).name == name


def test_times_run_out_and_stars_strike_everybody() -> None:
    board = FaultBoard()
    board.put(read_fault({"target": "*", "fault": "down", "times": 2}))
    board.put(read_fault({"target": 3, "fault": "slow", "seconds": 0}))
    assert [one.name for one in board.strike("999175000003")] == ["down", "slow"]
    assert [one.name for one in board.strike("999090000002")] == ["down"]
    assert [one.name for one in board.strike("999175000003")] == ["slow"]
    assert "999175000003" not in repr(board.listed())


def test_magic_numbers_are_above_everybody() -> None:
    assert magic_fault("999175000003") is None
    assert magic_fault("999175899999") is None
    fault = magic_fault("999175900000")
    assert fault is not None
    assert fault.name == "no_match"
    assert magic_fault("099900000") is None


async def test_faults_are_put_listed_and_deleted_over_http(source, question_about) -> None:
    registry = source.registry()
    await source.order(target="*", fault="slow", seconds=0.01)
    await source.order(target=3, fault="down")
    down = (await registry.ask({"population": question_about(3)}))["population"]
    assert set(down.values()) == {Unavailable(reason="unreachable")}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{source.url}/_faults") as reply:
            assert [one["fault"] for one in (await reply.json())["faults"]] == ["slow", "down"]
        async with session.put(f"{source.url}/_faults", data=b"{") as reply:
            assert reply.status == 422
        async with session.put(f"{source.url}/_faults", json={"target": "001099000001", "fault": "down"}) as reply:
            assert reply.status == 422
            assert "999" in (await reply.json())["error"]
        async with session.delete(f"{source.url}/_faults") as reply:
            assert (await reply.json()) == {"faults": []}
    up = (await registry.ask({"population": question_about(3)}))["population"]
    assert isinstance(up["full_name"], Found)


async def test_calls_are_counted_and_numbers_hashed(source, question_about) -> None:
    registry = source.registry()
    for index in (1, 2, 3):
        await registry.ask({"population": question_about(index)})
    calls = await source.calls()
    assert calls["count"] == 3
    assert [one["persona"] for one in calls["last"]] == [1, 2, 3]
    assert "999175000003" not in repr(calls)
    assert "BUOI" not in repr(calls)


async def test_a_real_looking_number_is_refused_clearly(source, question_about) -> None:
    question = question_about(3, personal_number="019175000003")
    answer = (await source.registry().ask({"population": question}))["population"]
    assert set(answer.values()) == {Unavailable(reason="fault")}
    assert (await source.calls())["count"] == 0


async def test_operations_are_told_apart_in_the_count(source, question_about) -> None:
    registry = source.registry()
    await registry.ask({"population": question_about(3)})
    await registry.verify("population", question_about(3))
    told = [one["operation"] for one in (await source.calls())["last"]]
    assert told == ["TraCuuThongTinCongDan", "XacThucThongTinCongDan"]


async def test_a_stale_timestamp_is_refused(source) -> None:
    headers = {"Timestamp": "1000000000000", "Authorization": "Basic eDp5"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(source.url + "/ndxp/population", headers=headers) as reply,
    ):
        assert reply.status == 401
