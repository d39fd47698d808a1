"""HTTP for the provider: plain Starlette routes that parse, call one function and write one reply.

They answer RFC 6749 errors, never a framework's own; before a redirect URI is trusted an error is a 400 page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.openid_provider import failure
from gateway.openid_provider.authorization import (
    AuthorizationRequest,
    answerable,
    find_portal,
    parse_authorization,
    require_pushed,
    trusted_redirect_uri,
)
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.client_authentication import require_in_time
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.consents import print_receipt, show_consent, sign_receipt, withdraw_own
from gateway.openid_provider.discovery import authorization_server_metadata, openid_configuration
from gateway.openid_provider.grants.authorization_code import AuthorizationCode
from gateway.openid_provider.grants.client_credentials import ClientCredentials
from gateway.openid_provider.grants.refresh_token import RefreshToken
from gateway.openid_provider.house import House
from gateway.openid_provider.http_request import (
    Wire,
    address_of,
    chosen_language,
    read_form,
    read_query,
    shown_at,
    trace_of,
)
from gateway.openid_provider.interaction import (
    begin,
    led_on,
    load_session,
    show_attempt,
    show_failed,
    start,
    submit_attempt,
)
from gateway.openid_provider.introspection import answer_introspection
from gateway.openid_provider.logout import begin_logout, confirm_logout, logout_done, repeated
from gateway.openid_provider.lost import tell_again
from gateway.openid_provider.offered import within_offer
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.possession import DpopNonceWanted
from gateway.openid_provider.pushed_endpoint import answer_pushed
from gateway.openid_provider.pushed_request import load_pushed, names_pushed
from gateway.openid_provider.refusals import error_json, leave_receipt, refuse_to_portal
from gateway.openid_provider.reply import Reply, json_reply, page_reply, redirect, with_query
from gateway.openid_provider.request_object import unfold
from gateway.openid_provider.revocation import answer_revocation
from gateway.openid_provider.screens import FailurePage
from gateway.openid_provider.setback import BACK, carry_back
from gateway.openid_provider.staff_realm.arrival import arrive
from gateway.openid_provider.staff_realm.grants import DeviceCode, OfficerCode
from gateway.openid_provider.staff_realm.interaction import start_officer
from gateway.openid_provider.telling import told_again_at, told_before
from gateway.openid_provider.token import GrantTables, GrantType, answer_token
from gateway.openid_provider.upstream import come_back, signed_out_upstream
from gateway.openid_provider.upstream_logout import take_upstream_logout
from gateway.openid_provider.userinfo import answer_userinfo
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.problem import preferred_language
from gateway.vocabulary.store import StorageUnavailable

Handler = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger()


def provider_routes(house: House) -> list[Route]:
    """Return the routes of the provider, the hot ones first."""
    endpoints = Endpoints(house)
    protocol, pages = endpoints.protocol, endpoints.page
    return [
        Route("/token", protocol(endpoints.token), methods=["POST"]),
        Route("/userinfo", protocol(endpoints.userinfo), methods=["GET", "POST"]),
        Route("/authorize", pages(endpoints.authorize), methods=["GET", "POST"]),
        Route("/par", protocol(endpoints.par), methods=["POST"]),
        Route("/introspect", protocol(endpoints.introspect), methods=["POST"]),
        Route("/revoke", protocol(endpoints.revoke), methods=["POST"]),
        Route("/jwks", protocol(endpoints.jwks), methods=["GET"]),
        Route("/.well-known/openid-configuration", protocol(endpoints.configuration), methods=["GET"]),
        Route("/.well-known/oauth-authorization-server", protocol(endpoints.metadata), methods=["GET"]),
        Route("/interaction/{attempt_id}", pages(endpoints.interaction), methods=["GET", "POST"]),
        Route("/upstream/{alias}/callback", pages(endpoints.callback), methods=["GET"]),
        Route("/upstream/{alias}/signed-out", pages(endpoints.signed_out), methods=["GET"]),
        Route("/upstream/{alias}/backchannel-logout", protocol(endpoints.ended_upstream), methods=["POST"]),
        Route("/consents/{consent_id}", pages(endpoints.consent), methods=["GET"]),
        Route("/consents/{consent_id}/receipt.pdf", pages(endpoints.consent_pdf), methods=["GET"]),
        Route("/consents/{consent_id}/receipt.jws", pages(endpoints.consent_jws), methods=["GET"]),
        Route("/consents/{consent_id}/withdraw", pages(endpoints.withdraw), methods=["POST"]),
        Route("/failed/{code}", pages(endpoints.failed), methods=["GET"]),
        Route("/logout", pages(endpoints.logout), methods=["GET", "POST"]),
        Route("/logout/confirm", pages(endpoints.logout_confirm), methods=["POST"]),
        Route("/logout/done", pages(endpoints.logout_done), methods=["GET"]),
    ]


def in_language(request: AuthorizationRequest, browser: Browser) -> AuthorizationRequest:
    """Return a request whose answer is a page in a language of its own: the page that posts it, which no link shows
    again in the other one."""
    if not request.answer_posted or request.ui_locales is not None:
        return request
    return replace(request, ui_locales=preferred_language(browser.languages))


class Endpoints:
    """The handlers, bound to one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        citizen: list[GrantType] = [AuthorizationCode(), RefreshToken(house.refresh_secret), ClientCredentials()]
        staff: list[GrantType] = [OfficerCode(), DeviceCode(), ClientCredentials()]
        self.grant_types: GrantTables = {
            "citizen": {grant.name: grant for grant in citizen},
            "staff": {grant.name: grant for grant in staff},
        }

    def protocol(self, handler: Callable[[Request], Awaitable[Reply]]) -> Handler:
        """Wrap an endpoint that programs call: a failure becomes OAuth JSON."""

        async def handle(request: Request) -> Response:
            try:
                return Wire(await handler(request))
            except Failure as refused:
                await self._leave_receipt(refused, trace_of(request))
                return Wire(error_json(self.house, refused))

        return handle

    async def _leave_receipt(self, refused: Failure, trace_id: str) -> None:
        """Every refusal leaves a receipt, one of a stranger too; a store that is down cannot keep one. A nonce that is
        wanted is none: the client asks again with it."""
        if refused.receipt is not None or isinstance(refused, DpopNonceWanted):
            return
        try:
            await leave_receipt(self.house, refused, None, trace_id=trace_id)
        except StorageUnavailable:
            refused.receipt = None
            log.warning("receipt_not_stored", code=refused.code, trace_id=trace_id)

    def page(self, handler: Callable[[Request, Browser], Awaitable[Reply]]) -> Handler:
        """Wrap an endpoint that browsers visit: a failure becomes a page, never a redirect to an untrusted place."""

        async def handle(request: Request) -> Response:
            browser = Browser(
                cookies=request.cookies,
                accepted=request.headers.get("accept-language", ""),
                chosen=chosen_language(request),
                trace_id=trace_of(request),
                here=shown_at(self.house, request),
            )
            try:
                return Wire(await handler(request, browser))
            except Failure as refused:
                refused.trace_id = refused.trace_id or browser.trace_id
                log.info("refused", code=refused.code, trace_id=refused.trace_id, reason=refused.operator_detail)
                return Wire(self.failure_page(refused, browser))

        return handle

    def failure_page(self, refused: Failure, browser: Browser, *developer: tuple[str, str]) -> Reply:
        """Return the page of a failure that leads nowhere."""
        shown = developer if self.house.develop else ()
        # what only a developer reads comes with the request; everything else with the code
        here = (browser.here if shown else None) or told_again_at(self.house, refused)
        view = FailurePage(failure=refused, here=here, developer=shown)
        status = refused.http_status if refused.http_status >= 400 else 400
        return page_reply(self.house.screens.show(view, languages=browser.languages, status=status))

    async def authorize(self, request: Request, browser: Browser) -> Reply:
        """RFC 6749 §3.1: GET, or POST, which goes on at an attempt's page: only there the session cookie is seen."""
        posted = request.method == "POST"
        parameters = await read_form(request) if posted else read_query(request)
        portal = find_portal(parameters, self.house.clients)
        require_in_time(portal, self.house.clock.now())
        if names_pushed(parameters):
            checked: AuthorizationRequest | Reply = await load_pushed(self.house, parameters, portal)
        else:
            checked = await self._check(parameters, portal, browser)
        if isinstance(checked, Reply):
            return checked
        checked = in_language(checked, browser)
        if portal.realm == "staff":
            return await start_officer(self.house, checked, portal, browser, posted=posted)
        if posted:
            return await begin(self.house, checked, browser)
        return await start(self.house, checked, portal, await load_session(self.house, browser), browser)

    async def _check(self, parameters: Parameters, portal: Portal, browser: Browser) -> AuthorizationRequest | Reply:
        """Return the request, or what its refusal sends to the portal; a page where no address of it can be trusted."""
        try:
            parameters = await unfold(self.house, portal, parameters, self.house.clock.now())
        except Failure as refused:
            return await self._refuse_folded(refused, parameters, portal, browser)
        try:
            redirect_uri = trusted_redirect_uri(parameters, portal)
        except failure.InvalidRedirect as refused:
            received = parameters.get("redirect_uri", "")
            registered = tuple(("registered redirect_uri", uri) for uri in portal.redirect_uris)
            refused.trace_id = browser.trace_id
            return self.failure_page(refused, browser, ("received redirect_uri", received), *registered)
        try:
            require_pushed(portal)
            request = within_offer(self.house, parse_authorization(parameters, portal, redirect_uri), portal)
        except Failure as refused:
            stub = in_language(answerable(parameters, portal, redirect_uri), browser)
            return await refuse_to_portal(self.house, refused, stub, portal, trace_id=browser.trace_id)
        return request

    async def _refuse_folded(self, refused: Failure, parameters: Parameters, portal: Portal, browser: Browser) -> Reply:
        """Refuse a request object where the parameters beside it say to answer; what is in it was not verified."""
        try:
            redirect_uri = trusted_redirect_uri(parameters, portal)
        except failure.InvalidRedirect:
            raise refused from None
        stub = in_language(answerable(parameters, portal, redirect_uri), browser)
        return await refuse_to_portal(self.house, refused, stub, portal, trace_id=browser.trace_id)

    async def interaction(self, request: Request, browser: Browser) -> Reply:
        """One page of an attempt."""
        attempt_id = request.path_params["attempt_id"]
        if request.method == "POST":
            step = submit_attempt(self.house, attempt_id, await read_form(request), browser)
        elif BACK in request.query_params:
            step = carry_back(self.house, attempt_id, browser)
        elif "failed" in request.query_params:
            step = show_failed(self.house, attempt_id, browser)
        elif "told" in request.query_params:
            step = tell_again(request.query_params["told"])
        else:
            step = show_attempt(self.house, attempt_id, browser, straight="straight" in request.query_params)
        return await led_on(self.house, attempt_id, browser, step)

    async def failed(self, request: Request, browser: Browser) -> Reply:
        """What a page told, again and in the other language: words of the catalogue, and no value."""
        refused = told_before(request.path_params["code"], request.query_params)
        if refused is None:
            raise HTTPException(404)
        # nothing fails here: another status would count a failure as often as a stranger asks for its page
        view = FailurePage(failure=refused, here=told_again_at(self.house, refused))
        return page_reply(self.house.screens.show(view, languages=browser.languages))

    async def consent(self, request: Request, browser: Browser) -> Reply:
        """The page of a person's own consent."""
        undone = "undone" in request.query_params
        consent_id = request.path_params["consent_id"]
        return await show_consent(self.house, consent_id, browser, address_of(request), undone=undone)

    async def consent_pdf(self, request: Request, browser: Browser) -> Reply:
        """The receipt on A4."""
        return await print_receipt(self.house, request.path_params["consent_id"], browser, address_of(request))

    async def consent_jws(self, request: Request, browser: Browser) -> Reply:
        """The signed receipt."""
        return await sign_receipt(self.house, request.path_params["consent_id"], browser, address_of(request))

    async def withdraw(self, request: Request, browser: Browser) -> Reply:
        """The answer to the form of a consent's page."""
        given = await read_form(request)
        return await withdraw_own(self.house, request.path_params["consent_id"], given, browser)

    async def callback(self, request: Request, browser: Browser) -> Reply:
        """An identity provider sends the browser back."""
        raw_query = request.scope["query_string"].decode("latin-1")
        alias = request.path_params["alias"]
        provider = self.house.identity_providers.get(alias)
        if provider is not None and provider.realm == "staff":
            return await arrive(self.house, alias, raw_query, browser)
        return await come_back(self.house, alias, raw_query, browser)

    async def signed_out(self, request: Request, browser: Browser) -> Reply:
        """An identity provider has ended its session."""
        state = read_query(request).get("state")
        return await signed_out_upstream(self.house, request.path_params["alias"], state, browser)

    def _presented(self, request: Request) -> Presented:
        """Return what a request shows; the path stands below the issuer."""
        scope = request.scope
        return Presented.by(request.headers.getlist, scope["method"], self.house.issuer + scope["path"])

    async def ended_upstream(self, request: Request) -> Reply:
        """OpenID Connect Back-Channel Logout §2.5, as the one who is told."""
        alias, form = request.path_params["alias"], await read_form(request)
        return await take_upstream_logout(self.house, alias, form, trace_of(request))

    async def token(self, request: Request) -> Reply:
        """RFC 6749 §3.2."""
        form = await read_form(request)
        return await answer_token(self.house, self.grant_types, self._presented(request), form, trace_of(request))

    async def userinfo(self, request: Request) -> Reply:
        """OpenID Connect Core §5.3."""
        body_token = None
        if request.method == "POST":
            body_token = (await read_form(request)).get("access_token")
        return await answer_userinfo(self.house, self._presented(request), body_token, trace_of(request))

    async def par(self, request: Request) -> Reply:
        """RFC 9126 §2."""
        form = await read_form(request)
        return await answer_pushed(self.house, self._presented(request), form, trace_of(request))

    async def introspect(self, request: Request) -> Reply:
        """RFC 7662 §2."""
        form = await read_form(request)
        authorization = request.headers.getlist("authorization")
        return await answer_introspection(self.house, authorization, form, trace_of(request))

    async def revoke(self, request: Request) -> Reply:
        """RFC 7009 §2."""
        form = await read_form(request)
        authorization = request.headers.getlist("authorization")
        return await answer_revocation(self.house, authorization, form, trace_of(request))

    async def jwks(self, request: Request) -> Reply:
        """RFC 7517 §5: every key that may have signed something still valid, and the next one."""
        age = self.house.keys.jwks_max_age
        reply = json_reply(self.house.keys.jwks())
        kept = [(name, value) for name, value in reply.headers if name not in {"cache-control", "pragma"}]
        return Reply(200, reply.body, [*kept, ("cache-control", f"public, max-age={age}")])

    async def configuration(self, request: Request) -> Reply:
        """OpenID Connect Discovery §4."""
        return json_reply(openid_configuration(self.house))

    async def metadata(self, request: Request) -> Reply:
        """RFC 8414 §3."""
        return json_reply(authorization_server_metadata(self.house))

    async def logout(self, request: Request, browser: Browser) -> Reply:
        """OpenID Connect RP-Initiated Logout §2."""
        if request.method == "POST":
            query = repeated(self.house, await read_form(request))
            return redirect(with_query(f"{self.house.issuer}/logout", query))
        return await begin_logout(self.house, read_query(request), browser)

    async def logout_confirm(self, request: Request, browser: Browser) -> Reply:
        """The person answered whether to sign out."""
        return await confirm_logout(self.house, read_query(request), await read_form(request), browser)

    async def logout_done(self, request: Request, browser: Browser) -> Reply:
        """The last page of a logout that has nowhere to return to."""
        return await logout_done(self.house, read_query(request), browser)
