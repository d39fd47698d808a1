"""Whether an upstream answers, asked before the browser is sent there.

A browser that is sent to a dead host shows its own error page and the citizen is lost; asked first, the sign-in
ends on our page, with the way back to the portal.
"""

from datetime import timedelta

from gateway.identity_providers.exchange import Exchange
from gateway.identity_providers.remembered import Remembered
from gateway.vocabulary.clock import Clock

_BELIEVED_FOR = timedelta(milliseconds=250)  # for those who leave in the same moment: it can die at any other


class Reachability:
    """Knocks at one address before a departure; an answer of any kind below 500 will do, for a quarter of a second."""

    def __init__(self, exchange: Exchange, method: str, address: str, clock: Clock) -> None:
        self._exchange = exchange
        self._method = method
        self._address = address
        self._answer = Remembered(self._knock, clock, fresh_for=_BELIEVED_FOR, stale_for=_BELIEVED_FOR)

    async def require(self) -> None:
        """Return when the upstream answers. Raises IdentityProviderUnavailable."""
        await self._answer.current()

    async def _knock(self) -> bool:
        await self._exchange.call("reachability", self._method, self._address)
        return True
