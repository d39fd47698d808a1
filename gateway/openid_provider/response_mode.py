"""How an answer reaches the portal: in the address or posted, plain or as one signed token.

OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post Response Mode, JWT Secured Authorization
Response Mode for OAuth 2.0 (JARM). Codes and errors leave by the same door.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.reply import Reply, page_reply, redirect, with_query
from gateway.openid_provider.screens import FormPost
from gateway.openid_provider.sealing import Seal, seal_for

SIGNED_FOR = timedelta(minutes=10)
"""How long a signed answer is good: JARM §2.1 recommends ten minutes at most."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an answer is put into; made before anything is stored, so that what cannot be sealed is not answered."""

    house: House
    portal: Portal
    request: AuthorizationRequest
    seal: Seal | None = None

    def carry(self, answer: Mapping[str, str | None], headers: Sequence[tuple[str, str]] = ()) -> Reply:
        """Return what takes an answer to the portal; members that are None are left out."""
        request, told = self.request, answer
        if request.answer_signed:
            told = {"response": self._signed(answer)}
        if not request.answer_posted:
            return redirect(with_query(request.redirect_uri, told), headers)
        members = tuple((name, value) for name, value in told.items() if value is not None)
        view = FormPost(action=request.redirect_uri, parameters=members)
        return page_reply(self.house.screens.show(view, languages=request.ui_locales or ""), headers)

    def _signed(self, answer: Mapping[str, str | None]) -> str:
        """Return the answer as a token for this client (JARM §2.1): `iss`, `aud`, `exp` and every parameter."""
        expires_at = int((self.house.clock.now() + SIGNED_FOR).timestamp())
        claims = {name: value for name, value in answer.items() if value is not None}
        about = {"iss": self.house.issuer, "aud": self.portal.client_id, "exp": expires_at}
        alg = self.portal.authorization_signed_response_alg
        token = self.house.keys.sign(claims | about, typ="JWT", alg=alg)
        return token if self.seal is None else self.seal.close(token)


async def open_envelope(house: House, portal: Portal, request: AuthorizationRequest) -> Envelope:
    """Return the envelope of a request's answer. Raises NoEncryptionKey."""
    if not request.answer_signed:
        return Envelope(house, portal, request)
    return Envelope(house, portal, request, await seal_for(house, portal, "authorization"))
