"""The table of duties and the life of an approval, cell by cell: both are pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from gateway.cli.acts import ACTS
from gateway.consent.report_step import ReportVerb
from gateway.staff.approval import (
    KEPT_FOR,
    OPEN_FOR,
    Approval,
    approval_of,
    approval_record,
    decide,
    lapse,
    require_reason,
)
from gateway.staff.failure import (
    ApprovalDecided,
    ApprovalExpired,
    ApproverIsRequester,
    NobodySignedIn,
    ReasonMissing,
    RoleMissing,
)
from gateway.staff.roles import DUTIES, Operator, require_approver, require_role, wants_second
from gateway.vocabulary.officer import STAFF_ROLES, Officer

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WAITING = Approval(
    id="ap_1",
    verb="portal.add",
    object="mine",
    parameters={"portal": {"client_id": "mine"}},
    reason="theo công văn",
    role="registration_officer",
    asked_by="staff:a",
    asked_name="A",
    asked_at=NOW,
    ends_at=NOW + OPEN_FOR,
)


def operator(*roles: str, name: str = "b") -> Operator:
    return Operator.of(Officer(id=name, full_name=name.upper(), agency="H55.01", roles=roles))  # type: ignore[arg-type]


@pytest.mark.parametrize(("verb", "role"), list(product(DUTIES, STAFF_ROLES)))
def test_each_role_may_ask_and_agree_exactly_as_the_table_says(verb: str, role: str) -> None:
    duty, one = DUTIES[verb], operator(role)
    for needed, check in ((duty.asks, require_role), (duty.approves, require_approver)):
        if role in needed:
            assert check(one, verb) == role
        else:
            with pytest.raises(RoleMissing, match=verb):
                check(one, verb)


def test_the_table_covers_every_act_and_nothing_else() -> None:
    reports = {f"report.{verb}" for verb in get_args(ReportVerb)}
    dossiers = {"dossier.import", "dossier.replay"}  # many commits, each with its own event
    assert set(DUTIES) == set(ACTS) | reports | dossiers
    assert all({*duty.asks, *duty.approves}.issubset(STAFF_ROLES) for duty in DUTIES.values())
    lookers = {"auditor", "observer", "desk_officer"}
    assert all(lookers.isdisjoint((*duty.asks, *duty.approves)) for duty in DUTIES.values())


def test_only_a_developer_s_own_machine_is_alone() -> None:
    local = Operator.local(1000)
    assert local.reference == "local:1000"
    for verb, duty in DUTIES.items():
        assert require_role(local, verb)
        assert not wants_second(local, verb)
        assert wants_second(operator(*STAFF_ROLES), verb) == bool(duty.approves)


def test_a_yes_and_a_no_are_the_next_value() -> None:
    approver = operator("registration_officer")
    yes = decide(WAITING, approver, NOW, agree=True)
    assert (yes.state, yes.decided_by, yes.decided_at, yes.version) == ("approved", "staff:b", NOW, 2)
    no = decide(WAITING, approver, NOW, agree=False, reason=" chưa \n đúng ")
    assert (no.state, no.answer, no.version) == ("rejected", "chưa đúng", 2)
    assert WAITING.state == "waiting"


@pytest.mark.parametrize(
    ("approval", "who", "at", "failure"),
    [
        (WAITING, operator("registration_officer", name="a"), NOW, ApproverIsRequester),
        (WAITING, operator(*STAFF_ROLES, name="a"), NOW, ApproverIsRequester),
        (WAITING, operator("system_admin", "observer"), NOW, RoleMissing),
        (WAITING, operator(), NOW, RoleMissing),
        (WAITING, Operator.local(1000), NOW, NobodySignedIn),
        (replace(WAITING, asked_by="local:1000"), Operator.local(1000), NOW, ApproverIsRequester),
        (WAITING, operator("security_officer"), NOW + OPEN_FOR, ApprovalExpired),
        (lapse(WAITING), operator("security_officer"), NOW, ApprovalExpired),
        (replace(WAITING, state="approved"), operator("security_officer"), NOW, ApprovalDecided),
        (replace(WAITING, state="rejected"), operator("security_officer"), NOW, ApprovalDecided),
    ],
)
def test_who_may_not_decide_does_not(approval: Approval, who: Operator, at: datetime, failure: type[Exception]) -> None:
    for agree in (True, False):
        with pytest.raises(failure):
            decide(approval, who, at, agree=agree, reason="x")


def test_a_no_without_a_reason_is_none() -> None:
    for reason in ("", "  \n"):
        with pytest.raises(ReasonMissing):
            decide(WAITING, operator("security_officer"), NOW, agree=False, reason=reason)
        with pytest.raises(ReasonMissing):
            require_reason(reason)
    assert len(require_reason("a " * 1000)) <= 500


def test_it_waits_until_its_last_moment() -> None:
    last = NOW + OPEN_FOR - timedelta(microseconds=1)
    assert WAITING.waits(last)
    assert not WAITING.lapsed(last)
    assert (WAITING.waits(NOW + OPEN_FOR), WAITING.lapsed(NOW + OPEN_FOR)) == (False, True)
    assert not lapse(WAITING).lapsed(NOW + OPEN_FOR)


def test_what_is_stored_is_what_is_read_and_outlives_its_end() -> None:
    for one in (WAITING, decide(WAITING, operator("security_officer"), NOW, agree=True), lapse(WAITING)):
        record = approval_record(one)
        assert approval_of(record) == one
        assert record.expires_at == one.ends_at + KEPT_FOR
        assert record.subject is None


def test_nothing_of_a_reason_or_of_what_would_be_stored_is_printed() -> None:
    assert "công văn" not in repr(WAITING)
    assert "client_id" not in repr(WAITING)
