"""What the claims of a token that another party signed have to say, beyond what its policy asks of every token of its
kind: one rule for each kind, the same for the service and for `gate06 verify jws` (design.md §15).

The claims are those of a token that `jose.verify` accepted, so what its policy requires is there. Each rule raises
`JoseRefused` with the word of what failed first; what a request or a session has to agree with stays with its reader.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway.tokens.jose import JoseRefused
from gateway.tokens.jose_policy import (
    CLIENT_ASSERTION,
    CLIENT_ASSERTION_BASELINE,
    ID_TOKEN,
    ID_TOKEN_FAPI2,
    LOGOUT_TOKEN,
    REQUEST_OBJECT,
    REQUEST_OBJECT_BASELINE,
    JosePolicy,
)

Claims = Mapping[str, Any]

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
SKEW_FOR = 60
"""Seconds that the clock of an identity provider may be wrong by in `auth_time`."""
JSON_MEMBERS = frozenset({"claims", "authorization_details"})
NUMBER_MEMBERS = frozenset({"max_age"})
TEXT_MEMBERS = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "dpop_jkt", "prompt", "acr_values", "display"),
        *("id_token_hint", "login_hint", "ui_locales", "claims_locales", "idp_hint", "registration"),
    }
)
"""The parameters that may stand in a request object as texts; others are passed over."""
_ENDPOINTS = ("token", "par", "introspect", "revoke")
_SECONDS_LIMIT = 2**53


def assertion_audiences(issuer: str, *, endpoints: bool) -> frozenset[str]:
    """Return what `aud` of an assertion may name: the issuer; with `endpoints` one of those too (RFC 9126 §2)."""
    return frozenset({issuer, *(f"{issuer}/{one}" for one in _ENDPOINTS if endpoints)})


def judge_client_assertion(claims: Claims, audiences: frozenset[str] | None) -> None:
    """RFC 7523 §3, OpenID Connect Core §9: `iss` and `sub` are the client; every name in `aud` is one of ours, so that
    what opens another server's door as well is not taken; `jti` is of at most 512 characters.

    Without `audiences` nobody knows who we are, and `aud` is not judged.
    """
    if claims["sub"] != claims["iss"]:
        raise JoseRefused("sub")
    if audiences is not None and not audiences.issuperset(_listed(claims["aud"])):
        raise JoseRefused("aud")
    if len(claims["jti"]) > 512:
        raise JoseRefused("jti")


def judge_request_object(claims: Claims) -> None:
    """RFC 9101 §4 and §10.8: `client_id` is the issuer; with the client as `sub` it is an assertion, which proves the
    client and must not be taken for a request of its; parameters are of their types and hold no NUL character."""
    if claims["client_id"] != claims["iss"]:
        raise JoseRefused("client_id")
    if claims.get("sub") == claims["iss"]:
        raise JoseRefused("sub")
    for name, value in claims.items():
        if name in TEXT_MEMBERS | JSON_MEMBERS | NUMBER_MEMBERS and not _is_parameter(name, value):
            raise JoseRefused(name)
    named = claims.get("resource")
    if named is not None and not all(isinstance(one, str) for one in _listed(named)):
        raise JoseRefused("resource")


def judge_id_token(claims: Claims, client_id: str | None, now: datetime) -> None:
    """OpenID Connect Core §2 and §3.1.3.7: several audiences name the one they are for in `azp`, which is us; `sub` has
    at most 255 ASCII characters; nobody authenticated in the future.

    Without `client_id` nobody knows who we are: `azp` then is one of the audiences.
    """
    audience, party = _listed(claims["aud"]), claims.get("azp")
    if len(audience) > 1 and party is None:
        raise JoseRefused("missing:azp")
    if party is not None and party not in (audience if client_id is None else [client_id]):
        raise JoseRefused("azp")
    if len(claims["sub"]) > 255 or not claims["sub"].isascii():
        raise JoseRefused("sub")
    if "at_hash" in claims and not isinstance(claims["at_hash"], str):
        raise JoseRefused("at_hash")
    at = auth_time_of(claims)
    if at is not None and at.timestamp() > now.timestamp() + SKEW_FOR:
        raise JoseRefused("auth_time")


def auth_time_of(claims: Claims) -> datetime | None:
    """Return when the person authenticated, or None when the token does not say. Raises JoseRefused."""
    seconds = claims.get("auth_time")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < _SECONDS_LIMIT:
        raise JoseRefused("auth_time")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise JoseRefused("auth_time") from None


def judge_logout_token(claims: Claims) -> None:
    """OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6: the event is a logout, of somebody or of a session."""
    events, session_id = claims["events"], claims.get("sid")
    if not isinstance(events, Mapping) or not isinstance(events.get(LOGOUT_EVENT), Mapping):
        raise JoseRefused("events")
    if session_id is not None and not (isinstance(session_id, str) and 0 < len(session_id) <= 2048):
        raise JoseRefused("sid")
    if claims.get("sub") is None and session_id is None:
        raise JoseRefused("missing:sub")


def judge_claims(policy: JosePolicy, claims: Claims, audience: str | None, now: datetime) -> None:
    """Judge a token by the rule of its kind, where that has one. `audience` is who we are, when it is known: our
    issuer or, for what an identity provider signed, our client id there. Raises JoseRefused."""
    rule = _RULES.get(policy.name)
    if rule is not None:
        rule(claims, audience, now)


def _by_assertion(claims: Claims, audience: str | None, now: datetime, *, endpoints: bool) -> None:
    judge_client_assertion(claims, None if audience is None else assertion_audiences(audience, endpoints=endpoints))


def _by_request(claims: Claims, audience: str | None, now: datetime) -> None:
    judge_request_object(claims)


def _by_logout(claims: Claims, audience: str | None, now: datetime) -> None:
    judge_logout_token(claims)


_RULES: Mapping[str, Callable[[Claims, str | None, datetime], None]] = {
    ID_TOKEN.name: judge_id_token,
    ID_TOKEN_FAPI2.name: judge_id_token,
    LOGOUT_TOKEN.name: _by_logout,
    CLIENT_ASSERTION.name: partial(_by_assertion, endpoints=False),
    CLIENT_ASSERTION_BASELINE.name: partial(_by_assertion, endpoints=True),
    REQUEST_OBJECT.name: _by_request,
    REQUEST_OBJECT_BASELINE.name: _by_request,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_parameter(name: str, value: object) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    if name in JSON_MEMBERS:
        return isinstance(value, dict | list)
    return name in NUMBER_MEMBERS and isinstance(value, int) and not isinstance(value, bool)
