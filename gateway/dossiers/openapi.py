"""What the routes of dossiers promise, as OpenAPI 3.1 path items; `application` puts them into `/openapi.json`."""

from collections.abc import Mapping
from typing import Any

from gateway.dossiers.cloud_event import BATCH, STRUCTURED
from gateway.dossiers.failure import (
    DossierBusy,
    DossierNotShown,
    DossierScopeMissing,
    MediaTypeUnknown,
    MessageMalformed,
    MessageTooLarge,
    TrackingMalformed,
)
from gateway.dossiers.intake import AT_ONCE
from gateway.dossiers.message import SERVICES
from gateway.dossiers.statement import EVENT_KINDS, TYPE_PREFIX
from gateway.vocabulary.operation import BOTH_LANGUAGES, INSTANT, JSON, TEXT, answer, joined, problems, shape
from gateway.vocabulary.store import StorageUnavailable

_COUNT = {"type": "integer", "minimum": 0}
_MEMBERS = {
    "type": "object",
    "description": "members of the national message, as docs/dossiers.md lists them; others are not read",
    "properties": {"MaHoSo": {"type": "string", "examples": ["H55.19-230601-0001"]}},
    "required": ["MaHoSo"],
}


def dossier_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path, true to every status the routes answer."""
    refusals = problems(
        *(MessageMalformed, DossierScopeMissing, MessageTooLarge, MediaTypeUnknown, DossierBusy, StorageUnavailable)
    )
    event = event_schema()
    taken = taken_schema()
    batch = {"type": "array", "items": event, "maxItems": AT_ONCE}
    return {
        **tracking_operations(),
        "/v1/dossiers/events": {
            "post": {
                "summary": "Tell what happened to dossiers (CloudEvents 1.0: structured, batch or binary)",
                "tags": ["dossiers"],
                "requestBody": {
                    "required": True,
                    "content": {
                        STRUCTURED: {"schema": event},
                        BATCH: {"schema": batch},
                        JSON: {"schema": {**_MEMBERS, "description": "binary: attributes come in `ce-` headers"}},
                    },
                },
                "responses": joined(
                    {"202": answer("each event taken, known already, or not taken", _json(taken))}, refusals
                ),
            }
        },
        "/v1/dossiers/sync": {
            "post": {
                "summary": "Tell of dossiers by the national hub's message",
                "tags": ["dossiers"],
                "requestBody": {"required": True, "content": {JSON: {"schema": message_schema()}}},
                "responses": joined(
                    {"200": answer("as the hub answers, and as events are", _json(_hub(taken)))}, refusals
                ),
            }
        },
    }


def tracking_operations() -> dict[str, dict[str, Any]]:
    """Return the path item of public progress."""
    refusals = problems(
        *(MessageMalformed, TrackingMalformed, DossierNotShown, MessageTooLarge, MediaTypeUnknown, StorageUnavailable)
    )
    question = shape({"code": TEXT, "check": {"type": "string", "pattern": "^[0-9]{4}$"}})
    return {
        "/v1/tracking": {
            "post": {
                "summary": "How far a dossier is, by its number and the last four digits of its owner's number",
                "tags": ["dossiers"],
                "security": [],
                "requestBody": {"required": True, "content": {JSON: {"schema": question}}},
                "responses": joined(
                    {"200": answer("nothing of its owner is in it", _json(progress_schema()))}, refusals
                ),
            }
        }
    }


def progress_schema() -> dict[str, Any]:
    """Return the schema of a dossier's progress."""
    moment = {"anyOf": [INSTANT, {"type": "null"}]}
    maybe_text = {"type": ["string", "null"]}
    name = {"anyOf": [{"type": "object", "additionalProperties": TEXT}, {"type": "null"}]}
    office = {"anyOf": [shape({"code": TEXT, "name": name}), {"type": "null"}]}
    said = {"status": {"type": "integer", "minimum": 1, "maximum": 10}, "words": BOTH_LANGUAGES}
    times = ("filed_at", "received_at", "due_at", "ended_at", "wanted_by")
    return shape(
        {
            "code": TEXT,
            "procedure": maybe_text,
            "status": {"anyOf": [shape(said), {"type": "null"}]},
            "office": office,
            **dict.fromkeys(times, moment),
            "papers_wanted": {"type": "boolean"},
            "has_electronic_result": {"type": "boolean"},
            "timeline": {"type": "array", "items": shape({**said, "at": INSTANT, "office": office})},
            "updated_at": INSTANT,
        }
    )


def event_schema() -> dict[str, Any]:
    """Return the schema of a structured event."""
    return shape(
        {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "maxLength": 200},
            "source": {"type": "string", "maxLength": 256},
            "type": {"enum": [TYPE_PREFIX + kind for kind in EVENT_KINDS]},
            "time": {"type": "string", "format": "date-time"},
            "data": _MEMBERS,
        }
    )


def message_schema() -> dict[str, Any]:
    """Return the schema of a national message."""
    members = {
        "service": {"enum": list(SERVICES), "default": "DongBoHoSoMC"},
        "isUpdating": {"description": "not looked at: a dossier that is known already is updated"},
        "data": {"type": "array", "items": _MEMBERS, "maxItems": AT_ONCE},
    }
    return shape(members, required=["data"])


def taken_schema() -> dict[str, Any]:
    """Return the schema of what a message came to."""
    identity = {"type": ["string", "null"], "description": "the event's id, or the dossier's code; null without one"}
    rejected = shape({"id": identity, "code": {"type": "string", "pattern": "^DS-[0-9]{3}$"}, "reason": TEXT})
    return shape(
        {
            "accepted": _COUNT,
            "duplicate": _COUNT,
            "rejected": {"type": "array", "items": rejected},
            "receipt": {"type": ["string", "null"], "description": "`rc_…` of the event; null when nothing was new"},
        }
    )


def _hub(taken: Mapping[str, Any]) -> dict[str, Any]:
    said = {"error_code": {"enum": ["0", "-1"]}, "message": TEXT}
    return shape({**said, **taken["properties"]})


def _json(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {JSON: schema}
