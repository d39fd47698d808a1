"""How we prove to an upstream that we are its client, and that a request is ours."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import AssertionSigner
from gateway.identity_providers.credentials import client_secret_of
from gateway.vocabulary.clock import Randomness, text_token

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SIGNED_FOR = 60
"""How long what we sign may be used, in seconds."""


class ClientAuthentication:
    """The configured method, and only it: what the upstream says it supports changes nothing."""

    def __init__(self, settings: IdentityProviderSettings, signer: AssertionSigner, randomness: Randomness) -> None:
        self._settings = settings
        self._signer = signer
        self._randomness = randomness
        self._secret = client_secret_of(settings)

    def prove(self, form: dict[str, str], now: datetime) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form and the headers of an authenticated request."""
        client_id = self._settings.client_id
        match self._settings.token_endpoint_auth_method:
            case "client_secret_basic":
                # RFC 6749 §2.3.1: both halves are form-urlencoded before they are joined
                pair = f"{quote_plus(client_id)}:{quote_plus(self._secret)}"
                return form, {"authorization": "Basic " + b64encode(pair.encode("ascii")).decode("ascii")}
            case "client_secret_post":
                return {**form, "client_id": client_id, "client_secret": self._secret}, {}
            case "private_key_jwt":
                proof = {
                    "client_id": client_id,
                    "client_assertion_type": _ASSERTION_TYPE,
                    "client_assertion": self._sign_assertion(now),
                }
                return {**form, **proof}, {}

    def sign_request(self, parameters: Mapping[str, str], now: datetime) -> dict[str, str]:
        """Return an authorization request as one signed parameter (RFC 9101 §4, FAPI 2.0 Message Signing §5.3.2)."""
        issued = int(now.timestamp())
        claims = {**parameters, **self._about(issued), "iss": self._settings.client_id, "nbf": issued}
        return {"client_id": self._settings.client_id, "request": self._sign(claims, "oauth-authz-req+jwt")}

    def _sign_assertion(self, now: datetime) -> str:
        client_id = self._settings.client_id
        return self._sign({"iss": client_id, "sub": client_id, **self._about(int(now.timestamp()))}, "JWT")

    def _about(self, issued: int) -> dict[str, Any]:
        return {
            # One string, the issuer: an endpoint address here can be replayed elsewhere (FAPI 2.0 §5.3.2.1)
            "aud": self._settings.issuer,
            "jti": text_token(self._randomness, 128),
            "iat": issued,
            "exp": issued + _SIGNED_FOR,
        }

    def _sign(self, claims: Mapping[str, Any], typ: str) -> str:
        return self._signer.sign(claims, typ=typ, alg=self._settings.token_endpoint_auth_signing_alg)
