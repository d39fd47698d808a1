"""What the log's routes promise, as OpenAPI 3.1 path items; `application` puts them into `/openapi.json`."""

from typing import Any

from gateway.vocabulary.operation import PATIENCE, named

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_BASE64 = {"type": "string", "contentEncoding": "base64"}
_HASHES = {"type": "array", "items": _BASE64}
_RECEIPT = {"type": "string", "pattern": "^r[cf]_[A-Za-z0-9_-]{20,64}$"}
_BAD_QUESTION = "GW-1701: a parameter is missing, repeated or out of range"
_DAMAGED = "GW-9201: the log is being examined; GW-9002: the store does not answer"


def log_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path, true to every status the routes of `LogDesk` answer."""
    checkpoint = _get(
        "The latest signed checkpoint (C2SP signed note)",
        {
            200: _plain("text/plain", _TEXT),
            404: _problem("GW-1706: no checkpoint yet"),
            503: _problem(_DAMAGED, wait=True),
        },
    )
    return {
        "/v1/log/checkpoint": checkpoint,
        "/log/checkpoint": checkpoint,
        "/v1/log/inclusion": _inclusion(),
        "/v1/log/consistency": _consistency(),
        "/v1/receipts/{receipt}": _receipt(),
        "/log/tile/{path}": _get(
            "A hash tile (C2SP tlog-tiles): level/number[.p/width]",
            {
                200: _plain("application/octet-stream", {"type": "string", "format": "binary"}),
                404: _problem("GW-1705: no such tile"),
                503: _problem(_DAMAGED, wait=True),
            },
            [_parameter("path", _TEXT, place="path")],
        ),
    }


def _inclusion() -> dict[str, Any]:
    members = {
        "kind": {"const": "inclusion"},
        "receipt": _RECEIPT,
        "index": _NUMBER,
        "size": _NUMBER,
        "leaf_hash": _BASE64,
        "root": _BASE64,
        "proof": _HASHES,
        "checkpoint": _TEXT,
    }
    answer = _object(members) | {"properties": {**members, "leaf": _BASE64}}
    return _get(
        "Proof that a receipt's event is in the log; with the token of the client concerned also the leaf",
        {
            200: _plain("application/json", answer),
            400: _problem(_BAD_QUESTION),
            401: _problem("a token was sent and is not valid"),
            404: _problem("GW-1702: receipt unknown; GW-1703: not yet covered, see Retry-After", wait=True),
            503: _problem(_DAMAGED, wait=True),
        },
        [_parameter("receipt", _RECEIPT), _parameter("size", {"type": "integer", "minimum": 1}, required=False)],
        [{}, {"access_token": []}],
    )


def _consistency() -> dict[str, Any]:
    members = {
        "kind": {"const": "consistency"},
        "size1": _NUMBER,
        "size2": _NUMBER,
        "root1": _BASE64,
        "root2": _BASE64,
        "proof": _HASHES,
        "checkpoint": _TEXT,
    }
    size = {"type": "integer", "minimum": 1}
    return _get(
        "Proof that the log of size `to` (default: all that is signed) continues the log of size `from`",
        {
            200: _plain("application/json", _object(members)),
            400: _problem(_BAD_QUESTION),
            404: _problem("GW-1706: no checkpoint yet"),
            503: _problem(_DAMAGED, wait=True),
        },
        [_parameter("from", size), _parameter("to", size, required=False)],
    )


def _receipt() -> dict[str, Any]:
    signed = _object(
        {
            "receipt": _RECEIPT,
            "event": _TEXT,
            "at": {"type": "string", "format": "date-time"},
            "index": {"type": ["integer", "null"]},
            "leaf_hash": _BASE64,
            "jws": _TEXT,
        }
    )
    both = _plain("application/json", signed)
    both["content"]["application/problem+json"] = {"schema": named("Problem")}
    both["description"] = "the signed promise of inclusion, or the problem JSON of a refusal"
    return _get(
        "A receipt, for the client concerned",
        {
            200: both,
            400: _problem("GW-1001: the token is sent more than once"),
            401: _problem("GW-1707: no token, or the token is not valid"),
            403: _problem("GW-1704: the receipt concerns another client"),
            404: _problem("GW-1702: receipt unknown"),
            503: _problem(_DAMAGED, wait=True),
        },
        [_parameter("receipt", _TEXT, place="path")],
        [{"access_token": []}],
    )


def _get(
    summary: str,
    answers: dict[int, dict[str, Any]],
    parameters: list[dict[str, Any]] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": ["evidence"],
        "security": security or [],
        "responses": {str(status): answer for status, answer in answers.items()},
    }
    if parameters:
        operation["parameters"] = parameters
    return {"get": operation}


def _parameter(name: str, schema: dict[str, Any], *, place: str = "query", required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


def _plain(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "found", "content": {media_type: {"schema": schema}}}


def _problem(description: str, *, wait: bool = False) -> dict[str, Any]:
    told = {"description": description, "content": {"application/problem+json": {"schema": named("Problem")}}}
    return told | ({"headers": PATIENCE} if wait else {})
