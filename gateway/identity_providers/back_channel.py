"""Calls from us to an upstream's endpoints, as its client: authenticated, and proving a key where tokens are bound."""

from collections.abc import Mapping
from typing import Any

from gateway.identity_providers.callback import refuse_error
from gateway.identity_providers.client_authentication import ClientAuthentication
from gateway.identity_providers.contract import UpstreamAnswerInvalid, UpstreamReply
from gateway.identity_providers.exchange import Exchange, read_object
from gateway.identity_providers.possession import Possession
from gateway.vocabulary.clock import Clock

Key = Mapping[str, Any] | None


class BackChannel:
    """The endpoints of one upstream; `key` is that of the sign-in, or None where tokens are not bound."""

    def __init__(
        self, exchange: Exchange, authentication: ClientAuthentication, possession: Possession, clock: Clock
    ) -> None:
        self._exchange = exchange
        self._authentication = authentication
        self._possession = possession
        self._clock = clock

    async def post(
        self, step: str, url: str, form: Mapping[str, str], key: Key, *, good: frozenset[int]
    ) -> dict[str, Any]:
        """Post a form as the client and return the object of the answer, whose status must be one of `good`.

        Raises IdentityProviderUnavailable, UpstreamAnswerInvalid.
        """

        async def send(headers: Mapping[str, str]) -> UpstreamReply:
            # anew for each try: an assertion is good once, too
            proven, authorization = self._authentication.prove(dict(form), self._clock.now())
            return await self._exchange.post_form(step, url, proven, headers={**authorization, **headers})

        reply = await (send({}) if key is None else self._possession.send(key, "POST", url, send))
        answer = read_object(step, reply)
        refuse_error(step, answer, {})
        if reply.status not in good:
            raise UpstreamAnswerInvalid(operator_detail=f"{step}: status {reply.status}")
        return answer

    async def ask(self, step: str, url: str, access_token: str, key: Key) -> dict[str, Any]:
        """Show an access token and return the object of the answer. Raises as `post` does."""

        async def send(headers: Mapping[str, str]) -> UpstreamReply:
            shown = {"accept": "application/json", "authorization": f"DPoP {access_token}", **headers}
            return await self._exchange.call(step, "GET", url, headers=shown)

        if key is None:
            reply = await self._exchange.get(step, url, bearer=access_token)
        else:
            reply = await self._possession.send(key, "GET", url, send, access_token=access_token)
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"{step}: status {reply.status}")
        return read_object(step, reply)
