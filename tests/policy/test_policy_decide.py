"""The decision: what it permits, what it refuses and by which rule, always as the table oracle says."""

import dataclasses
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy.bundle import PolicyBundle
from gateway.policy.decide import PortalFacts, ReleaseDecision, ReleaseRequest
from gateway.policy.engine import read_rules
from gateway.policy.failure import (
    AttributeNotPermitted,
    BasisNotHeld,
    ConsentMissing,
    ProcedureNotAllowed,
    QuestionIncomplete,
    RelationNotAllowed,
    UnknownProcedure,
)
from gateway.policy.procedure import Procedure
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.failure import Failure
from tests.policy.books import CT01, procedures, question, rehearsed, requests_about, served
from tests.policy.table_oracle import judge

APPLICANT = frozenset(
    [
        "full_name",
        "birth_date",
        "sex",
        "personal_number",
        "old_number",
        "phone",
        "email",
        "permanent_residence",
        "current_residence",
    ]
)
HEAD = frozenset({"head_name", "head_number", "head_relation"})


def test_the_form_of_the_person_themselves_is_permitted_whole() -> None:
    decision = served().decide(question(attributes=APPLICANT | HEAD))
    assert decision.decision == "permit"
    assert decision.permitted == APPLICANT | HEAD == served().procedures[CT01].attributes_for("self")
    assert decision.policy_ids == ("1.004222/applicant", "1.004222/head")
    assert decision.rules["full_name"] == ("1.004222/applicant",)
    assert decision.rules["head_name"] == ("1.004222/head",)
    assert decision.failure() is None


def test_what_the_form_does_not_need_is_refused_beside_what_it_needs() -> None:
    decision = served().decide(question(attributes=frozenset({"full_name", "religion", "full_nome"})))
    assert decision.decision == "partial"
    assert decision.permitted == {"full_name"}
    assert [(refused.attribute, refused.policy_ids) for refused in decision.refused] == [
        ("full_nome", ("guard/unknown-attribute",)),
        ("religion", ("guard/nothing-permits",)),
    ]
    assert all(refused.why["vi"] and refused.why["en"] for refused in decision.refused)
    failure = decision.failure()
    assert isinstance(failure, AttributeNotPermitted)
    assert failure.excess == ("full_nome", "religion")
    assert failure.http_status == 403


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"procedure": "1.00422"}, UnknownProcedure),
        ({"portal": PortalFacts(client_id="p", procedures=frozenset())}, ProcedureNotAllowed),
        ({"level": 1}, LevelTooLow),
        ({"level": None}, LevelTooLow),
        ({"basis": "consent"}, ConsentMissing),
        ({"basis": "contract"}, BasisNotHeld),
        ({"relation": "officer", "basis": "consent", "consent": True}, RelationNotAllowed),
        ({"relation": "guardian", "attributes": frozenset({"phone"})}, RelationNotAllowed),
        ({"basis": None}, QuestionIncomplete),
        ({"relation": None}, QuestionIncomplete),
        ({"level": 2**70}, QuestionIncomplete),
        ({"attributes": frozenset({"religion"})}, AttributeNotPermitted),
    ],
)
def test_each_refusal_is_a_failure_of_its_own(changes: dict[str, object], failure: type[Failure]) -> None:
    decision = served().decide(question(**changes))
    assert decision.decision == "deny"
    assert decision.permitted == frozenset()
    assert type(decision.failure()) is failure


def test_the_gravest_refusal_names_the_failure() -> None:
    stranger = PortalFacts(client_id="p", procedures=frozenset())
    decision = served().decide(question(portal=stranger, level=1, attributes=frozenset({"religion"})))
    assert isinstance(decision.failure(), ProcedureNotAllowed)
    assert decision.policy_ids == ("global/level", "global/portal-procedure", "global/sensitive-level")


def test_nothing_asked_is_nothing_permitted() -> None:
    decision = served().decide(question(attributes=frozenset()))
    assert (decision.decision, decision.permitted, decision.refused) == ("deny", frozenset(), ())
    assert isinstance(decision.failure(), QuestionIncomplete)
    unknown = served().decide(question(attributes=frozenset(), procedure="8.888888"))
    assert isinstance(unknown.failure(), UnknownProcedure)


def test_a_portal_gets_no_more_than_it_lists() -> None:
    narrow = PortalFacts(client_id="p", procedures=frozenset({CT01}), attributes=frozenset({"full_name", "religion"}))
    decision = served().decide(question(portal=narrow, attributes=APPLICANT))
    assert decision.permitted == {"full_name"}
    assert {refused.policy_ids for refused in decision.refused} == {("global/portal-attribute",)}
    assert served().excess([CT01], narrow.attributes or ()) == ("religion",)


def test_excess_of_a_seed_is_what_no_procedure_needs() -> None:
    assert served().excess([CT01], APPLICANT | HEAD) == ()
    assert served().excess([], ["full_name"]) == ("full_name",)
    assert served().excess([CT01], ["religion", "full_nome", "sex"]) == ("full_nome", "religion")
    with pytest.raises(UnknownProcedure, match=r"nearest is `1\.004222`"):
        served().excess(["1.004223"], [])


@pytest.mark.parametrize("absent", ["level", "basis", "relation"])
def test_an_absent_fact_refuses_everything(absent: str) -> None:
    decision = served().decide(question(attributes=APPLICANT, **{absent: None}))
    assert decision.decision == "deny"
    assert len(decision.refused) == len(APPLICANT)


def test_consent_nobody_mentions_is_no_consent() -> None:
    without = served().decide(question(basis="consent", consent=None))
    assert without.policy_ids == ("global/consent",)
    assert served().decide(question(basis="consent", consent=True)).decision == "permit"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests_about([CT01, "0.000001"]))
def test_the_engine_and_the_table_agree_on_the_book(request: ReleaseRequest) -> None:
    book = rehearsed()
    _agree(_bundle_of_the_rehearsed_book(), request, dict(book.procedures))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), procedure=procedures())
def test_the_engine_and_the_table_agree_on_any_book(data: st.DataObject, procedure: Procedure) -> None:
    book = dataclasses.replace(rehearsed(), procedures={procedure.code: procedure})
    bundle = PolicyBundle(book)
    for request in data.draw(st.lists(requests_about([procedure.code]), min_size=4, max_size=4)):
        _agree(bundle, request, {procedure.code: procedure})


def _agree(bundle: PolicyBundle, request: ReleaseRequest, known: dict[str, Procedure]) -> None:
    decision = bundle.decide(request)
    expected = {name: judge(known, bundle.attributes, request, name) for name in request.attributes}
    told = {name: ids for name, (may, ids) in expected.items() if may}
    refused = {name: ids for name, (may, ids) in expected.items() if not may}
    assert dict(decision.rules) == told
    assert {each.attribute: each.policy_ids for each in decision.refused} == refused
    assert decision.permitted == told.keys()
    assert decision.decision == ("deny" if not told else "partial" if refused else "permit")
    procedure = known.get(request.procedure)
    relation = request.relation
    if decision.permitted:
        assert procedure is not None
        assert relation in {"self", "guardian", "officer"}
        assert decision.permitted <= procedure.attributes_for(relation)  # type: ignore[arg-type]
    assert (decision.failure() is None) == (decision.decision == "permit")


def _bundle_of_the_rehearsed_book() -> PolicyBundle:
    return _kept.setdefault("bundle", PolicyBundle(rehearsed()))


_kept: dict[str, PolicyBundle] = {}


def test_a_rule_that_names_one_attribute_is_not_spread_over_its_like() -> None:
    rule = """
    @id("house/no-sex") @legal_basis("l") @legal_basis_en("l") @vi("v") @en("e") @failure("PF-007")
    forbid (principal is Portal, action == Action::"release", resource is Attribute)
    when { [Attribute::"sex", Attribute::"email"].contains(resource) };
    """
    book = rehearsed()
    bundle = PolicyBundle(dataclasses.replace(book, forbids=(*book.forbids, *read_rules(rule))))
    decision = bundle.decide(question(attributes=APPLICANT))
    assert {refused.attribute for refused in decision.refused} == {"sex", "email"}
    assert {refused.policy_ids for refused in decision.refused} == {("house/no-sex",)}


def test_a_rule_may_single_out_a_portal() -> None:
    rule = """
    @id("house/portal") @legal_basis("l") @legal_basis_en("l") @vi("v") @en("e") @failure("PF-002")
    forbid (principal == Portal::"blocked", action == Action::"release", resource is Attribute);
    """
    book = rehearsed()
    bundle = PolicyBundle(dataclasses.replace(book, forbids=(*book.forbids, *read_rules(rule))))
    blocked = PortalFacts(client_id="blocked", procedures=frozenset({CT01}))
    assert bundle.decide(question()).decision == "permit"
    assert bundle.decide(question(portal=blocked)).policy_ids == ("house/portal",)


def test_the_memory_answers_as_the_rules_do_and_is_bounded() -> None:
    bundle = PolicyBundle.load()
    limit = bundle.decide.cache_info().maxsize
    assert limit is not None
    for number in range(limit + 50):
        portal = PortalFacts(client_id=f"p{number}", procedures=frozenset({CT01}))
        request = question(portal=portal, level=1 + number % 2)
        assert bundle.decide(request).decision == ("deny", "permit")[number % 2]
    assert bundle.decide.cache_info().currsize == limit
    request = question()
    assert bundle.decide(request) is bundle.decide(dataclasses.replace(request))
    assert bundle.decide(request) == bundle.decide_afresh(request)


def test_nobody_can_write_into_a_remembered_decision() -> None:
    decision: ReleaseDecision = served().decide(question(attributes=frozenset({"full_name", "religion"})))
    with pytest.raises(TypeError):
        decision.rules["religion"] = ("made-up",)  # type: ignore[index]
    with pytest.raises(TypeError):
        decision.refused[0].why["vi"] = ""  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        decision.permitted = frozenset({"religion"})  # type: ignore[misc]


def test_a_remembered_decision_is_far_cheaper_than_a_fresh_one() -> None:
    bundle, request = PolicyBundle.load(), question(attributes=APPLICANT | HEAD)
    bundle.decide(request)

    def cost(ask: object, times: int) -> float:
        rounds = []
        for _ in range(5):
            start = time.process_time()
            for _ in range(times):
                ask(request)  # type: ignore[operator]
            rounds.append((time.process_time() - start) / times)
        return min(rounds)

    assert cost(bundle.decide, 2000) * 20 < cost(bundle.decide_afresh, 50)
