"""What `/v1/connectors` and `/v1/attributes` promise, made from the same models and tables that serve them."""

from collections.abc import Mapping
from typing import Any, get_args

from gateway.connector_lifecycle.endpoints import ONE
from gateway.connector_lifecycle.failure import (
    ApprovedByYou,
    ApproverPrepared,
    AttributeUnknown,
    ContentChanged,
    ManifestRefused,
    NotQuarantined,
    PackageUnnamed,
    ReleaseChanged,
    ReleaseUnknown,
    ReportRefused,
    StepMalformed,
    StepOutOfOrder,
    StepTooLarge,
    StillNeeded,
    VersionTaken,
    VersionTooSmall,
)
from gateway.connector_lifecycle.lifecycle import ACTIONS
from gateway.connector_lifecycle.orders import DraftOrder, ReasonOrder
from gateway.connector_lifecycle.release import STATES, StepName
from gateway.connector_lifecycle.steps import DUTIES
from gateway.connector_lifecycle.tier import TIERS
from gateway.connector_runtime.drift import Sign
from gateway.staff.failure import ReasonMissing, RoleMissing
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.operation import (
    BOTH_LANGUAGES,
    INSTANT,
    JSON,
    TEXT,
    answer,
    body,
    in_place,
    joined,
    parameter,
    problems,
    shape,
)
from gateway.vocabulary.store import StorageUnavailable

_STAFF: list[dict[str, list[str]]] = [{"staff_token": []}]
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_ALWAYS: tuple[type[Failure], ...] = (RoleMissing, StorageUnavailable)
_OF_STEP: Mapping[StepName, tuple[type[Failure], ...]] = {
    "test": (ReportRefused,),
    "submit": (VersionTooSmall, PackageUnnamed, ReasonMissing),
    "approve": (ApproverPrepared, ApprovedByYou, ContentChanged, PackageUnnamed),
    "reject": (ReasonMissing,),
    "publish": (ReportRefused, VersionTooSmall),
    "suspend": (ReasonMissing,),
    "resume": (ReasonMissing,),
    "retire": (StillNeeded, ReasonMissing),
}
_CONNECTOR = parameter("connector", TEXT, "the manifest's `id`", place="path", required=True)
_VERSION = parameter("version", TEXT, "the manifest's `version`", place="path", required=True)


def connector_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path."""
    row, whole = _release(), _whole_release()
    one = {"connector": TEXT, "versions": {"type": "array", "items": row}}
    listed = shape({"connectors": {"type": "array", "items": shape(one)}})
    paths = {
        "/v1/connectors": {
            "get": _look("Every connector with its versions", listed),
            "post": _draft(row),
        },
        "/v1/connectors/{connector}": {
            "get": _look("One connector with its versions", shape(one), [_CONNECTOR], ReleaseUnknown)
        },
        "/v1/connectors/{connector}/difference": {"get": _difference()},
        ONE: {"get": _look("One version: manifest, report, steps", whole, [_CONNECTOR, _VERSION], ReleaseUnknown)},
        f"{ONE}/impact": {"get": _look("Who would miss a version", _impact(), [_CONNECTOR, _VERSION], ReleaseUnknown)},
    }
    steps = {f"{ONE}/{name}": {"post": _step(name, row)} for name in ACTIONS}
    return paths | steps | _quarantines() | _catalogue()


def _look(
    summary: str, schema: dict[str, Any], parameters: list[dict[str, Any]] | None = None, *refused: type[Failure]
) -> dict[str, Any]:
    responses = joined({"200": answer("as it is stored now", {JSON: schema})}, problems(*refused, *_ALWAYS))
    operation: dict[str, Any] = {"summary": summary, "tags": ["connectors"], "security": _STAFF, "responses": responses}
    operation["description"] = _roles("read")
    return operation | ({"parameters": parameters} if parameters else {})


def _draft(row: dict[str, Any]) -> dict[str, Any]:
    refused = problems(StepMalformed, StepTooLarge, ManifestRefused, VersionTaken, ReleaseChanged, *_ALWAYS)
    return {
        "summary": "Hand in the manifest of a version; again as long as it is a draft",
        "description": _roles("draft"),
        "tags": ["connectors"],
        "security": _STAFF,
        "requestBody": body(JSON, in_place(DraftOrder.model_json_schema())),
        "responses": joined({"201": answer("drafted", {JSON: row})}, refused),
    }


def _step(name: StepName, row: dict[str, Any]) -> dict[str, Any]:
    action = ACTIONS[name]
    always = (StepMalformed, StepTooLarge, ReleaseUnknown, ReleaseChanged, StepOutOfOrder)
    return {
        "summary": action.summary,
        "description": _roles(name),
        "tags": ["connectors"],
        "security": _STAFF,
        "parameters": [_CONNECTOR, _VERSION],
        "requestBody": body(JSON, in_place(action.order.model_json_schema())),
        "responses": joined(
            {"200": answer("the version after the step", {JSON: row})}, problems(*always, *_OF_STEP[name], *_ALWAYS)
        ),
    }


def _quarantines() -> dict[str, dict[str, Any]]:
    row = shape(
        {
            "source": TEXT,
            "version": TEXT,
            "sign": {"enum": list(get_args(Sign))},
            "attribute": {**TEXT, "description": "what drifted; empty for answers as a whole"},
            "since": INSTANT,
        }
    )
    source = parameter("source", TEXT, "the connector's table in the settings", place="path", required=True)
    refused = problems(StepMalformed, StepTooLarge, ReasonMissing, NotQuarantined, ReleaseChanged, *_ALWAYS)
    release = {
        "summary": "End a quarantine: the answers were looked at and are in order",
        "description": _roles("release"),
        "tags": ["connectors"],
        "security": _STAFF,
        "parameters": [source],
        "requestBody": body(JSON, in_place(ReasonOrder.model_json_schema())),
        "responses": joined({"200": answer("asked again within two seconds", {JSON: row})}, refused),
    }
    listed = shape({"quarantines": {"type": "array", "items": row}})
    return {
        "/v1/quarantines": {"get": _look("Sources that are not asked because their answers drifted", listed)},
        "/v1/quarantines/{source}/release": {"post": release},
    }


def _difference() -> dict[str, Any]:
    bump = {"enum": ["none", "patch", "minor", "major"]}
    both = shape({"before": TEXT, "after": TEXT})
    change = shape(
        {
            "place": TEXT,
            "change": {"enum": ["added", "removed", "changed", "renamed"]},
            "before": TEXT,
            "after": TEXT,
            "needs": bump,
        }
    )
    told = shape(
        {
            "connector": TEXT,
            "from": TEXT,
            "to": TEXT,
            "minimum_bump": bump,
            "differences": {"type": "array", "items": change},
            "proofs": shape({"asks": both, "about": both, "auth": both, "limits": both}),
        }
    )
    asked = [parameter(name, TEXT, "a version", required=True) for name in ("from", "to")]
    return _look("How two versions differ", told, [_CONNECTOR, *asked], ReleaseUnknown, StepMalformed)


def _release() -> dict[str, Any]:
    trial = shape(
        {
            "share": {"type": "integer", "description": "percent"},
            "until": {**INSTANT, "description": "not settled before"},
            "prolonged_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "since when it goes on for want of good answers",
            },
        }
    )
    return shape(
        {
            "connector": TEXT,
            "version": TEXT,
            "kind": TEXT,
            "state": {"enum": list(STATES)},
            "tier": {
                "enum": [*TIERS, None],
                "description": "reached in the exam; null when none is told",
            },
            "name": BOTH_LANGUAGES,
            "owner": TEXT,
            "package": {**_MAYBE_TEXT, "description": "`name==version` whose code a code connector runs"},
            "package_sha256": {**_MAYBE_TEXT, "description": "of that package's files, as they were examined"},
            "manifest_sha256": _DIGEST,
            "report_sha256": {**_MAYBE_TEXT, "description": "of the report's RFC 8785 form"},
            "approvals": _COUNT,
            "approvals_needed": _COUNT,
            "trial": {"anyOf": [trial, {"type": "null"}]},
            "notice": {"anyOf": [BOTH_LANGUAGES, {"type": "null"}]},
            "retires_on": {"type": ["string", "null"], "format": "date"},
            "back_until": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "until when a version that was superseded can be resumed",
            },
        }
    )


def _whole_release() -> dict[str, Any]:
    step = shape(
        {"step": TEXT, "by": TEXT, "name": TEXT, "role": _MAYBE_TEXT, "at": INSTANT, "reason": TEXT},
    )
    whole = _release()
    report = {"type": ["object", "null"], "additionalProperties": True}
    further = {"steps": {"type": "array", "items": step}, "manifest": TEXT, "report": report}
    return {**whole, "properties": whole["properties"] | further, "required": [*whole["required"], *further]}


def _impact() -> dict[str, Any]:
    field = shape(
        {
            "procedure": TEXT,
            "title": BOTH_LANGUAGES,
            "field": TEXT,
            "attribute": TEXT,
            "only_source": {"type": "boolean"},
        }
    )
    portal = shape({"client_id": TEXT, "name": BOTH_LANGUAGES, "procedures": {"type": "array", "items": TEXT}})
    return shape(
        {
            "sources": {"type": "array", "items": TEXT},
            "last_used": {"type": ["string", "null"], "format": "date"},
            "fields": {"type": "array", "items": field},
            "portals": {"type": "array", "items": portal},
        }
    )


def _catalogue() -> dict[str, dict[str, Any]]:
    freshness = shape({"asked": {"enum": ["at_each_form", "when_declared"]}, "kept_seconds": _COUNT})
    source = shape(
        {
            "id": TEXT,
            "label": BOTH_LANGUAGES,
            "connected": {"type": "boolean"},
            "version": _MAYBE_TEXT,
            "owner": _MAYBE_TEXT,
            "legal_basis": {"type": "array", "items": TEXT},
            "purposes": {"type": "array", "items": TEXT},
            "freshness": freshness,
            "answers": {"type": ["integer", "null"], "description": "of the last 30 days; null below five"},
            "filled_percent": {"type": ["integer", "null"], "description": "how many of a hundred answers had a value"},
        }
    )
    correction = shape({"vi": TEXT, "en": TEXT, "url": TEXT})
    attribute = shape(
        {
            "id": TEXT,
            "domain": TEXT,
            "label": BOTH_LANGUAGES,
            "type": TEXT,
            "sensitivity": {"enum": ["basic", "sensitive"]},
            "authority": BOTH_LANGUAGES,
            "self_declared": {"type": "boolean"},
            "correction": correction,
            "sources": {"type": "array", "items": source},
            "procedures": {"type": "array", "items": shape({"code": TEXT, "title": BOTH_LANGUAGES})},
        }
    )
    listed = shape({"attributes": {"type": "array", "items": attribute}})
    name = parameter("attribute", TEXT, "an id of the catalogue", place="path", required=True)
    return {
        "/v1/attributes": {"get": _public("The catalogue of attributes", listed)},
        "/v1/attributes/{attribute}": {"get": _public("One attribute", attribute, [name], AttributeUnknown)},
    }


def _public(
    summary: str, schema: dict[str, Any], parameters: list[dict[str, Any]] | None = None, *refused: type[Failure]
) -> dict[str, Any]:
    responses = joined({"200": answer("at most a minute old", {JSON: schema})}, problems(*refused, StorageUnavailable))
    operation: dict[str, Any] = {"summary": summary, "tags": ["catalogue"], "security": [], "responses": responses}
    return operation | ({"parameters": parameters} if parameters else {})


def _roles(verb: str) -> str:
    named = ", ".join(f"`{role}`" for role in DUTIES[verb])
    return f"for members of staff with the scope `operate` and one of the roles {named}"
