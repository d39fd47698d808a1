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
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from gateway.openid_provider.client_rules import (
    SECRET_LENGTH,
    check_addresses,
    check_authentication,
    check_keys,
    check_realm,
    check_sealing,
    without_port,
)
from gateway.openid_provider.profiles import is_own_scope
from gateway.vocabulary.naming import name_by_language
from gateway.vocabulary.store import Kind, Listing, Record

Text = Mapping[str, str]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,127}$")]
AgencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z]{1,5}){0,4}$")]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
]
SigningAlgorithm = Literal["ES256", "RS256", "PS256", "Ed25519", "EdDSA"]
KeyAlgorithm = Literal["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256"]
ContentAlgorithm = Literal["A128CBC-HS256", "A128GCM", "A256CBC-HS512", "A256GCM"]
AuthenticationMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)
_SECRET_HASH = re.compile(r"[A-Za-z0-9_-]{43}")


def hash_secret(secret: str) -> str:
    """Return the form a client secret is kept in: base64url of its SHA-256."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()).rstrip(b"=").decode()


class Portal(BaseModel):
    """A client of the provider.

    `profile` picks the checks (`profiles.py`); `legacy` needs `legacy_until`, its last day. `procedures` are the
    forms it may ask for, `attributes` the most it may ever get (None: what its procedures compile to), `match`
    `required` when it is told only of people whom the population register confirms (who has no number is not in it,
    and a register that does not answer refuses the sign-in), `verifies` the clients whose manifests it may verify,
    `dossier_units` the units whose dossiers it may tell of (a province's code stands for all of them),
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
    token_endpoint_auth_signing_alg: SigningAlgorithm | None = None
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[Literal["code"], ...] = ("code",)
    scope: str = "openid profile offline_access"
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: Literal["pairwise", "public"] = "pairwise"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: SigningAlgorithm = "ES256"  # noqa: S105
    id_token_encrypted_response_alg: KeyAlgorithm | None = None
    id_token_encrypted_response_enc: ContentAlgorithm | None = None
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    userinfo_encrypted_response_alg: KeyAlgorithm | None = None
    userinfo_encrypted_response_enc: ContentAlgorithm | None = None
    authorization_signed_response_alg: SigningAlgorithm = "ES256"
    authorization_encrypted_response_alg: KeyAlgorithm | None = None
    authorization_encrypted_response_enc: ContentAlgorithm | None = None
    request_object_signing_alg: SigningAlgorithm | None = None
    require_signed_request_object: bool = False
    default_max_age: int | None = Field(None, ge=0, lt=1_000_000_000)
    require_auth_time: bool = False
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    default_acr_values: tuple[str, ...] = ()

    profile: Literal["legacy", "baseline", "fapi2"] = "baseline"
    legacy_until: date | None = None
    procedures: tuple[str, ...] = ()
    attributes: tuple[str, ...] | None = None
    sector: str | None = None
    match: Literal["required", "preferred"] = "preferred"
    verifies: tuple[str, ...] = ()
    dossier_units: tuple[AgencyCode, ...] = ()
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
            members["guessable"] = len(plain) < SECRET_LENGTH
        return members

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
        check_addresses(self)
        check_authentication(self)
        check_realm(self)
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("`authorization_code` wants at least one of `redirect_uris`")
        if "refresh_token" in self.grant_types and "authorization_code" not in self.grant_types:
            raise ValueError("`refresh_token` comes with `authorization_code` only")
        check_keys(self)
        check_sealing(self)
        return self

    @property
    def public(self) -> bool:
        """Whether it has no way to authenticate (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105

    @property
    def has_keys(self) -> bool:
        """Whether it has keys of its own, and so can sign requests and be encrypted to."""
        return self.jwks is not None or self.jwks_uri is not None

    def encryption_of(self, kind: Literal["id_token", "userinfo", "authorization"]) -> tuple[str, str] | None:
        """Return the two algorithms it wants one kind of token encrypted with; None for none. Without `…_enc` it is
        A128CBC-HS256 (OpenID Connect Dynamic Client Registration §2)."""
        alg = getattr(self, f"{kind}_encrypted_response_alg")
        return None if alg is None else (alg, getattr(self, f"{kind}_encrypted_response_enc") or "A128CBC-HS256")

    @cached_property
    def display_name(self) -> Text:
        """Its name in the languages it gave one in; the client id where it gave none."""
        named = name_by_language(self.client_name, vi=self.client_name_vi, en=self.client_name_en)
        return named or name_by_language(self.client_id)

    @cached_property
    def display_agency(self) -> Text:
        """The agency behind it in the languages it gave one in; empty when it names none."""
        return name_by_language(self.agency) if isinstance(self.agency, str) else self.agency

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The scopes it may ask for, beside those of its procedures."""
        return frozenset(self.scope.split())

    @cached_property
    def procedure_codes(self) -> frozenset[str]:
        """The procedures whose forms it may ask for."""
        return frozenset(self.procedures)

    @cached_property
    def attribute_ids(self) -> frozenset[str] | None:
        """The attributes it is limited to; None sets no limit of its own."""
        return None if self.attributes is None else frozenset(self.attributes)

    @cached_property
    def verified_audiences(self) -> frozenset[str]:
        """The clients beside itself whose manifests it may have compared."""
        return frozenset(self.verifies)

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
        bare = without_port(redirect_uri)
        return bare is not None and any(without_port(one) == bare for one in self.redirect_uris)

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

    A jwt lives at most 300 s, because it cannot be revoked. `introspection_client` may ask about its tokens. `label` is
    what it is called to people whose tokens are for it, by language.
    """

    model_config = _FROZEN

    identifier: str
    token_format: Literal["opaque", "jwt"] = "opaque"  # noqa: S105
    scopes: tuple[str, ...] = ()
    lifetime_s: int = Field(300, gt=0, le=86_400)
    act_aware: bool = False
    introspection_client: str | None = None
    label: str | Text = Field(default_factory=dict)

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
        if any(is_own_scope(scope) for scope in self.scopes):
            raise ValueError("`scopes` of a resource hold none of sign-in or of the gateway's own API")
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
