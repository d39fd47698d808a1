"""The profiles of an upstream, as data: what each fixes in its table, and what it makes of what comes back.

`fapi2` is the client's half of FAPI 2.0 Security Profile Final (§5.3.3, §5.4): requests are pushed, the client signs
who it is, tokens are bound to a key, every answer says who gives it, and nothing is signed with RS256.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.tokens.jose_policy import (
    AUTHORIZATION_ANSWER,
    AUTHORIZATION_ANSWER_BASELINE,
    ID_TOKEN,
    ID_TOKEN_FAPI2,
    JosePolicy,
)

ProfileName = Literal["baseline", "fapi2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProfile:
    """One profile. `fixed`: members of the table that cannot be anything else, and need not be written.

    `demands_issuer`: an answer without `iss` is refused, whatever the discovery document says of it (RFC 9207 §2.4).
    """

    id_token: JosePolicy
    authorization_answer: JosePolicy
    demands_issuer: bool
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def algorithms(self) -> frozenset[str]:
        """The signature algorithms of either side."""
        return self.id_token.algorithms


PROFILES: Mapping[ProfileName, UpstreamProfile] = {
    "baseline": UpstreamProfile(
        id_token=ID_TOKEN,
        authorization_answer=AUTHORIZATION_ANSWER_BASELINE,
        demands_issuer=False,
    ),
    "fapi2": UpstreamProfile(
        id_token=ID_TOKEN_FAPI2,
        authorization_answer=AUTHORIZATION_ANSWER,
        demands_issuer=True,
        fixed={
            "token_endpoint_auth_method": "private_key_jwt",
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": True,
        },
    ),
}
MEMBERS = frozenset(
    {
        "profile",
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
        "require_signed_request_object",
        "response_mode",
        "id_token_signed_response_alg",
        "token_endpoint_auth_signing_alg",
    }
)
"""Members of a table that say how careful a sign-in is; the national dialects have none of it."""
