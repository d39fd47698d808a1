"""How we prove to a token endpoint that we are its client."""

from base64 import b64encode
from datetime import datetime
from urllib.parse import quote_plus

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import AssertionSigner
from gateway.identity_providers.credentials import client_secret_of
from gateway.vocabulary.clock import Randomness, text_token

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_FOR = 60


class ClientAuthentication:
    """The configured method, and only it: what the upstream says it supports changes nothing."""

    def __init__(self, settings: IdentityProviderSettings, signer: AssertionSigner, randomness: Randomness) -> None:
        self._settings = settings
        self._signer = signer
        self._randomness = randomness
        self._secret = client_secret_of(settings)

    def prove(self, form: dict[str, str], now: datetime) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form and the headers of an authenticated token request."""
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

    def _sign_assertion(self, now: datetime) -> str:
        issued = int(now.timestamp())
        return self._signer.sign(
            {
                "iss": self._settings.client_id,
                "sub": self._settings.client_id,
                # One string, the issuer: an endpoint address here can be replayed elsewhere (FAPI 2.0 §5.3.2.1)
                "aud": self._settings.issuer,
                "jti": text_token(self._randomness, 128),
                "iat": issued,
                "exp": issued + _ASSERTION_FOR,
            },
            typ="JWT",
        )
