"""What evidence says of an assembled form: names, statuses and reasons, never a value."""

from typing import Any

from gateway.prefill.assemble import Assembled

_EMPTY = frozenset({"unavailable", "not_applicable", "withheld"})


def told_attributes(assembled: Assembled) -> tuple[str, ...]:
    """Return the names of what is told."""
    told = {envelope.attribute for envelope in assembled.fields.values() if envelope.value is not None}
    return tuple(sorted(filter(None, told)))


def outcome_members(assembled: Assembled) -> tuple[tuple[str, Any], ...]:
    """Return the members of an event about it: `outcomes`, the status of every attribute that was planned, by name, and
    `reasons`, the code of what left a register's attribute without a value: a register that said “empty” did answer."""
    outcomes: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for envelope in assembled.fields.values():
        attribute = envelope.attribute
        if attribute is None:
            continue
        outcomes[attribute] = status = envelope.status
        if status in _EMPTY and envelope.why is not None:
            reasons[attribute] = envelope.why.code
    return (("outcomes", outcomes), *((("reasons", reasons),) if reasons else ()))
