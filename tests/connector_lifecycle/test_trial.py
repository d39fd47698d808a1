"""What ends a trial: enough good answers, never the clock alone; what stops it; what brings the version before back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.connector_lifecycle.failure import StepOutOfOrder, StillNeeded
from gateway.connector_lifecycle.orders import PublishOrder, ReasonOrder, RetireOrder, SuspendOrder
from gateway.connector_lifecycle.steps import approve, publish, resume, retire, suspend
from gateway.connector_lifecycle.succession import BACK_FOR, Facts
from gateway.connector_lifecycle.trial import PLACES, Count, TrialCounts, Tried, is_spoiled, judge, place_of
from gateway.connector_lifecycle.trial_steps import prolong, settle, stop
from gateway.connector_runtime.contract import Absent, Refused, Unavailable
from gateway.connector_runtime.steering import Heard
from gateway.vocabulary.clock import SettableClock
from tests.connector_lifecycle.conftest import FIRST, NOW, OWNER, SECOND
from tests.connector_lifecycle.test_steps import ALL, WORDS, published, seen, submitted
from tests.connector_runtime.questions import FOUND

OVER = NOW + timedelta(minutes=60)
TEN = frozenset(range(10))
PASSED = Tried(Count(answers=10, places=TEN), Count())
REASON = ReasonOrder(reason="thử")
SUSPEND = SuspendOrder(reason="thử", notice=WORDS)


def at(now, *others):
    return Facts(now=now, others=others)


def on_trial(older, number="1.0.1", **order):
    facts = at(NOW, older)
    release = submitted(number, facts)
    for person in (FIRST, SECOND):
        release = approve(release, person, seen(release), facts).release
    return publish(release, OWNER, PublishOrder(**order), facts).release


@pytest.mark.parametrize(
    ("tried", "beside", "verdict"),
    [
        (Count(), Count(), "open"),
        (Count(9), Count(200), "open"),
        (Count(10), Count(), "passed"),
        (Count(10, spoiled=2), Count(), "open"),  # eight good ones
        (Count(12, spoiled=2), Count(), "passed"),
        (Count(19, spoiled=19), Count(9), "open"),  # the register may be in trouble for both: wait for the other one
        (Count(19, spoiled=19), Count(10), "failing"),
        (Count(20, spoiled=4), Count(9), "passed"),
        (Count(20, spoiled=5), Count(), "failing"),  # nobody else answers: twenty are enough
        (Count(20, spoiled=5), Count(9, spoiled=9), "failing"),
        (Count(10, unknown=10), Count(200, unknown=10), "unlike"),
        (Count(10, unknown=10), Count(9), "open"),  # nothing to compare with: unknown people prove nothing
        (Count(10, unknown=1), Count(200, unknown=10), "passed"),
        (Count(20, unknown=12), Count(200, unknown=120), "passed"),  # a register that knows few people
        (Count(10, unknown=4), Count(190, unknown=38), "passed"),  # chance
        (Count(10, unknown=6), Count(190, unknown=38), "open"),  # doubtful: more answers decide
        (Count(30, unknown=25), Count(600, unknown=120), "unlike"),
        (Count(10, spoiled=10), Count(10), "failing"),
        (Count(10, spoiled=3), Count(200, spoiled=2), "failing"),
        (Count(10, spoiled=6), Count(200, spoiled=110), "open"),  # the register's trouble, not the version's
        (Count(30, spoiled=16), Count(400, spoiled=220), "passed"),
        (Count(14, spoiled=4), Count(10), "open"),  # worse than the other, and too few to say so
        (Count(10, spoiled=3), Count(9, spoiled=3), "open"),  # nothing to compare with yet
    ],
)
def test_answers_judge_a_trial(tried, beside, verdict):
    assert judge(Tried(replace(tried, places=TEN), beside)) == verdict


def test_ten_good_answers_are_about_ten_people():
    assert judge(Tried(Count(400, places=frozenset(range(9))), Count(4000))) == "open"
    assert judge(Tried(Count(400, places=TEN), Count(4000))) == "passed"


def counted(*answers):
    """Count answers, each about a person, of a version on trial in one worker."""
    counts = TrialCounts(SettableClock(NOW), "one")
    for answer, person in answers:
        counts.count("trial/1.0.1", Heard(answer, person), beside=False)
    return counts.of("trial/1.0.1")


def test_one_person_counts_once_by_their_last_answer():
    good, bad = {"a": FOUND}, {"a": Refused("other_person")}
    assert counted(*[(good, "one")] * 500).tried.numbers() == [1, 0, 0]
    spoiled = counted(*[(bad, "one")] * 500, *[(good, f"p{number}") for number in range(12)])
    assert (spoiled.tried.numbers(), judge(spoiled)) == ([13, 1, 0], "passed")
    assert counted((bad, "one"), (good, "one")).tried.numbers() == [1, 0, 0]
    assert counted((good, "one"), ({"a": Absent("no_match")}, "one")).tried.numbers() == [1, 0, 1]


def test_an_empty_record_is_no_good_answer():
    empty = {"a": Absent("empty"), "b": Absent("empty")}
    came = counted(*[(empty, f"p{number}") for number in range(12)])
    assert (came.tried.numbers(), came.good, judge(came)) == ([12, 0, 12], 0, "open")
    beside = Count(200, unknown=2)
    assert judge(replace(came, beside=beside)) == "unlike"
    some = counted(*[({"a": FOUND, "b": Absent("empty")}, f"p{number}") for number in range(12)])
    assert judge(some) == "passed"


def test_people_fall_in_the_same_places_in_every_worker():
    places = {place_of("trial/1.0.1", f"9991750{number:05}") for number in range(200)}
    assert places == {place_of("trial/1.0.1", f"9991750{number:05}") for number in range(200)}
    assert (len(places) > 150, max(places) < PLACES) == (True, True)
    assert place_of("trial/1.0.1", "999175000003") == 887


@pytest.mark.parametrize(
    ("outcomes", "spoiled"),
    [
        ((FOUND, FOUND), False),
        ((FOUND, Absent("empty")), False),
        ((Absent("no_match"), Absent("no_match")), False),
        ((FOUND, Unavailable(reason="timeout")), False),
        ((Unavailable(reason="fault"), Unavailable(reason="fault")), True),
        ((FOUND, Unavailable(reason="malformed")), True),
        ((Absent("empty"), Unavailable(reason="malformed")), True),
        *(
            ((Refused(reason),) * 2, True)
            for reason in ("other_person", "purpose_denied", "officer_denied", "bad_request")
        ),
    ],
)
def test_what_spoils_an_answer(outcomes, spoiled):
    assert is_spoiled(dict(zip("ab", outcomes, strict=True))) is spoiled


def test_a_trial_nobody_asked_goes_on_and_keeps_the_version_before():
    older = published()
    trying = on_trial(older)
    for few in (None, Tried(Count(9, places=TEN), Count(500))):
        with pytest.raises(StepOutOfOrder, match="goes on"):
            settle(trying, at(OVER, older), few)
    with pytest.raises(StepOutOfOrder, match="no trial that is over"):
        prolong(trying, at(NOW, older))
    longer = prolong(trying, at(OVER, older), Tried(Count(9, places=TEN), Count())).release
    assert (longer.state, longer.trial.share, longer.trial.prolonged_at) == ("published", 5, OVER)
    assert (longer.steps[-1].name, longer.steps[-1].by) == ("prolong", "gateway")
    assert "9 good answers of 9" in longer.steps[-1].reason
    with pytest.raises(StepOutOfOrder, match="goes on since"):
        prolong(longer, at(OVER, older))
    assert settle(longer, at(OVER, older), PASSED).release.trial is None


def test_a_superseded_version_can_be_brought_back_for_a_week_by_name():
    older = published()
    moved = settle(on_trial(older), at(OVER, older), PASSED)
    (before,) = moved.others
    assert (before.state, before.back_until) == ("retired", OVER + BACK_FOR)
    back = resume(before, OWNER, REASON, at(OVER + timedelta(days=6), moved.release))
    assert (back.release.state, back.release.retires_on, back.release.back_until) == ("published", None, None)
    assert back.release.serves((OVER + timedelta(days=6)).date())
    (aside,) = back.others
    assert (aside.state, aside.steps[-1].by, aside.steps[-1].name) == ("suspended", OWNER.reference, "suspend")
    assert back.told == {"instead_of": ["1.0.1"]}
    with pytest.raises(StepOutOfOrder, match="is retired"):
        resume(before, OWNER, REASON, at(OVER + BACK_FOR, moved.release))
    for_good = retire(published(), OWNER, RetireOrder(reason="thử"), at(NOW)).release
    with pytest.raises(StepOutOfOrder, match="is retired"):
        resume(for_good, OWNER, REASON, at(NOW))


def test_a_stopped_version_is_not_brought_back_by_what_took_its_place():
    older = published()
    stopped = stop(on_trial(older), at(NOW, older), "thử").release
    mended = on_trial(older, "1.0.2", share=100)
    (before, failed) = publish(
        replace(mended, state="approved"), OWNER, PublishOrder(share=100), at(NOW, older, stopped)
    ).others
    assert (before.back_until, failed.back_until) == (NOW + BACK_FOR, None)


def test_suspending_the_version_in_service_freezes_the_trial_beside_it():
    older = published()
    trying = on_trial(older)
    suspended = suspend(older, ALL, SUSPEND, at(NOW, trying)).release
    with pytest.raises(StepOutOfOrder, match=r"`trial 1\.0\.0` is suspended"):
        settle(trying, at(OVER, suspended), PASSED)
    back = resume(suspended, ALL, REASON, at(OVER, trying))
    assert (back.release.state, back.others) == ("published", ())
    assert settle(trying, at(OVER, back.release), PASSED).others[0].state == "retired"


def test_no_trial_begins_beside_a_suspended_version_but_what_mends_it_takes_its_place():
    suspended = suspend(published(), ALL, SUSPEND, at(NOW)).release
    with pytest.raises(StepOutOfOrder, match="with a share of 100"):
        on_trial(suspended)
    assert on_trial(suspended, share=100).trial is None


def test_a_trial_is_given_another_share_or_ended_by_somebodys_word():
    older = published()
    trying = on_trial(older)
    more = publish(trying, OWNER, PublishOrder(share=50, minutes=30), at(OVER, older))
    assert (more.release.trial.share, more.release.trial.until) == (50, OVER + timedelta(minutes=30))
    whole = publish(trying, OWNER, PublishOrder(share=100, reason="thử"), at(OVER, older))
    assert (whole.release.trial, whole.others[0].state) == (None, "retired")
    assert (whole.release.steps[-1].by, whole.others[0].may_return(OVER)) == (OWNER.reference, True)
    with pytest.raises(StepOutOfOrder):
        publish(whole.release, OWNER, PublishOrder(share=100), at(OVER))


def test_a_suspended_source_is_retired_through_the_same_gate():
    used = Facts(now=NOW, last_used=NOW.date())
    suspended = suspend(published(), ALL, SUSPEND, used).release
    with pytest.raises(StillNeeded, match="was used"):
        retire(suspended, ALL, RetireOrder(reason="thử"), used)
    assert retire(suspended, ALL, RetireOrder(reason="thử", force=True), used).release.state == "retired"
    unused = Facts(now=NOW, last_used=NOW.date() - timedelta(days=40))
    assert retire(suspended, ALL, RetireOrder(reason="thử"), unused).release.state == "retired"
    older = published()
    failed = stop(on_trial(older), at(NOW, older), "thử").release
    beside = Facts(now=NOW, last_used=NOW.date(), others=(older,))
    assert retire(failed, ALL, RetireOrder(reason="thử"), beside).release.state == "retired", "nobody misses it"
