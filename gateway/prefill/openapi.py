"""What the routes of prefill promise, as OpenAPI 3.1 path items; `application` puts them into `/openapi.json`.

Requests come from the models that read them; the test of the endpoints holds every answer against these schemas.
"""

from typing import Any, get_args

from gateway.prefill.envelope import Status
from gateway.prefill.manifest import FieldState, ManifestState
from gateway.prefill.wire import PrefillBody, VerifyBody
from gateway.vocabulary.operation import PATIENCE, in_place, named
from gateway.vocabulary.purpose import RELATIONS

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_WORDS = {"type": "object", "properties": {"vi": _TEXT, "en": _TEXT}, "required": ["vi"]}
_IDS = {"type": "array", "items": _TEXT}
_UNIT = {"type": ["object", "null"], "properties": {"code": _TEXT, "name": _MAYBE_TEXT}, "required": ["code"]}
_UNAVAILABLE = "PF-107: the evidence could not be stored, nothing was asked or told; GW-9002: the store does not answer"
_UNCHECKED = (
    f"{_UNAVAILABLE}; PF-113: the source that shows who represents a minor did not answer; "
    "PF-128: no source could say whose an old number is"
)
_CHALLENGED = (
    "no token, or the token is not valid; GW-1606: the sign-in is older than the procedure allows, and "
    "`WWW-Authenticate` names the `max_age` of the next one"
)
_ERASED = "GW-1303: the citizen's records were erased while the request was under way"
_NOT_PERMITTED = (
    "PF-103: no citizen behind the token; PF-104: the session has ended; PF-105: procedure not in the token's scope; "
    "PF-106: dossier not named at sign-in; "
    "PF-131 to PF-133: the consent was withdrawn, expired or superseded; "
    "PF-116: the officer's sign-in gives no code that registers know; "
    "GW-1203: account level too low; PF-002 to PF-007: refused by policy; "
    "PF-112: the registers do not show whom the citizen may represent; "
    "PF-127: no register names one person by the old number"
)


def prefill_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path, true to every status the routes answer."""
    refusals = {
        400: _problem("PF-102: malformed request, `reason` names each member"),
        401: _problem(_CHALLENGED),
        410: _problem(_ERASED),
        413: _problem("PF-111: body too large"),
        415: _problem("PF-115: the body is not declared as `application/json`"),
        503: _problem(_UNCHECKED, wait=True),
    }
    forbidden = _problem(_NOT_PERMITTED)
    unknown = _problem("PF-108: no such form for this citizen and client, or its ten minutes are over")
    form_id = {"name": "form_id", "in": "path", "required": True, "schema": _TEXT}
    filled = _json("the filled form; fields in trouble say why", form_schema())
    return {
        "/v1/prefill": {
            "post": _operation(
                "Fill a form for the citizen who signed in",
                {
                    200: filled,
                    **refusals,
                    403: forbidden,
                    404: _problem("PF-001: unknown procedure"),
                    429: _problem("PF-114: too many refusals of PF-112 for this person today"),
                },
                body=in_place(PrefillBody.model_json_schema()),
            )
        },
        "/v1/prefill/{form_id}": {
            "get": _operation(
                "The whole form again, with what came late, under a new manifest",
                {200: filled, 401: refusals[401], 403: forbidden, 404: unknown, 410: refusals[410], 503: refusals[503]},
                parameters=[form_id],
            )
        },
        "/v1/prefill/verify": {
            "post": _operation(
                "Compare a submitted form with its manifest",
                {
                    200: _json("per field intact, changed, withheld or unknown", verification_schema()),
                    **refusals,
                    403: _problem("PF-119: a citizen's token; a token of the portal itself is wanted"),
                    429: _problem("PF-110: 20 answers with a changed value were given for this manifest", wait=True),
                },
                body=VerifyBody.model_json_schema(),
            )
        },
    }


def form_schema() -> dict[str, Any]:
    """Return the schema of a filled form (design.md §15)."""
    members = {
        "id": {"type": "string", "pattern": "^pf_"},
        "procedure": _TEXT,
        "form_version": _TEXT,
        "subject": _TEXT,
        "dossier": _MAYBE_TEXT,
        "relation": {"enum": list(RELATIONS)},
        "issued_at": _TIME,
        "expires_at": _TIME,
        "complete": {"type": "boolean"},
        "fields": {"type": "object", "additionalProperties": envelope_schema()},
        "manifest": _TEXT,
        "receipt": {"type": "string", "pattern": "^rc_"},
        "late": _IDS,
        "slip": {"type": "string", "format": "uri"},
    }
    consent = _object({"id": _TEXT, "page": {"type": "string", "format": "uri"}}, ("id", "page"))
    asked = {"question": _WORDS, "answer": {"type": ["boolean", "null"]}, "sex": {"enum": ["male", "female"]}}
    question = _object(asked, ("question", "answer"))
    conditions = {"type": "object", "additionalProperties": question}
    return _object({**members, "consent": consent, "conditions": conditions}, tuple(members))


def envelope_schema() -> dict[str, Any]:
    """Return the schema of one field's envelope."""
    why = _object({"code": _TEXT, "vi": _TEXT, "en": _TEXT, "retry_after": {"type": "integer"}}, ("code", "vi", "en"))
    members = {
        "status": {"enum": list(get_args(Status))},
        "value": {"anyOf": [_MAYBE_TEXT, address_schema()]},
        "display": _WORDS,
        "source": _TEXT,
        "source_label": _WORDS,
        "as_of": {"type": "string", "format": "date"},
        "retrieved_at": _TIME,
        "precision": {"enum": ["year", "month", "day"]},
        "lock": {"enum": ["locked", "confirm", "editable"]},
        "rule": _TEXT,
        "why": why,
        "correction": {"type": "string", "format": "uri"},
    }
    needed = ("status", "value", "lock", "rule")
    rivals = {"type": "array", "items": _object(dict(members), needed), "description": "what each source says"}
    return _object({**members, "conflict": rivals}, needed)


def address_schema() -> dict[str, Any]:
    """Return the schema of an address; its codes mean nothing without `scheme`."""
    candidate = _object(
        {"scheme": {"const": "post2025"}, "province": _UNIT, "commune": _UNIT}, ("scheme", "province", "commune")
    )
    members = {
        "scheme": {"enum": ["pre2025", "post2025"]},
        "province": _UNIT,
        "district": _UNIT,
        "commune": _UNIT,
        "detail": _TEXT,
        "as_received": _TEXT,
        "candidates": {"type": "array", "items": candidate},
        "country": _TEXT,
    }
    return _object(members, ("scheme", "province", "district", "commune", "detail", "as_received"))


def verification_schema() -> dict[str, Any]:
    """Return the schema of a verification's answer."""
    members = {
        "manifest": {"enum": list(get_args(ManifestState))},
        "rule": _MAYBE_TEXT,
        "form": _MAYBE_TEXT,
        "procedure": _MAYBE_TEXT,
        "form_version": _MAYBE_TEXT,
        "dossier": _MAYBE_TEXT,
        "sub": _MAYBE_TEXT,
        "fields": {"type": "object", "additionalProperties": {"enum": list(get_args(FieldState))}},
        "missing": _IDS,
        "receipt": _TEXT,
    }
    return _object(members, tuple(members))


def _operation(
    summary: str,
    answers: dict[int, dict[str, Any]],
    *,
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": ["prefill"],
        "responses": {str(status): answers[status] for status in sorted(answers)},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters is not None:
        operation["parameters"] = parameters
    return operation


def _object(members: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(required)}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problem(description: str, *, wait: bool = False) -> dict[str, Any]:
    told = {"description": description, "content": {"application/problem+json": {"schema": named("Problem")}}}
    return told | ({"headers": PATIENCE} if wait else {})
