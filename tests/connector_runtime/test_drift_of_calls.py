"""What of a call is watched for drift: a record nothing of which can be read is, a body without a record is an outage;
people who are unknown one after the other are, one person who asks again and again is not."""

import pytest

from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.contract import Absent, Refused, SourceTrouble, Unavailable
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.vocabulary.clock import SettableClock
from tests.connector_runtime.questions import FOUND, NOW, Scripted, answering, question, raising

pytestmark = pytest.mark.anyio

UNREADABLE = Unavailable(reason="malformed")


class Watched:
    """A source that answered 120 people well, and what was heard of its drift."""

    def __init__(self, *names):
        self.heard, self.names = [], names
        self.connector = Scripted(answering(dict.fromkeys(names, FOUND)))
        means = Means(SettableClock(NOW), on_drift=lambda _, drift: self.heard.append((drift.sign, drift.attribute)))
        limits = Limits(failure_ratio=1, retries=0, late_for=0)
        self.caller = SourceCaller("s", self.connector, means, provides=frozenset(names), limits=limits)

    async def ask(self, how_many, *, one_person=False):
        for number in range(how_many):
            asked = 0 if one_person else number
            await self.caller.ask(question(*self.names, number=f"999175{asked:06}"))

    async def then(self, step, how_many, **people):
        """Return how often the source was asked from the change on."""
        await self.ask(120)
        self.connector.steps = [step]
        before = len(self.connector.questions)
        await self.ask(how_many, **people)
        await self.caller.close()
        return len(self.connector.questions) - before


@pytest.mark.parametrize(("names", "named"), [("a", "a"), ("ab", "")])
async def test_a_record_of_which_nothing_can_be_read_is_a_drift(names, named):
    watched = Watched(*names)
    assert await watched.then(answering(dict.fromkeys(names, UNREADABLE)), 40) == 10
    assert (watched.heard, watched.caller.quarantined) == ([("unreadable", named)], True)


@pytest.mark.parametrize("outcome", [UNREADABLE, Unavailable(reason="fault"), Unavailable(reason="timeout")])
async def test_an_answer_without_a_record_is_an_outage_and_quarantines_nothing(outcome):
    watched = Watched("a", "b")
    await watched.then(raising(SourceTrouble(outcome, "no record")), 100)
    assert (watched.heard, watched.caller.quarantined) == ([], False)


async def test_a_source_that_knows_nobody_any_more_is_quarantined_within_the_window():
    watched = Watched("a", "b")
    assert await watched.then(raising(SourceTrouble(Absent("no_match"), "nobody")), 60) == 19
    assert watched.heard == [("nobody", "")]


async def test_one_person_a_source_does_not_know_stops_it_for_nobody():
    watched = Watched("a", "b")
    assert await watched.then(raising(SourceTrouble(Absent("no_match"), "nobody")), 60, one_person=True) == 60
    assert watched.heard == []


@pytest.mark.parametrize("outcome", [UNREADABLE, Refused("other_person"), Absent("empty")])
async def test_one_person_whose_record_is_spoiled_stops_it_for_nobody(outcome):
    watched = Watched("a", "b")
    assert await watched.then(answering({"a": FOUND, "b": outcome}), 60, one_person=True) == 60
    assert (watched.heard, watched.caller.quarantined) == ([], False)
