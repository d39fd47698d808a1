"""What identity providers may post here, as OpenAPI 3.1 path items."""

from typing import Any

from gateway.identity_providers.contract import IdentityProviderUnavailable
from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.parameters import MAX_VALUE
from gateway.openid_provider.upstream_logout import LogoutTokenRefused
from gateway.vocabulary.operation import FORM, answer, body, joined, oauth_errors, parameter, shape
from gateway.vocabulary.store import StorageUnavailable


def upstream_operations() -> dict[str, dict[str, Any]]:
    """Return the path items."""
    token = {"type": "string", "maxLength": MAX_VALUE, "description": "a JWS of the identity provider"}
    refused = oauth_errors(InvalidRequest, LogoutTokenRefused, IdentityProviderUnavailable, StorageUnavailable)
    alias = parameter("alias", {"type": "string"}, "the identity provider's alias", place="path", required=True)
    return {
        "/upstream/{alias}/backchannel-logout": {
            "post": {
                "summary": "Take the word that a session at the identity provider ended (Back-Channel Logout 1.0)",
                "tags": ["sign-in"],
                "security": [],
                "parameters": [alias],
                "requestBody": body(FORM, shape({"logout_token": token}, required=("logout_token",))),
                "responses": joined({"200": answer("ended, or nothing of it was left")}, refused),
            }
        }
    }
