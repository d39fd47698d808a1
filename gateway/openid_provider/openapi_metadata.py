"""The shapes of what the provider publishes of itself: its keys and its metadata, as OpenAPI 3.1 schemas."""

from collections.abc import Mapping
from typing import Any

from gateway.vocabulary.operation import TEXT, shape

KEY = shape(
    {"kid": TEXT, "kty": TEXT, "use": TEXT, "alg": TEXT, "crv": TEXT, "x": TEXT, "y": TEXT, "n": TEXT, "e": TEXT},
    required=("kid", "kty", "use", "alg"),
)
LIST: Mapping[str, Any] = {"type": "array", "items": TEXT}
_ENCRYPTED = ("id_token", "userinfo", "authorization")
_YES_OR_NO: Mapping[str, Any] = {"type": "boolean"}
_IN_BOTH_DOCUMENTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "scopes_supported")
_MEMBERS: Mapping[str, Any] = {
    **dict.fromkeys(_IN_BOTH_DOCUMENTS[:-1], TEXT),
    **dict.fromkeys(
        (
            *("introspection_endpoint", "revocation_endpoint", "userinfo_endpoint", "end_session_endpoint"),
            *("device_authorization_endpoint", "pushed_authorization_request_endpoint"),
        ),
        TEXT,
    ),
    "service_documentation": TEXT,
    **dict.fromkeys(
        (
            *("scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported"),
            *("token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported"),
            *("revocation_endpoint_auth_methods_supported", "code_challenge_methods_supported"),
            *("authorization_details_types_supported", "ui_locales_supported", "subject_types_supported"),
            *("id_token_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"),
            "introspection_endpoint_auth_signing_alg_values_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
            *(f"{kind}_signing_alg_values_supported" for kind in ("authorization", "userinfo", "request_object")),
            *(f"{kind}_encryption_alg_values_supported" for kind in _ENCRYPTED),
            *(f"{kind}_encryption_enc_values_supported" for kind in _ENCRYPTED),
            *("acr_values_supported", "claims_supported", "claim_types_supported", "prompt_values_supported"),
            "dpop_signing_alg_values_supported",
        ),
        LIST,
    ),
    **dict.fromkeys(
        (
            *("authorization_response_iss_parameter_supported", "claims_parameter_supported"),
            *("request_parameter_supported", "request_uri_parameter_supported"),
            *("require_pushed_authorization_requests", "require_signed_request_object"),
            *("backchannel_logout_supported", "backchannel_logout_session_supported"),
        ),
        _YES_OR_NO,
    ),
}
METADATA = shape(_MEMBERS, required=_IN_BOTH_DOCUMENTS)
