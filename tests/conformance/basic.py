"""oidcc-basic-certification-test-plan, the modules that one authorization request shows, and the table of all 38."""

from collections.abc import Callable

from tests.conformance import basic_walks as walks
from tests.conformance.basic_walks import PROFILE, happy
from tests.conformance.client import CHALLENGE, VERIFIER, Client
from tests.conformance.plan import ANY, NONE, Check, Run, modules_of
from tests.conformance.running import CALLBACK

UNSIGNED = "eyJhbGciOiJub25lIn0.eyJub25jZSI6Im8ifQ."


def goes_well(**changes: str | None) -> Check:
    """Return a check of a request that must be answered by a code, whatever was changed."""

    def check(run: Run) -> None:
        happy(run, **changes)

    return check


def refuses(error: str, **changes: str | None) -> Check:
    """Return a check of a request that must come back with this error and what identifies it, and without a code."""

    def check(run: Run) -> None:
        wire, landing = Client(run).ask(**changes)
        assert landing.arrived == CALLBACK
        run.see(wire, wire.status, error=error, error_uri=ANY, state="st-1", iss=run.gateway.issuer, code=NONE)

    return check


def response_type_missing(run: Run) -> None:
    refuses("invalid_request", response_type=None)(run)


def idtoken_unsigned(run: Run) -> None:
    """Nobody may get an unsigned ID token; the suite runs it only where `none` is announced."""
    announced = run.gateway.metadata["id_token_signing_alg_values_supported"]
    assert "none" not in announced
    run.note("GET openid-configuration", "200, `none` is not among the algorithms of ID tokens")
    run.require_offered("id_token_signing_alg_values_supported", offered=False)


def scope_profile(run: Run) -> None:
    person = happy(run, PROFILE, scope="openid profile")
    assert isinstance(person.members["updated_at"], int)


def scope_of(scope: str, *claims: str) -> Check:
    """Return a check of a scope: its claims come where `scopes_supported` announces it, and nowhere else."""

    def check(run: Run) -> None:
        offered = scope in run.gateway.metadata["scopes_supported"]
        happy(run, dict.fromkeys(claims, ANY if offered else NONE), scope=f"openid {scope}")
        run.require_offered("scopes_supported", offered=offered)

    return check


def scope_all(run: Run) -> None:
    offered = set(run.gateway.metadata["scopes_supported"])
    absent = {"email": "email", "address": "address", "phone": "phone_number"}
    others = {claim: ANY if scope in offered else NONE for scope, claim in absent.items()}
    happy(run, {**PROFILE, **others}, scope="openid profile email address phone")
    run.require_offered("scopes_supported", offered=offered.issuperset(absent))


def alternate_happy_flow(run: Run) -> None:
    client = Client(run)
    wire, _ = client.ask(state=None, scope="profile openid")
    told = run.see(wire, wire.status, code=ANY, state=NONE, iss=run.gateway.issuer)
    run.see(client.redeem(told["code"]), 200, access_token=ANY, id_token=ANY, token_type="Bearer")


def prompt_none_not_logged_in(run: Run) -> None:
    client = Client(run)
    wire, landing = client.ask(prompt="none")
    assert not landing.pressed, "a page was shown"
    run.see(wire, wire.status, error="login_required", state="st-1", iss=run.gateway.issuer, code=NONE)


def acr_values(run: Run) -> None:
    wanted = run.gateway.metadata["acr_values_supported"]
    client = Client(run)
    wire, _ = client.ask(acr_values=" ".join(wanted))
    tokens = client.redeem(run.see(wire, wire.status, code=ANY)["code"])
    claims = client.claims(run.see(tokens, 200, id_token=ANY)["id_token"])
    assert claims["acr"] in wanted
    run.note("ID token", f"acr={claims['acr']}")


def registered_redirect_uri(run: Run) -> None:
    """The page says in plain words and by its code that the address is not registered; the browser goes nowhere."""
    wire, landing = Client(run).ask(redirect_uri=CALLBACK + "/other")
    assert landing.arrived is None
    assert "GW-2101" in landing.text or "redirect_uri" in landing.text
    run.see(wire, 400)


def request_uri_unsigned(run: Run) -> None:
    offered = run.gateway.metadata["request_uri_parameter_supported"]
    assert offered is False, "a request object by reference is processed only from /par"
    refuses("request_uri_not_supported", request_uri="https://suite.example/request")(run)


def request_object_unsigned(run: Run) -> None:
    """Processed, or refused by name; never ignored (OpenID Connect Core §6.1)."""
    _unsigned_object(run)


def request_object_with_redirect_uri(run: Run) -> None:
    """The object's address would count, so the one beside it is never answered with a code."""
    _unsigned_object(run, redirect_uri=f"{CALLBACK}?dummy1=lorem&dummy2=ipsum")


def _unsigned_object(run: Run, **changes: str) -> None:
    metadata = run.gateway.metadata
    announced = metadata.get("request_object_signing_alg_values_supported", ())
    supported = metadata["request_parameter_supported"]
    refuses("request_not_supported", request=UNSIGNED, **changes)(run)  # this client registered no algorithm for one
    run.require_offered("request_object_signing_alg_values_supported", offered="none" in announced or not supported)


def claims_essential(run: Run) -> None:
    """OpenID Connect Core §5.5: where the parameter is not supported the request goes on without it."""
    offered = run.gateway.metadata["claims_parameter_supported"]
    happy(run, {"name": PROFILE["name"] if offered else NONE}, claims='{"userinfo":{"name":{"essential":true}}}')
    run.require_offered("claims_parameter_supported", offered=offered)


def valid_pkce(run: Run) -> None:
    assert "S256" in run.gateway.metadata["code_challenge_methods_supported"]
    client = Client(run)
    wire, _ = client.ask(code_challenge=CHALLENGE, code_challenge_method="S256")
    code = run.see(wire, wire.status, code=ANY)["code"]
    run.see(client.redeem(code), 400, error="invalid_grant")
    wire, _ = client.ask(code_challenge=CHALLENGE, code_challenge_method="S256")
    code = run.see(wire, wire.status, code=ANY)["code"]
    run.see(client.redeem(code, code_verifier=VERIFIER), 200, access_token=ANY, id_token=ANY)


Row = tuple[str, Callable[[Run], None]]
CORE = "OpenID Connect Core"
ROWS: dict[str, Row] = {
    "server": (f"{CORE} §3.1", walks.server),
    "response-type-missing": ("RFC 6749 §3.1.1", response_type_missing),
    "idtoken-signature": (f"{CORE} §2, §10.1", walks.idtoken_signature),
    "idtoken-unsigned": (f"{CORE} §2", idtoken_unsigned),
    "userinfo-get": (f"{CORE} §5.3.1", walks.userinfo("get")),
    "userinfo-post-header": (f"{CORE} §5.3.1", walks.userinfo("post-header")),
    "userinfo-post-body": ("RFC 6750 §2.2", walks.userinfo("post-body")),
    "ensure-request-without-nonce-succeeds-for-code-flow": (f"{CORE} §3.1.2.1", walks.without_nonce),
    "scope-profile": (f"{CORE} §5.4", scope_profile),
    "scope-email": (f"{CORE} §5.4", scope_of("email", "email", "email_verified")),
    "scope-address": (f"{CORE} §5.4", scope_of("address", "address")),
    "scope-phone": (f"{CORE} §5.4", scope_of("phone", "phone_number", "phone_number_verified")),
    "scope-all": (f"{CORE} §5.4", scope_all),
    "alternate-happy-flow": ("RFC 6749 §3.3", alternate_happy_flow),
    "display-page": (f"{CORE} §3.1.2.1", goes_well(display="page")),
    "display-popup": (f"{CORE} §3.1.2.1", goes_well(display="popup")),
    "prompt-login": (f"{CORE} §3.1.2.1", walks.again(prompt="login")),
    "prompt-none-not-logged-in": (f"{CORE} §3.1.2.6", prompt_none_not_logged_in),
    "prompt-none-logged-in": (f"{CORE} §3.1.2.1", walks.silently(prompt="none")),
    "max-age-1": (f"{CORE} §3.1.2.1", walks.again(max_age="1")),
    "max-age-10000": (f"{CORE} §3.1.2.1", walks.silently(max_age="10000")),
    "ensure-request-with-unknown-parameter-succeeds": ("RFC 6749 §3.1", goes_well(extra="foobar")),
    "id-token-hint": (f"{CORE} §3.1.2.1", walks.id_token_hint),
    "login-hint": (f"{CORE} §3.1.2.1", goes_well(login_hint="buffy@suite.example")),
    "ui-locales": (f"{CORE} §3.1.2.1", goes_well(ui_locales="se")),
    "claims-locales": (f"{CORE} §5.2", goes_well(claims_locales="se")),
    "ensure-request-with-acr-values-succeeds": (f"{CORE} §3.1.2.1", acr_values),
    "codereuse": ("RFC 6749 §4.1.2", walks.codereuse(0)),
    "codereuse-30seconds": ("RFC 6749 §4.1.2", walks.codereuse(30)),
    "ensure-registered-redirect-uri": ("RFC 6749 §3.1.2.4", registered_redirect_uri),
    "ensure-post-request-succeeds": (f"{CORE} §3.1.2.1", walks.post_request),
    "server-client-secret-post": ("RFC 6749 §2.3.1", walks.client_secret_post),
    "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": (f"{CORE} §6.2", request_uri_unsigned),
    "unsigned-request-object-supported-correctly-or-rejected-as-unsupported": (
        f"{CORE} §6.1",
        request_object_unsigned,
    ),
    "claims-essential": (f"{CORE} §5.5", claims_essential),
    "ensure-request-object-with-redirect-uri": (f"{CORE} §6.1", request_object_with_redirect_uri),
    "refresh-token": (f"{CORE} §12", walks.refresh_token),
    "ensure-request-with-valid-pkce-succeeds": ("RFC 7636 §4", valid_pkce),
}
BASIC = modules_of("oidcc-", ROWS)
