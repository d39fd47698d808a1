"""What the device authorization endpoint promises; the pages of the staff realm are no promise to programs."""

from typing import Any

from gateway.openid_provider.failure import InvalidClient, InvalidRequest, InvalidScope, UnauthorizedClient
from gateway.openid_provider.parameters import MAX_VALUE
from gateway.openid_provider.staff_realm.failure import DeviceLoginOff
from gateway.vocabulary.operation import FORM, JSON, TEXT, answer, body, joined, oauth_errors, shape
from gateway.vocabulary.store import StorageUnavailable

_VALUE = {"type": "string", "maxLength": MAX_VALUE}


def staff_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path."""
    asked = {
        "client_id": _VALUE,
        "client_secret": _VALUE,
        "scope": {**_VALUE, "description": "among those of the client; all of them without it"},
        "machine": {**_VALUE, "description": "what the command says of its machine, shown to whoever confirms"},
    }
    told = shape(
        {
            "device_code": TEXT,
            "user_code": {"type": "string", "description": "what a person types, `BCDF-GHJK`"},
            "verification_uri": TEXT,
            "verification_uri_complete": TEXT,
            "expires_in": {"type": "integer", "description": "seconds"},
            "interval": {"type": "integer", "description": "seconds between two questions at the token endpoint"},
        }
    )
    refused = oauth_errors(
        InvalidRequest, UnauthorizedClient, InvalidScope, InvalidClient, DeviceLoginOff, StorageUnavailable
    )
    operation = {
        "summary": "Ask for a code that a member of staff confirms in a browser (RFC 8628 §3.1)",
        "description": "Offered when an identity provider of the staff realm is set up; for clients registered for it.",
        "tags": ["tokens"],
        "security": [{"client_secret_basic": []}, {}],
        "requestBody": body(FORM, shape(asked, required=())),
        "responses": joined({"200": answer("the codes", {JSON: told})}, refused),
    }
    return {"/device_authorization": {"post": operation}}
