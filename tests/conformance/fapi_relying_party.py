"""The gateway as a relying party of FAPI 2.0, by the suite's modules: fapi2-security-profile-final-client-test-plan and
fapi2-message-signing-final-client-test-plan, whose requests and answers are signed. A refusal is the last call."""

from collections.abc import Callable
from typing import Any

from tests.conformance.attacks import expired
from tests.conformance.fapi_upstream import FapiUpstream
from tests.conformance.plan import Check, NotApplicable, Run, modules_of
from tests.conformance.relying_party import (
    ID_TOKEN,
    RULES,
    Twist,
    UpstreamRun,
    accepts,
    badly_signed,
    claim,
    of,
    refuses,
    token,
)
from tests.conformance.upstream import WORDS, Upstream
from tests.identity_providers.issuer import private_jwk, with_header

ANSWER = "RFC 9207 §2.4"
JARM = "JARM §2.4"
_BEFORE_TOKEN = ("/token", "/userinfo")
_BEFORE_BROWSER = ("/authorize", *_BEFORE_TOKEN)
_SAID = {"error_description": WORDS}
_SIGNED_RULE = "callback: `response`: refused by rule "


def strict(twisted: Callable[[FapiUpstream], Any]) -> Twist:
    """Return a twist of what only this kind of upstream has."""

    def twist(upstream: Upstream) -> None:
        assert isinstance(upstream, FapiUpstream)
        twisted(upstream)

    return twist


def happy(sent: str, twist: Twist = lambda upstream: None) -> Check:
    """Return a check of a good upstream: each endpoint is called as often as it asks for, and nothing was at fault."""
    signs_in = accepts(sent, twist)

    def check(run: Run) -> None:
        signs_in(run)
        upstream = upstream_of(run)
        assert upstream.faults == []
        calls = [upstream.count("/par", "POST"), upstream.count("/token", "POST"), upstream.count("/userinfo")]
        assert calls == [upstream.tries] * 3
        assert len(upstream.assertions) == 2
        assert not upstream.count("/mtls") + upstream.count("/mtls", "POST")

    return check


def upstream_of(run: Run) -> FapiUpstream:
    """Return the upstream of a run as what it is."""
    assert isinstance(run, UpstreamRun)
    assert isinstance(run.upstream, FapiUpstream)
    return run.upstream


def without_nonce(upstream: FapiUpstream) -> None:
    """No endpoint asks for a nonce."""
    upstream.asks = False


def unless_signed(check: Check) -> Check:
    """Return a check of an answer's own `iss`, which a signed answer has within (the suite leaves these out there)."""

    def checked(run: Run) -> None:
        if upstream_of(run).signed:
            accepts("a signed authorization response, `iss` within")(run)
            assert upstream_of(run).asked["response_mode"] == "jwt"
            raise NotApplicable("response_mode")
        check(run)

    return checked


def no_refresh(run: Run) -> None:
    """A refresh token that nobody asked for is neither used nor kept: the gateway is a client of the code alone. The
    suite asks for more in the profiles of Brazil, Chile, KSA and the Emirates only."""
    upstream = of(run, strict(lambda up: up.token_answer.update(refresh_token="r" * 40)))
    assert isinstance(run, UpstreamRun)
    assert run.signs_in()[1] is None
    assert "offline_access" not in upstream.asked["scope"].split()
    assert {form.get("grant_type") for form in upstream.token_forms} == {"authorization_code"}
    run.tell("a refresh token that nobody asked for", "signed in, never refreshed")
    raise NotApplicable("grant_types")


def back(**members: str | None) -> Twist:
    """Return a twist of the authorization response (None leaves a member out)."""
    return lambda upstream: upstream.back.update(members)


def answer(**claims: object) -> Twist:
    """Return a twist of the claims of a signed answer."""
    return strict(lambda upstream: upstream.answer_claims.update(claims))


def answered_late(upstream: FapiUpstream) -> None:
    """The signed answer expired five minutes ago, once the hour of a new row has passed."""
    upstream.answer_claims["exp"] = int(upstream.time.seconds()) + 3301


def signs_rs256(upstream: FapiUpstream) -> None:
    """ID tokens are signed RS256, with a published key."""
    upstream.signing = private_jwk("RS256", "rsa-1")
    upstream.published.append(upstream.signing)


def in_another_case(upstream: FapiUpstream) -> None:
    """The challenge of the resource names the scheme in the other case."""
    upstream.scheme = "dPoP"


PREFIX = "fapi2-security-profile-final-client-"
_ROWS: dict[str, tuple[str, Check]] = {
    "test-happy-path": ("FAPI 2.0 SP §5.3.3", happy("good answers, a nonce wanted at PAR, token endpoint, userinfo")),
    "test-discovery-issuer-mismatch": (
        "OpenID Connect Discovery §4.3",
        refuses(
            "discovery document of another issuer",
            lambda upstream: upstream.metadata.update(issuer="https://evil.example"),
            rule="discovery: `issuer` is not the pinned one",
            untouched=("/par", "/authorize", *_BEFORE_TOKEN),
        ),
    ),
    "test-invalid-iss": (
        ID_TOKEN,
        refuses("ID token of another issuer", claim(iss="https://evil.example"), rule=RULES + "`iss`"),
    ),
    "test-invalid-aud": (
        ID_TOKEN,
        refuses("ID token for another client", claim(aud="somebody-else"), rule=RULES + "`aud`"),
    ),
    "test-invalid-secondary-aud": (
        ID_TOKEN,
        refuses(
            "ID token for us and another, without azp",
            claim(aud=["gate06", "somebody-else"]),
            rule=RULES + "`missing:azp`",
        ),
    ),
    "test-invalid-null-alg": (
        "RFC 8725 §3.1",
        refuses(
            "ID token with alg none",
            token(lambda up, good: with_header(good, {"alg": "none"}, "")),
            rule=RULES + "`form`",
        ),
    ),
    "test-invalid-alternate-alg": (
        "FAPI 2.0 SP §5.4",
        refuses("ID token signed RS256", strict(signs_rs256), rule=RULES + "`alg`"),
    ),
    "test-invalid-expired-exp": (
        ID_TOKEN,
        refuses("ID token that expired five minutes ago", expired, rule=RULES + "`exp`", code="GW-1213"),
    ),
    "test-invalid-missing-exp": (
        ID_TOKEN,
        refuses("ID token without exp", claim(exp=None), rule=RULES + "`missing:exp`"),
    ),
    "test-invalid-missing-aud": (
        ID_TOKEN,
        refuses("ID token without aud", claim(aud=None), rule=RULES + "`missing:aud`"),
    ),
    "test-invalid-missing-iss": (
        ID_TOKEN,
        refuses("ID token without iss", claim(iss=None), rule=RULES + "`missing:iss`"),
    ),
    "test-valid-aud-as-array": (ID_TOKEN, happy("ID token, aud is an array of us", claim(aud=["gate06"]))),
    "test-invalid-nonce": (
        ID_TOKEN,
        refuses("ID token with another nonce", claim(nonce="another"), rule=RULES + "`nonce`"),
    ),
    "test-invalid-missing-nonce": (
        ID_TOKEN,
        refuses("ID token without nonce", claim(nonce=None), rule=RULES + "`nonce`"),
    ),
    "test-invalid-authorization-response-iss": (
        ANSWER,
        unless_signed(
            refuses(
                "authorization response with another iss",
                back(iss="https://evil.example"),
                rule="callback: `iss` is not the pinned issuer",
                untouched=_BEFORE_TOKEN,
            )
        ),
    ),
    "test-remove-authorization-response-iss": (
        ANSWER,
        unless_signed(
            refuses(
                "authorization response without iss",
                back(iss=None),
                rule="callback: `iss` missing",
                untouched=_BEFORE_TOKEN,
            )
        ),
    ),
    "test-ensure-authorization-response-with-invalid-state-fails": (
        "RFC 9700 §4.7",
        refuses(
            "authorization response with another state",
            back(state="another"),
            rule="callback with a state that was not sent there",
            untouched=_BEFORE_TOKEN,
        ),
    ),
    "test-ensure-authorization-response-with-invalid-missing-state-fails": (
        "RFC 9700 §4.7",
        refuses(
            "authorization response without state",
            back(state=None),
            rule="callback without state",
            untouched=_BEFORE_TOKEN,
        ),
    ),
    "test-token-endpoint-response-without-expires_in": (
        "RFC 6749 §5.1",
        happy("no expires_in", lambda upstream: upstream.token_answer.update(expires_in=None)),
    ),
    "test-token-type-case-insensitivity": (
        "RFC 6749 §5.1",
        happy("token_type dpOp", lambda upstream: upstream.token_answer.update(token_type="dpOp")),
    ),
    "test-rs-dpop-auth-scheme-case-insensitivity": (
        "RFC 9110 §11.1",
        happy("userinfo asks for a nonce, the scheme written dPoP", strict(in_another_case)),
    ),
    "test-happy-path-no-dpop-nonce": ("RFC 9449 §8", happy("nobody asks for a nonce", strict(without_nonce))),
    "test-happy-path-no-mtls-endpoint-aliases": (
        "RFC 8705 §5",
        happy("no mtls_endpoint_aliases", lambda upstream: upstream.metadata.update(mtls_endpoint_aliases=None)),
    ),
    "refresh-token-test": ("RFC 6749 §6", no_refresh),
}
RP_FAPI = modules_of(PREFIX, _ROWS)


def asked_for_ever(run: Run) -> None:
    """A server that answers every proof with another nonce is asked twice and no third time."""
    refuses(
        "PAR asks for another nonce each time",
        strict(lambda up: setattr(up, "always_asks", True)),
        rule="par: unknown error code",
        untouched=_BEFORE_BROWSER,
    )(run)
    assert upstream_of(run).count("/par", "POST") == 2


def jarm(sent: str, twist: Twist, rule: str, code: str = "GW-1208") -> tuple[str, Check]:
    """Return a row of a signed answer that is not believed: nothing is redeemed."""
    return JARM, refuses(sent, twist, rule=_SIGNED_RULE + f"`{rule}`", code=code, untouched=_BEFORE_TOKEN)


RP_SIGNING = modules_of(
    PREFIX,
    {
        **_ROWS,
        "test-ensure-jarm-without-iss-fails": jarm("signed answer without iss", answer(iss=None), "missing:iss"),
        "test-ensure-jarm-with-invalid-iss-fails": jarm(
            "signed answer of another issuer", answer(iss="https://evil.example"), "iss"
        ),
        "test-ensure-jarm-without-aud-fails": jarm("signed answer without aud", answer(aud=None), "missing:aud"),
        "test-ensure-jarm-with-invalid-aud-fails": jarm(
            "signed answer for another client", answer(aud="somebody-else"), "aud"
        ),
        "test-ensure-jarm-without-exp-fails": jarm("signed answer without exp", answer(exp=None), "missing:exp"),
        "test-ensure-jarm-with-expired-exp-fails": jarm(
            "signed answer that expired five minutes ago", strict(answered_late), "exp", "GW-1213"
        ),
        "test-ensure-jarm-with-invalid-sig-fails": jarm(
            "signed answer with a wrong signature",
            strict(lambda up: setattr(up, "twist_answer", badly_signed)),
            "signature",
        ),
        "test-ensure-jarm-signature-is-not-none": (
            "RFC 8725 §3.1",
            refuses(
                "signed answer with alg none",
                strict(lambda up: setattr(up, "twist_answer", lambda good: with_header(good, {"alg": "none"}, ""))),
                rule="callback without state",
                untouched=_BEFORE_TOKEN,
            ),
        ),
    },
)

OWN = modules_of(
    "gate06-client-fapi2-",
    {
        "pushed-request-refused": (
            "RFC 9126 §2.3",
            refuses(
                "PAR refuses the request",
                strict(lambda up: setattr(up, "par_answer", (400, {"error": "invalid_request", **_SAID}))),
                rule="par: error `invalid_request`",
                untouched=_BEFORE_BROWSER,
            ),
        ),
        "pushed-request-without-a-name": (
            "RFC 9126 §2.2",
            refuses(
                "PAR answers without request_uri",
                strict(lambda up: setattr(up, "par_answer", (201, {"expires_in": 60}))),
                rule="par: `request_uri` missing or malformed",
                untouched=_BEFORE_BROWSER,
            ),
        ),
        "pushed-request-unavailable": (
            "RFC 9126 §2.3",
            refuses(
                "PAR answers 503",
                strict(lambda up: setattr(up, "par_answer", (503, _SAID))),
                rule="par: status 503",
                code="GW-1209",
                untouched=_BEFORE_BROWSER,
            ),
        ),
        "no-pushed-requests": (
            "FAPI 2.0 SP §5.3.3",
            refuses(
                "discovery document without PAR",
                lambda upstream: upstream.metadata.update(pushed_authorization_request_endpoint=None),
                rule="discovery: `pushed_authorization_request_endpoint` is missing",
                untouched=("/par", *_BEFORE_BROWSER),
            ),
        ),
        "no-proofs-of-ours": (
            "RFC 9449 §5.1",
            refuses(
                "discovery document with other DPoP algorithms only",
                lambda upstream: upstream.metadata.update(dpop_signing_alg_values_supported=["RS256"]),
                rule="discovery: `dpop_signing_alg_values_supported` is without ES256",
                untouched=("/par", *_BEFORE_BROWSER),
            ),
        ),
        "no-issuer-in-answers": (
            "FAPI 2.0 SP §5.3.3",
            refuses(
                "discovery document that announces no iss",
                lambda upstream: upstream.metadata.update(authorization_response_iss_parameter_supported=False),
                rule="discovery: `authorization_response_iss_parameter_supported` is not true",
                untouched=("/par", *_BEFORE_BROWSER),
            ),
        ),
        "nonces-without-end": ("RFC 9449 §8", asked_for_ever),
        "token-not-bound": (
            "FAPI 2.0 SP §5.3.3",
            refuses(
                "a Bearer token instead of a bound one",
                lambda upstream: upstream.token_answer.update(token_type="Bearer"),
                rule="token: `token_type` is not DPoP",
            ),
        ),
    },
)
