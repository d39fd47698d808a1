"""Acts of operators, each one commit: done alone, or put up for a second person and done when they agree."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gateway.cli.connection import opened_ring
from gateway.cli.operating import Operating, tell_of
from gateway.dossiers.unit_list import store_units
from gateway.dossiers.units import Unit, Units
from gateway.openid_provider.clients import Portal
from gateway.staff.approval import (
    OPEN_FOR,
    Approval,
    approval_address,
    approval_of,
    approval_record,
    decide,
    lapse,
)
from gateway.staff.event import (
    ApprovalAsked,
    ApprovalGiven,
    ApprovalLapsed,
    ApprovalRefused,
    ApprovalRejected,
    OperatorActed,
)
from gateway.staff.failure import ApprovalDecided, ApprovalExpired, ApprovalUnknown
from gateway.staff.free_text import keep_words, require_reason
from gateway.staff.roles import Operator, require_approver, require_role, wants_second
from gateway.tokens.keys import KeyRingChanged, KeyState, RingKey, With
from gateway.vocabulary.clock import SystemRandomness, text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Insert, Kind, RecordKey, Replace

Parameters = Mapping[str, Any]


class PortalExists(Failure):
    """A portal with this id is registered already."""

    code = "GW-9104"
    title = "portal exists already"
    http_status = 409
    vi = "Cổng với mã này đã được đăng ký."
    en = "A portal with this id is registered already."
    fix = "Choose another client id, or see `gate06 portal list`."


class PortalUnknown(Failure):
    """No portal with this id was registered by command; those of the settings are changed there."""

    code = "GW-9110"
    title = "portal unknown"
    http_status = 404
    vi = "Không có cổng nào với mã này được đăng ký bằng lệnh."
    en = "No command registered a portal with this id."
    fix = "See `gate06 portal list`; a portal whose origin is `settings` is changed in its file."


class PortalChanged(Failure):
    """The portal was changed or removed by somebody else since this change was asked for."""

    code = "GW-9108"
    title = "portal changed meanwhile"
    http_status = 409
    vi = "Cổng này vừa được thay đổi ở nơi khác."
    en = "The portal was changed elsewhere meanwhile."
    fix = "Look at `gate06 portal list`, then ask for the change again if it is still wanted."


async def rotate_key(desk: Operating, parameters: Parameters, with_it: With) -> RingKey:
    """Publish the next key of an algorithm. Raises KeyStepTooEarly, UnknownSigningKey, KeyRingChanged."""
    ring = await opened_ring(desk.settings, desk.storage)
    return await ring.rotate(parameters["alg"], desk.now(), force=parameters["force"], with_it=with_it)


async def retire_key(desk: Operating, parameters: Parameters, with_it: With) -> RingKey:
    """Take a key out of the key set. Raises KeyStepTooEarly, UnknownSigningKey, KeyRingChanged."""
    ring = await opened_ring(desk.settings, desk.storage)
    key = await ring.require_retirable(parameters["kid"], desk.now(), force=parameters["force"])
    if key.state(desk.now()) is KeyState.RETIRED:
        raise KeyRingChanged(f"`{key.kid}` is retired already")
    return await ring.retire(key.kid, desk.now(), force=parameters["force"], with_it=with_it)


async def add_portal(desk: Operating, parameters: Parameters, with_it: With) -> Portal:
    """Register a portal. Raises PortalExists."""
    portal = Portal.model_validate(parameters["portal"])
    changes = [Insert(portal.record()), *with_it.changes]
    if not (await desk.storage.store.commit(changes, with_it.events, now=desk.now())).done:
        raise PortalExists(f"`{portal.client_id}`")
    return portal


async def change_portal(desk: Operating, parameters: Parameters, with_it: With) -> Portal:
    """Replace a registered portal by what it shall be, if nobody changed it since. Raises PortalChanged."""
    portal = Portal.model_validate(parameters["portal"])
    (stored,) = await desk.storage.store.load(RecordKey(Kind.PORTAL, portal.client_id))
    if stored is None or stored.version != parameters["version"]:
        raise PortalChanged(f"`{portal.client_id}`")
    changed = portal.record(version=stored.version + 1)
    verdict = await desk.storage.store.commit([Replace(changed), *with_it.changes], with_it.events, now=desk.now())
    if not verdict.done:
        raise PortalChanged(f"`{portal.client_id}`")
    return portal


async def import_units(desk: Operating, parameters: Parameters, with_it: With) -> int:
    """Put a list of units in the place of the one before; return how many it holds."""
    units = Units.of(Unit.of(body) for body in parameters["units"])
    await store_units(desk.storage.store, units, with_it.events, now=desk.now())
    return len(units.all)


Act = Callable[[Operating, Parameters, With], Awaitable[Any]]
ACTS: Mapping[str, Act] = {
    "key.rotate": rotate_key,
    "key.retire": retire_key,
    "portal.add": add_portal,
    "portal.change": change_portal,
    "areas.import": import_units,
}


async def perform(
    desk: Operating, verb: str, about: str, parameters: Parameters, *, reason: str = ""
) -> tuple[Any, Approval | None]:
    """Do an act of this operator in one commit with its event, or put it up for approval.

    Return what the act returns, or None and the approval that waits. Raises RoleMissing, ReasonMissing,
    WordsNamePerson, and what the act raises.
    """
    role = require_role(desk.operator, verb)
    reason = keep_words(reason)
    if not wants_second(desk.operator, verb):
        event = await desk.tell(OperatorActed, outcome="done", verb=verb, object=about, role=role)
        return await ACTS[verb](desk, parameters, With(events=[event])), None
    now = desk.now()
    approval = Approval(
        id=f"ap_{text_token(SystemRandomness(), 96)}",
        verb=verb,
        object=about,
        parameters=parameters,
        reason=require_reason(reason),
        role=role,
        asked_by=desk.operator.reference,
        asked_name=desk.operator.name,
        asked_at=now,
        ends_at=now + OPEN_FOR,
    )
    event = await desk.tell(ApprovalAsked, outcome="waiting", verb=verb, object=about, role=role, approval=approval.id)
    await desk.storage.store.commit([Insert(approval_record(approval))], [event], now=now)
    return None, approval


async def load_approval(desk: Operating, approval_id: str) -> Approval:
    """Return an approval. Raises ApprovalUnknown."""
    (record,) = await desk.storage.store.load(approval_address(approval_id))
    if record is None:
        raise ApprovalUnknown(f"no approval `{approval_id}`")
    return approval_of(record)


async def approve(desk: Operating, approval_id: str, reason: str) -> Approval:
    """Agree to an act and do it, in one commit. Raises what `decide` and the act raise; a refusal is evidence, too."""
    approval = await load_approval(desk, approval_id)
    decided = await _decide(desk, approval, agree=True, reason=reason)
    second = require_approver(desk.operator, approval.verb)
    asker = Operator(reference=approval.asked_by, name=approval.asked_name, roles=(approval.role,))
    known = {"verb": approval.verb, "object": approval.object, "approval": approval.id}
    events = [
        await desk.tell(ApprovalGiven, outcome="approved", **known, role=second, second=approval.asked_by),
        await tell_of(
            desk.evidence,
            OperatorActed,
            asker,
            outcome="done",
            **known,
            role=approval.role,
            second=desk.operator.reference,
        ),
    ]
    with_it = With(changes=[Replace(approval_record(decided))], events=events)
    try:
        await ACTS[approval.verb](desk, approval.parameters, with_it)
    except Failure:
        if (await load_approval(desk, approval_id)).version != approval.version:
            raise await _refuse(desk, approval, ApprovalDecided(f"`{approval_id}` was decided meanwhile")) from None
        raise
    return decided


async def reject(desk: Operating, approval_id: str, reason: str) -> Approval:
    """Refuse an act. Raises what `decide` raises, ApprovalDecided when somebody was quicker."""
    approval = await load_approval(desk, approval_id)
    decided = await _decide(desk, approval, agree=False, reason=reason)
    event = await desk.tell(
        ApprovalRejected,
        outcome="rejected",
        verb=approval.verb,
        object=approval.object,
        approval=approval.id,
        role=require_approver(desk.operator, approval.verb),
        second=approval.asked_by,
    )
    verdict = await desk.storage.store.commit([Replace(approval_record(decided))], [event], now=desk.now())
    if not verdict.done:
        raise await _refuse(desk, approval, ApprovalDecided(f"`{approval_id}` was decided meanwhile"))
    return decided


async def settle_lapsed(desk: Operating, approvals: list[Approval]) -> list[Approval]:
    """Return the approvals with those whose time is over marked so, each with its event."""
    return [await _settle(desk, approval) if approval.lapsed(desk.now()) else approval for approval in approvals]


async def _settle(desk: Operating, approval: Approval) -> Approval:
    lapsed = lapse(approval)
    event = await desk.evidence.tell(
        ApprovalLapsed,
        outcome="expired",
        actor_kind="gateway",
        extra=(("verb", approval.verb), ("object", approval.object), ("approval", approval.id)),
    )
    await desk.storage.store.commit([Replace(approval_record(lapsed))], [event], now=desk.now())
    return await load_approval(desk, approval.id)


async def _decide(desk: Operating, approval: Approval, *, agree: bool, reason: str) -> Approval:
    try:
        return decide(approval, desk.operator, desk.now(), agree=agree, reason=reason)
    except ApprovalExpired as refused:
        if approval.lapsed(desk.now()):
            await _settle(desk, approval)
        raise await _refuse(desk, approval, refused) from None
    except Failure as refused:
        raise await _refuse(desk, approval, refused) from None


async def _refuse(desk: Operating, approval: Approval, refused: Failure) -> Failure:
    """Leave evidence that somebody tried to decide who may not, and return the refusal."""
    event = await desk.tell(
        ApprovalRefused, outcome=refused.code, verb=approval.verb, object=approval.object, approval=approval.id
    )
    await desk.storage.store.commit([], [event], now=desk.now())
    return refused
