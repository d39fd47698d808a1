"""The way back to a portal for pages that cannot answer it any more: only to what the portal registered."""

from urllib.parse import urlsplit

from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal


def first_page(portal: Portal) -> str | None:
    """Return a portal's `client_uri`, or the one origin at which all its redirect URIs lie; None where there is none.

    It says nothing of any sign-in, so anybody may read it.
    """
    if portal.client_uri is not None:
        return portal.client_uri
    origins = {_origin(portal, uri) for uri in portal.redirect_uris}
    return origins.pop() if len(origins) == 1 else None


def way_back(portal: Portal, request: AuthorizationRequest, *, held: bool) -> str | None:
    """Return where a page leads the person back to. `held`: this browser began the attempt, so that of several origins
    it may learn the one the attempt was begun from; a redirect URI that is not registered any more leads nowhere."""
    known = first_page(portal)
    if known is None and held and request.redirect_uri in portal.redirect_uris:
        return _origin(portal, request.redirect_uri)
    return known


def _origin(portal: Portal, uri: str) -> str | None:
    parts = urlsplit(uri)
    # an application on the machine itself has an address for the answer and no first page (RFC 8252 §7)
    if portal.application_type == "native" or parts.scheme not in {"https", "http"} or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc}/"
