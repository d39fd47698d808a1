"""Requests made of the protocol's own words in wrong places, from a seed: who sends them says where to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some

ERRORS = frozenset(
    {
        # RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8707 §2, OpenID Connect Core §3.1.2.6
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
        *("invalid_scope", "unsupported_response_type", "access_denied", "invalid_token", "insufficient_scope"),
        *("unsupported_token_type", "invalid_target", "login_required", "consent_required", "interaction_required"),
        *("request_not_supported", "request_uri_not_supported", "registration_not_supported"),
        # RFC 9101 §7, RFC 9126 §2.3, RFC 9396 §5, RFC 9449 §5 and §8, RFC 9470 §3, RFC 8628 §3.5
        *("invalid_request_object", "invalid_request_uri", "invalid_authorization_details", "invalid_dpop_proof"),
        *("use_dpop_nonce", "insufficient_user_authentication", "authorization_pending", "slow_down", "expired_token"),
        # OpenID Connect Core Unmet Authentication Requirements §2
        "unmet_authentication_requirements",
    }
)
NAMES = (
    *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "prompt", "max_age", "acr_values", "id_token_hint", "login_hint"),
    *("ui_locales", "idp_hint", "request", "request_uri", "registration", "resource", "claims", "grant_type", "code"),
    *("code_verifier", "refresh_token", "token", "token_type_hint", "access_token", "client_assertion", "csrf"),
    *("client_assertion_type", "authorization_details", "dpop_jkt", "device_code", "user_code", "logout_token"),
    *("post_logout_redirect_uri", "logout", "decision", "provider", "cancel", "iss", "error", "", "\x00", "é"),
)
_OPAQUE = "_" + "A" * 22 + "_" + "A" * 43
WORDS = (
    *("http://127.0.0.1:1", "code", "query", "jwt", "form_post.jwt", "openid", "openid profile", "offline_access"),
    *("procedure:1.004222", "openid procedure:", "none", "login", "consent", "none login", "S256", "plain"),
    *("0", "-1", "9" * 40, "1e3", "authorization_code", "refresh_token", "client_credentials", "password", "urn:x"),
    *("urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    *("urn:ietf:params:oauth:request_uri:x", "yes", "allow", "gc" + _OPAQUE, "gr" + _OPAQUE, "ga" + _OPAQUE),
    *("eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiJ9.e30.AA", "https://reports.example", "{}", "[", "a\r\nb: c"),
    *('{"userinfo":{"name":{"essential":true}}}', '{"id_token":[]}', '[{"type":"prefill"}]', '[{"type":1},{}]', "null"),
    *("\x00", "\u202e", "\U0001f600", "é" * 50, "A" * 9000, " "),
)
HEADERS = ("Basic é", "Basic", "Bearer", "Bearer é", "DPoP x", "Basic ====", "", "Bearer ga" + _OPAQUE)
PROOFS = ("", "x", "a.b.c", "eyJhbGciOiJub25lIiwidHlwIjoiZHBvcCtqd3QifQ.e30.", "é", "A" * 9000)
KINDS = (*["application/x-www-form-urlencoded"] * 6, "", "application/json", "multipart/form-data")


class Asked(NamedTuple):
    """One request; a header that is None is not sent."""

    method: str
    path: str
    pairs: list[tuple[str, str]]
    kind: str
    authorization: str | None
    proof: str | None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Return the headers that are sent, as octets."""
        sent = {"authorization": self.authorization, "dpop": self.proof}
        return [(name, value.encode("latin-1")) for name, value in sent.items() if value is not None]


@dataclass(frozen=True)
class Grammar:
    """What a provider has besides the words of the standards: what is asked first at each path, `words` of its own,
    and headers of clients it knows."""

    bases: Mapping[str, Sequence[Mapping[str, str]]]
    words: Sequence[str]
    authorizations: Sequence[str]


def requests_of(grammar: Grammar, chance: int, count: int) -> list[Asked]:
    """Return `count` requests; the same for the same `chance`."""
    words = some.sampled_from([*WORDS, *grammar.words]) | some.text(max_size=8)
    pairs = some.lists(some.tuples(some.sampled_from(NAMES), words), max_size=9)
    method = some.sampled_from(["GET", "POST", "POST", "HEAD"])
    authorization = some.sampled_from([None, None, *grammar.authorizations]) | some.sampled_from(HEADERS)
    proof = some.sampled_from([None, None, None, *PROOFS])
    path = some.sampled_from(sorted(grammar.bases))
    drawn = some.tuples(method, path, pairs, some.sampled_from(KINDS), authorization, proof, some.integers(0, 9))
    made: list[Asked] = []

    @seed(chance)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn)
    def collect(one: tuple[str, str, list[tuple[str, str]], str, str | None, str | None, int]) -> None:
        how, where, beside, kind, who, shown, base = one
        bases = grammar.bases[where]
        made.append(Asked(how, where, [*bases[base % len(bases)].items(), *beside], kind, who, shown))

    collect()
    return made
