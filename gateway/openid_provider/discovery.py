"""Metadata that cannot lie: generated from the tables the endpoints run on (OIDC Discovery §3, RFC 8414 §2)."""

from typing import Any

from gateway.openid_provider.authorization import RESPONSE_MODES
from gateway.openid_provider.authorization_details import AUTHORIZATION_DETAILS_TYPES
from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.house import House
from gateway.openid_provider.possession import DPOP_ALGORITHMS
from gateway.openid_provider.profiles import CLAIMS_OF_SCOPE, IDENTITY_SCOPES, PROCEDURE_SCOPE, PROFILES
from gateway.tokens.jwe import CONTENT_ALGORITHMS, KEY_ALGORITHMS
from gateway.tokens.keys import SIGNING_ALGORITHMS
from gateway.vocabulary.assurance_level import ACR_VALUES


def authorization_server_metadata(house: House) -> dict[str, Any]:
    """Return the members that both documents share."""
    methods = sorted(set().union(*(profile.authentication_methods for profile in PROFILES.values())))
    secret_methods = [method for method in methods if method != "none"]
    algorithms = sorted(set().union(*(profile.assertions.algorithms for profile in PROFILES.values())))
    request_objects = sorted(set().union(*(profile.request_objects.algorithms for profile in PROFILES.values())))
    issuer = house.issuer
    device = {"device_authorization_endpoint": f"{issuer}/device_authorization"} if house.has_staff else {}
    return device | {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": False,
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "acr_values_supported": list(ACR_VALUES),  # that `acr_values` and `max_age` count (RFC 9470 §7)
        "scopes_supported": [*IDENTITY_SCOPES, *(PROCEDURE_SCOPE + code for code in sorted(house.policy.procedures))],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "authorization_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "authorization_encryption_alg_values_supported": list(KEY_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(CONTENT_ALGORITHMS),
        "request_object_signing_alg_values_supported": request_objects,
        "require_signed_request_object": False,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "grant_types_supported": [
            *("authorization_code", "refresh_token", "client_credentials"),
            *((DEVICE_GRANT,) if house.has_staff else ()),
        ],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": secret_methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": list(AUTHORIZATION_DETAILS_TYPES),
        "ui_locales_supported": ["vi", "en"],
        "service_documentation": f"{issuer}/errors",
    }


def openid_configuration(house: House) -> dict[str, Any]:
    """Return the OpenID Connect discovery document."""
    return authorization_server_metadata(house) | {
        "userinfo_endpoint": f"{house.issuer}/userinfo",
        "end_session_endpoint": f"{house.issuer}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "id_token_encryption_alg_values_supported": list(KEY_ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(CONTENT_ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "userinfo_encryption_alg_values_supported": list(KEY_ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(CONTENT_ALGORITHMS),
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid"),
            *(claim for claims in CLAIMS_OF_SCOPE.values() for claim in claims),
        ],
        "claim_types_supported": ["normal"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": True,
    }
