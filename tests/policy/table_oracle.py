"""A second opinion on every decision: sixty lines of plain table reading, without Cedar, without grouping.

It reads the procedure's own fields and repeats the cross-procedure rules in Python. Where it and the engine
differ, one of the two is wrong.
"""

from collections.abc import Mapping

from gateway.policy.catalogue import Attribute
from gateway.policy.decide import ReleaseRequest
from gateway.policy.procedure import Procedure


def judge(
    procedures: Mapping[str, Procedure], attributes: Mapping[str, Attribute], request: ReleaseRequest, name: str
) -> tuple[bool, tuple[str, ...]]:
    """Return whether the portal may have the attribute, and the ids that decide."""
    procedure = procedures.get(request.procedure)
    if procedure is None:
        return False, ("guard/unknown-procedure",)
    if name not in attributes:
        return False, ("guard/unknown-attribute",)
    if request.level is None:
        return False, ("guard/no-level",)
    if request.basis is None or request.relation is None:
        return False, ("guard/incomplete",)
    forbids = _forbids(procedure, attributes[name], request, request.level)
    if forbids:
        return False, tuple(sorted(forbids))
    permits = _permits(procedure, request, name)
    return (True, tuple(sorted(permits))) if permits else (False, ("guard/nothing-permits",))


def _forbids(procedure: Procedure, attribute: Attribute, request: ReleaseRequest, level: int) -> list[str]:
    sensitive = attribute.sensitivity == "sensitive"
    listed = request.portal.attributes
    rules = {
        "global/portal-procedure": procedure.code not in request.portal.procedures,
        "global/portal-attribute": listed is not None and attribute.id not in listed,
        "global/level": level < procedure.minimum_level,
        "global/basis": request.basis not in {procedure.basis, "consent"},
        "global/consent": request.basis == "consent" and not request.consent,
        "global/sensitive-basis": sensitive and request.basis not in {"law", "consent"},
        "global/sensitive-level": sensitive and level < 2,
        "global/guardian-sensitive": sensitive and request.relation == "guardian",
        "global/officer-basis": request.relation == "officer" and request.basis != "law",
        "global/own-profile": attribute.self_declared and request.relation != "self",
    }
    return [rule for rule, fires in rules.items() if fires]


def _permits(procedure: Procedure, request: ReleaseRequest, name: str) -> set[str]:
    suffix = "" if request.relation == "self" else f".{request.relation}"
    return {
        f"{procedure.code}/{field.id.split('.')[0]}{suffix}"
        for field in procedure.fields
        for fill in field.fill
        if fill.attribute == name and request.relation in fill.relations and field.party == request.party
    }
