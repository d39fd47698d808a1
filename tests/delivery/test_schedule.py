"""What an answer means: a pure decision, every kind of answer in a row."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.delivery.delivery import Delivery
from gateway.delivery.schedule import Again, Answered, Pace, judge, wait_asked
from tests.delivery.post import START

PACE = Pace()
TEN = START + timedelta(seconds=10)
BOOKED = Delivery(
    id="d",
    channel="logout",
    receiver="portal",
    content={},
    citizen_id=None,
    begun_at=START,
    give_up_at=START + timedelta(hours=24),
    due_at=TEN,
    tries=1,
)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_success_ends_it(status: int) -> None:
    assert judge(BOOKED, Answered(status), START, PACE) == "delivered"


@pytest.mark.parametrize("status", [400, 501])
def test_what_the_endpoint_itself_refuses_is_not_sent_again(status: int) -> None:
    assert judge(BOOKED, Answered(status), START, PACE) == "declined"


@pytest.mark.parametrize("status", [None, 100, 301, 401, 403, 404, 408, 429, 500, 502, 503])
def test_anything_else_is_tried_again_when_it_was_booked(status: int | None) -> None:
    assert judge(BOOKED, Answered(status), START, PACE) == Again(TEN)


@pytest.mark.parametrize(
    ("retry_after", "waits_s"),
    [
        ("120", 120),
        ("3", 10),  # not sooner than booked
        ("Mon, 23 Nov 2026 03:05:00 GMT", 300),
        ("Mon, 23 Nov 2026 02:00:00 GMT", 10),
        ("soon", 10),
        ("-5", 10),
        ("999999999999999", 3600),  # an hour at the longest
    ],
)
def test_a_receiver_may_ask_for_a_longer_wait(retry_after: str, waits_s: int) -> None:
    again = judge(BOOKED, Answered(503, retry_after), START, PACE)
    assert again == Again(START + timedelta(seconds=waits_s))


def test_there_is_no_try_at_or_after_the_end() -> None:
    last = replace(BOOKED, due_at=BOOKED.give_up_at)
    assert judge(last, Answered(None), START, PACE) == "given_up"
    before = replace(BOOKED, due_at=BOOKED.give_up_at - timedelta(microseconds=1))
    assert judge(before, Answered(None), START, PACE) == Again(before.due_at)


def test_waits_grow_and_the_last_one_holds() -> None:
    waits = [PACE.after(tries, START) - START for tries in range(10)]
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2] == timedelta(hours=1)


def test_a_wait_no_longer_than_a_try_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than a try"):
        Pace(waits=(timedelta(seconds=5),), try_for=timedelta(seconds=5))


def test_no_header_asks_for_nothing() -> None:
    assert wait_asked(None, START) is None
