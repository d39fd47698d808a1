"""Client profiles as data: which checks apply to whom, and how long things live. One page for a reviewer.

`legacy` is for confidential clients with an end date; `baseline` is OAuth 2.1 (PKCE S256 always); `fapi2` is the
FAPI 2.0 Security Profile. A profile never appears in an `if`: it is a row here, and `authorization.py` runs the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.tokens.jose_policy import (
    CLIENT_ASSERTION,
    CLIENT_ASSERTION_BASELINE,
    REQUEST_OBJECT,
    REQUEST_OBJECT_BASELINE,
    JosePolicy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row: whether a challenge must be sent (RFC 7636), which authentication methods are accepted, how assertions
    are read, and whether they may name an endpoint instead of the issuer; how signed requests are read (RFC 9101);
    whether requests must be pushed (RFC 9126), whether tokens must be bound to a key (RFC 9449), and what ID
    tokens, userinfo and answers may be signed with."""

    name: str
    challenge_required: bool
    public_clients: bool
    authentication_methods: frozenset[str]
    assertions: JosePolicy = CLIENT_ASSERTION_BASELINE
    endpoints_as_audience: bool = True
    pushed_required: bool = False
    sender_constrained: bool = False
    signing_algorithms: frozenset[str] = frozenset({"ES256", "RS256", "PS256", "Ed25519", "EdDSA"})
    request_objects: JosePolicy = REQUEST_OBJECT

    def assertions_of(self, alg: str | None) -> JosePolicy:
        """Return how an assertion of a client is read that registered one algorithm, or none in particular."""
        return self.assertions if alg is None else self.assertions.narrowed(alg)

    def request_objects_of(self, alg: str | None) -> JosePolicy:
        """Return how a request object of such a client is read."""
        return self.request_objects if alg is None else self.request_objects.narrowed(alg)


PROFILES: Mapping[str, Profile] = {
    "legacy": Profile(
        name="legacy",
        challenge_required=False,
        public_clients=False,
        authentication_methods=frozenset({"client_secret_basic", "client_secret_post", "private_key_jwt"}),
        request_objects=REQUEST_OBJECT_BASELINE,
    ),
    "baseline": Profile(
        name="baseline",
        challenge_required=True,
        public_clients=True,
        authentication_methods=frozenset({"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}),
        request_objects=REQUEST_OBJECT_BASELINE,
    ),
    "fapi2": Profile(
        name="fapi2",
        challenge_required=True,
        public_clients=False,
        authentication_methods=frozenset({"private_key_jwt"}),
        assertions=CLIENT_ASSERTION,
        endpoints_as_audience=False,
        pushed_required=True,
        sender_constrained=True,
        signing_algorithms=CLIENT_ASSERTION.algorithms,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long each thing lives. `tombstone_for` keeps what is spent until its replay window has passed."""

    attempt_for: timedelta = timedelta(minutes=30)
    attempt_max_for: timedelta = timedelta(hours=6)
    pushed_for: timedelta = timedelta(seconds=90)
    upstream_for: timedelta = timedelta(minutes=15)
    code_for: timedelta = timedelta(seconds=60)
    access_token_for: timedelta = timedelta(minutes=10)
    id_token_for: timedelta = timedelta(minutes=10)
    refresh_token_for: timedelta = timedelta(days=30)
    refresh_grace_for: timedelta = timedelta(seconds=30)
    session_idle_for: timedelta = timedelta(hours=8)
    session_max_for: timedelta = timedelta(hours=24)
    staff_session_for: timedelta = timedelta(hours=8)
    staff_token_for: timedelta = timedelta(minutes=30)
    device_code_for: timedelta = timedelta(minutes=10)
    device_interval: timedelta = timedelta(seconds=5)


CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "middle_name",
        "given_name",
        "birthdate",
        "gender",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
}
"""OpenID Connect Core §5.4. E-mail, phone and address are not offered: no source vouches for them at sign-in."""

PROCEDURE_SCOPE = "procedure:"
IDENTITY_SCOPES = ("openid", "profile", "offline_access")
CLIENT_SCOPES = ("dossier:write",)
"""Scopes of our own API that a client has for itself, and no citizen's token carries."""


def is_own_scope(scope: str) -> bool:
    """Tell whether a scope is one of sign-in or of our own API, and no other resource's."""
    return scope in IDENTITY_SCOPES or scope.startswith(PROCEDURE_SCOPE)
