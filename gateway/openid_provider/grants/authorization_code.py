"""`grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6)."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from gateway.audit.event import CodeRedeemed
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidGrant, InvalidProof, InvalidRequest
from gateway.openid_provider.grant import Grant, grant_address, grant_of
from gateway.openid_provider.grants.issuing import check_details, id_token, issue_access_token
from gateway.openid_provider.grants.refresh_token import first_refresh_token
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.token import Decision, TokenRequest
from gateway.tokens.issue import key_of, parse
from gateway.vocabulary.store import Change, Kind, Record, RecordKey, Spend

_UNKNOWN = "the authorization code is unknown, expired or already used"


def check_client(code: Record, portal: Portal) -> None:
    """The code was issued to the authenticated client (RFC 6749 §4.1.3)."""
    if code.body["client_id"] != portal.client_id:
        raise InvalidGrant(_UNKNOWN, operator_detail="the code belongs to another client")


def check_redirect_uri(code: Record, parameters: Parameters) -> None:
    """`redirect_uri` is identical to the one of the authorization request (RFC 6749 §4.1.3)."""
    if parameters.required("redirect_uri") != code.body["redirect_uri"]:
        raise InvalidGrant("`redirect_uri` differs from the authorization request's")


def check_verifier(code: Record, parameters: Parameters) -> None:
    """A challenge once sent must be answered; a verifier without a challenge is refused (RFC 9700 §4.8.2)."""
    challenge, verifier = code.body["code_challenge"], parameters.get("code_verifier")
    if challenge is None:
        if verifier is not None:
            raise InvalidProof("`code_verifier` without a code_challenge in the authorization request")
        return
    if verifier is None:
        raise InvalidProof("`code_verifier` is missing")
    if not (43 <= len(verifier) <= 128 and verifier.isascii()):
        raise InvalidRequest("`code_verifier` must be 43 to 128 characters")
    answered = urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
    if not hmac.compare_digest(answered, challenge):
        raise InvalidProof("`code_verifier` does not answer the code_challenge")


def check_key(code: Record, jkt: str | None) -> None:
    """A code that was bound to a key when it was asked for is redeemed with a proof of that key (RFC 9449 §10)."""
    bound = code.body.get("dpop_jkt")
    if bound is not None and bound != jkt:
        raise InvalidGrant("the authorization code is bound to a key: send a `DPoP` proof of that key")


def check_redeemer(code: Record, asked: TokenRequest) -> None:
    """Whoever redeems a code is its client, repeats what the request said and holds the key it named."""
    check_client(code, asked.portal)
    check_redirect_uri(code, asked.parameters)
    check_verifier(code, asked.parameters)
    check_key(code, asked.jkt)


class AuthorizationCode:
    """Redeems a code: wrong callers are refused before anything is spent, so they can neither burn nor revoke it."""

    name = "authorization_code"

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """Code and grant, in one round trip: the code names its grant."""
        code = parameters.required("code")
        named = parse(code)
        if named is None or named[0] != "gc":
            raise InvalidGrant(_UNKNOWN)
        return (RecordKey(Kind.CODE, key_of(code)), grant_address(named[1]))

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Check the caller, then spend the code and issue."""
        code, stored_grant = found
        if code is None or stored_grant is None:
            raise InvalidGrant(_UNKNOWN)
        check_redeemer(code, asked)
        spend = Spend(code.address)
        grant = grant_of(stored_grant, now)
        if code.state == "used" and grant is not None:
            # the commit finds the replay and revokes the grant in the same operation
            return Decision(changes=[spend], grant=grant)
        if grant is None or not code.alive(now):
            raise InvalidGrant(_UNKNOWN)
        check_details(asked.parameters, grant)
        house.session_hints.remember(grant.id, grant.session_key)
        return self._issue(house, asked, grant, code, now)

    def _issue(self, house: House, asked: TokenRequest, grant: Grant, code: Record, now: datetime) -> Decision:
        stored, answer = issue_access_token(house, asked, grant, grant.scopes, now)
        changes: list[Change] = [Spend(code.address), *stored]
        if "offline_access" in grant.scopes:
            refresh, token = first_refresh_token(house, asked, grant, now)
            changes.append(refresh)
            answer["refresh_token"] = token
        claims = id_token(
            house, asked.portal, grant, now, access_token=answer["access_token"], nonce=code.body["nonce"]
        )
        told_of = code.body.get("receipt")  # codes of an earlier version have none
        return Decision(
            changes=changes, event=CodeRedeemed, grant=grant, answers=told_of, answer=answer, id_token=claims
        )
