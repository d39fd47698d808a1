"""fapi2-security-profile-final-test-plan: plain FAPI, OpenID Connect, private_key_jwt, DPoP. The table of all 56."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from gateway.tokens.key_material import generate_private_jwk
from tests.conformance.client import read_id_token, wire_of
from tests.conformance.fapi_client import NAMES, FapiClient
from tests.conformance.fapi_dpop import DPOP_ROWS
from tests.conformance.plan import ANY, NONE, Check, Run, modules_of
from tests.conformance.running import CALLBACK
from tests.possession import CHANCE

_ALGORITHMS = {"PS256", "ES256", "EdDSA", "Ed25519"}
_ENTROPY = 22  # letters of base64url that hold 128 bits
_TAIL = 32  # of 43 letters that are secret; the grant's id, which is none, stands before them
SP = "FAPI 2.0 SP"


def discovery(run: Run) -> None:
    said = run.gateway.metadata
    assert said["response_types_supported"] == ["code"]
    assert said["pushed_authorization_request_endpoint"].startswith(run.gateway.issuer)
    assert said["authorization_response_iss_parameter_supported"] is True
    assert "S256" in said["code_challenge_methods_supported"]
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    assert isinstance(said["require_pushed_authorization_requests"], bool)
    for name in ("token_endpoint_auth", "id_token", "dpop"):
        names = (f"{name}_signing_alg_values_supported",)
        assert _ALGORITHMS & set(said[names[0]]), names
    run.note("GET openid-configuration", "200 PAR, iss, S256, private_key_jwt, DPoP, each list with a good algorithm")


def varied(one: str, other: str) -> int:
    """Return in how many of their last letters two secrets are not the same: what is fixed holds nothing."""
    return sum(a != b for a, b in zip(one[-_TAIL:], other[-_TAIL:], strict=True))


def happy_flow(run: Run) -> None:
    codes, access_tokens = [], []
    for which in (0, 1):
        client = FapiClient(run, which)
        code = client.code()
        tokens = run.see(client.redeem(code), 200, access_token=ANY, id_token=ANY, token_type="DPoP", expires_in=ANY)
        claims = read_id_token(run, tokens["id_token"], client.client_id, "ES256")
        assert claims["nonce"] == "no-1"
        run.note("ID token", "alg=ES256, kid published, signature good, nonce=no-1")
        person = client.person(tokens["access_token"])
        run.see(person, 200, sub=ANY)
        assert person.members["sub"] == claims["sub"]
        assert "date" in person.headers
        codes.append(code)
        access_tokens.append(tokens["access_token"])
    assert min(varied(*codes), varied(*access_tokens)) >= _ENTROPY
    run.note("codes and access tokens of both", f"in {_ENTROPY} or more of their last {_TAIL} letters another one")


def user_rejects(run: Run) -> None:
    client = FapiClient(run)
    wire, landing = client.visit(client.pushed(prompt="consent"), buttons=("login", "consent-deny"))
    assert "consent-deny" in landing.pressed
    run.see(wire, wire.status, error="access_denied", state="st-1", iss=run.gateway.issuer, code=NONE)


def without(name: str) -> Check:
    """Return a check of a request without state or nonce: nothing is made up in its place."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        wire, _ = client.visit(client.pushed(**{name: None}))
        expected: dict[str, object] = {"code": ANY} | ({"state": NONE} if name == "state" else {})
        code = run.see(wire, wire.status, **expected)["code"]
        tokens = run.see(client.redeem(code), 200, id_token=ANY, access_token=ANY)
        claims = read_id_token(run, tokens["id_token"], client.client_id, "ES256")
        assert claims.get("nonce") == (None if name == "nonce" else "no-1")

    return check


def long_value(name: str, length: int) -> Check:
    """Return a check of a long state or nonce: it works, and comes back as it was."""

    def check(run: Run) -> None:
        client, value = FapiClient(run), "n" * length
        wire, _ = client.visit(client.pushed(**{name: value}))
        told = run.see(wire, wire.status, code=ANY, state=ANY)
        assert told["state"] == (value if name == "state" else "st-1")
        tokens = run.see(client.redeem(told["code"]), 200, id_token=ANY)
        claims = read_id_token(run, tokens["id_token"], client.client_id, "ES256")
        assert claims["nonce"] == (value if name == "nonce" else "no-1")

    return check


def scope_order(run: Run) -> None:
    client = FapiClient(run)
    run.see(client.redeem(client.code(scope="profile openid")), 200, access_token=ANY, id_token=ANY)


def claims_parameter(run: Run) -> None:
    offered = run.gateway.metadata["claims_parameter_supported"]
    run.require_offered("claims_parameter_supported", offered=offered)
    client = FapiClient(run)
    token = client.tokens(claims='{"userinfo":{"name":null}}')["access_token"]
    run.see(client.person(token), 200, name=ANY)


def outside_ignored(**outside: str) -> Check:
    """Return a check of parameters beside `request_uri`: only what was pushed counts."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        wire, landing = client.visit(client.pushed(), **outside)
        if landing.arrived is None:
            run.see(wire, 400)
            return
        run.see(wire, wire.status, code=ANY, state="st-1")

    return check


def state_outside(run: Run) -> None:
    client = FapiClient(run)
    wire, landing = client.visit(client.pushed(state=None), state="outside")
    assert landing.members.get("state") != "outside"
    run.note(wire.sent, f"{wire.status}, the state beside the request is not used")


def refused_at_par(error: str, told: str = "", status: int = 400, **changes: str | None) -> Check:
    """Return a check of a request that PAR refuses."""

    def check(run: Run) -> None:
        run.see(FapiClient(run).push(told, **changes), status, error=error, error_uri=ANY, request_uri=NONE)

    return check


def without_par(run: Run) -> None:
    client = FapiClient(run)
    query = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "st-1"}
    landing = client.browser.open(
        f"{client.address('authorization')}?{urlencode({**query, 'client_id': client.client_id})}"
    )
    assert "code" not in landing.members
    assert landing.members.get("error") == "invalid_request" or landing.status == 400
    run.note("GET authorization endpoint with an unpushed request", "error=invalid_request, no code")


def assertion_refused(told: str, make: Callable[[FapiClient], str], endpoint: str = "token") -> Check:
    """Return a check of a client assertion that is not believed."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        if endpoint == "par":
            wire = client.push(told, assertion=make(client))
        else:
            wire = client.redeem(client.code(), told, assertion=make(client))
        run.see(wire, 401, error="invalid_client", access_token=NONE, request_uri=NONE)

    return check


def changed(**changes: Any) -> Callable[[FapiClient], str]:
    """Return what makes an assertion with other claims; a number is seconds from now."""

    def make(client: FapiClient) -> str:
        at = int(client.now)
        return client.assertion(**{name: at + one if isinstance(one, int) else one for name, one in changes.items()})

    return make


def rs256(client: FapiClient) -> str:
    return client.assertion(generate_private_jwk("RS256", "f1", CHANCE))


def aud_of(endpoint: str) -> Callable[[FapiClient], str]:
    return lambda client: client.assertion(aud=client.address(endpoint))


def aud_as_array(client: FapiClient) -> str:
    return client.assertion(aud=[client.run.gateway.issuer])


def nbf_accepted(run: Run) -> None:
    client = FapiClient(run)
    soon = int(client.now) + 8
    wire = client.push("an assertion with nbf and iat 8 s ahead", assertion=client.assertion(nbf=soon, iat=soon))
    run.see(wire, 201, request_uri=ANY)


def other_client(run: Run) -> None:
    code = FapiClient(run).code()
    other = FapiClient(run, 1)
    run.see(other.redeem(code, "another client's code"), 400, error="invalid_grant", access_token=NONE)


def client_id_at_token(run: Run) -> None:
    client = FapiClient(run)
    wire = client.redeem(client.code(), "the client_id of another client", client_id=NAMES[run.mode][1])
    assert wire.status in {400, 401}
    run.see(wire, wire.status, error=ANY, access_token=NONE)


def holder_required(run: Run) -> None:
    client = FapiClient(run)
    run.see(client.redeem(client.code(), "no proof", proof=None), 400, error="invalid_dpop_proof", access_token=NONE)


def code_again(run: Run) -> None:
    client = FapiClient(run)
    code = client.code()
    token = run.see(client.redeem(code), 200, access_token=ANY)["access_token"]
    run.gateway.time.move(1)
    run.see(client.redeem(code, "the same code"), 400, error="invalid_grant", access_token=NONE)
    run.see(client.person(token, "the token of the first time"), 401, error="invalid_token")


def code_expired(run: Run) -> None:
    client = FapiClient(run)
    code = client.code()
    run.gateway.time.move(61)
    run.see(client.redeem(code, "a code of 61 s ago"), 400, error="invalid_grant", access_token=NONE)


def verifier(told: str, value: str | None) -> Check:
    def check(run: Run) -> None:
        client = FapiClient(run)
        wire = client.redeem(client.code(), told, code_verifier=value)
        assert wire.members["error"] in {"invalid_grant", "invalid_request"}
        run.see(wire, 400, error=ANY, access_token=NONE)

    return check


def refresh_token(run: Run) -> None:
    client = FapiClient(run)
    token = client.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
    run.see(client.refresh(token, "without client authentication", assertion="-"), 401, error="invalid_client")
    run.see(client.refresh(token, "without a proof", proof=None), 400, error="invalid_dpop_proof")
    other = FapiClient(run, 1, client.holder)
    run.see(other.refresh(token, "by another client"), 400, error="invalid_grant")
    first = run.see(client.refresh(token), 200, access_token=ANY, token_type="DPoP")
    run.gateway.time.move(25)
    run.see(client.refresh(token, "once more, 25 s later"), 200, access_token=ANY, token_type="DPoP")
    run.see(client.person(first["access_token"]), 200, sub=ANY)


def twice_before_completion(run: Run) -> None:
    client = FapiClient(run)
    request_uri = client.pushed()
    _, landing = client.visit(request_uri, buttons=())
    assert landing.arrived is None
    run.note("GET authorization endpoint with client_id, request_uri, left on the first page", "200, a page")
    wire, _ = client.visit(request_uri)
    run.see(client.redeem(run.see(wire, wire.status, code=ANY)["code"]), 200, access_token=ANY)


def _no_code(run: Run, client: FapiClient, request_uri: str, told: str) -> None:
    wire, landing = client.visit(request_uri)
    assert "code" not in landing.members
    assert landing.status == 400 or landing.members["error"] in {"invalid_request", "invalid_request_uri"}
    seen = "400, a page" if landing.arrived is None else f"303 error={landing.members['error']}"
    run.note(f"{wire.sent}, {told}", f"{seen}, no code")


def after_completion(run: Run) -> None:
    client = FapiClient(run)
    request_uri = client.pushed()
    wire, _ = client.visit(request_uri)
    run.see(wire, wire.status, code=ANY)
    _no_code(run, client, request_uri, "after it was answered")


def expired_request(run: Run) -> None:
    client = FapiClient(run)
    wire = client.push()
    told = run.see(wire, 201, request_uri=ANY, expires_in=ANY)
    assert 5 <= told["expires_in"] < 600
    run.gateway.time.move(told["expires_in"] + 1)
    _no_code(run, client, told["request_uri"], "after its time")


def request_of_another(run: Run) -> None:
    request_uri = FapiClient(run).pushed()
    _no_code(run, FapiClient(run, 1), request_uri, "pushed by another client")


def other_methods(run: Run) -> None:
    address = run.gateway.metadata["pushed_authorization_request_endpoint"]
    with run.gateway.http() as http:
        for method in ("GET", "PUT"):
            wire = wire_of(f"{method} PAR endpoint", http.request(method, address))
            run.see(wire, 405, error="invalid_request", error_uri=ANY, request_uri=NONE)


def minimal(run: Run) -> None:
    client = FapiClient(run)
    run.see(client.redeem(client.code()), 200, access_token=ANY)


ROWS: dict[str, tuple[str, Check]] = {
    "discovery-end-point-verification": (f"{SP} §5.3.2.1-1", discovery),
    "happy-flow": (f"{SP} §5.3", happy_flow),
    "user-rejects-authentication": ("RFC 6749 §4.1.2.1", user_rejects),
    "ensure-authorization-request-without-state-success": (f"{SP} §5.3.2.2", without("state")),
    "ensure-authorization-request-without-nonce-success": (f"{SP} §5.3.2.2", without("nonce")),
    "ensure-authorization-request-with-64-char-nonce-success": (f"{SP} §5.3.2.2-14", long_value("nonce", 64)),
    "ensure-authorization-request-with-long-nonce": ("OpenID Connect Core §3.1.2.1", long_value("nonce", 384)),
    "ensure-authorization-request-with-long-state": ("RFC 6749 §4.1.1", long_value("state", 384)),
    "ensure-other-scope-order-succeeds": ("RFC 6749 §3.3", scope_order),
    "test-claims-parameter-identity-claims": ("OpenID Connect Core §5.5", claims_parameter),
    **DPOP_ROWS,
    "ensure-different-nonce-inside-and-outside-request-object": ("RFC 9126 §4", outside_ignored(nonce="outside")),
    "ensure-different-state-inside-and-outside-request-object": ("RFC 9126 §4", outside_ignored(state="outside")),
    "state-only-outside-request-object-not-used": ("RFC 9126 §4", state_outside),
    "ensure-request-object-without-redirect-uri-fails": (
        f"{SP} §5.3.2.2-6",
        refused_at_par("invalid_request", redirect_uri=None),
    ),
    "ensure-redirect-uri-in-authorization-request": (
        f"{SP} §5.3.2.2-6",
        refused_at_par("invalid_request", "neither redirect_uri nor state", redirect_uri=None, state=None),
    ),
    "plain-fapi-tolerate-unregistered-redirect-uri": (
        "RFC 9126 §2.4",
        refused_at_par("invalid_request", redirect_uri=CALLBACK + "/other"),
    ),
    "ensure-unsigned-authorization-request-without-using-par-fails": (f"{SP} §5.3.2.2-3", without_par),
    "ensure-response-type-code-idtoken-fails": (
        f"{SP} §5.3.2.2-1",
        refused_at_par("unsupported_response_type", response_type="code id_token"),
    ),
    "ensure-response-type-token-fails": (
        f"{SP} §5.3.2.2-1",
        refused_at_par("unsupported_response_type", response_type="token"),
    ),
    "ensure-client-id-in-token-endpoint": ("RFC 6749 §4.1.3", client_id_at_token),
    "ensure-authorization-code-is-bound-to-client": ("RFC 6749 §4.1.3", other_client),
    "ensure-holder-of-key-required": (f"{SP} §5.3.2.1-4", holder_required),
    "attempt-reuse-authorization-code-after-one-second": (f"{SP} §5.3.2.2-9", code_again),
    "token-endpoint-fails-with-expired-auth-code": (f"{SP} §5.3.2.1-11", code_expired),
    "ensure-signed-client-assertion-with-RS256-fails": (
        f"{SP} §5.4",
        assertion_refused("an assertion signed RS256", rs256),
    ),
    "ensure-client-assertion-in-token-endpoint": (
        f"{SP} §5.3.2.1-6",
        assertion_refused("no assertion", lambda client: "-"),
    ),
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": (
        "RFC 7523 §3",
        assertion_refused("an assertion that expired 5 minutes ago", changed(exp=-300, iat=-360)),
    ),
    "ensure-client-assertion-with-wrong-aud-fails": (
        f"{SP} §5.3.2.1-8",
        assertion_refused("an assertion for another issuer", changed(aud="https://evil.example")),
    ),
    "ensure-client-assertion-with-no-sub-fails": (
        "RFC 7523 §3",
        assertion_refused("an assertion without sub", changed(sub=None)),
    ),
    "refresh-token": (f"{SP} §5.3.2.1-9", refresh_token),
    "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": (
        f"{SP} §5.3.2.2 note 3",
        twice_before_completion,
    ),
    "par-attempt-reuse-request_uri": (f"{SP} §5.3.2.2-12", after_completion),
    "par-attempt-to-use-expired-request_uri": ("RFC 9126 §4", expired_request),
    "par-attempt-to-use-request_uri-for-different-client": ("RFC 9126 §2.2", request_of_another),
    "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted": (f"{SP} §5.3.2.1-13", nbf_accepted),
    "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails": (
        f"{SP} §5.3.2.1-13",
        assertion_refused("an assertion with nbf 70 s ahead", changed(nbf=70, exp=130), "par"),
    ),
    "par-authorization-request-containing-request_uri-form-param": (
        "RFC 9126 §2.1",
        refused_at_par("invalid_request", request_uri="urn:ietf:params:oauth:request_uri:x"),
    ),
    "par-attempt-invalid-http-method": ("RFC 9126 §2.3", other_methods),
    "par-ensure-pkce-required": (
        f"{SP} §5.3.2.2-5",
        refused_at_par("invalid_request", code_challenge=None, code_challenge_method=None),
    ),
    "ensure-pkce-code-verifier-required": ("RFC 7636 §4.6", verifier("no code_verifier", None)),
    "incorrect-pkce-code-verifier-rejected": ("RFC 7636 §4.6", verifier("another code_verifier", "x" * 43)),
    "par-plain-pkce-rejected": (f"{SP} §5.3.2.2-5", refused_at_par("invalid_request", code_challenge_method="plain")),
    "par-without-duplicate-parameters": ("RFC 9126 §4", minimal),
    "par-test-array-as-audience-fails": (
        f"{SP} §5.3.2.1-8",
        assertion_refused("an assertion whose aud is an array", aud_as_array, "par"),
    ),
    "par-test-par-endpoint-url-as-audience-fails": (
        f"{SP} §5.3.2.1-8",
        assertion_refused("an assertion for the PAR endpoint's address", aud_of("pushed_authorization_request"), "par"),
    ),
    "par-test-token-endpoint-url-as-audience-fails": (
        f"{SP} §5.3.2.1-8",
        assertion_refused("an assertion for the token endpoint's address", aud_of("token"), "par"),
    ),
}
FAPI = modules_of("fapi2-security-profile-final-", ROWS)
