"""What a client's registration has to be: addresses, authentication and realm, each rule one sentence of a standard."""

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.openid_provider.profiles import PROFILES
from gateway.tokens.jose import FixedKeys
from gateway.tokens.key_material import KeyRefused

if TYPE_CHECKING:
    from gateway.openid_provider.clients import Portal

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SECRET_LENGTH = 22  # base64url of 128 bits (RFC 6749 §10.10)

_NATIVE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_NO_PORT_RULE = ("127.0.0.1", "::1")
_PLAIN_URI = re.compile(r"[!$-;=?-\[\]_a-z~]+")  # no space, quote, hash, backslash or control letter


def is_loopback(address: str) -> bool:
    """Tell whether an address names this machine (RFC 8252 §7.3, RFC 6761 §6.3)."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def unsafe_members(portal: "Portal") -> list[str]:
    """Return what a production gateway refuses in a portal, one sentence each."""
    found = []
    if portal.guessable:
        found.append(f"`client_secret` of `{portal.client_id}` is shorter than {SECRET_LENGTH} letters")
    if portal.application_type == "web":
        http = [uri for uri in portal.redirect_uris if uri.startswith("http:")]
        found += [f"`redirect_uris` of `{portal.client_id}` must be https" for _ in http[:1]]
    for name in ("post_logout_redirect_uris", "backchannel_logout_uri", "jwks_uri"):
        value = getattr(portal, name)
        addresses = value if isinstance(value, tuple) else [value] if value else []
        if portal.application_type == "web" and any(address.startswith("http:") for address in addresses):
            found.append(f"`{name}` of `{portal.client_id}` must be https")
    return found


def check_addresses(portal: "Portal") -> None:
    """Every address is one that may be called or returned to. Raises ValueError."""
    for uri in (*portal.redirect_uris, *portal.post_logout_redirect_uris):
        _check_return_address(uri, native=portal.application_type == "native")
    for name in ("backchannel_logout_uri", "jwks_uri", "sector_identifier_uri", "client_uri", "logo_uri"):
        address = getattr(portal, name)
        if address is not None and urlsplit(address).scheme != "https" and not _is_local_http(address):
            raise ValueError(f"`{name}` must be https")
    if len({urlsplit(uri).hostname for uri in portal.redirect_uris}) > 1 and not (
        portal.sector or portal.sector_identifier_uri or portal.subject_type == "public"
    ):
        raise ValueError("redirect URIs on several hosts want a `sector` (OpenID Connect Core §8.1)")


def _check_return_address(uri: str, *, native: bool) -> None:
    parts = urlsplit(uri)
    if not uri.isascii() or any(letter.isspace() for letter in uri) or "*" in uri or "\\" in uri:
        raise ValueError("a redirect URI holds a space, a wildcard, a backslash or a letter outside ASCII")
    if "#" in uri or parts.username is not None or parts.password is not None:
        raise ValueError("a redirect URI must have neither fragment nor credentials (RFC 6749 §3.1.2)")
    if parts.scheme == "https" and parts.hostname:
        return
    if _is_local_http(uri):
        return
    if native and _NATIVE_SCHEME.fullmatch(parts.scheme) and not parts.netloc:
        return  # RFC 8252 §7.1: a private scheme is a reversed domain name
    raise ValueError("a redirect URI must be https, or http on this machine in development or for a native client")


def _is_local_http(address: str) -> bool:
    return urlsplit(address).scheme == "http" and is_loopback(address)


def check_authentication(portal: "Portal") -> None:
    """A client authenticates and signs as its profile allows, with what its method needs. Raises ValueError."""
    _check_profile(portal)
    if portal.public:
        if "client_credentials" in portal.grant_types:
            raise ValueError("a public client cannot use `client_credentials` (RFC 6749 §4.4)")
        if portal.client_secret_sha256 is not None:
            raise ValueError("`none` goes without a client secret")
    elif portal.token_endpoint_auth_method == "private_key_jwt":  # noqa: S105
        if (portal.jwks is None) == (portal.jwks_uri is None):
            raise ValueError("`private_key_jwt` wants its public keys: one of `jwks` and `jwks_uri`")
        if portal.client_secret_sha256 is not None:
            raise ValueError("`private_key_jwt` goes without a client secret")
    elif portal.client_secret_sha256 is None:
        raise ValueError(f"`{portal.token_endpoint_auth_method}` wants a `client_secret` or a `client_secret_file`")
    _check_end(portal)


def _check_profile(portal: "Portal") -> None:
    """What a client registers is in the row of its profile (`profiles.py`)."""
    row = PROFILES[portal.profile]
    if portal.public and not row.public_clients:
        raise ValueError(f"a public client cannot have the profile `{row.name}`: it proves nothing of who it is")
    if portal.token_endpoint_auth_method not in row.authentication_methods:
        allowed = ", ".join(sorted(row.authentication_methods))
        raise ValueError(f"`token_endpoint_auth_method` of profile `{row.name}` must be one of: {allowed}")
    for name, allowed_algorithms in (
        ("id_token_signed_response_alg", row.signing_algorithms),
        ("userinfo_signed_response_alg", row.signing_algorithms),
        ("authorization_signed_response_alg", row.signing_algorithms),
        ("token_endpoint_auth_signing_alg", row.assertions.algorithms),
        ("request_object_signing_alg", row.request_objects.algorithms),
    ):
        algorithm = getattr(portal, name)
        if algorithm is not None and algorithm not in allowed_algorithms:
            allowed = ", ".join(sorted(allowed_algorithms))
            raise ValueError(f"`{name}` of profile `{row.name}` must be one of: {allowed}")


def _check_end(portal: "Portal") -> None:
    if portal.profile == "legacy" and portal.legacy_until is None:
        raise ValueError("profile `legacy` wants its end date in `legacy_until`")
    if portal.profile != "legacy" and portal.legacy_until is not None:
        raise ValueError("`legacy_until` goes with profile `legacy` only")


def check_realm(portal: "Portal") -> None:
    """Officers and citizens have grant types of their own; only a citizen's sign-out is told. Raises ValueError."""
    if portal.realm == "staff" and portal.backchannel_logout_uri is not None:
        raise ValueError("an officer's sign-out is told to nobody: `backchannel_logout_uri` goes with citizens only")
    if portal.realm == "citizen" and DEVICE_GRANT in portal.grant_types:
        raise ValueError('the device grant signs in staff; it wants `realm = "staff"`')
    if portal.realm == "staff" and (portal.dpop_bound_access_tokens or PROFILES[portal.profile].sender_constrained):
        raise ValueError(
            "an officer's tokens are bound to no key: profile `fapi2` and `dpop_bound_access_tokens` are for "
            "citizens' portals"
        )
    if portal.realm == "staff" and "refresh_token" in portal.grant_types:
        raise ValueError("an officer's sign-in is short and not refreshed: `refresh_token` goes with citizens only")


def without_port(uri: str) -> tuple[str, str, str, str] | None:
    """A loopback address without its port, to compare by (RFC 8252 §7.3); None for anything else, however bent."""
    if not _PLAIN_URI.fullmatch(uri):  # urlsplit drops control letters silently, a browser may not
        return None
    try:
        parts = urlsplit(uri)
        in_range = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in _NO_PORT_RULE or parts.username is not None or not in_range:
        return None
    return parts.scheme, parts.hostname, parts.path, parts.query


def check_sealing(portal: "Portal") -> None:
    """Who wants answers encrypted or signs its requests has keys for it (OpenID Connect Dynamic Client Registration
    §2, JARM §3, RFC 9101 §9). Raises ValueError."""
    for kind in ("id_token", "userinfo", "authorization"):
        alg = getattr(portal, f"{kind}_encrypted_response_alg")
        if alg is None and getattr(portal, f"{kind}_encrypted_response_enc") is not None:
            raise ValueError(f"`{kind}_encrypted_response_enc` goes with `{kind}_encrypted_response_alg`")
        if alg is not None and not portal.has_keys:
            raise ValueError(f"`{kind}_encrypted_response_alg` wants a key to encrypt to: `jwks` or `jwks_uri`")
        if alg is not None and portal.jwks is not None and FixedKeys.of_jwks(portal.jwks).sealing(alg) is None:
            raise ValueError(f"`jwks` holds no key for `{kind}_encrypted_response_alg` (`use` is `enc` or left out)")
    if portal.userinfo_encrypted_response_alg is not None and portal.userinfo_signed_response_alg is None:
        raise ValueError("encrypted userinfo is signed first: name `userinfo_signed_response_alg` too")
    if portal.require_signed_request_object and not portal.has_keys:
        raise ValueError("`require_signed_request_object` wants the keys they are signed with: `jwks` or `jwks_uri`")
    if portal.jwks is not None and portal.jwks_uri is not None:
        raise ValueError("give one of `jwks` and `jwks_uri` (RFC 7591 §2)")


def check_keys(portal: "Portal") -> None:
    """Every key that a client registers is one we accept. Raises ValueError."""
    if portal.jwks is None:
        return
    try:
        FixedKeys.of_jwks(portal.jwks, strict=True)
    except KeyRefused as refusal:
        raise ValueError(f"`jwks` holds a key that is refused: {refusal.rule}") from refusal
