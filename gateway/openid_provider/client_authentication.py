"""Client authentication (RFC 6749 §2.3): one method per request, the registered one, and no hint which part failed."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from gateway.openid_provider.client_assertion import ASSERTION_TYPE, AssertionRefused, prove_by_assertion
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidClient, InvalidRequest, UnauthorizedClient
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.tokens.jose import peek_claim

CHALLENGE = {"WWW-Authenticate": 'Basic realm="gate06", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows: `method` is client_secret_basic, client_secret_post, private_key_jwt (then `proof` is the
    assertion, else the secret) or none."""

    method: str
    client_id: str
    proof: str | None


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
    if "client_assertion" in parameters or "client_assertion_type" in parameters:
        return _read_assertion(parameters)
    client_id = parameters.get("client_id", "")
    if not client_id:
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


def _read_assertion(parameters: Parameters) -> Credentials:
    """Read an assertion as far as whose it says to be (RFC 7521 §4.2). Raises InvalidRequest, InvalidClient."""
    if "client_secret" in parameters:
        raise InvalidRequest("more than one client authentication method")
    assertion = parameters.get("client_assertion")
    if assertion is None or parameters.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient(headers=CHALLENGE, operator_detail="an assertion and its type belong together")
    client_id = peek_claim(assertion, "sub")
    if client_id is None:
        raise InvalidClient(headers=CHALLENGE, operator_detail="an assertion that cannot be read")
    if parameters.get("client_id", client_id) != client_id:
        raise InvalidRequest("`client_id` differs from the one that authenticates")
    return Credentials("private_key_jwt", client_id, assertion)


async def authenticate_client(
    house: House, authorization: Sequence[str], parameters: Parameters, now: datetime
) -> Portal:
    """Return the client that a request proves to come from.

    Raises InvalidRequest, InvalidClient, UnauthorizedClient (its time is over), StorageUnavailable.
    """
    credentials = parse_credentials(authorization, parameters)
    portal = house.clients.get(credentials.client_id)
    if portal is None:
        raise InvalidClient(headers=CHALLENGE, operator_detail="unknown client")
    if portal.token_endpoint_auth_method != credentials.method:
        raise InvalidClient(headers=CHALLENGE, operator_detail=f"method `{credentials.method}` is not the registered")
    if credentials.method == "private_key_jwt":
        try:
            await prove_by_assertion(house, portal, credentials.proof or "", now)
        except AssertionRefused as refused:
            said = f"the assertion was refused by rule `{refused.rule}`"
            raise InvalidClient(headers=CHALLENGE, operator_detail=said) from None
    elif credentials.method != "none" and not portal.knows_secret(credentials.proof or ""):
        raise InvalidClient(headers=CHALLENGE, operator_detail="wrong secret")
    require_in_time(portal, now)
    return portal


def require_in_time(portal: Portal, now: datetime) -> None:
    """A `legacy` client has an end date. Raises UnauthorizedClient after it."""
    if portal.ended(now):
        raise UnauthorizedClient("the end date of this client's `legacy` profile has passed")
