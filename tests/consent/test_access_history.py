"""Events in a person's words: every kind has some, a question and its answer are one entry, nothing is left out."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

import gateway.audit.event as events
from gateway.audit.event import Event
from gateway.audit.journal import FoundEvent
from gateway.consent.access_history import MEANINGS, history_of, last_use, months_between

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RULES = ("1.004222/applicant",)


def found(name: str, receipt: str, *, after: int = 0, **changes: object) -> FoundEvent:
    leaf = {
        "event": name,
        "portal": "portal",
        "procedure": "1.004222",
        "dossier": "D-1",
        "actor": {"kind": "citizen", "ref": "me"},
        "subject_ref": "me",
        "attributes": ["full_name"],
        "basis": "law",
        "policy_ids": list(RULES),
        "outcome": "released",
        **changes,
    }
    at = AT + timedelta(seconds=after)
    return FoundEvent(receipt=receipt, at=at, leaf=orjson.dumps(leaf), index=None, client_id="portal")


def test_every_event_of_the_log_has_words_in_both_languages():
    named = {kind.name for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)} - {""}
    assert named - MEANINGS.keys() == set()
    assert all(meaning.vi and meaning.en and meaning.vi != meaning.en for meaning in MEANINGS.values())


def test_a_question_and_its_answer_are_one_entry():
    told = [found("FormReleased", "rc_2", asked="rc_1"), found("FormAsked", "rc_1", outcome="asked")]
    (entry,) = history_of(told)
    assert (entry.receipt, entry.meaning.part, entry.attributes) == ("rc_2", "received", ("full_name",))
    assert entry.policy_ids == RULES


def test_a_question_without_an_answer_says_that_its_outcome_is_unknown():
    (entry,) = history_of([found("FormAsked", "rc_1", outcome="asked")])
    assert entry.meaning.part == "unknown"
    assert "chưa rõ" in entry.meaning.vi


def test_an_answer_to_another_question_hides_nothing():
    told = [found("FormReleased", "rc_3", asked="rc_2"), found("FormAsked", "rc_1", outcome="asked")]
    assert [one.receipt for one in history_of(told)] == ["rc_3", "rc_1"]


@pytest.mark.parametrize(
    ("actor", "officer", "by_other"),
    [
        ({"kind": "citizen", "ref": "me"}, None, False),
        ({"kind": "citizen", "ref": "guardian"}, None, True),
        ({"kind": "officer", "ref": "st_1"}, "st_1", False),
        ({"kind": "portal", "ref": "portal"}, None, False),
    ],
)
def test_who_acted_for_the_person_is_told_apart(actor, officer, by_other):
    (entry,) = history_of([found("FormReleased", "rc_1", actor=actor)])
    assert (entry.officer, entry.by_other) == (officer, by_other)


@pytest.mark.parametrize(
    ("kind", "outcome", "part"),
    [
        ("citizen", "withdrawn_by_citizen", "own"),
        ("portal", "revoked_by_portal", "checked"),
        ("portal", "replay", "refused"),
    ],
)
def test_a_revocation_is_the_persons_the_portals_or_a_replay(kind, outcome, part):
    (entry,) = history_of([found("GrantRevoked", "rc_1", actor={"kind": kind, "ref": "me"}, outcome=outcome)])
    assert entry.meaning.part == part


def mirrored(receipt: str, about: str, did: str, **changes: object) -> FoundEvent:
    return found("ActedForAnother", receipt, about=about, did=did, **changes)


def test_what_was_done_in_a_guardians_name_says_what_came_of_it_in_one_entry():
    asked = mirrored("rc_m1", "rc_1", "FormAsked", outcome="asked")
    for did, part in (("FormReleased", "received"), ("FormRefused", "refused"), ("LateFieldsReleased", "received")):
        (entry,) = history_of([mirrored("rc_m2", "rc_2", did, asked="rc_1"), asked])
        assert (entry.receipt, entry.meaning.part, entry.by_other) == ("rc_m2", part, False)
        assert "nhân danh ông/bà" in entry.meaning.vi
        assert (entry.attributes, entry.policy_ids) == (("full_name",), RULES)
    (entry,) = history_of([asked])
    assert entry.meaning.part == "unknown"


def test_a_report_about_an_entry_goes_with_nobodys_answer():
    told = [
        found("MisuseReported", "rc_3", about="rc_1"),
        found("FormReleased", "rc_2", asked="rc_1"),
        found("FormAsked", "rc_1"),
    ]
    assert [one.receipt for one in history_of(told)] == ["rc_3", "rc_2"]


def test_whom_no_register_shows_as_a_representative_is_not_called_one():
    claim = {"actor": {"kind": "citizen", "ref": "stranger"}}
    for outcome in ("PF-112", "PF-113"):
        (entry,) = history_of([found("FormRefused", "rf_1", outcome=outcome, **claim)])
        assert (entry.by_other, entry.claimed) == (True, True)
    (shown,) = history_of([found("FormReleased", "rc_1", **claim)])
    (own,) = history_of([found("FormRefused", "rf_1", outcome="PF-112")])
    assert (shown.claimed, own.claimed) == (False, False)


def test_the_part_in_the_other_partys_form_is_told_apart():
    own, beside = history_of([found("FormReleased", "rc_2"), found("FormReleased", "rc_1", **{"for": "other_party"})])
    assert "bên kia của hồ sơ" not in own.meaning.vi
    assert "bên kia của hồ sơ" in beside.meaning.vi
    assert beside.meaning.part == "received"


def test_a_code_is_no_receipt_until_it_was_redeemed():
    (given,) = history_of([found("PortalAnswered", "rc_1")])
    assert given.meaning.part == "checked"
    (collected,) = history_of([found("CodeRedeemed", "rc_2", asked="rc_1"), found("PortalAnswered", "rc_1")])
    assert (collected.receipt, collected.meaning.part) == ("rc_2", "received")


def test_only_a_code_whose_redemption_would_name_it_is_called_unused():
    (marked,) = history_of([found("PortalAnswered", "rc_1", collected_by="CodeRedeemed")])
    assert ("chưa dùng mã" in marked.meaning.vi, "not used" in marked.meaning.en) == (True, True)
    told = [found("CodeRedeemed", "rc_2"), found("PortalAnswered", "rc_1")]
    redeemed, before = history_of(told)
    assert (redeemed.receipt, before.receipt) == ("rc_2", "rc_1")
    assert ("chưa" in before.meaning.vi, "not" in before.meaning.en) == (False, False)


def test_an_event_of_a_later_version_is_shown_by_its_name():
    (entry,) = history_of([found("SomethingNew", "rc_1")])
    assert "SomethingNew" in entry.meaning.vi
    assert "SomethingNew" in entry.meaning.en


def test_the_months_of_a_span():
    assert months_between(datetime(2025, 11, 30, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)) == [
        "2025-11",
        "2025-12",
        "2026-01",
        "2026-02",
    ]
    assert months_between(AT, AT) == ["2026-11"]


def test_the_last_use_is_the_portals_not_the_persons():
    history = history_of([found("GrantRevoked", "rc_2", after=60), found("FormVerified", "rc_1")])
    assert last_use(history, "portal") == AT
    assert last_use(history, "another") is None
