"""Steps at the same moment, on every store and by two workers: two persons count as two, one as one, nobody twice."""

import asyncio
import json
from collections import Counter

import pytest

from gateway.connector_lifecycle.failure import ApprovedByYou, ReleaseChanged, StepOutOfOrder
from gateway.connector_lifecycle.orders import (
    ApproveOrder,
    DraftOrder,
    PublishOrder,
    ReasonOrder,
    SubmitOrder,
    TestOrder,
)
from gateway.vocabulary.failure import Failure
from tests.connector_lifecycle.conftest import FIRST, OWNER, SECOND, THIRD
from tests.connector_lifecycle.samples import PACKAGE, manifest_text, report_on

pytestmark = pytest.mark.anyio

ROUNDS = 5


async def submitted(lifecycle, number="1.0.0"):
    """Bring a version as far as somebody may approve it; return it."""
    text = manifest_text(number)
    await lifecycle.draft(OWNER, DraftOrder(manifest=text))
    await lifecycle.take("test", OWNER, "trial", number, TestOrder(report=report_on(text)))
    return await lifecycle.take("submit", OWNER, "trial", number, SubmitOrder(reason="thử", package=PACKAGE))


def approval_of(release):
    return ApproveOrder(
        manifest_sha256=release.manifest_sha256, report_sha256=release.report_sha256, package=release.package
    )


async def outcomes(*steps):
    """Run steps together; return how each ended."""
    found = await asyncio.gather(*steps, return_exceptions=True)
    assert all(isinstance(one, Failure) or not isinstance(one, BaseException) for one in found), found
    return [type(one).__name__ if isinstance(one, Failure) else one.state for one in found]


async def told(storage, name):
    return [
        event
        for event in map(json.loads, [one.leaf for one in await storage.journal.pending(10_000)])
        if event["event"] == name
    ]


async def test_two_people_at_the_same_moment_are_two_and_the_version_is_approved(storage, workers):
    for number in range(ROUNDS):
        release = await submitted(workers[0], f"1.{number}.0")
        order = approval_of(release)
        version = release.manifest.version
        ended = await outcomes(
            workers[0].take("approve", FIRST, "trial", version, order),
            workers[1].take("approve", SECOND, "trial", version, order),
        )
        assert sorted(ended) == ["approved", "submitted"]
        stored = await workers[0].release("trial", version)
        assert (stored.state, {step.by for step in stored.approvals()}) == ("approved", {"staff:first", "staff:second"})
    counts = Counter(event["count"] for event in await told(storage, "ConnectorApproved"))
    assert counts == {1: ROUNDS, 2: ROUNDS}


async def test_one_person_ten_times_at_the_same_moment_is_one(storage, workers):
    release = await submitted(workers[0])
    order = approval_of(release)
    ended = await outcomes(*(workers[place % 2].take("approve", FIRST, "trial", "1.0.0", order) for place in range(10)))
    assert ended.count("submitted") == 1
    assert set(ended) <= {"submitted", ApprovedByYou.__name__, ReleaseChanged.__name__}
    stored = await workers[1].release("trial", "1.0.0")
    assert (stored.state, len(stored.approvals())) == ("submitted", 1)
    assert len(await told(storage, "ConnectorApproved")) == 1


async def test_a_no_and_the_second_yes_end_one_way(storage, workers):
    for number in range(ROUNDS):
        release = await submitted(workers[0], f"1.{number}.0")
        version, order = release.manifest.version, approval_of(release)
        await workers[0].take("approve", FIRST, "trial", version, order)
        ended = await outcomes(
            workers[0].take("approve", SECOND, "trial", version, order),
            workers[1].take("reject", THIRD, "trial", version, ReasonOrder(reason="thiếu căn cứ")),
        )
        stored = await workers[0].release("trial", version)
        # a rejection may follow the second yes, an approval never follows the rejection
        assert stored.state == "draft"
        assert ended in (["approved", "draft"], [StepOutOfOrder.__name__, "draft"])
        assert stored.approvals() == () or [step.name for step in stored.steps][-1] == "reject"
    assert len(await told(storage, "ConnectorRejected")) == ROUNDS


async def test_a_rejected_version_needs_both_approvals_again(workers):
    lifecycle = workers[0]
    release = await submitted(lifecycle)
    await lifecycle.take("approve", FIRST, "trial", "1.0.0", approval_of(release))
    await lifecycle.take("reject", SECOND, "trial", "1.0.0", ReasonOrder(reason="thiếu căn cứ"))
    again = await submitted(lifecycle)
    assert (again.state, again.approvals()) == ("submitted", ())
    once = await lifecycle.take("approve", SECOND, "trial", "1.0.0", approval_of(again))
    assert once.state == "submitted"
    # OWNER submitted the first time as well; THIRD is the other person now
    assert (await lifecycle.take("approve", THIRD, "trial", "1.0.0", approval_of(again))).state == "approved"


async def test_publishing_twice_at_once_publishes_once(storage, workers):
    release = await submitted(workers[0])
    for person in (FIRST, SECOND):
        await workers[0].take("approve", person, "trial", "1.0.0", approval_of(release))
    ended = await outcomes(*(one.take("publish", OWNER, "trial", "1.0.0", PublishOrder()) for one in workers * 3))
    assert Counter(ended) == {"published": 1, StepOutOfOrder.__name__: 5}
    assert len(await told(storage, "ConnectorPublished")) == 1


async def test_a_draft_handed_in_by_two_at_once_is_one_record(workers):
    text = manifest_text()
    ended = await outcomes(
        *(one.draft(person, DraftOrder(manifest=text)) for one in workers for person in (OWNER, THIRD))
    )
    assert set(ended) <= {"draft", ReleaseChanged.__name__}
    stored = await workers[0].release("trial", "1.0.0")
    assert stored.state == "draft"
    assert len(stored.steps) == ended.count("draft")
