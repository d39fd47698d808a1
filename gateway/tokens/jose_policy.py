"""The policies of signed tokens, one for each kind, as data (RFC 8725 §3.11, FAPI 2.0 Security Profile §5.4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

_ASYMMETRIC = frozenset({"RS256", "PS256", "ES256", "Ed25519", "EdDSA"})
_STRICT = frozenset({"PS256", "ES256", "Ed25519", "EdDSA"})  # FAPI 2.0 SP Final §5.4.1: no RS256
_JWT = frozenset({"", "jwt"})  # "" stands for a header without typ


@dataclass(frozen=True, slots=True, kw_only=True)
class JosePolicy:
    """What one kind of token must be. Times are in seconds.

    `types`: lower-case `typ` values without `application/`, "" for none, or None when typ is not judged.
    `ahead_for`: how far iat and nbf may lie in the future (FAPI 2.0: 10 accepted, more than 60 refused).
    `lifetime_for`: longest time from iat (or from now without one) to exp. `oldest_for`: greatest age of iat.
    `counted_from_nbf`: both count from nbf instead, where there is one, and iat says nothing about them.
    `audience_is_text`: `aud` must be one string. `key_from_header`: the key is the header's `jwk` (RFC 9449).
    """

    name: str
    algorithms: frozenset[str] = _ASYMMETRIC
    types: frozenset[str] | None = _JWT
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    header_limit: int = 4096
    token_limit: int = 65_536
    ahead_for: int = 30
    leeway_for: int = 0
    lifetime_for: int | None = None
    oldest_for: int | None = None
    counted_from_nbf: bool = False
    judge_expiry: bool = True
    audience_is_text: bool = False
    key_from_header: bool = False

    def narrowed(self, alg: str) -> "JosePolicy":
        """Return the policy for one algorithm of those it knows."""
        return replace(self, algorithms=self.algorithms & {alg})


ID_TOKEN = JosePolicy(
    name="id_token",
    required=frozenset({"iss", "sub", "aud", "exp", "iat"}),
    forbidden=frozenset({"events"}),
    leeway_for=10,
)
ID_TOKEN_FAPI2 = replace(ID_TOKEN, name="id_token_fapi2", algorithms=_STRICT)
AUTHORIZATION_ANSWER = JosePolicy(
    name="authorization_answer",
    algorithms=_STRICT,
    required=frozenset({"iss", "aud", "exp"}),
    forbidden=frozenset({"events", "sub"}),
    leeway_for=10,
    token_limit=16_384,
)
"""A signed answer of an authorization endpoint (JARM §2.1). It has no `sub`: an ID token is not taken for one."""
AUTHORIZATION_ANSWER_BASELINE = replace(
    AUTHORIZATION_ANSWER, name="authorization_answer_baseline", algorithms=_ASYMMETRIC
)
ID_TOKEN_HINT = JosePolicy(
    name="id_token_hint", required=frozenset({"iss", "sub", "aud", "exp", "iat"}), judge_expiry=False
)
ACCESS_TOKEN = JosePolicy(
    name="access_token",
    types=frozenset({"at+jwt"}),
    required=frozenset({"iss", "sub", "aud", "exp", "iat", "jti", "client_id"}),
)
MANIFEST = JosePolicy(
    name="manifest",
    types=frozenset({"prefill-manifest+jwt"}),
    required=frozenset({"iss", "aud", "jti", "iat", "exp"}),
    audience_is_text=True,
    token_limit=262_144,
)
RECEIPT = JosePolicy(name="receipt", types=frozenset({"event-receipt+jwt"}), required=frozenset({"iss", "iat", "jti"}))
CONSENT_RECEIPT = JosePolicy(
    name="consent_receipt",
    types=frozenset({"consent-receipt+jwt"}),
    required=frozenset({"iss", "sub", "iat", "jti", "consent"}),
)
CONSENT_REFUSAL = JosePolicy(
    name="consent_refusal",
    types=frozenset({"consent-refusal+jwt"}),
    required=frozenset({"iss", "sub", "iat", "jti", "decision", "consent"}),
)
LOGOUT_TOKEN = JosePolicy(
    name="logout_token",
    types=frozenset({"", "jwt", "logout+jwt"}),
    required=frozenset({"iss", "aud", "iat", "jti", "events"}),
    forbidden=frozenset({"nonce"}),
    oldest_for=300,
)
EVENT_TOKEN = JosePolicy(
    name="event_token",
    types=frozenset({"secevent+jwt"}),
    required=frozenset({"iss", "aud", "iat", "jti", "events", "sub_id"}),
    forbidden=frozenset({"sub", "exp"}),
    oldest_for=300,
    audience_is_text=True,
)
"""RFC 8417 §2.2: neither `sub` nor `exp`, so that no reader takes an event for a token that opens something."""
CLIENT_ASSERTION = JosePolicy(
    name="client_assertion",
    algorithms=_STRICT,
    types=frozenset({"", "jwt", "client-authentication+jwt"}),
    required=frozenset({"iss", "sub", "aud", "exp", "jti"}),
    audience_is_text=True,
    lifetime_for=3600,
    token_limit=16_384,
)
CLIENT_ASSERTION_BASELINE = replace(
    CLIENT_ASSERTION, name="client_assertion_baseline", algorithms=_ASYMMETRIC, audience_is_text=False
)
"""As OpenID Connect Core §9 has it, for clients outside FAPI: RS256 too, and `aud` may be a list."""
DPOP_PROOF = JosePolicy(
    name="dpop_proof",
    algorithms=_STRICT,
    types=frozenset({"dpop+jwt"}),
    required=frozenset({"jti", "htm", "htu", "iat"}),
    oldest_for=300,
    key_from_header=True,
    token_limit=16_384,
)
REQUEST_OBJECT = JosePolicy(
    name="request_object",
    algorithms=_STRICT,
    types=frozenset({"", "jwt", "oauth-authz-req+jwt"}),
    required=frozenset({"iss", "aud", "exp", "nbf", "client_id"}),
    forbidden=frozenset({"request", "request_uri"}),  # RFC 9101 §4: no request within a request
    lifetime_for=3600,
    oldest_for=3600,
    counted_from_nbf=True,
    token_limit=16_384,
)
"""Several audiences may stand in `aud` as long as we are one (FAPI 2.0 Message Signing, its conformance modules).

Its §5.3.1 counts from nbf: that one at most 60 minutes ago, and exp at most 60 minutes after it.
"""
REQUEST_OBJECT_BASELINE = replace(
    REQUEST_OBJECT,
    name="request_object_baseline",
    algorithms=_ASYMMETRIC,
    required=frozenset({"iss", "aud", "exp", "client_id"}),
)
"""As OpenID Connect Core §6 has it, for clients outside FAPI: RS256 too; without `nbf`, times count from iat."""
SOURCE_ANSWER = JosePolicy(name="source_answer", algorithms=_ASYMMETRIC, types=None, token_limit=2_097_152)
"""What a register signs of its answer: no claims of a token, and so none is asked for."""
POLICIES: Mapping[str, JosePolicy] = {
    policy.name: policy
    for policy in (
        *(ID_TOKEN, ID_TOKEN_HINT, ACCESS_TOKEN, MANIFEST, RECEIPT, CONSENT_RECEIPT, CONSENT_REFUSAL),
        *(LOGOUT_TOKEN, EVENT_TOKEN, CLIENT_ASSERTION, CLIENT_ASSERTION_BASELINE, DPOP_PROOF, REQUEST_OBJECT),
        *(REQUEST_OBJECT_BASELINE, ID_TOKEN_FAPI2, AUTHORIZATION_ANSWER, AUTHORIZATION_ANSWER_BASELINE),
    )
}
