"""Who may use the provider: portals and resources as typed, frozen values, and the registry that finds them.

A portal's members carry the names of RFC 7591 (and OpenID Connect Dynamic Client Registration 1.0); ours stand
beside them. A secret is never kept: only its SHA-256 is, whatever road the portal came by.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from gateway.tokens.jose import FixedKeys
from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.store import Kind, Listing, Record

Text = Mapping[str, str]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,127}$")]
DEVICE_GRANT: Literal["urn:ietf:params:oauth:grant-type:device_code"] = "urn:ietf:params:oauth:grant-type:device_code"
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
]
SigningAlgorithm = Literal["ES256", "RS256", "PS256", "Ed25519", "EdDSA"]
AuthenticationMethod = Literal["client_secret_basic", "client_secret_post", "none"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)
_NATIVE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_SECRET_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_SECRET_LENGTH = 22  # base64url of 128 bits (RFC 6749 §10.10)
_NO_PORT_RULE = ("127.0.0.1", "::1")
_PLAIN_URI = re.compile(r"[!$-;=?-\[\]_a-z~]+")  # no space, quote, hash, backslash or control letter


def hash_secret(secret: str) -> str:
    """Return the form a client secret is kept in: base64url of its SHA-256."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()).rstrip(b"=").decode()


class Portal(BaseModel):
    """A client of the provider.

    `profile` picks the checks (`profiles.py`); `legacy` needs `legacy_until`, its last day. `procedures` are the
    forms it may ask for, `attributes` the most it may ever get (None: what its procedures compile to), `match`
    `required` when it is told only of people whom the population register confirms (who has no number is not in it,
    and a register that does not answer refuses the sign-in), `verifies` the clients whose manifests it may verify,
    `id_token_claims` what goes into its ID token beside the protocol's own claims. `agency` and `client_name` are
    texts by language, `realm` whom it signs in: citizens or (a desk's software) officers.
    """

    model_config = _FROZEN

    client_id: ClientId
    client_secret_sha256: str | None = None
    guessable: bool = Field(False, exclude=True, repr=False)  # the secret given was short: production refuses it
    client_name: str = ""
    client_name_vi: str = Field("", validation_alias=AliasChoices("client_name#vi", "client_name_vi"))
    client_name_en: str = Field("", validation_alias=AliasChoices("client_name#en", "client_name_en"))
    client_uri: str | None = None
    logo_uri: str | None = None
    tos_uri: str | None = None
    policy_uri: str | None = None
    contacts: tuple[str, ...] = ()
    software_id: str | None = None
    software_version: str | None = None
    application_type: Literal["web", "native"] = "web"
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    token_endpoint_auth_method: AuthenticationMethod = "client_secret_basic"  # noqa: S105
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[Literal["code"], ...] = ("code",)
    scope: str = "openid profile offline_access"
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: Literal["pairwise", "public"] = "pairwise"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: SigningAlgorithm = "ES256"  # noqa: S105
    default_max_age: int | None = Field(None, ge=0, lt=1_000_000_000)
    require_auth_time: bool = False
    require_pushed_authorization_requests: bool = False
    default_acr_values: tuple[str, ...] = ()

    profile: Literal["legacy", "baseline"] = "baseline"
    legacy_until: date | None = None
    procedures: tuple[str, ...] = ()
    attributes: tuple[str, ...] | None = None
    sector: str | None = None
    match: Literal["required", "preferred"] = "preferred"
    verifies: tuple[str, ...] = ()
    id_token_claims: tuple[str, ...] = ()
    agency: str | Text = Field(default_factory=dict)
    realm: Literal["citizen", "staff"] = "citizen"

    @model_validator(mode="before")
    @classmethod
    def _read_secret(cls, given: Any) -> Any:
        """Turn `client_secret` or `client_secret_file` into the hash that is kept."""
        if not isinstance(given, Mapping):
            return given
        members = {name: value for name, value in given.items() if name != "guessable"}
        plain, file = members.pop("client_secret", None), members.pop("client_secret_file", None)
        if sum(one is not None for one in (plain, file, members.get("client_secret_sha256"))) > 1:
            raise ValueError("give one of `client_secret`, `client_secret_file`, `client_secret_sha256`")
        if file is not None:
            try:
                plain = Path(str(file)).read_text("utf-8").strip()
            except OSError as trouble:
                raise ValueError("`client_secret_file` cannot be read") from trouble
        if plain is not None:
            if not isinstance(plain, str) or not plain:
                raise ValueError("`client_secret` is empty")
            members["client_secret_sha256"] = hash_secret(plain)
            members["guessable"] = len(plain) < _SECRET_LENGTH
        return members

    @field_validator("profile", mode="before")
    @classmethod
    def _refuse_unbuilt_profile(cls, profile: object) -> object:
        if profile == "fapi2":
            raise ValueError("profile `fapi2` is not available in this version; use `baseline` (PKCE S256)")
        return profile

    @field_validator("scope", mode="before")
    @classmethod
    def _join_scope(cls, scope: object) -> object:
        return " ".join(str(one) for one in scope) if isinstance(scope, list | tuple) else scope

    @field_validator("client_secret_sha256")
    @classmethod
    def _check_hash(cls, value: str | None) -> str | None:
        if value is not None and not _SECRET_HASH.fullmatch(value):
            raise ValueError("wants base64url of a SHA-256, 43 letters")
        return value

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        _check_addresses(self)
        _check_authentication(self)
        _check_realm(self)
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("`authorization_code` wants at least one of `redirect_uris`")
        if "refresh_token" in self.grant_types and "authorization_code" not in self.grant_types:
            raise ValueError("`refresh_token` comes with `authorization_code` only")
        if self.jwks is not None:
            try:
                FixedKeys.of_jwks(self.jwks, strict=True)
            except KeyRefused as refusal:
                raise ValueError(f"`jwks` holds a key that is refused: {refusal.rule}") from refusal
        return self

    @property
    def public(self) -> bool:
        """Whether it has no way to authenticate (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105

    @cached_property
    def display_name(self) -> Text:
        """Its name by language; the client id where it gave none."""
        plain = self.client_name or self.client_name_vi or self.client_name_en or self.client_id
        return {"vi": self.client_name_vi or plain, "en": self.client_name_en or plain}

    @cached_property
    def display_agency(self) -> Text:
        """The agency behind it by language; empty when it names none."""
        if isinstance(self.agency, str):
            return {"vi": self.agency, "en": self.agency} if self.agency else {}
        return self.agency

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The scopes it may ask for, beside those of its procedures."""
        return frozenset(self.scope.split())

    @cached_property
    def sector_identifier(self) -> str:
        """The sector its pairwise subjects belong to (OpenID Connect Core §8.1)."""
        if self.sector:
            return self.sector
        address = self.sector_identifier_uri or next(iter(self.redirect_uris), None)
        return (urlsplit(address).hostname if address else None) or self.client_id

    def allows_redirect(self, redirect_uri: str) -> bool:
        """Tell whether it registered this address: equal letter by letter (RFC 9700 §2.1), and for a native
        application any port of a loopback address it registered (RFC 8252 §7.3)."""
        if redirect_uri in self.redirect_uris:
            return True
        if self.application_type != "native":
            return False
        bare = _without_port(redirect_uri)
        return bare is not None and any(_without_port(one) == bare for one in self.redirect_uris)

    def knows_secret(self, secret: str) -> bool:
        """Compare a secret with the kept hash in constant time; False when it has none."""
        kept = self.client_secret_sha256 or ""
        return hmac.compare_digest(hash_secret(secret), kept) and bool(kept)

    def ended(self, now: datetime) -> bool:
        """Tell whether the end date of a `legacy` client has passed (the last day counts, in UTC)."""
        if self.legacy_until is None:
            return False
        return now > datetime.combine(self.legacy_until, time.max, UTC)

    def record(self, version: int = 1) -> Record:
        """Return the portal as it is stored."""
        return Record(
            kind=Kind.PORTAL,
            key=self.client_id,
            version=version,
            body=self.model_dump(mode="json", by_alias=False, exclude_defaults=True),
        )


class Resource(BaseModel):
    """A resource server that tokens are issued for (RFC 8707). `identifier` is its URI and becomes `aud`.

    A jwt lives at most 300 s, because it cannot be revoked. `introspection_client` may ask about its tokens.
    """

    model_config = _FROZEN

    identifier: str
    token_format: Literal["opaque", "jwt"] = "opaque"  # noqa: S105
    scopes: tuple[str, ...] = ()
    lifetime_s: int = Field(300, gt=0, le=86_400)
    act_aware: bool = False
    introspection_client: str | None = None

    @property
    def signed(self) -> bool:
        """Whether its tokens are JWTs (RFC 9068) that nothing is stored of."""
        return self.token_format == "jwt"  # noqa: S105  a format, not a secret

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        parts = urlsplit(self.identifier)
        if not parts.scheme or parts.fragment or not (parts.netloc or parts.path):
            raise ValueError("`identifier` must be an absolute URI without fragment (RFC 8707 §2)")
        if self.token_format == "jwt" and self.lifetime_s > 300:  # noqa: S105
            raise ValueError("`lifetime_s` of a jwt is at most 300: it cannot be revoked")
        return self


class ResourceRegistry:
    """The resources of the settings."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = {resource.identifier: resource for resource in resources}

    def get(self, identifier: str) -> Resource | None:
        """Return a resource by its URI, compared letter by letter."""
        return self._resources.get(identifier)

    def all(self) -> tuple[Resource, ...]:
        """Return every resource."""
        return tuple(self._resources.values())


class ClientRegistry:
    """Finds portals: those of the settings first, then those registered. Nobody else has a name of `built_in` ones."""

    def __init__(self, seeds: Sequence[Portal] = (), *, built_in: Sequence[Portal] = ()) -> None:
        self._built_in = {portal.client_id: portal for portal in built_in}
        self._seeds: dict[str, Portal] = {}
        self._registered: dict[str, Portal] = {}
        self.replace_seeds(seeds)

    def get(self, client_id: str) -> Portal | None:
        """Return a portal by its id."""
        return self._seeds.get(client_id) or self._registered.get(client_id) or self._built_in.get(client_id)

    def all(self) -> tuple[Portal, ...]:
        """Return every portal."""
        return tuple({**self._registered, **self._seeds}.values())

    def replace_seeds(self, seeds: Sequence[Portal]) -> None:
        """Take over the settings' portals (at start and on SIGHUP), all at once."""
        self._seeds = {portal.client_id: portal for portal in seeds if portal.client_id not in self._built_in}

    async def refresh(self, listing: Listing) -> None:
        """Take over what was registered; call it in the background. Raises StorageUnavailable.

        A stored portal that this version cannot read any more is left out: it gets `invalid_client`.
        """
        found: dict[str, Portal] = {}
        for record in await listing.select(Kind.PORTAL, limit=100_000):
            if record.key in self._built_in:
                continue
            try:
                found[record.key] = Portal.model_validate(record.body)
            except ValueError:
                continue
        self._registered = found


def is_loopback(address: str) -> bool:
    """Tell whether an address names this machine (RFC 8252 §7.3, RFC 6761 §6.3)."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def unsafe_members(portal: Portal) -> list[str]:
    """Return what a production gateway refuses in a portal, one sentence each."""
    found = []
    if portal.guessable:
        found.append(f"`client_secret` of `{portal.client_id}` is shorter than {_SECRET_LENGTH} letters")
    if portal.application_type == "web":
        http = [uri for uri in portal.redirect_uris if uri.startswith("http:")]
        found += [f"`redirect_uris` of `{portal.client_id}` must be https" for _ in http[:1]]
    for name in ("post_logout_redirect_uris", "backchannel_logout_uri", "jwks_uri"):
        value = getattr(portal, name)
        addresses = value if isinstance(value, tuple) else [value] if value else []
        if portal.application_type == "web" and any(address.startswith("http:") for address in addresses):
            found.append(f"`{name}` of `{portal.client_id}` must be https")
    return found


def _check_addresses(portal: Portal) -> None:
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


def _check_authentication(portal: Portal) -> None:
    if portal.public:
        if portal.profile == "legacy":
            raise ValueError("a public client cannot have the profile `legacy`: PKCE is its only protection")
        if "client_credentials" in portal.grant_types:
            raise ValueError("a public client cannot use `client_credentials` (RFC 6749 §4.4)")
        if portal.client_secret_sha256 is not None:
            raise ValueError("`none` goes without a client secret")
    elif portal.client_secret_sha256 is None:
        raise ValueError(f"`{portal.token_endpoint_auth_method}` wants a `client_secret` or a `client_secret_file`")
    if portal.profile == "legacy" and portal.legacy_until is None:
        raise ValueError("profile `legacy` wants its end date in `legacy_until`")
    if portal.profile != "legacy" and portal.legacy_until is not None:
        raise ValueError("`legacy_until` goes with profile `legacy` only")


def _check_realm(portal: Portal) -> None:
    if portal.realm == "citizen" and DEVICE_GRANT in portal.grant_types:
        raise ValueError('the device grant signs in staff; it wants `realm = "staff"`')
    if portal.realm == "staff" and "refresh_token" in portal.grant_types:
        raise ValueError("an officer's sign-in is short and not refreshed: `refresh_token` goes with citizens only")


def _without_port(uri: str) -> tuple[str, str, str, str] | None:
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
