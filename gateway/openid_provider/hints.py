"""`id_token_hint`: an ID token of ours, even an expired one, that says whom the portal means (OIDC Core §3.1.2.1)."""

from dataclasses import dataclass

from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.prompts import NOBODY
from gateway.tokens.jose import ID_TOKEN_HINT, JoseRefused, verify


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom a hint names: the pairwise subject, the client it was issued to, and the session at that client."""

    subject: str
    client_id: str
    session_id: str | None


def read_hint(house: House, hint: str | None) -> Hint | None:
    """Return what a hint says when we signed it; None for anything else."""
    if hint is None:
        return None
    try:
        claims = verify(hint, ID_TOKEN_HINT, house.keys, now=house.clock.now(), issuer=house.issuer)
    except JoseRefused:
        return None
    audience, session_id = claims.get("aud"), claims.get("sid")
    if not isinstance(audience, str):
        return None
    return Hint(str(claims["sub"]), audience, session_id if isinstance(session_id, str) else None)


def bare_hint(house: House, hint: str | None) -> str | None:
    """Return a hint that means the same and says nothing else, so that it may stand in an address of ours; it has
    expired already, and is good for nothing but a hint. None for a hint that is none."""
    read, now = read_hint(house, hint), int(house.clock.now().timestamp())
    if read is None:
        return None
    claims = {"iss": house.issuer, "sub": read.subject, "aud": read.client_id, "iat": now, "exp": now}
    if read.session_id is not None:
        claims["sid"] = read.session_id
    return house.keys.sign(claims, typ="JWT", alg="ES256")


def expected_subject(house: House, request: AuthorizationRequest, portal: Portal) -> str | None:
    """Return whom a request is about, by its hint or by a `sub` that `claims` names (OIDC Core §5.5.1); None when it
    says nothing, nobody for a hint that is not this portal's and for two that differ."""
    named, hint = request.claimed_subject, request.id_token_hint
    if hint is None:
        return named
    read = read_hint(house, hint)
    if read is None or read.client_id != portal.client_id or named not in {None, read.subject}:
        return NOBODY
    return read.subject
