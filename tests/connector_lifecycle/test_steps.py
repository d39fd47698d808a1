"""Steps cell by cell: which state lets whom do what, and what the numbers have to be. All pure."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from gateway.connector_lifecycle.failure import (
    ApprovedByYou,
    ApproverPrepared,
    ContentChanged,
    ManifestRefused,
    PackageUnnamed,
    ReportRefused,
    StepMalformed,
    StepOutOfOrder,
    StillNeeded,
    VersionTaken,
    VersionTooSmall,
)
from gateway.connector_lifecycle.lifecycle import ACTIONS
from gateway.connector_lifecycle.orders import (
    ApproveOrder,
    DraftOrder,
    Notice,
    PublishOrder,
    ReasonOrder,
    RetireOrder,
    SubmitOrder,
    SuspendOrder,
    TestOrder,
    read_body,
)
from gateway.connector_lifecycle.release import STATES, release_of, release_record
from gateway.connector_lifecycle.report import report_digest, require_passed
from gateway.connector_lifecycle.steps import (
    DUTIES,
    FROM,
    approve,
    draft,
    publish,
    resume,
    retire,
    submit,
    suspend,
)
from gateway.connector_lifecycle.steps import test as examine
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_lifecycle.trial import Count, Tried
from gateway.connector_lifecycle.trial_steps import settle, stop
from gateway.connector_runtime.examination import CHECKS, EXAM
from gateway.staff.failure import NobodySignedIn, ReasonMissing, RoleMissing, WordsNamePerson
from gateway.staff.roles import Operator
from gateway.vocabulary.officer import STAFF_ROLES
from tests.connector_lifecycle.conftest import FIRST, NOW, OWNER, SECOND
from tests.connector_lifecycle.samples import (
    FIELDS,
    PACKAGE,
    manifest_text,
    own_manifest,
    report_on,
    report_skipping,
    report_without,
)

FACTS = Facts(now=NOW)
ALL = Operator(reference="staff:all", name="Cả", roles=STAFF_ROLES)
WORDS = Notice(vi="Tạm dừng.", en="Paused.")


def seen(release, **changes):
    known = {
        "manifest_sha256": release.manifest_sha256,
        "report_sha256": release.report_sha256 or "0" * 64,
        "package": release.package,
    }
    return ApproveOrder(**(known | changes))


ORDERS = {
    "test": lambda release: TestOrder(report=report_on(release.text)),
    "submit": lambda _: SubmitOrder(reason="thử", package=PACKAGE),
    "approve": seen,
    "reject": lambda _: ReasonOrder(reason="thử"),
    "publish": lambda _: PublishOrder(),
    "suspend": lambda _: SuspendOrder(reason="thử", notice=WORDS),
    "resume": lambda _: ReasonOrder(reason="thử"),
    "retire": lambda _: RetireOrder(reason="thử"),
}


def submitted(number="1.0.0", facts=FACTS, **manifest):
    text = manifest_text(number, **manifest)
    release = draft(None, OWNER, DraftOrder(manifest=text), facts).release
    release = examine(release, OWNER, TestOrder(report=report_on(text)), facts).release
    return submit(release, OWNER, SubmitOrder(reason="thử", package=PACKAGE), facts).release


def published(number="1.0.0", facts=FACTS, **manifest):
    release = submitted(number, facts, **manifest)
    for person in (FIRST, SECOND):
        release = approve(release, person, seen(release), facts).release
    return publish(release, OWNER, PublishOrder(share=100), facts).release


@pytest.mark.parametrize(("step", "state"), list(product(ACTIONS, STATES)))
def test_a_step_goes_from_the_states_of_the_table_and_from_no_other(step, state):
    release = replace(submitted(), state=state)
    if state in FROM[step]:
        ACTIONS[step].decide(release, ALL, ORDERS[step](release), FACTS)
    else:
        with pytest.raises(StepOutOfOrder, match=state):
            ACTIONS[step].decide(release, ALL, ORDERS[step](release), FACTS)


@pytest.mark.parametrize(("step", "role"), list(product(ACTIONS, STAFF_ROLES)))
def test_a_step_is_taken_in_the_roles_of_the_table_and_in_no_other(step, role):
    state = next(one for one in STATES if one in FROM[step])
    release, person = replace(submitted(), state=state), Operator(reference="staff:x", name="X", roles=(role,))
    if role in DUTIES[step]:
        moved = ACTIONS[step].decide(release, person, ORDERS[step](release), FACTS)
        assert (moved.release.steps[-1].role, moved.release.steps[-1].by) == (role, "staff:x")
    else:
        with pytest.raises(RoleMissing, match=f"connector.{step}"):
            ACTIONS[step].decide(release, person, ORDERS[step](release), FACTS)


@pytest.mark.parametrize("step", ["test", "submit", "approve"])
def test_the_user_of_a_machine_is_none_of_the_people_it_takes(step):
    """Who prepares and who approves have names: behind the machine's user may be any of them, signed out."""
    state = next(one for one in STATES if one in FROM[step])
    release = replace(submitted(), state=state)
    with pytest.raises(NobodySignedIn):
        ACTIONS[step].decide(release, Operator.local(1000), ORDERS[step](release), FACTS)
    assert ACTIONS[step].decide(release, ALL, ORDERS[step](release), FACTS)


def test_whoever_prepared_it_cannot_approve_it_whatever_their_role():
    release = submitted()
    with pytest.raises(ApproverPrepared):
        approve(release, replace(ALL, reference=OWNER.reference), seen(release), FACTS)
    assert approve(release, ALL, seen(release), FACTS).release.state == "submitted"


def test_two_approvals_are_two_people_and_name_what_they_saw():
    release = submitted()
    for wrong in ({"manifest_sha256": "1" * 64}, {"report_sha256": "1" * 64}):
        with pytest.raises(ContentChanged):
            approve(release, FIRST, seen(release, **wrong), FACTS)
    for package in (None, "gate06==9"):
        with pytest.raises(PackageUnnamed):
            approve(release, FIRST, seen(release, package=package), FACTS)
    once = approve(release, FIRST, seen(release), FACTS).release
    with pytest.raises(ApprovedByYou):
        approve(once, FIRST, seen(once), FACTS)
    assert approve(once, SECOND, seen(once), FACTS).release.state == "approved"


def test_a_draft_may_be_replaced_and_loses_its_report_what_was_submitted_may_not():
    text = manifest_text()
    first = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    tested = examine(first, OWNER, TestOrder(report=report_on(text)), FACTS).release
    again = draft(tested, OWNER, DraftOrder(manifest=manifest_text(summary="Khác")), FACTS).release
    assert (again.state, again.report, again.report_sha256) == ("draft", None, None)
    assert again.manifest_sha256 != first.manifest_sha256
    for state in set(STATES) - {"draft", "tested"}:
        with pytest.raises(VersionTaken):
            draft(replace(tested, state=state), OWNER, DraftOrder(manifest=text), FACTS)
    windows = draft(None, OWNER, DraftOrder(manifest=text.replace("\n", "\r\n")), FACTS).release
    assert windows.manifest_sha256 == first.manifest_sha256
    with pytest.raises(ManifestRefused, match="frm"):
        draft(None, OWNER, DraftOrder(manifest=text.replace("from =", "frm =")), FACTS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"manifest_sha256": "0" * 64}, "another manifest"),
        ({"version": "1.0.1"}, "is about"),
        ({"connector": "other"}, "is about"),
        ({"schema": "gate06.connector-report/2"}, "schema"),
        ({"checks": []}, "checks"),
        ({"checks": [{"id": "a", "outcome": "failed"}]}, "`a`"),
        ({"checks": [{"id": "a", "outcome": "skipped", "reason": "x", "until": "2040-01-01"}]}, "no check passed"),
        ({"checks": [{"id": one, "outcome": "passed"} for one in CHECKS[1:]]}, "1 of 24 checks .* `manifest.schema`"),
        ({"checks": [{"id": "a", "outcome": "passed"}]}, "24 of 24 checks are missing"),
        (
            {"checks": [{"id": one, "outcome": "passed"} for one in (*CHECKS, CHECKS[3])]},
            "twice .* `manifest.purposes`",
        ),
        ({"checks": [{"id": one, "outcome": "passed"} for one in (*CHECKS, "safety.more")]}, "`safety.more`"),
        ({"exam": EXAM - 1}, f"of exam {EXAM - 1}, and exam {EXAM} counts"),
    ],
)
def test_a_report_counts_for_exactly_its_manifest_and_without_a_hole(changes, words):
    text = manifest_text()
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    with pytest.raises(ReportRefused, match=words):
        examine(release, OWNER, TestOrder(report=report_on(text, **changes)), FACTS)


@pytest.mark.parametrize("without", ["exam", "service"])
def test_a_report_of_a_service_says_its_exam_and_that_the_service_was_asked(without):
    text = own_manifest("land")
    whole = report_on(text)
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    assert examine(release, OWNER, TestOrder(report=whole), FACTS).release.state == "tested"
    with pytest.raises(ReportRefused) as refused:
        examine(release, OWNER, TestOrder(report={name: one for name, one in whole.items() if name != without}), FACTS)
    assert refused.value.missing == (without,)


@pytest.mark.parametrize("without", ["package", "package_sha256"])
def test_a_report_of_code_says_which_code_was_examined(without):
    text = manifest_text()
    whole = report_on(text)
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    assert examine(release, OWNER, TestOrder(report=whole), FACTS).release.package_sha256 == whole["package_sha256"]
    with pytest.raises(ReportRefused) as refused:
        examine(release, OWNER, TestOrder(report=whole | {without: None}), FACTS)
    assert refused.value.missing == (without,)
    no_code = own_manifest("land")
    release = draft(None, OWNER, DraftOrder(manifest=no_code), FACTS).release
    with pytest.raises(ReportRefused, match="the connector has no code"):
        examine(release, OWNER, TestOrder(report=report_on(no_code, package="x==1")), FACTS)


@pytest.mark.parametrize("members", [{}, {"reason": "x"}, {"reason": "x", "until": "2031-02-28"}])
def test_a_check_is_let_off_with_a_reason_until_a_day_to_come(members):
    text = manifest_text()
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    with pytest.raises(ReportRefused, match=r"`meaning.dates`"):
        examine(release, OWNER, TestOrder(report=report_skipping(text, "meaning.dates", **members)), FACTS)
    let_off = report_skipping(text, "meaning.dates", reason="x", until="2031-03-10")
    assert examine(release, OWNER, TestOrder(report=let_off), FACTS).release.state == "tested"


@pytest.mark.parametrize("step", ["submit", "approve", "publish"])
def test_a_report_that_was_taken_in_before_the_exam_wanted_more_goes_no_further(step):
    release = replace(submitted(), state=next(iter(FROM[step])))
    release = replace(release, report=report_without(release.text, "safety.view", "evidence.logs"))
    with pytest.raises(ReportRefused, match=r"2 of 24 checks are missing: `safety.view`, `evidence.logs`"):
        ACTIONS[step].decide(release, ALL, ORDERS[step](release), FACTS)


def test_a_skip_that_ran_out_since_the_exam_stops_the_publication():
    text = manifest_text()
    report = report_skipping(text, "meaning.dates", reason="chờ nguồn", until="2031-03-10")
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    release = examine(release, OWNER, TestOrder(report=report), FACTS).release
    release = submit(release, OWNER, SubmitOrder(reason="thử", package=PACKAGE), FACTS).release
    for person in (FIRST, SECOND):
        release = approve(release, person, seen(release), FACTS).release
    with pytest.raises(ReportRefused):
        publish(release, OWNER, PublishOrder(), Facts(now=NOW + timedelta(days=30)))
    assert publish(release, OWNER, PublishOrder(), FACTS).release.state == "published"


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('at = "', 'at = "$.', "manifest.schema"),
        ("[operations.lookup]", '[operations.lookup]\nheaders = { "X-Api-Key" = "hoasen" }', "manifest.secrets"),
    ],
)
def test_what_the_manifest_alone_decides_is_looked_at_again(old, new, check):
    text = own_manifest("land")
    assert old in text
    bent = re.sub(r"headers = .*\n", "", text).replace(old, new, 1)
    release = draft(None, OWNER, DraftOrder(manifest=bent), FACTS).release
    with pytest.raises(ReportRefused, match=f"`{check}` is told as passed, and the gateway finds CN-1") as refused:
        require_passed(report_on(bent), release, date(2031, 3, 1))
    assert "hoasen" not in refused.value.detail


def test_the_hash_of_a_report_does_not_know_spaces_and_order():
    text = manifest_text()
    report = report_on(text)
    assert report_digest(report) == report_digest(dict(reversed(report.items())))
    assert report_digest(report) != report_digest(report | {"more": "x"})
    for odd in (0.5, "\ud800", 1 << 60, {"tên": 1}):
        with pytest.raises(ReportRefused):
            report_digest(report | {"more": odd})
    require_passed(report, draft(None, OWNER, DraftOrder(manifest=text), FACTS).release, date(2031, 3, 1))


def test_package_and_code_go_together():
    text = manifest_text()
    release = draft(None, OWNER, DraftOrder(manifest=text), FACTS).release
    release = examine(release, OWNER, TestOrder(report=report_on(text)), FACTS).release
    with pytest.raises(PackageUnnamed):
        submit(release, OWNER, SubmitOrder(reason="thử"), FACTS)
    with pytest.raises(PackageUnnamed, match="the exam was of"):
        submit(release, OWNER, SubmitOrder(reason="thử", package="gate06==9"), FACTS)
    with pytest.raises(ReasonMissing):
        submit(release, OWNER, SubmitOrder(package=PACKAGE), FACTS)


BORN_TEXT = (FIELDS[0], ("birth_date", "person.born", "text", None))
MORE = (*FIELDS, ("sex", "person.sex", "sex", None))


@pytest.mark.parametrize(
    ("number", "manifest", "least"),
    [
        ("1.0.1", {"fields": MORE}, "1.1.0"),
        ("1.1.0", {"fields": MORE}, None),
        ("1.1.0", {"fields": FIELDS[:1]}, "2.0.0"),
        ("1.9.9", {"fields": BORN_TEXT}, "2.0.0"),
        ("1.1.0", {"inputs": ("personal_number", "full_name")}, "2.0.0"),
        ("1.1.0", {"data_class": "sensitive"}, "2.0.0"),
        ("1.0.1", {"summary": "Khác"}, None),
        ("2.0.0", {"fields": FIELDS[:1]}, None),
        ("1.0.1", {}, None),
    ],
)
def test_the_number_says_at_least_as_much_as_the_change(number, manifest, least):
    facts = replace(FACTS, others=(published(),))
    if least is None:
        assert submitted(number, facts, **manifest).state == "submitted"
    else:
        with pytest.raises(VersionTooSmall, match=f"must be {least} at least"):
            submitted(number, facts, **manifest)


def test_a_number_below_what_was_published_is_refused_in_its_major_and_free_in_an_older_one():
    with pytest.raises(VersionTooSmall, match="was published before"):
        submitted("1.4.0", replace(FACTS, others=(published("1.5.0"),)))
    both = replace(FACTS, others=(published("1.5.0"), published("2.0.0", fields=MORE)))
    assert submitted("1.5.1", both).state == "submitted"


def test_a_second_version_is_on_trial_beside_the_first_and_takes_its_place():
    first = published()
    facts = replace(FACTS, others=(first,))
    second = submitted("1.1.0", facts, fields=MORE)
    for person in (FIRST, SECOND):
        second = approve(second, person, seen(second), facts).release
    trying = publish(second, OWNER, PublishOrder(share=5, minutes=60), facts)
    assert (trying.release.state, trying.release.trial.share, trying.others) == ("published", 5, ())
    with pytest.raises(StepOutOfOrder):
        settle(trying.release, replace(facts, now=NOW + timedelta(minutes=59)))
    passed = Tried(Count(answers=10, places=frozenset(range(10))), Count())
    settled = settle(trying.release, replace(facts, now=NOW + timedelta(minutes=60)), passed)
    assert (settled.release.trial, settled.release.state) == (None, "published")
    assert [(one.state, one.steps[-1].by) for one in settled.others] == [("retired", "gateway")]
    stopped = stop(trying.release, facts, "too many answers failed").release
    assert (stopped.state, stopped.trial, stopped.steps[-1].by) == ("suspended", None, "gateway")
    with pytest.raises(StepOutOfOrder, match="in its place"):
        resume(stopped, OWNER, ReasonOrder(reason="thử"), facts)
    whole = publish(second, OWNER, PublishOrder(share=100), facts)
    assert (whole.release.trial, [one.state for one in whole.others]) == (None, ["retired"])


def test_another_major_stands_beside_and_takes_nobodys_place():
    first = published()
    facts = replace(FACTS, others=(first,))
    second = submitted("2.0.0", facts, fields=FIELDS[:1])
    for person in (FIRST, SECOND):
        second = approve(second, person, seen(second), facts).release
    beside = publish(second, OWNER, PublishOrder(), facts)
    assert (beside.release.trial, beside.others) == (None, ())
    later = Facts(now=NOW + timedelta(days=10), others=(beside.release,))
    with pytest.raises(StillNeeded, match="stands beside"):
        retire(first, OWNER, RetireOrder(reason="thử", on=date(2031, 5, 1)), later)
    ended = retire(first, OWNER, RetireOrder(reason="thử", on=date(2031, 5, 30)), later).release
    assert (ended.state, ended.serves(date(2031, 5, 29)), ended.serves(date(2031, 5, 30))) == ("published", True, False)


def test_what_was_used_within_thirty_days_is_retired_later_or_by_force():
    release = published()
    used = replace(FACTS, last_used=date(2031, 2, 20))
    with pytest.raises(StillNeeded, match="2031-02-20"):
        retire(release, OWNER, RetireOrder(reason="thử"), used)
    assert retire(release, OWNER, RetireOrder(reason="thử", force=True), used).release.state == "retired"
    assert retire(release, OWNER, RetireOrder(reason="thử", on=date(2031, 4, 1)), used).release.state == "published"
    unused = replace(FACTS, last_used=date(2031, 1, 20))
    assert retire(release, OWNER, RetireOrder(reason="thử"), unused).release.state == "retired"
    with pytest.raises(ReasonMissing):
        retire(release, OWNER, RetireOrder(), unused)


def test_a_stored_version_is_read_back_whole():
    release = suspend(published(), OWNER, SuspendOrder(reason="thử", notice=WORDS), FACTS).release
    release = replace(release, retires_on=date(2032, 1, 1))
    assert release_of(release_record(release)) == release


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"on": "soon"}', b'{"force": 1, "x": 2}', b'{"reason": "a", "reason": "b"}']
)
def test_a_bad_body_says_where(body):
    with pytest.raises(StepMalformed):
        read_body(RetireOrder, body)


def test_no_step_keeps_words_that_name_a_person():
    number = "999041000001"
    release = published()
    for order in (
        SuspendOrder(reason=f"theo số {number}", notice=WORDS),
        SuspendOrder(reason="thử", notice=Notice(vi="Tạm dừng.", en=f"Paused for {number}.")),
    ):
        with pytest.raises(WordsNamePerson) as refused:
            ACTIONS["suspend"].decide(release, OWNER, order, FACTS)
        assert number not in str(refused.value.detail)
    with pytest.raises(WordsNamePerson):
        approve(submitted(), FIRST, seen(submitted(), reason=f"theo số {number}"), FACTS)
