"""The evidence of replaced secrets: by whom and which, by their names; nothing of a secret is ever told."""

from collections.abc import Sequence
from typing import Literal

from gateway.audit.record import Evidence
from gateway.connector_lifecycle.event import ConnectorCredentialsReplaced
from gateway.connector_lifecycle.steps import require_duty
from gateway.staff.roles import Operator
from gateway.vocabulary.store import StoredEvent

Swap = Literal["replaced", "restored"]


async def tell_swap(
    evidence: Evidence,
    operator: Operator,
    source: str,
    names: Sequence[str],
    outcome: Swap,
    *,
    unproven: Sequence[str] = (),
) -> StoredEvent:
    """Return the event of secrets that were replaced, or of those before that were taken back; `unproven` are those
    that no probe told from wrong ones. Raises RoleMissing."""
    role = require_duty(operator, "credentials")
    return await evidence.tell(
        ConnectorCredentialsReplaced,
        outcome=outcome,
        actor_kind="operator",
        actor_ref=operator.reference,
        connector=source,
        extra=(("references", list(names)), ("role", role), ("unproven", list(unproven))),
    )
