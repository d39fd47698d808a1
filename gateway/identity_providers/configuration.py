"""The table `[[identity_provider]]` as a typed, frozen value; unknown members are refused (design.md §12, Upstreams).

What the law and the identity providers do not publish (paths, claim names, level names: domain.md §4, marked
unknown) is a member here, with the names seen in public code as defaults.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from gateway.identity_providers.profiles import MEMBERS, PROFILES, ProfileName
from gateway.vocabulary.officer import StaffRole

Kind = Literal["openid_connect", "vneid", "national_portal"]
AuthenticationMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
# in the order of the portals' own: `typing` remembers one of two equal sets, and the reference is written from it
Algorithm = Literal["ES256", "RS256", "PS256", "Ed25519", "EdDSA"]
OurAcr = Annotated[str, StringConstraints(pattern=r"^urn:gate06:[a-z0-9]+(:[a-z0-9]+)*$")]

_FROZEN = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ClaimNames(BaseModel):
    """How the upstream calls what we read; an empty name means that the claim is not read.

    `subject` can only be renamed in the national dialects: OpenID Connect calls it `sub`. The last four are
    read in the staff realm only; `register_code` can be left out there, the other three cannot.
    """

    model_config = _FROZEN

    subject: str = ""
    personal_number: str = ""
    old_number: str = ""
    passport_number: str = ""
    full_name: str = ""
    birth_date: str = ""
    sex: str = ""
    account_type: str = ""
    account_level: str = ""
    organisation_name: str = ""
    tax_code: str = ""
    business_code: str = ""
    staff_number: str = "staff_number"
    agency: str = "agency_code"
    roles: str = "roles"
    register_code: str = ""


_CLAIMS: Mapping[str, Mapping[str, str]] = {
    "openid_connect": {"subject": "sub", "full_name": "name", "birth_date": "birthdate", "sex": "gender"},
    "vneid": {
        "subject": "sub",
        "personal_number": "citizenPid",
        "passport_number": "passportNumber",
        "full_name": "fullName",
        "birth_date": "birthDate",
        "account_type": "accountType",
        "account_level": "accountLevel",
        "organisation_name": "organizationName",
        "tax_code": "taxCode",
        "business_code": "businessCode",
    },
    "national_portal": {
        "subject": "TechID",
        "personal_number": "SoDinhDanh",
        "old_number": "SoCMND",
        "passport_number": "HoChieu",
        "full_name": "HoVaTen",
        "birth_date": "NgayThangNamSinh",
        "sex": "GioiTinh",
        "account_type": "LoaiTaiKhoan",
        "account_level": "IAL",
        "organisation_name": "TenDoanhNghiep",
        "tax_code": "MaSoThue",
        "business_code": "MaSoDoanhNghiep",
    },
}

_LEVELS = {"1": "urn:gate06:vneid:1", "2": "urn:gate06:vneid:2"}
# What a kind does unless its table says otherwise. The two national dialects know neither `prompt` nor `max_age`.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "openid_connect": {
        "scope": "openid profile",
        "token_endpoint_auth_method": "client_secret_basic",
        "reauthenticates": True,
    },
    "vneid": {
        "scope": "openid",
        "token_endpoint_auth_method": "client_secret_post",
        "reauthenticates": False,
        "acr": _LEVELS,
    },
    "national_portal": {
        "scope": "openid",
        "token_endpoint_auth_method": "client_secret_post",
        "reauthenticates": False,
        "acr": _LEVELS,
    },
}
_PATHS: Mapping[str, Mapping[str, str]] = {
    "national_portal": {
        "authorize": "oauth2/authorize",
        "token": "oauth2/token",
        "userinfo": "oauth2/userinfo",
        "logout": "oidc/logout",
    },
}


class IdentityProviderSettings(BaseModel):
    """One upstream.

    `acr` maps the upstream's level (its `acr`, or the account level of a national dialect) to ours. `private_key`
    is the PEM of the RSA key whose public half the vneid dialect encrypts for. The endpoints belong to the
    national dialects and are derived from `issuer` when left out; `openid_connect` discovers its own and reads only
    `logout_endpoint`, for an upstream that does not announce one. `timeout_for` is in seconds, per call. `realm` staff
    signs in officers and operators; `roles` maps the upstream's role names to ours, without it they are ours already.
    `claims.register_code` is the code by which registers know an officer (`MaCanBo`); with
    `register_code_from_reference` who has none is named to registers by our own reference, cut to 20 characters, and
    without it registers are not asked for them.

    The rest is for `openid_connect` alone. `private_key_jwt` signs with the gateway's own key of
    `token_endpoint_auth_signing_alg`, which its `/jwks` publishes. Requests are pushed when
    `require_pushed_authorization_requests` or the discovery document says so, and signed with the same algorithm with
    `require_signed_request_object`. `dpop_bound_access_tokens` binds tokens to a key made for each sign-in.
    `response_mode` `jwt` wants answers signed. `id_token_signed_response_alg` takes that algorithm only. The profile
    `fapi2` fixes private_key_jwt, pushed requests and bound tokens, demands `iss` in every answer and refuses RS256.
    """

    model_config = _FROZEN

    alias: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    kind: Kind
    label: Mapping[str, str]
    issuer: str
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    token_endpoint_auth_method: AuthenticationMethod = "client_secret_basic"  # noqa: S105  a method, not a secret
    scope: str = "openid"
    claims: ClaimNames = ClaimNames()
    acr: Mapping[str, OurAcr] = Field(default_factory=dict)
    vouches_for_number: bool = False
    reauthenticates: bool = True
    realm: Literal["citizen", "staff"] = "citizen"
    roles: Mapping[str, StaffRole] = Field(default_factory=dict)
    register_code_from_reference: bool = False

    profile: ProfileName = "baseline"
    token_endpoint_auth_signing_alg: Algorithm = "ES256"  # noqa: S105  an algorithm, not a secret
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    dpop_bound_access_tokens: bool = False
    response_mode: Literal["query", "jwt"] = "query"
    id_token_signed_response_alg: Algorithm | None = None

    authorize_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    logout_endpoint: str = ""
    private_key: SecretStr | None = None
    private_key_file: Path | None = None
    encrypted_code: bool = True
    timeout_for: Annotated[float, Field(gt=0, le=30)] = 5.0

    @model_validator(mode="before")
    @classmethod
    def _fill_by_kind(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("kind") not in _DEFAULTS:
            return given
        kind = given["kind"]
        fixed = [row.fixed for name, row in PROFILES.items() if name == given.get("profile")]
        filled = {**_DEFAULTS[kind], **(fixed[0] if fixed else {}), **given}
        if isinstance(label := given.get("label"), str):
            filled["label"] = {"vi": label, "en": label}
        claims = given.get("claims") or {}
        if isinstance(claims, Mapping):
            filled["claims"] = {**_CLAIMS[kind], **claims}
        return filled

    @model_validator(mode="after")
    def _check_members(self) -> "IdentityProviderSettings":
        _check_url("issuer", self.issuer)
        if set(self.label) != {"vi", "en"} or not all(self.label.values()):
            raise ValueError("`label` wants a text, or one for `vi` and one for `en`")
        for name in ("authorize_endpoint", "token_endpoint", "userinfo_endpoint", "logout_endpoint"):
            if address := getattr(self, name):
                _check_url(name, address)
        if "openid" not in self.scope.split():
            raise ValueError("`scope` must contain `openid`")
        _check_secret(self)
        _check_dialect(self)
        _check_profile(self)
        _check_realm(self)
        return self

    @property
    def signs(self) -> bool:
        """Whether the gateway signs what it sends there; the keys are those of its `/jwks`."""
        method = self.token_endpoint_auth_method
        return method == "private_key_jwt" or self.require_signed_request_object

    def endpoint(self, name: Literal["authorize", "token", "userinfo", "logout"]) -> str:
        """Return the address of an endpoint of a national dialect: as set, else the dialect's own below `issuer`."""
        path = _PATHS.get(self.kind, {}).get(name, name)
        return getattr(self, f"{name}_endpoint") or f"{self.issuer.rstrip('/')}/{path}"


def _check_url(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"`{name}` must be an https address")
    if parts.username or parts.password or parts.fragment or parts.query:
        raise ValueError(f"`{name}` must have neither credentials nor query nor fragment")


def _check_secret(settings: IdentityProviderSettings) -> None:
    given = [settings.client_secret, settings.client_secret_file]
    method = settings.token_endpoint_auth_method
    wanted = method != "private_key_jwt"
    if sum(one is not None for one in given) != (1 if wanted else 0):
        raise ValueError(
            f"`{method}` wants " + ("one of `client_secret`, `client_secret_file`" if wanted else "no client secret")
        )


def _check_dialect(settings: IdentityProviderSettings) -> None:
    keys = [settings.private_key, settings.private_key_file]
    key_count = sum(one is not None for one in keys)
    if settings.kind != "openid_connect":
        method = settings.token_endpoint_auth_method
        if method != "client_secret_post":
            raise ValueError(f"the {settings.kind} dialect knows only `client_secret_post`")
        if not settings.claims.subject or not settings.claims.full_name:
            raise ValueError("`claims.subject` and `claims.full_name` cannot be empty")
    if settings.kind == "vneid" and key_count != 1:
        raise ValueError("the vneid dialect wants one of `private_key`, `private_key_file`")
    if settings.kind == "national_portal":
        if key_count:
            raise ValueError("the national_portal dialect encrypts nothing and takes no key")
        if not settings.claims.account_type:
            raise ValueError("`claims.account_type` cannot be empty")
    if settings.kind == "openid_connect":
        if key_count or settings.authorize_endpoint or settings.token_endpoint or settings.userinfo_endpoint:
            raise ValueError("`openid_connect` discovers its endpoints and takes no key of its own")
        if settings.claims.subject != "sub" or not settings.claims.full_name:
            raise ValueError("`claims.subject` is `sub` in OpenID Connect and `claims.full_name` cannot be empty")


def _check_profile(settings: IdentityProviderSettings) -> None:
    row, name = PROFILES[settings.profile], settings.profile
    if settings.kind != "openid_connect":
        if written := sorted(MEMBERS & settings.model_fields_set):
            raise ValueError(f"`{written[0]}` goes with the kind `openid_connect` only: leave it out")
        return
    for member, value in row.fixed.items():
        if getattr(settings, member) != value:
            raise ValueError(f"the profile `{name}` wants `{member} = {str(value).lower()}`: leave the member out")
    for member in ("token_endpoint_auth_signing_alg", "id_token_signed_response_alg"):
        alg = getattr(settings, member)
        if alg is not None and alg not in row.algorithms:
            raise ValueError(f"the profile `{name}` takes no {alg} in `{member}`: use ES256, PS256 or Ed25519")
    if settings.require_signed_request_object and not settings.require_pushed_authorization_requests:
        raise ValueError("`require_signed_request_object` wants `require_pushed_authorization_requests = true`")
    if "token_endpoint_auth_signing_alg" in settings.model_fields_set and not settings.signs:
        raise ValueError("`token_endpoint_auth_signing_alg` goes with `private_key_jwt` or signed requests only")


def _check_realm(settings: IdentityProviderSettings) -> None:
    if settings.realm == "citizen":
        if settings.roles:
            raise ValueError("`roles` goes with the realm `staff` only")
        if settings.claims.register_code or settings.register_code_from_reference:
            raise ValueError("a code for registers (`register_code`) goes with the realm `staff` only")
        return
    claims = settings.claims
    if settings.kind != "openid_connect":
        raise ValueError("the realm `staff` wants the kind `openid_connect`")
    if settings.vouches_for_number or claims.personal_number:
        raise ValueError("a provider of the realm `staff` says nothing about a citizen's number")
    if not settings.reauthenticates:
        raise ValueError("a provider of the realm `staff` authenticates anew when asked: leave `reauthenticates` out")
    if not (claims.staff_number and claims.agency and claims.roles):
        raise ValueError("the realm `staff` reads `claims.staff_number`, `claims.agency` and `claims.roles`")


def is_loopback(address: str) -> bool:
    """Tell whether the address never leaves this machine."""
    return urlsplit(address).hostname in _LOOPBACK
