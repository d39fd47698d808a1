"""The strict, generic OpenID Connect relying party (OpenID Connect Core, RFC 9700, RFC 9207, FAPI 2.0 by profile)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from gateway.identity_providers.authorization_answer import read_answer
from gateway.identity_providers.back_channel import BackChannel, Key
from gateway.identity_providers.callback import ERRORS, refuse_error, remember, with_query
from gateway.identity_providers.capability import pushes, require_capable
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
from gateway.identity_providers.exchange import Exchange, check_token_type, read_text
from gateway.identity_providers.hint import harmless_hint, is_impersonal
from gateway.identity_providers.id_token import Expected, verify_id_token
from gateway.identity_providers.logout_token import read_logout_token
from gateway.identity_providers.possession import Possession
from gateway.identity_providers.profiles import PROFILES
from gateway.identity_providers.reachability import Reachability
from gateway.identity_providers.registration import Registered
from gateway.identity_providers.staff_claims import read_staff
from gateway.tokens.claim_rules import auth_time_of
from gateway.tokens.key_material import public_jwk, thumbprint
from gateway.vocabulary.clock import Clock, Randomness, text_token

_PUSHED, _ANSWERED = frozenset({200, 201}), frozenset({200})


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
        exchange = Exchange(outbound, alias=settings.alias, timeout_for=settings.timeout_for)
        self._discovery = Discovery(settings.issuer, exchange, clock)
        self._reachability = Reachability(exchange, "GET", self._discovery.address, clock)
        self._authentication = ClientAuthentication(settings, signer, randomness)
        self._possession = Possession(clock, randomness)
        self._channel = BackChannel(exchange, self._authentication, self._possession, clock)

    async def probe(self) -> None:
        """Fetch metadata and keys, and hold the first against the table. Raises IdentityProviderUnavailable or
        UpstreamAnswerInvalid."""
        await self._reachability.require()
        require_capable(self._settings, await self._discovery.metadata())
        await self._discovery.keys()

    async def begin(self, request: Begin) -> Departure:
        """Return the authentication request; nonce, code_verifier and the key of this sign-in stay in the memory.

        Raises IdentityProviderUnavailable, UpstreamAnswerInvalid.
        """
        metadata = await self._discovery.metadata()
        require_capable(self._settings, metadata)
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
            **({"response_mode": "jwt"} if self._settings.response_mode == "jwt" else {}),
            **self._wishes(request),
        }
        key = self._possession.new_key() if self._settings.dpop_bound_access_tokens else None
        memory = {
            **remember(request),
            "nonce": nonce,
            "code_verifier": verifier,
            "departed_at": int(self._clock.now().timestamp()),
            "prompt_login": request.prompt_login and self.reauthenticates,
            "max_age": request.max_age if self.reauthenticates else None,
            **({} if key is None else {"dpop_key": key}),
        }
        carried = await self._carry(parameters, metadata, key)
        return Departure(with_query(metadata.authorization_endpoint, carried), memory)

    async def complete(self, callback: Callback) -> Authentication:
        """Check the callback, redeem the code, verify what comes. Raises a SignInFailure subclass."""
        answer = await read_answer(self._settings, callback, self._discovery, self._clock.now())
        refuse_error("callback", answer, ERRORS)
        code = read_text("callback", answer, "code", longest=4096)
        metadata, key = await self._discovery.metadata(), self._key_of(callback.memory)
        tokens = await self._redeem(code, callback, metadata, key)
        access_token = read_text("token", tokens, "access_token")
        id_token = read_text("token", tokens, "id_token", longest=65_536)
        expected = self._expected(callback.memory, access_token)
        claims = await verify_id_token(id_token, expected, self._discovery, self._clock.now())
        described = await self._describe(claims, access_token, metadata, key)
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
        pinned = self._settings
        return await read_logout_token(
            logout_token,
            self._discovery,
            self._clock.now(),
            issuer=pinned.issuer,
            client_id=pinned.client_id,
            algorithms=PROFILES[pinned.profile].algorithms,
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

    async def _carry(
        self, parameters: dict[str, str], metadata: Metadata, key: Mapping[str, str] | None
    ) -> dict[str, str]:
        """Return what the browser carries of a request: all of it, or the name under which it was pushed (RFC 9126)."""
        endpoint = metadata.pushed_authorization_request_endpoint if pushes(self._settings, metadata) else None
        if key is not None and endpoint is None:
            parameters = {**parameters, "dpop_jkt": thumbprint(public_jwk(key))}
        if self._settings.require_signed_request_object:
            parameters = self._authentication.sign_request(parameters, self._clock.now())
        if endpoint is None:
            return parameters
        answer = await self._channel.post("par", endpoint, parameters, key, good=_PUSHED)
        return {
            "client_id": self._settings.client_id,
            "request_uri": read_text("par", answer, "request_uri", longest=2048),
        }

    def _key_of(self, memory: Mapping[str, Any]) -> Key:
        """Return the key of this sign-in; a sign-in that left without one does not get bound tokens."""
        if not self._settings.dpop_bound_access_tokens:
            return None
        key = memory.get("dpop_key")
        if not isinstance(key, Mapping):
            raise UpstreamAnswerInvalid(operator_detail="callback: left before `dpop_bound_access_tokens` was set")
        return key

    async def _redeem(self, code: str, callback: Callback, metadata: Metadata, key: Key) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback.redirect_uri,
            "code_verifier": str(callback.memory["code_verifier"]),
        }
        answer = await self._channel.post("token", metadata.token_endpoint, form, key, good=_ANSWERED)
        check_token_type(answer, "bearer" if key is None else "DPoP")
        return answer

    def _expected(self, memory: Mapping[str, Any], access_token: str) -> Expected:
        policy, pinned = PROFILES[self._settings.profile].id_token, self._settings.id_token_signed_response_alg
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=str(memory["nonce"]),
            access_token=access_token,
            departed_at=int(memory["departed_at"]),
            prompt_login=bool(memory["prompt_login"]),
            max_age=memory["max_age"],
            policy=policy if pinned is None else policy.narrowed(pinned),
        )

    async def _describe(
        self, claims: Mapping[str, Any], access_token: str, metadata: Metadata, key: Key
    ) -> Mapping[str, Any]:
        """Return the claims about the person; userinfo must be about the same subject (Core §5.3.2)."""
        if metadata.userinfo_endpoint is None:
            return claims
        described = await self._channel.ask("userinfo", metadata.userinfo_endpoint, access_token, key)
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
