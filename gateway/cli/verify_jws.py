"""`gate06 verify jws` and `gate06 verify dpop`: signed tokens judged by the code of the service (design.md §15)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, model_validator

from gateway.cli.pure_check import run_check
from gateway.cli.verify_manifest import read_clock
from gateway.tokens.claim_rules import judge_claims
from gateway.tokens.dpop import Proven, check_proof
from gateway.tokens.jose import POLICIES, FixedKeys, JoseRefused, KeySource, verify
from gateway.tokens.jose_policy import CLIENT_ASSERTION_BASELINE
from gateway.tokens.key_material import KeyRefused, VerificationKey, import_public_key
from gateway.vocabulary.clock import Clock

Check = Callable[[Mapping[str, Any]], tuple[dict[str, Any], bool]]


class JwsAsked(BaseModel):
    """A token, the key or keys it may be signed with (none for a DPoP proof, which carries its own), what kind of token
    it has to be, and what has to stand in it."""

    model_config = ConfigDict(frozen=True)

    jws: str
    policy: str
    jwk: dict[str, Any] | None = None
    jwks: dict[str, Any] | None = None
    issuer: str | None = None
    audience: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> "JwsAsked":
        if self.policy not in POLICIES:
            raise ValueError(f"`policy`: must be one of {', '.join(sorted(POLICIES))}")
        if not POLICIES[self.policy].key_from_header and (self.jwk is None) == (self.jwks is None):
            raise ValueError("one of `jwk` and `jwks` is needed, not both")
        return self

    def keys(self) -> KeySource:
        """Return the keys that may have signed. Raises KeyRefused."""
        if self.jwk is not None:
            return _OneKey(import_public_key(self.jwk))
        return FixedKeys.of_jwks(self.jwks or {"keys": []})


class DpopAsked(BaseModel):
    """A proof and the request it came with; `access_token`, `nonce` and `jkt` are judged when given."""

    model_config = ConfigDict(frozen=True)

    proof: str
    htm: str
    htu: str
    access_token: str | None = None
    nonce: str | None = None
    jkt: str | None = None

    def proven(self) -> Proven:
        """Return what the proof has to be about."""
        nonces = None if self.nonce is None else frozenset({self.nonce})
        return Proven(method=self.htm, url=self.htu, access_token=self.access_token, jkt=self.jkt, nonces=nonces)


class _OneKey:
    """The key that was handed over, whatever id the token names."""

    def __init__(self, key: VerificationKey) -> None:
        self._key = key

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerificationKey]:
        """Return it when it can serve the algorithm."""
        return [self._key] if alg in self._key.algorithms else []


def jws_check(clock: Clock) -> Check:
    """Return the check at the clock's time: {valid, rule} for `JwsAsked`."""

    def check(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        read = JwsAsked.model_validate(asked)
        try:
            policy, keys, now = POLICIES[read.policy], read.keys(), clock.now()
            # an endpoint of ours may stand for us in an assertion: its rule judges `aud` alone
            named = None if policy is CLIENT_ASSERTION_BASELINE else read.audience
            claims = verify(read.jws, policy, keys, now=now, issuer=read.issuer, audience=named)
            judge_claims(policy, claims, read.audience, now)
        except KeyRefused as refusal:
            return _refused(f"jwk:{refusal.rule}")
        except JoseRefused as refusal:
            return _refused(refusal.rule)
        return {"valid": True, "rule": None}, True

    return check


def dpop_check(clock: Clock) -> Check:
    """Return the check at the clock's time: {valid, rule, jkt?} for `DpopAsked`."""

    def check(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        read = DpopAsked.model_validate(asked)
        try:
            proof = check_proof(read.proof, read.proven(), clock.now())
        except JoseRefused as refusal:
            return _refused(refusal.rule)
        return {"valid": True, "rule": None, "jkt": proof.jkt}, True

    return check


def _refused(rule: str) -> tuple[dict[str, Any], bool]:
    return {"valid": False, "rule": rule}, False


_Batch = Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")]
_At = Annotated[str | None, typer.Option("--at", help="The time to judge at, RFC 3339; now without it.")]


def jws(batch: _Batch = False, at: _At = None) -> None:
    """Check a signed token: {"jws", "jwk" or "jwks", "policy", "issuer"?, "audience"?} in, {"valid", "rule"} out."""
    run_check(jws_check(read_clock(at)), batch=batch)


def dpop(batch: _Batch = False, at: _At = None) -> None:
    """Check a DPoP proof: {"proof", "htm", "htu", "access_token"?, "nonce"?, "jkt"?} in, {"valid", "rule"} out."""
    run_check(dpop_check(read_clock(at)), batch=batch)
