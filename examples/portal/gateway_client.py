"""Everything the portal says to the gateway: sign-in, prefill, verify, sign-out.

Sign-in is Authlib's Starlette client (code flow, PKCE S256, state, nonce, ID token checked). What Authlib leaves to
the application is done here: the callback's `iss` (RFC 9207), the state of an error answer, and that the
discovery document names the issuer that was configured.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError, StarletteIntegration
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from examples.portal.settings import PortalSettings

ALGORITHMS = ("ES256", "RS256", "PS256", "Ed25519", "EdDSA")
UNREACHABLE = "gateway_unreachable"


class GatewayRefusal(Exception):
    """The gateway said no, or nothing at all. `problem` is its problem JSON, or an OAuth error in the same shape."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("code", "refused"))
        self.problem = problem


def wanted_max_age(headers: Mapping[str, str]) -> int | None:
    """Return how old a sign-in the gateway accepts, where it refused one for its age (RFC 9470 §3); None otherwise."""
    challenge = headers.get("www-authenticate", "")
    if 'error="insufficient_user_authentication"' not in challenge:
        return None
    named = re.search(r'[ ,]max_age="?([0-9]{1,9})(?![0-9])', challenge)
    return None if named is None else int(named[1])


class Attempts(StarletteIntegration):
    """Keeps the state of several sign-ins of one browser: a second tab must not break the first."""

    async def set_state_data(self, session: dict[str, Any] | None, state: str, data: Any) -> None:
        """Store one attempt; the eight newest stay."""
        if session is None:
            return
        prefix = f"_state_{self.name}_"
        for old in [key for key in session if key.startswith(prefix)][:-7]:
            del session[old]
        session[f"{prefix}{state}"] = {"data": data, "exp": time.time() + self.expires_in}


class PortalOAuth(OAuth):
    """Authlib's registry with our memory of attempts."""

    framework_integration_cls = Attempts


class GatewayClient:
    """The gateway as one portal sees it."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        document = f"{settings.issuer}/.well-known/openid-configuration"
        known = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "server_metadata_url": document,
        }
        ways = {"timeout": 10.0, "trust_env": False}
        oauth = PortalOAuth()
        scope = f"openid profile procedure:{settings.procedure}"
        # two registrations of one client: signing people in has scopes, speaking for ourselves has none
        self._people = oauth.register(
            "gate06", **known, client_kwargs={"scope": scope, "code_challenge_method": "S256", **ways}
        )
        self._machine = oauth.register("gate06_machine", **known, client_kwargs=ways)
        self._own_token: tuple[float, dict[str, Any]] | None = None

    async def begin(
        self, request: Request, *, language: str, login_hint: str | None, max_age: int | None = None
    ) -> Response:
        """Send the browser to the gateway; `max_age` is how old a sign-in it asked for, in seconds.

        Raises GatewayRefusal when the gateway does not answer.
        """
        await self._discover()
        extra = {"ui_locales": language} | ({"login_hint": login_hint} if login_hint else {})
        extra |= {} if max_age is None else {"max_age": str(max_age)}
        answer = await self._people.authorize_redirect(request, self._settings.redirect_uri, **extra)
        return RedirectResponse(answer.headers["location"], status_code=303)

    async def complete(self, request: Request) -> dict[str, Any]:
        """Read the callback; return the token, the ID token's claims as `userinfo`, and the person's `name`.

        Raises GatewayRefusal.
        """
        await self._discover()
        query = request.query_params
        if query.getlist("iss") != [self._settings.issuer]:
            raise GatewayRefusal({"code": "iss_mismatch"})
        state = query.get("state", "")
        if await self._people.framework.get_state_data(request.session, state) is None:
            raise GatewayRefusal({"code": "state_mismatch"})
        if "error" in query:
            await self._people.framework.clear_state_data(request.session, state)
            raise GatewayRefusal(
                {
                    "code": query["error"],
                    "detail": query.get("error_description", ""),
                    "fix": self._own_address(query.get("error_uri")),
                }
            )
        try:
            token = dict(await self._people.authorize_access_token(request, leeway=60))
        except OAuthError as refused:
            problem = {"code": refused.error or "oauth_error", "detail": refused.description or ""}
            raise GatewayRefusal(problem) from None
        except httpx2.HTTPError:
            raise GatewayRefusal({"code": UNREACHABLE}) from None
        except (JoseError, ValueError, KeyError) as refused:
            # a signature, a claim or a key that Authlib does not accept
            raise GatewayRefusal({"code": "id_token_refused"}) from refused
        if "userinfo" not in token:
            raise GatewayRefusal({"code": "id_token_refused"})
        token["name"] = await self._name(token)
        return token

    async def prefill(self, token: dict[str, Any], language: str) -> dict[str, Any]:
        """Ask for the filled form. Raises GatewayRefusal."""
        return await self._call("POST", "/v1/prefill", token, language, json={"procedure": self._settings.procedure})

    async def refresh(self, form_id: str, token: dict[str, Any], language: str) -> dict[str, Any]:
        """Ask again for a form some fields of which were late. Raises GatewayRefusal."""
        return await self._call("GET", f"/v1/prefill/{form_id}", token, language)

    async def verify(self, manifest: str, values: dict[str, Any], language: str) -> dict[str, Any]:
        """Ask whether the values are still what was released. Raises GatewayRefusal."""
        body = {"manifest": manifest, "values": values}
        return await self._call("POST", "/v1/prefill/verify", await self._token_of_ours(), language, json=body)

    async def end_session(self, request: Request, id_token: str | None, language: str) -> Response:
        """Send the browser to the gateway's sign-out. Raises GatewayRefusal."""
        await self._discover()
        answer = await self._people.logout_redirect(
            request,
            post_logout_redirect_uri=self._settings.post_logout_redirect_uri,
            id_token_hint=id_token,
            client_id=self._settings.client_id,
            ui_locales=language,
        )
        return RedirectResponse(answer.headers["location"], status_code=303)

    async def _name(self, token: dict[str, Any]) -> str:
        """Return the person's name from userinfo; empty when it is not told, or is told of somebody else."""
        bearer = {"access_token": token["access_token"], "token_type": "Bearer"}
        try:
            person = await self._people.userinfo(token=bearer)
        except (httpx2.HTTPError, ValueError, KeyError, OAuthError):
            return ""
        # OpenID Connect Core §5.3.2: the subject must be the ID token's
        return str(person.get("name") or "") if person.get("sub") == token["userinfo"]["sub"] else ""

    async def _discover(self) -> None:
        for client in (self._people, self._machine):
            try:
                document = await client.load_server_metadata()
            except (httpx2.HTTPError, ValueError):
                raise GatewayRefusal({"code": UNREACHABLE}) from None
            if document.get("issuer") != self._settings.issuer:
                client.server_metadata.clear()
                raise GatewayRefusal({"code": "issuer_mismatch"})
            offered = document.get("id_token_signing_alg_values_supported", [])
            document["id_token_signing_alg_values_supported"] = [one for one in offered if one in ALGORITHMS]

    async def _token_of_ours(self) -> dict[str, Any]:
        if self._own_token is None or self._own_token[0] < time.monotonic():
            await self._discover()
            try:
                token = await self._machine.fetch_access_token(grant_type="client_credentials")
            except OAuthError as refused:
                raise GatewayRefusal({"code": refused.error or "oauth_error"}) from None
            except httpx2.HTTPError:
                raise GatewayRefusal({"code": UNREACHABLE}) from None
            self._own_token = (time.monotonic() + int(token.get("expires_in", 60)) - 10, dict(token))
        return self._own_token[1]

    async def _call(
        self, method: str, path: str, token: dict[str, Any], language: str, **content: Any
    ) -> dict[str, Any]:
        bearer = {"access_token": token["access_token"], "token_type": "Bearer"}
        headers = {"accept-language": language, "accept": "application/json"}
        try:
            answer = await self._machine.request(
                method, f"{self._settings.issuer}{path}", token=bearer, headers=headers, **content
            )
            document = answer.json()
        except (httpx2.HTTPError, ValueError, OAuthError):
            raise GatewayRefusal({"code": UNREACHABLE}) from None
        if answer.status_code >= 400:
            problem = {"status": answer.status_code} | (document if isinstance(document, dict) else {})
            if (max_age := wanted_max_age(answer.headers)) is not None:
                problem["max_age"] = max_age
            raise GatewayRefusal(problem)
        return dict(document)

    def _own_address(self, address: str | None) -> str | None:
        """Show a link of an error answer only when it leads to the gateway itself."""
        return address if address is not None and address.startswith(f"{self._settings.issuer}/") else None
