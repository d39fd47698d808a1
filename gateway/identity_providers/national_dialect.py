"""What the two national dialects have in common: neither nonce nor PKCE, a secret in the body, our clock and patience.

What they lack is made up for by binding: the state is fresh, stored, and tied by the caller to the browser's own
session; identity comes from the server-side userinfo call and from nothing the browser carries.
"""

from gateway.identity_providers.callback import remember, with_query
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import Begin, Departure, UpstreamClient
from gateway.identity_providers.credentials import client_secret_of
from gateway.identity_providers.exchange import Exchange
from gateway.identity_providers.hint import persona_hint
from gateway.identity_providers.reachability import Reachability
from gateway.identity_providers.registration import Registered
from gateway.vocabulary.clock import Clock


class NationalDialect(Registered):
    """One registration at a national provider."""

    def __init__(self, settings: IdentityProviderSettings, outbound: UpstreamClient, clock: Clock) -> None:
        super().__init__(settings)
        self._clock = clock
        self._client_secret = client_secret_of(settings)
        self._exchange = Exchange(outbound, alias=settings.alias, timeout_for=settings.timeout_for)
        self._reachability = Reachability(self._exchange, "HEAD", settings.endpoint("authorize"), clock)

    async def probe(self) -> None:
        """Return when the provider answers. Raises IdentityProviderUnavailable."""
        await self._reachability.require()

    async def depart(self, request: Begin, **wishes: str) -> Departure:
        """Return the authorize address. A `login_hint` travels only when it names a persona of the simulator.

        Raises IdentityProviderUnavailable before the browser is sent to a dead host.
        """
        await self._reachability.require()
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": self._settings.scope,
            **wishes,
            "state": request.state,
        }
        if hint := persona_hint(request.login_hint):
            parameters["login_hint"] = hint
        return Departure(with_query(self._settings.endpoint("authorize"), parameters), remember(request))

    def redemption(self, code: str, redirect_uri: str) -> dict[str, str]:
        """Return the form that redeems a code."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.client_id,
            "client_secret": self._client_secret,
        }

    def leaving(self, return_to: str, state: str, **more: str) -> str:
        """Return the address that ends the provider's browser session and comes back."""
        parameters = {"client_id": self._settings.client_id, "post_logout_redirect_uri": return_to, "state": state}
        return with_query(self._settings.endpoint("logout"), parameters | more)
