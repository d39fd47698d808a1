"""Client authentication (RFC 6749 §2.3): one method per request, the registered one, and no hint which part failed."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.openid_provider.failure import InvalidClient, InvalidRequest, UnauthorizedClient
from gateway.openid_provider.parameters import Parameters

CHALLENGE = {"WWW-Authenticate": 'Basic realm="gate06", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows: `method` is client_secret_basic, client_secret_post or none."""

    method: str
    client_id: str
    client_secret: str | None


def parse_credentials(authorization: Sequence[str], parameters: Parameters) -> Credentials:
    """Read the credentials without I/O. Raises InvalidRequest (two methods at once) or InvalidClient."""
    if len(authorization) > 1:
        raise InvalidRequest("more than one `Authorization` header")
    if authorization and authorization[0][:6].lower() == "basic ":
        if "client_secret" in parameters or "client_assertion" in parameters:
            raise InvalidRequest("more than one client authentication method")
        client_id, secret = _decode_basic(authorization[0][6:])
        if parameters.get("client_id", client_id) != client_id:
            raise InvalidRequest("`client_id` differs from the one that authenticates")
        return Credentials("client_secret_basic", client_id, secret)
    client_id = parameters.get("client_id", "")
    if not client_id or "client_assertion" in parameters or "client_assertion_type" in parameters:
        raise InvalidClient(headers=CHALLENGE, operator_detail="no client authentication that is offered")
    if "client_secret" in parameters:
        return Credentials("client_secret_post", client_id, parameters["client_secret"])
    return Credentials("none", client_id, None)


def _decode_basic(token: str) -> tuple[str, str]:
    """Read Basic credentials; both halves are form-encoded before they are joined (RFC 6749 §2.3.1)."""
    try:
        text = b64decode(token.strip(), validate=True).decode("utf-8")
        client_id, colon, secret = text.partition(":")
        decoded = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError as error:  # not base64, not UTF-8, or letters no header may hold
        raise InvalidClient(headers=CHALLENGE, operator_detail="malformed Basic credentials") from error
    if not colon:
        raise InvalidClient(headers=CHALLENGE, operator_detail="malformed Basic credentials")
    return decoded


def authenticate_client(credentials: Credentials, clients: ClientRegistry, now: datetime) -> Portal:
    """Return the client that the credentials prove. Raises InvalidClient, UnauthorizedClient (its time is over)."""
    portal = clients.get(credentials.client_id)
    if portal is None:
        raise InvalidClient(headers=CHALLENGE, operator_detail="unknown client")
    if portal.token_endpoint_auth_method != credentials.method:
        raise InvalidClient(headers=CHALLENGE, operator_detail=f"method `{credentials.method}` is not the registered")
    if credentials.method != "none" and not portal.knows_secret(credentials.client_secret or ""):
        raise InvalidClient(headers=CHALLENGE, operator_detail="wrong secret")
    require_in_time(portal, now)
    return portal


def require_in_time(portal: Portal, now: datetime) -> None:
    """A `legacy` client has an end date. Raises UnauthorizedClient after it."""
    if portal.ended(now):
        raise UnauthorizedClient("the end date of this client's `legacy` profile has passed")
