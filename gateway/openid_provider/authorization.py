"""The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1): a list of named checks.

Checks before the redirect URI is trusted raise to a page; the others raise to the portal. Each is one sentence of
a standard; which apply to a client is the table `CHECKS` with the client's `Profile`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.openid_provider import failure
from gateway.openid_provider.authorization_details import read_asked_form
from gateway.openid_provider.claims_request import read_asked_claims
from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.openid_provider.parameters import Parameters, is_resource_uri
from gateway.openid_provider.profiles import PROCEDURE_SCOPE, PROFILES, Profile, is_own_scope

_CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_PROCEDURE_CODE = re.compile(r"[0-9]{1,2}\.[0-9]{6}")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that passed every check: what the attempt and the grant are made from.

    `response_mode` is one of `RESPONSE_MODES`. `claims_userinfo` and `claims_id_token` are claims asked for by name
    beside the scopes, `claimed_subject` the subject and `essential_acr` the levels that `claims` insists on.
    `form_procedure` is the procedure that `authorization_details` names, None when none does; `dossier` likewise.
    `pushed` is the key of a request that was pushed (RFC 9126), None for one that came with the browser.
    `dpop_jkt` is the thumbprint of the key that the code is bound to (RFC 9449 §10), None when it is bound to none.
    `resources` are identifiers of those that tokens are wanted for beside our own API (RFC 8707).
    `user_code` was typed at `/device` and `device_key` is where it led (the staff realm's device grant, RFC 8628 §3.3).
    """

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    id_token_hint: str | None = None
    login_hint: str | None = None
    ui_locales: str | None = None
    idp_hint: str | None = None
    form_procedure: str | None = None
    dossier: str | None = None
    response_mode: str = "query"
    claims_userinfo: tuple[str, ...] = ()
    claims_id_token: tuple[str, ...] = ()
    claimed_subject: str | None = None
    essential_acr: tuple[str, ...] = ()
    pushed: str | None = None
    user_code: str | None = None
    device_key: str | None = None
    dpop_jkt: str | None = None
    resources: tuple[str, ...] = ()

    @property
    def answer_signed(self) -> bool:
        """Whether the answer is one signed token (JARM)."""
        return self.response_mode.endswith("jwt")

    @property
    def answer_posted(self) -> bool:
        """Whether the browser posts the answer instead of carrying it in an address."""
        return self.response_mode.startswith("form_post")

    @property
    def asked(self) -> tuple[str, ...]:
        """What is asked for at sign-in: scopes, claims by name as `claim:<name>`, resources as `resource:<URI>`."""
        if not self.claims_userinfo and not self.claims_id_token and not self.resources:
            return self.scopes
        named = claim_tokens(self.claims_userinfo, self.claims_id_token)
        return (*self.scopes, *named, *resource_tokens(self.resources))

    @property
    def procedures(self) -> tuple[str, ...]:
        """The procedures whose forms are asked for, by scope or by `authorization_details`."""
        named = procedures_of(self.scopes)
        return tuple(dict.fromkeys(named if self.form_procedure is None else (*named, self.form_procedure)))


def procedures_of(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the procedures that scopes name."""
    return tuple([scope.removeprefix(PROCEDURE_SCOPE) for scope in scopes if scope.startswith(PROCEDURE_SCOPE)])


def claim_tokens(*names: Iterable[str]) -> tuple[str, ...]:
    """Return claims asked for by name as they stand beside scopes: `claim:<name>`, each once."""
    return tuple(dict.fromkeys(f"claim:{name}" for some in names for name in some))


OWN_API = "own"
"""Our own API among resources: no URI, so that no resource is called so, whatever the issuer's name."""


def resource_tokens(resources: Iterable[str]) -> tuple[str, ...]:
    """Return resources as they stand beside scopes: `resource:<URI>`; our own API is nothing beside them."""
    return tuple(f"resource:{one}" for one in resources if one != OWN_API)


def find_portal(parameters: Parameters, clients: ClientRegistry) -> Portal:
    """The client must be known (RFC 6749 §4.1.2.1): otherwise a page, never a redirect."""
    portal = clients.get(parameters.get("client_id", ""))
    if portal is None:
        raise failure.InvalidRedirect("`client_id` is not registered")
    return portal


def trusted_redirect_uri(parameters: Parameters, portal: Portal) -> str:
    """The redirect URI must equal a registered one, character by character (RFC 9700 §2.1)."""
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        raise failure.InvalidRedirect("`redirect_uri` is missing")
    if not portal.allows_redirect(redirect_uri):
        raise failure.InvalidRedirect("`redirect_uri` is not registered for this client")
    return redirect_uri


_REGISTERED = frozenset({"openid", "profile"})  # `offline_access` beyond the registration is ignored (OIDC Core §11)
RESPONSE_MODES: Mapping[str, str] = {
    **{mode: mode for mode in ("query", "form_post", "query.jwt", "form_post.jwt")},
    "jwt": "query.jwt",
}
"""The modes offered, and what each is; never the fragment, which scripts read (RFC 9700 §2.1.2)."""
Check = Callable[[Parameters, Portal, Profile], None]


def check_request_uri(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """Only a pushed request is named by its address: nothing is fetched for anybody (RFC 9126 §2, RFC 9101 §10.4)."""
    if "request_uri" in parameters:
        raise failure.RequestUriNotSupported()


def check_registration(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """A server that does not take `registration` says so (OpenID Connect Core §7.2.1)."""
    if "registration" in parameters:
        raise failure.RegistrationNotSupported()


def check_resource(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """A resource is named by an absolute URI without fragment (RFC 8707 §2); an officer's token is for our own API.
    Whether it exists, and is one for this client, is checked where the resources are known."""
    if parameters.resources and portal.realm == "staff":
        raise failure.InvalidTarget("`resource` goes with a citizen's sign-in and with `client_credentials` only")
    if not all(is_resource_uri(one) for one in parameters.resources):
        raise failure.InvalidTarget("`resource` must be an absolute URI without a fragment")


def check_response_type(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """REQUIRED; only the code flow is offered (RFC 9700 §2.1.2)."""
    if parameters.required("response_type") != "code":
        raise failure.UnsupportedResponseType("`response_type` must be `code`")


def check_response_mode(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """An unsupported response mode is an error, not a silent default (OAuth 2.0 Multiple Response Types §2.1)."""
    if parameters.get("response_mode", "query") not in RESPONSE_MODES:
        raise failure.InvalidRequest(f"`response_mode` must be one of {', '.join(sorted(RESPONSE_MODES))}")


def response_mode_of(parameters: Parameters) -> str:
    """Return the mode an answer leaves in, an error about the mode itself too; `jwt` is `query.jwt` (JARM §2.3.4)."""
    asked = parameters.get("response_mode", "query")
    return RESPONSE_MODES.get(asked, "query")


def check_grant_registered(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """A client may use only the grant types of its registration (RFC 7591 §2)."""
    if "authorization_code" not in portal.grant_types:
        raise failure.UnauthorizedClient("`authorization_code` is not among the client's grant types")


def check_scope(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """Scope tokens are VSCHAR without quote and backslash (RFC 6749 §3.3), and only what is registered is granted.
    Authorization details may stand for it (RFC 9396 §3)."""
    if "authorization_details" in parameters and "scope" not in parameters:
        return
    tokens = parameters.required("scope").split(" ")
    if not all(_SCOPE_TOKEN.fullmatch(token) for token in tokens if token):
        raise failure.InvalidScope("`scope` holds characters that RFC 6749 does not allow")
    asked = procedures_of(tokens)
    excess = [code for code in asked if code not in portal.procedures]
    if excess:
        named = [code for code in excess if _PROCEDURE_CODE.fullmatch(code)]  # a scope may hold anything
        raise failure.InvalidScope("a procedure is not registered for this portal", excess=named)
    beyond = _REGISTERED.intersection(tokens).difference(portal.scopes)
    if beyond:
        raise failure.InvalidScope("a scope is not registered for this portal", excess=sorted(beyond))
    if len(set(asked)) > 1:
        raise failure.InvalidScope("one procedure at a time: the citizen reads one notice for one form")


def check_authorization_details(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """The form named is one the portal is registered for (RFC 9396 §5), and no other than the scope names."""
    form = read_asked_form(parameters)
    if form is None:
        return
    if form.procedure not in portal.procedures:
        raise failure.InvalidAuthorizationDetails(
            "a procedure is not registered for this portal", excess=[form.procedure]
        )
    if set(procedures_of(parameters.get("scope", "").split())) - {form.procedure}:
        raise failure.InvalidAuthorizationDetails("`scope` names another procedure than `authorization_details`")


def check_challenge(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """Where the profile demands it a challenge is REQUIRED; once sent it must be S256 (RFC 7636 §4.3, §4.4.1)."""
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method")
    if challenge is None:
        if profile.challenge_required or method is not None:
            raise failure.InvalidRequest("`code_challenge` is missing")
        return
    if method != "S256":
        raise failure.InvalidRequest("`code_challenge_method` must be `S256`")
    if not _CHALLENGE.fullmatch(challenge):
        raise failure.InvalidRequest("`code_challenge` must be 43 to 128 unreserved characters")


def check_dpop_jkt(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """The key that a code is bound to is named by its SHA-256 thumbprint (RFC 9449 §10)."""
    named = parameters.get("dpop_jkt")
    if named is not None and not _THUMBPRINT.fullmatch(named):
        raise failure.InvalidRequest("`dpop_jkt` must be a SHA-256 thumbprint in base64url, 43 characters")


def check_prompt(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """`none` stands alone; unknown values are an error (OpenID Connect Core §3.1.2.1)."""
    prompts = parameters.get("prompt", "").split()
    if not _PROMPTS.issuperset(prompts):
        raise failure.InvalidRequest("`prompt` holds an unknown value")
    if "none" in prompts and len(prompts) > 1:
        raise failure.InvalidRequest("`prompt=none` allows no other prompt")


def check_max_age(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """A number of seconds, zero or more (OpenID Connect Core §3.1.2.1)."""
    max_age = parameters.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise failure.InvalidRequest("`max_age` must be a number of seconds")


def check_claims(parameters: Parameters, portal: Portal, profile: Profile) -> None:
    """`claims` is a JSON object of the shape that OpenID Connect Core §5.5 gives it."""
    read_asked_claims(parameters)


CHECKS: tuple[Check, ...] = (
    check_request_uri,
    check_registration,
    check_resource,
    check_response_type,
    check_response_mode,
    check_grant_registered,
    check_scope,
    check_authorization_details,
    check_challenge,
    check_dpop_jkt,
    check_prompt,
    check_max_age,
    check_claims,
)


def parse_authorization(parameters: Parameters, portal: Portal, redirect_uri: str) -> AuthorizationRequest:
    """Run every check and return the request. Raises a Failure that goes to the portal."""
    profile = PROFILES[portal.profile]
    for check in CHECKS:
        check(parameters, portal, profile)
    prompts = tuple(parameters.get("prompt", "").split())
    max_age = parameters.get("max_age", portal.default_max_age)
    form = read_asked_form(parameters)
    resources = tuple(dict.fromkeys(parameters.resources))
    scopes = granted_scopes(parameters.get("scope", ""), portal, prompts, any_resource=bool(resources))
    if not scopes and form is None:
        raise failure.InvalidScope("`scope` names nothing that is offered")
    acr_values = parameters.get("acr_values")
    claims = read_asked_claims(parameters).within(portal.scopes)
    return AuthorizationRequest(
        client_id=portal.client_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        prompts=prompts,
        max_age=None if max_age is None else int(max_age),
        acr_values=portal.default_acr_values if acr_values is None else tuple(acr_values.split()),
        id_token_hint=parameters.get("id_token_hint"),
        login_hint=parameters.get("login_hint"),
        ui_locales=parameters.get("ui_locales"),
        idp_hint=parameters.get("idp_hint"),
        form_procedure=None if form is None else form.procedure,
        dossier=None if form is None else form.dossier,
        dpop_jkt=parameters.get("dpop_jkt"),
        response_mode=response_mode_of(parameters),
        claims_userinfo=claims.userinfo,
        claims_id_token=claims.id_token,
        claimed_subject=claims.subject,
        essential_acr=claims.acr,
        resources=resources,
    )


def answerable(parameters: Parameters, portal: Portal, redirect_uri: str) -> AuthorizationRequest:
    """Return what is needed of a refused request to tell its portal."""
    return AuthorizationRequest(
        client_id=portal.client_id,
        redirect_uri=redirect_uri,
        scopes=(),
        state=parameters.get("state"),
        ui_locales=parameters.get("ui_locales"),
        response_mode=response_mode_of(parameters),
    )


def granted_scopes(
    scope: str, portal: Portal, prompts: tuple[str, ...], *, any_resource: bool = False
) -> tuple[str, ...]:
    """Return the scopes that take effect: unknown ones are ignored (OpenID Connect Core §3.1.2.1), and
    `offline_access` without `prompt=consent` or the refresh grant is ignored too (§11). With `any_resource` those that
    a resource may know are kept until it is asked."""
    kept: list[str] = []
    for token in scope.split():
        offline = token == "offline_access"  # noqa: S105  a scope, not a secret
        allowed = "refresh_token" in portal.grant_types and token in portal.scopes
        if offline and not ("consent" in prompts and allowed):
            continue
        if token in kept or not (any_resource or is_own_scope(token)):
            continue
        kept.append(token)
    return tuple(kept)


def require_pushed(portal: Portal) -> None:
    """Who registered to push its requests, or has a profile of pushed ones only, sends none with the browser (RFC 9126
    §6, FAPI 2.0 Security Profile §5.3.2.2). Raises InvalidRequest."""
    if portal.require_pushed_authorization_requests or PROFILES[portal.profile].pushed_required:
        raise failure.InvalidRequest("this client pushes its requests: post them to `/par` and send the `request_uri`")


def request_body(request: AuthorizationRequest) -> dict[str, object]:
    """Return the JSON-able form that an attempt keeps."""
    return {name: getattr(request, name) for name in AuthorizationRequest.__dataclass_fields__}


def request_of(body: Mapping[str, object]) -> AuthorizationRequest:
    """Read what `request_body` wrote."""
    members = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    return AuthorizationRequest(**members)  # type: ignore[arg-type]
