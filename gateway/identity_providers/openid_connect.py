"""The strict, generic OpenID Connect relying party (OpenID Connect Core, RFC 9700, RFC 9207)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from gateway.identity_providers.callback import ERRORS, check_binding, refuse_error, remember, with_query
from gateway.identity_providers.claims import read_account
from gateway.identity_providers.client_authentication import ClientAuthentication
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import (
    AssertionSigner,
    Authentication,
    Begin,
    Callback,
    Departure,
    LogoutNotice,
    UpstreamAnswerInvalid,
    UpstreamClient,
)
from gateway.identity_providers.discovery import Discovery, Metadata
from gateway.identity_providers.exchange import Exchange, check_bearer, read_object, read_text
from gateway.identity_providers.hint import harmless_hint, is_impersonal
from gateway.identity_providers.id_token import Expected, auth_time_of, verify_id_token
from gateway.identity_providers.logout_token import read_logout_token
from gateway.identity_providers.reachability import Reachability
from gateway.identity_providers.registration import Registered
from gateway.identity_providers.staff_claims import read_staff
from gateway.vocabulary.clock import Clock, Randomness, text_token


class OpenIdConnect(Registered):
    """One OpenID provider: pinned issuer, PKCE, nonce, exact audience, compared userinfo subject."""

    def __init__(
        self,
        settings: IdentityProviderSettings,
        outbound: UpstreamClient,
        signer: AssertionSigner,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        super().__init__(settings)
        self._clock = clock
        self._randomness = randomness
        self._exchange = Exchange(outbound, alias=settings.alias, timeout_for=settings.timeout_for)
        self._discovery = Discovery(settings.issuer, self._exchange, clock)
        self._reachability = Reachability(self._exchange, "GET", self._discovery.address, clock)
        self._authentication = ClientAuthentication(settings, signer, randomness)

    async def probe(self) -> None:
        """Fetch metadata and keys. Raises IdentityProviderUnavailable or UpstreamAnswerInvalid."""
        await self._reachability.require()
        await self._discovery.keys()

    async def begin(self, request: Begin) -> Departure:
        """Return the authentication request; nonce and code_verifier stay in the memory."""
        metadata = await self._discovery.metadata()
        await self._reachability.require()
        nonce, verifier = text_token(self._randomness), text_token(self._randomness)
        challenge = urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": self._settings.scope,
            "state": request.state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **self._wishes(request),
        }
        memory = {
            **remember(request),
            "nonce": nonce,
            "code_verifier": verifier,
            "departed_at": int(self._clock.now().timestamp()),
            "prompt_login": request.prompt_login and self.reauthenticates,
            "max_age": request.max_age if self.reauthenticates else None,
        }
        return Departure(with_query(metadata.authorization_endpoint, parameters), memory)

    async def complete(self, callback: Callback) -> Authentication:
        """Check the callback, redeem the code, verify what comes. Raises a SignInFailure subclass."""
        check_binding(callback)
        metadata = await self._discovery.metadata()
        self._check_issuer(callback.parameters, metadata)
        refuse_error("callback", callback.parameters, ERRORS)
        code = read_text("callback", callback.parameters, "code", longest=4096)
        tokens = await self._redeem(code, callback, metadata)
        access_token = read_text("token", tokens, "access_token")
        id_token = read_text("token", tokens, "id_token", longest=65_536)
        expected = self._expected(callback.memory, access_token)
        claims = await verify_id_token(id_token, expected, self._discovery, self._clock.now())
        described = await self._describe(claims, access_token, metadata)
        return self._authenticate(claims, described, id_token)

    def sign_out_url(self, *, id_token: str | None, return_to: str, state: str) -> str | None:
        """Return the RP-initiated logout request, None while the upstream has not told its address.

        An ID token goes along as hint only when it says nothing about the person: addresses are logged on their way.
        """
        known = self._discovery.known
        address = (known.end_session_endpoint if known else None) or self._settings.logout_endpoint
        if not address:
            return None
        parameters = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": return_to,
            "state": state,
        }
        if id_token is not None and is_impersonal(id_token):
            parameters["id_token_hint"] = id_token
        return with_query(address, parameters)

    async def read_logout(self, logout_token: str) -> LogoutNotice:
        """Return whose session ended there. Raises UpstreamAnswerInvalid, IdentityProviderUnavailable."""
        now, pinned = self._clock.now(), self._settings
        return await read_logout_token(
            logout_token, self._discovery, now, issuer=pinned.issuer, client_id=pinned.client_id
        )

    def _wishes(self, request: Begin) -> dict[str, str]:
        theirs = {ours: upstream for upstream, ours in reversed(list(self._settings.acr.items()))}
        acr_values = " ".join(theirs[one] for one in request.acr_values if one in theirs)
        wishes = {
            "prompt": "login" if request.prompt_login and self.reauthenticates else None,
            "max_age": str(request.max_age) if request.max_age is not None and self.reauthenticates else None,
            "acr_values": acr_values or None,
            "login_hint": harmless_hint(request.login_hint),
            "ui_locales": request.ui_locales,
        }
        return {name: value for name, value in wishes.items() if value}

    def _check_issuer(self, parameters: Mapping[str, str], metadata: Metadata) -> None:
        """RFC 9207 §2.4: compared whenever it is there, demanded when it was announced, before anything is sent."""
        issuer = parameters.get("iss")
        if issuer is None and metadata.answers_with_issuer:
            raise UpstreamAnswerInvalid(operator_detail="callback: `iss` missing")
        if issuer is not None and issuer != self._settings.issuer:
            raise UpstreamAnswerInvalid(operator_detail="callback: `iss` is not the pinned issuer")

    async def _redeem(self, code: str, callback: Callback, metadata: Metadata) -> dict[str, Any]:
        form, headers = self._authentication.prove(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": callback.redirect_uri,
                "code_verifier": str(callback.memory["code_verifier"]),
            },
            self._clock.now(),
        )
        reply = await self._exchange.post_form("token", metadata.token_endpoint, form, headers=headers)
        answer = read_object("token", reply)
        refuse_error("token", answer, {})
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"token: status {reply.status}")
        check_bearer(answer, unsaid="")
        return answer

    def _expected(self, memory: Mapping[str, Any], access_token: str) -> Expected:
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=str(memory["nonce"]),
            access_token=access_token,
            departed_at=int(memory["departed_at"]),
            prompt_login=bool(memory["prompt_login"]),
            max_age=memory["max_age"],
        )

    async def _describe(self, claims: Mapping[str, Any], access_token: str, metadata: Metadata) -> Mapping[str, Any]:
        """Return the claims about the person; userinfo must be about the same subject (Core §5.3.2)."""
        if metadata.userinfo_endpoint is None:
            return claims
        reply = await self._exchange.get("userinfo", metadata.userinfo_endpoint, bearer=access_token)
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"userinfo: status {reply.status}")
        described = read_object("userinfo", reply)
        if described.get("sub") != claims["sub"]:
            raise UpstreamAnswerInvalid(operator_detail="userinfo: `sub` is not that of the id token")
        return described

    def _authenticate(self, claims: Mapping[str, Any], described: Mapping[str, Any], id_token: str) -> Authentication:
        methods, session = claims.get("amr"), claims.get("sid")
        # Signed claims come last: userinfo adds to them and overrides none, and `acr` is read of the token alone.
        account = read_account(self._settings, {**described, **claims}, upstream_acr=claims.get("acr"))
        return replace(
            account,
            amr=tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else (),
            auth_time=auth_time_of(claims),
            session_id=session if isinstance(session, str) else None,
            id_token=id_token,
            staff=read_staff(self._settings, {**described, **claims}) if self.realm == "staff" else None,
        )
