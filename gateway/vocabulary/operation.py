"""Pieces of an OpenAPI 3.1 document: every floor describes its own operations with them, `application` joins them.

A status that refuses is described by the failure classes behind it, so a class that changes its status or its code
changes the document too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.vocabulary.failure import Failure

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
JWT = "application/jwt"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"

Responses = dict[str, dict[str, Any]]

TEXT: Mapping[str, Any] = {"type": "string"}
INSTANT: Mapping[str, Any] = {"type": "string", "format": "date-time"}
BOTH_LANGUAGES: Mapping[str, Any] = {
    "type": "object",
    "properties": {"vi": TEXT, "en": TEXT},
    "required": ["vi"],
}
PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "a refusal (RFC 9457): who refused, a stable code, what is missing or too much, where to mend it",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence in the language of Accept-Language"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,4}$"},
        "refused_by": {
            "enum": ["portal", "gateway", "policy", "connector", "source", "citizen", "identity_provider"],
        },
        "messages": BOTH_LANGUAGES,
        "missing": {"type": "array", "items": TEXT},
        "excess": {"type": "array", "items": TEXT},
        "trace_id": {"type": ["string", "null"]},
        "receipt": {"type": ["string", "null"], "description": "`rf_…`, when the refusal was stored as evidence"},
        "fix": {"type": "string", "format": "uri-reference"},
        "reason": {"type": "string", "description": "more for the developer, without a value of anybody"},
        "retry_after": {"type": "integer", "description": "seconds"},
    },
    "required": ["type", "title", "status"],
}
OAUTH_ERROR: Mapping[str, Any] = {
    "type": "object",
    "description": "an error of RFC 6749 §5.2; `error_uri` leads to the entry of the catalogue and names the receipt",
    "properties": {
        "error": TEXT,
        "error_description": TEXT,
        "error_uri": {"type": "string", "format": "uri-reference"},
    },
    "required": ["error"],
}
_CHALLENGE = {"WWW-Authenticate": {"description": "how to authenticate (RFC 9110 §11.6.1)", "schema": TEXT}}
PATIENCE: Mapping[str, Any] = {
    "Retry-After": {"description": "seconds to wait, where that helps", "schema": {"type": "integer"}}
}


def in_place(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's JSON Schema with the schemas it names (`$defs`) in their places: a document has one place for
    names, and it is not inside an operation."""
    outer = dict(schema)
    inner = outer.pop("$defs", {})

    def placed(node: Any) -> Any:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/$defs/")
            return placed(inner[name]) if name in inner else {key: placed(value) for key, value in node.items()}
        return [placed(one) for one in node] if isinstance(node, list) else node

    whole: dict[str, Any] = placed(outer)
    return whole


def named(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(members: Mapping[str, Any], *, required: Iterable[str] | None = None) -> dict[str, Any]:
    """Return an object's schema; all members are required unless said otherwise, and more may come one day."""
    needed = list(members if required is None else required)
    return {"type": "object", "properties": dict(members)} | ({"required": needed} if needed else {})


def answer(description: str, content: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return a response: `content` maps media types to schemas; None for an empty body."""
    told: dict[str, Any] = {"description": description}
    if content:
        told["content"] = {media_type: {"schema": dict(schema)} for media_type, schema in content.items()}
    return told


def oauth_errors(*failures: type[Failure]) -> Responses:
    """Return the refusals of an endpoint of RFC 6749."""
    return _refusals({JSON: named("OAuthError")}, failures)


def problems(*failures: type[Failure]) -> Responses:
    """Return the refusals of our own API."""
    return _refusals({PROBLEM_JSON: named("Problem")}, failures)


def pages(*failures: type[Failure]) -> Responses:
    """Return the refusals that people read."""
    return _refusals({HTML: TEXT}, failures)


def joined(*parts: Responses) -> Responses:
    """Return several sets of responses as one; those of one status tell all their reasons."""
    whole: Responses = {}
    for part in parts:
        for status, response in part.items():
            known = whole.setdefault(status, {"description": ""})
            words = [known["description"], response["description"]]
            for member in ("content", "headers"):
                if member in response:
                    known[member] = {**known.get(member, {}), **response[member]}
            known["description"] = "; ".join(word for word in words if word)
    return whole


def parameter(
    name: str, schema: Mapping[str, Any], description: str = "", *, place: str = "query", required: bool = False
) -> dict[str, Any]:
    """Return a parameter of a path, query or header."""
    told: dict[str, Any] = {"name": name, "in": place, "required": required, "schema": dict(schema)}
    return told | ({"description": description} if description else {})


def body(media_type: str, schema: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """Return a request body of one media type."""
    return {"required": required, "content": {media_type: {"schema": dict(schema)}}}


def _refusals(content: Mapping[str, Mapping[str, Any]], failures: Iterable[type[Failure]]) -> Responses:
    found: Responses = {}
    for failure in failures:
        status = str(failure.http_status)
        response = answer(f"{failure.code} {failure.title}", content)
        if status == "401":
            response["headers"] = _CHALLENGE
        elif status in {"429", "503"}:
            response["headers"] = PATIENCE
        found = joined(found, {status: response})
    return found
