"""The five checks of behaviour: deadline, asking again, asked to slow down, outages, and a clock that is off."""

from datetime import datetime, timedelta

from gateway.connector_exam.finding import DoesNotApply, Fault
from gateway.connector_exam.room import Case, Room, found_in, no_sample
from gateway.connector_exam.runtime import caller_of
from gateway.connector_exam.stand_in import Reply
from gateway.connector_runtime.contract import Question, Unavailable
from gateway.vocabulary.clock import Clock, SettableClock, SystemClock

_DEADLINE_FOR = 0.4
_LATEST_FOR = 1.5
_SLOW_FOR = 20.0
_WAIT = 7
_MOST_TRIES = 3
_UNTIL_OPEN = 40
_SKEWS = (timedelta(minutes=5), timedelta(minutes=-5))
_PAUSED_FOR = timedelta(minutes=11)


async def check_deadline(room: Room) -> list[Fault]:
    """A source that does not answer is given up at the deadline, and said to be unavailable."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    ends = SystemClock().now() + timedelta(seconds=_DEADLINE_FOR)
    told = await room.subject.ask(
        room.reply(case.sample.body, wait_for=_SLOW_FOR), room.question(case, deadline_at=ends)
    )
    late = told.took > _DEADLINE_FOR + _LATEST_FOR
    named = not told.error and all(isinstance(one, Unavailable) for one in told.outcomes.values()) and told.outcomes
    if not late and named:
        return []
    if late:
        what = f"the question still ran {_LATEST_FOR:g} s after its deadline"
    else:
        what = told.error or "a source that gave no answer in time did not come out as unavailable"
    return [
        Fault(
            what=what,
            where="a stand-in that is silent",
            fix="Send with the time left until `deadline_at`, and let SourceTrouble of the client pass.",
        )
    ]


async def check_retries(room: Room) -> list[Fault]:
    """The connector asks once; the runtime alone asks again, and only where the source could not be reached."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    if room.kind == "sqlview":
        statuses: tuple[int, ...] = (503,)
    else:
        statuses = (400, 403, 409, 500, 503)
    faults = []
    for status in statuses:
        told = await room.subject.ask(room.reply(b"", status=status), room.question(case))
        if len(told.calls) > 1:
            faults.append(_too_often(f"the connector itself asked {len(told.calls)} times after {status}"))
        count = await _through_runtime(room, case, room.reply(b"", status=status))
        most = 1 if status < 500 else _MOST_TRIES
        if count > most and not faults:
            faults.append(_too_often(f"status {status} was followed by {count - 1} further questions"))
    told = await room.told(case, case.sample.body)
    if len(told.calls) > 1 and not faults:
        faults.append(_too_often(f"one question was {len(told.calls)} calls"))
    return faults


async def check_slow_down(room: Room) -> list[Fault]:
    """A source that asks to be left alone is left alone for as long as it says."""
    if room.kind == "sqlview":
        raise DoesNotApply("a database does not ask to slow down")
    case = await room.full_case()
    if case is None:
        return no_sample()
    reply = room.reply(b"", status=429, headers={"Retry-After": str(_WAIT)})
    told = await room.subject.ask(reply, room.question(case))
    count = await _through_runtime(room, case, reply)
    kept = all(isinstance(one, Unavailable) and one.retry_after == _WAIT for one in told.outcomes.values())
    faults = []
    if count > 1 or len(told.calls) > 1:
        faults.append(f"asked again {max(count, len(told.calls)) - 1} times at once, though the source said {_WAIT} s")
    if told.error or not told.outcomes or not kept:
        faults.append(told.error or f"the {_WAIT} s of `Retry-After` are not told on")
    return [
        Fault(
            what=what,
            where="the stand-in's answer 429",
            fix="Leave 429 to the gateway: no outcome row, and no loop in code.",
        )
        for what in faults
    ]


async def check_breaker(room: Room) -> list[Fault]:
    """An outage stops the questions and is two lines in the log: one when it begins, one when it ends."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    clock = SettableClock(SystemClock().now())
    connector = room.subject.connector(clock, room.subject.stand_in.url)
    caller = caller_of(connector, room.candidate.manifest, clock)
    begin = len(room.heard.entries)
    try:
        room.subject.stand_in.reply = room.reply(b"", status=503)
        for _ in range(_UNTIL_OPEN):
            if caller.breaker.state == "open":
                break
            await caller.ask(_at(room, case, clock))
        opened = caller.breaker.state == "open"
        before = len(room.subject.stand_in.calls)
        for _ in range(5):
            await caller.ask(_at(room, case, clock))
        asked = len(room.subject.stand_in.calls) - before
        room.subject.stand_in.reply = room.reply(case.sample.body)
        for _ in range(20):
            clock.move(_PAUSED_FOR)
            await caller.ask(_at(room, case, clock))
            if caller.breaker.state == "closed":
                break
    finally:
        await caller.close()
    events = room.heard.events(begin)
    lines = events.count("source_outage_began"), events.count("source_outage_ended")
    if opened and not asked and lines == (1, 1):
        return []
    if not opened:
        what = f"{_UNTIL_OPEN} failures in a row were not seen as an outage: they did not come out as unavailable"
    elif asked:
        what = f"{asked} questions were asked during the outage"
    else:
        what = f"the outage was {lines[0]} lines at its beginning and {lines[1]} at its end"
    return [
        Fault(
            what=what,
            where="a stand-in that answers 503",
            fix="Let an error be an error: no outcome row turns 5xx into nobody, no code into an empty answer.",
        )
    ]


async def check_clock(room: Room) -> list[Fault]:
    """A clock that is five minutes off changes no answer."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    usual = found_in(await room.baseline(case))
    for skew in _SKEWS:
        clock = _Skewed(skew)
        connector = room.subject.connector(clock, room.subject.stand_in.url)
        told = await room.subject.ask(room.reply(case.sample.body), _at(room, case, clock), connector=connector)
        if found_in(told) != usual:
            minutes = round(skew.total_seconds() / 60)
            return [
                Fault(
                    what=f"with a clock {minutes:+d} minutes off the answer is another one",
                    where="the connector's clock",
                    fix="Take the time from the clock the gateway hands over, for the deadline as for all else.",
                )
            ]
    return []


class _Skewed:
    """The machine's clock, some minutes off."""

    def __init__(self, skew: timedelta) -> None:
        self._skew = skew

    def now(self) -> datetime:
        return SystemClock().now() + self._skew


def _at(room: Room, case: Case, clock: Clock) -> Question:
    return room.question(case, deadline_at=clock.now() + timedelta(seconds=3))


async def _through_runtime(room: Room, case: Case, reply: Reply) -> int:
    """Ask once through the runtime's caller. Return how many calls reached the source."""
    clock = SystemClock()
    connector = room.subject.connector(clock, room.subject.stand_in.url)
    caller = caller_of(connector, room.candidate.manifest, clock)
    room.subject.stand_in.reply = reply
    before = len(room.subject.stand_in.calls)
    try:
        await caller.ask(_at(room, case, clock))
    finally:
        await caller.close()
    return len(room.subject.stand_in.calls) - before


def _too_often(what: str) -> Fault:
    return Fault(
        what=what,
        where="the calls that reached the stand-in",
        fix="Ask once and raise SourceTrouble; let an outcome row say `transient` of unreachable sources only.",
    )
