"""What REST services write for nobody, as SOAP services do: a null or an empty list, there or on the way; nothing."""

import json
from typing import Any

import pytest

from gateway.connector_runtime.contract import Absent, OutboundReply, Outcome, SourceTrouble, Unavailable
from gateway.connector_runtime.kinds.build import make_speech
from gateway.vocabulary.clock import SystemClock
from tests.connector_kinds.conftest import ask_about, manifest_of

NOBODY = Absent("no_match")
MALFORMED = Unavailable(reason="malformed")


def read(document: Any, missing: str) -> dict[str, Outcome] | Outcome:
    """Return what the sample's manifest makes of an answer, or of the whole of it."""
    speech = make_speech(manifest_of("rest", lambda tree: tree["record"].update(at="data.reader", missing=missing)))
    reply = OutboundReply(200, {"content-type": "application/json"}, json.dumps(document).encode())
    try:
        return dict(speech.record.read(speech.open(reply), ask_about(3), source="x", now=SystemClock().now()))
    except SourceTrouble as trouble:
        return trouble.outcome


@pytest.mark.parametrize("missing", ["malformed", "not_found"])
@pytest.mark.parametrize(
    "document", [{"data": {"reader": None}}, {"data": {"reader": []}}, {"data": None}, {"data": []}]
)
def test_null_and_an_empty_list_are_nobody(document: Any, missing: str) -> None:
    assert read(document, missing) == NOBODY


@pytest.mark.parametrize(
    "document",
    [
        {"data": {}},
        {"data": {"reader": {}}},
        {"data": {"reader": {"citizen_id": None, "card": {"no": None, "issued": ""}, "updated": None}}},
        {"data": {"reader": [{}]}},
    ],
)
def test_what_merely_is_empty_is_nobody_where_the_manifest_says_so(document: Any) -> None:
    assert read(document, "not_found") == NOBODY
    assert read(document, "malformed") == MALFORMED


@pytest.mark.parametrize("missing", ["malformed", "not_found"])
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"error": {"code": "E500"}},
        {"data": "E500"},
        {"data": {"reader": "E500"}},
        {"data": {"reader": {"card": {"no": None}, "count": 0}}},  # a record, and of whom it does not say
        {"data": {"reader": {"citizen_id": None, "is_locked": False}}},
    ],
)
def test_what_holds_something_else_is_never_nobody(document: Any, missing: str) -> None:
    assert read(document, missing) == MALFORMED
