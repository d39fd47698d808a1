"""What a portal answers to the conditions of a form: facts that only the person knows, such as whether they move.

A yes lets a field be filled without a reservation, a no leaves it to the person and its attributes unasked, silence
leaves it as the procedure says. An answer is about whoever the form is about, never about its other party, and opens
nothing that the rules do not permit anyway. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from gateway.prefill.failure import RequestMalformed
from gateway.prefill.plan import Plan, PlannedField, asked_condition

Answers = Mapping[str, bool]


def answer_conditions(plan: Plan, answers: Answers) -> Plan:
    """Return the plan as the answers leave it. Raises RequestMalformed for a condition the form does not have."""
    if not answers:
        return plan
    known = {condition.id for condition in plan.procedure.conditions}
    if not known.issuperset(answers):
        listed = ", ".join(f"`{name}`" for name in sorted(known)) or "none"
        raise RequestMalformed(f"`conditions`: names one that this procedure does not have; it has {listed}")
    fields = tuple(one if one.waits is not None else _answer(one, answers) for one in plan.fields)
    filled = [one for one in fields if one.waits is None]
    needed: dict[str, set[str]] = {}
    for one in filled:
        for way in one.ways:
            needed.setdefault(way.source, set()).add(way.attribute)
    asked_of = {source: names & (plan.guards | needed.get(source, set())) for source, names in plan.asked_of.items()}
    return replace(
        plan,
        fields=fields,
        attributes=plan.guards.union(*needed.values()),
        asked_of={source: names for source, names in asked_of.items() if names},
        checks=plan.checks if _depends_on_sex(filled) else _without_sex(plan.checks),
        answered=tuple(sorted(answers)),
    )


def open_conditions(plan: Plan, answers: Answers) -> Mapping[str, Mapping[str, Any]]:
    """Return the conditions that decide about a field of this form, by id: the question and the answer, if any."""
    if not answers and not plan.closed:
        return plan.asks
    ways = [way for one in plan.fields if one.waits is None and one.id not in plan.closed for way in one.ways]
    deciding = {way.condition.id for way in ways if way.condition is not None} | answers.keys()
    return {
        one.id: asked_condition(one, answers.get(one.id)) for one in plan.procedure.conditions if one.id in deciding
    }


def _answer(field: PlannedField, answers: Answers) -> PlannedField:
    if not any(way.condition is not None and way.condition.id in answers for way in field.ways):
        return field
    ways = tuple(
        way if way.condition is None else way._replace(answered=answers.get(way.condition.id, False))
        for way in field.ways
        if way.condition is None or answers.get(way.condition.id, True)
    )
    return replace(field, ways=ways)


def _depends_on_sex(fields: Iterable[PlannedField]) -> bool:
    return any(way.condition is not None and way.condition.sex for one in fields for way in one.ways)


def _without_sex(checks: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    left = {source: names - {"sex"} for source, names in checks.items()}
    return {source: names for source, names in left.items() if names}
