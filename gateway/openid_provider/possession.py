"""Proof of possession where the provider asks for it (RFC 9449): at `/par` and `/token`, and with a bound token.

A proof is judged, then its `jti` is stored once: the mark goes into the commit that the proof is for, so of parallel
requests with one proof one wins, on every backend.
"""

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime

from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.profiles import PROFILES
from gateway.tokens.dpop import Proof, Proven, check_proof
from gateway.tokens.jose import DPOP_PROOF, JoseRefused
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Insert, Kind, Record

DPOP_ALGORITHMS = tuple(sorted(DPOP_PROOF.algorithms))
"""What metadata announces as `dpop_signing_alg_values_supported` (RFC 9449 §5.1)."""
_ALGS = f'algs="{" ".join(DPOP_ALGORITHMS)}"'
DPOP_CHALLENGE = f'DPoP realm="gate06", {_ALGS}'

_PAUSED_VI = "Dịch vụ tạm thời không đăng nhập được. Quay lại trang dịch vụ và thử lại sau."
_PAUSED_EN = "The service cannot sign you in for now. Go back to it and try again later."


class InvalidDpopProof(Failure):
    """The proof of possession is missing where it must be, malformed, about something else, or used (RFC 9449 §5)."""

    code = "GW-1406"
    title = "proof of possession refused"
    oauth_error = "invalid_dpop_proof"
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Make a new proof for each request; the description names the rule, `gate06 verify dpop` shows the same."


class DpopNonceWanted(Failure):
    """Proofs of this client need a nonce of ours; the answer brings one (RFC 9449 §8). It is no refusal and leaves no
    receipt: the client asks again with it."""

    code = "GW-1407"
    title = "proof wants a nonce"
    oauth_error = "use_dpop_nonce"
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Repeat the request with a new proof whose `nonce` is the value of the answer's `DPoP-Nonce` header."


class AccessProofRefused(InvalidDpopProof):
    """The proof sent with an access token is missing, malformed, about something else, or used (RFC 9449 §7.1)."""

    code = "GW-1604"
    title = "proof for the access token refused"
    http_status = 401


class AccessNonceWanted(DpopNonceWanted):
    """Proofs sent with an access token of this client need a nonce of ours (RFC 9449 §9)."""

    code = "GW-1605"
    title = "proof for the access token wants a nonce"
    http_status = 401


def prove_possession(house: House, presented: Presented, portal: Portal, now: datetime) -> Proof | None:
    """Return the good proof that a client sends with its request; None when it sends none and need not.

    Raises InvalidDpopProof, DpopNonceWanted. The caller stores `used_mark` with what it does.
    """
    if not presented.proofs:
        return None
    try:
        return _judge(house, presented, _about(house, presented, portal, now), now)
    except JoseRefused as refused:
        raise _said(house, refused.rule, now) from None


def require_possession(portal: Portal, proof: Proof | None) -> None:
    """Who registered for bound tokens, or has a profile of only those, proves a key each time (RFC 9449 §5.2)."""
    if proof is None and (portal.dpop_bound_access_tokens or PROFILES[portal.profile].sender_constrained):
        raise InvalidDpopProof("the `DPoP` header is missing: tokens of this client are bound to a key")


async def prove_access(
    house: House, presented: Presented, token: str, jkt: str, *, portal: Portal, now: datetime
) -> None:
    """Accept a proof for a bound access token once (RFC 9449 §7.1). `jkt`: the key it is bound to.

    Raises AccessProofRefused, AccessNonceWanted, StorageUnavailable.
    """
    try:
        if not presented.proofs:
            raise JoseRefused("missing:proof")
        about = _about(house, presented, portal, now, access_token=token, jkt=jkt)
        proof = _judge(house, presented, about, now)
        verdict = await house.store.commit([used_mark(proof)], now=now)
        if not verdict.done:
            raise JoseRefused("replay")
    except JoseRefused as refused:
        raise _said_of_access(house, refused.rule, now) from None


def used_mark(proof: Proof) -> Insert:
    """Return what stores that a proof was used; lost when it was used before."""
    digest = hashlib.sha256(f"{proof.jkt}\0{proof.jti}".encode("utf-8", "surrogatepass")).digest()
    key = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return Insert(Record(kind=Kind.REPLAY_MARK, key=f"dpop.{key}", expires_at=proof.replay_until, body={}))


def used_before() -> InvalidDpopProof:
    """Return the refusal of a proof whose mark was there."""
    return InvalidDpopProof(_words("replay"))


def fresh_nonce(house: House, portal: Portal, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the header that keeps a client in nonces, when its profile needs them (RFC 9449 §8.2)."""
    if house.nonces.accepted(portal.profile, now) is None:
        return ()
    return (("DPoP-Nonce", house.nonces.current(now)),)


def _about(house: House, presented: Presented, portal: Portal, now: datetime, **token: str) -> Proven:
    nonces = house.nonces.accepted(portal.profile, now)
    return Proven(method=presented.method, url=presented.url, nonces=nonces, **token)


def _judge(house: House, presented: Presented, proven: Proven, now: datetime) -> Proof:
    if len(presented.proofs) != 1:
        raise JoseRefused("twice")
    proof = check_proof(presented.proofs[0], proven, now)
    since = house.replays.remembers_since
    if since is not None and proof.issued_at <= since:
        raise JoseRefused("restart")  # it may have been used, and the memory of that is gone (design.md §11)
    return proof


def _words(rule: str) -> str:
    known = {
        "missing:proof": "the `DPoP` header is missing: the access token is bound to a key",
        "twice": "the `DPoP` header is sent more than once",
        "replay": "the `DPoP` proof was used before",
        "restart": "the `DPoP` proof was made before the gateway's last start",
        "nonce": "the `DPoP` proof wants the nonce of the `DPoP-Nonce` header",
    }
    return known.get(rule, f"the `DPoP` proof was refused by rule `{rule}`")


def _said(house: House, rule: str, now: datetime) -> Failure:
    if rule == "nonce":
        return DpopNonceWanted(_words(rule), headers={"DPoP-Nonce": house.nonces.current(now)})
    return InvalidDpopProof(_words(rule))


def _said_of_access(house: House, rule: str, now: datetime) -> Failure:
    if rule == "nonce":
        nonce = {"DPoP-Nonce": house.nonces.current(now)}
        return AccessNonceWanted(_words(rule), headers=challenge("use_dpop_nonce") | nonce)
    return AccessProofRefused(_words(rule), headers=challenge("invalid_dpop_proof"))


def challenge(error: str) -> dict[str, str]:
    """Return the header of a refused bound token (RFC 9449 §7.1)."""
    return {"WWW-Authenticate": f'DPoP realm="gate06", error="{error}", {_ALGS}'}
