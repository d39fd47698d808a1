"""A submitted form against its manifest: per field intact, changed, withheld or unknown, and nothing to guess with.

Each comparison is evidence. An answer that holds a `changed` is counted with the manifest, by compare-and-swap in
the commit that stores its event; when the count is full nothing more is compared with it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from gateway.audit.event import FormVerified
from gateway.prefill.bearer import Bearer
from gateway.prefill.failure import EvidenceNotStored, VerifyThrottled
from gateway.prefill.house import Prefill
from gateway.prefill.manifest import (
    OTHER,
    FieldState,
    ManifestCheck,
    check_manifest,
    compare_field,
    manifest_purpose,
    other_manifest,
)
from gateway.vocabulary.store import (
    Change,
    CitizenErased,
    Kind,
    Outcome,
    Record,
    RecordKey,
    Replace,
    StorageUnavailable,
    StoredEvent,
)

_TRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """A portal's question. `expected` are members the manifest has to say the same of (procedure, dossier, …)."""

    bearer: Bearer
    manifest: str
    values: Mapping[str, Any]
    expected: Mapping[str, str]
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer. `missing` names fields the manifest vouches for that were not submitted at all."""

    check: ManifestCheck
    fields: Mapping[str, FieldState]
    missing: tuple[str, ...]
    receipt: str

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it; what the manifest is about only when it is valid."""
        about = {name: self.check.claims.get(name) for name in ("form", "procedure", "form_version", "dossier", "sub")}
        return {
            "manifest": self.check.state,
            "rule": self.check.rule,
            **about,
            "fields": dict(self.fields),
            "missing": list(self.missing),
            "receipt": self.receipt,
        }


async def verify_form(request: VerifyRequest, house: Prefill) -> Verification:
    """Compare. Raises VerifyThrottled, or EvidenceNotStored when the event cannot be stored."""
    check = judge_manifest(request, house, house.desk.clock.now())
    if check.state != "valid":
        return await _answer_unread(request, check, house)
    for _ in range(_TRIES):
        answer = await _compare(request, check, house)
        if answer is not None:
            return answer
    raise EvidenceNotStored(operator_detail="the manifest's record kept changing")


def judge_manifest(request: VerifyRequest, house: Prefill, now: datetime) -> ManifestCheck:
    """Check the manifest and whose it is: the caller's own, or of a client the caller verifies for."""
    check = check_manifest(request.manifest, house.signer, now=now, issuer=house.figures.issuer)
    if check.state != "valid":
        return check
    if check.claims["aud"] not in {request.bearer.client_id, *request.bearer.verifies}:
        return ManifestCheck("foreign", "aud")
    for name, wanted in request.expected.items():
        if check.claims.get(name) != wanted:
            return ManifestCheck("foreign", name)
    return check


async def _answer_unread(request: VerifyRequest, check: ManifestCheck, house: Prefill) -> Verification:
    """Nothing of a manifest that is not valid here is compared; that it was asked about is evidence all the same."""
    fields: dict[str, FieldState] = dict.fromkeys(request.values, "unknown")
    event = await _tell(request, check, fields, None, house)
    await _commit(house, [], event)
    return Verification(check=check, fields=fields, missing=(), receipt=event.receipt)


async def _compare(request: VerifyRequest, check: ManifestCheck, house: Prefill) -> Verification | None:
    """Compare and count in one commit; None when somebody else counted in between."""
    told = check.claims["fields"]
    sides = await _load_sides(check.claims["jti"], told, house)
    if not sides:
        return await _answer_unread(request, ManifestCheck("invalid", "key"), house)
    if any(side.record.body["changed"] >= house.figures.changed_limit for side in sides.values()):
        raise _throttled(check, house.desk.clock.now())
    fields = {name: _compare_one(name, told.get(name), value, sides) for name, value in request.values.items()}
    event = await _tell(request, check, fields, next(iter(sides.values())).record.subject, house)
    changed = "changed" in fields.values()
    changes: list[Change] = [Replace(_counted(side.record)) for side in sides.values()] if changed else []
    if not await _commit(house, changes, event):
        return None
    missing = tuple(
        name for name, said in told.items() if "tag" in said and said.get("key") in sides and name not in request.values
    )
    return Verification(check=check, fields=fields, missing=missing, receipt=event.receipt)


class _Side(NamedTuple):
    """One person's side of a manifest: its record, and the key their tags are made with."""

    record: Record
    key: bytes


async def _load_sides(jti: str, told: Mapping[str, Any], house: Prefill) -> dict[str | None, _Side]:
    """Return the sides that can still be compared, the person's own (None) first; who was erased has none."""
    names: dict[str | None, str] = {None: jti}
    if any(said.get("key") == OTHER for said in told.values()):
        names[OTHER] = other_manifest(jti)
    records = await house.desk.store.load(*(RecordKey(Kind.MANIFEST_KEY, name) for name in names.values()))
    sides: dict[str | None, _Side] = {}
    for (whose, name), record in zip(names.items(), records, strict=True):
        if record is not None and record.subject is not None:
            with suppress(CitizenErased):
                sides[whose] = _Side(record, await house.desk.keys.derive(record.subject, manifest_purpose(name)))
    return sides


def _compare_one(
    name: str, told: Mapping[str, Any] | None, value: Any, sides: Mapping[str | None, _Side]
) -> FieldState:
    """Compare a value on the side of whom it is about; where that person was erased it is known no more."""
    if told is None or "tag" not in told:
        return compare_field(name, told, value, b"")
    side = sides.get(told.get("key"))
    return "unknown" if side is None else compare_field(name, told, value, side.key)


def _counted(record: Record) -> Record:
    body = {**record.body, "changed": record.body["changed"] + 1}
    return replace(record, body=body, version=record.version + 1)


def _throttled(check: ManifestCheck, now: datetime) -> VerifyThrottled:
    left: timedelta = datetime.fromtimestamp(check.claims["exp"], UTC) - now
    seconds = max(1, int(left.total_seconds()))
    return VerifyThrottled(retry_after=seconds)


async def _tell(
    request: VerifyRequest,
    check: ManifestCheck,
    fields: Mapping[str, FieldState],
    citizen_id: str | None,
    house: Prefill,
) -> StoredEvent:
    outcome = "changed" if "changed" in fields.values() else "intact"
    return await house.desk.evidence.tell(
        FormVerified,
        outcome=outcome if check.state == "valid" else check.state,
        actor_kind="portal",
        actor_ref=request.bearer.client_id,
        citizen_id=citizen_id,
        portal=request.bearer.client_id,
        procedure=check.claims.get("procedure"),
        dossier=check.claims.get("dossier"),
        trace_id=request.trace_id,
        extra=(
            ("manifest", check.claims.get("jti")),
            ("rule", check.rule),
            ("fields", {name: state for name, state in fields.items() if name in check.claims.get("fields", {})}),
        ),
    )


async def _commit(house: Prefill, changes: list[Change], event: StoredEvent) -> bool:
    try:
        verdict = await house.desk.store.commit(changes, [event], now=house.desk.clock.now())
    except StorageUnavailable as trouble:
        raise EvidenceNotStored(operator_detail=trouble.operator_detail) from trouble
    if verdict.outcome is Outcome.CHANGED:
        return False
    if not verdict.done:
        raise EvidenceNotStored(operator_detail=f"the commit ended `{verdict.outcome}`")
    return True
