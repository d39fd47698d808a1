"""What an operator says about a connector and about where calls may go; `settings` puts it into its tree."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.connector_runtime.limits import Limits

ZoneName = Literal["internet", "gov-wan", "lab"]
TransportName = Literal["ndxp", "lgsp", "lgsp_wrapper", "lgsp_json", "ndop"]
"""`lgsp` is Thái Nguyên's bus and type 3 (WSO2), `lgsp_wrapper` type 1, `lgsp_json` type 2; `ndop` is kept free."""
Network = IPv4Network | IPv6Network


class EgressSettings(BaseModel):
    """Address ranges of the egress zones; only an operator edits them.

    `internet` needs none: it is every globally reachable address. `gov_wan` is empty until the operator names the
    ranges of the government network; `lab` is this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    gov_wan: tuple[Network, ...] = ()
    lab: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

    def ranges(self, zone: ZoneName) -> tuple[Network, ...]:
        """Return the ranges of a zone."""
        return {"internet": _EVERYWHERE, "gov-wan": self.gov_wan, "lab": self.lab}[zone]


_EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


class ConnectorSettings(BaseModel):
    """How one source is reached.

    `transport` is the bus, one of those the connector's manifest names (its first unless said otherwise). `url` is
    the service at the bus, `zone` where its addresses may lie, `user` and `secret` the account there. NDXP: `auth_url`
    enters the time-bound secret (default `url`). LGSP: `token_url` gives the Bearer tokens, and `desk_user` with
    `desk_secret` is the client of officers at a desk (default: the same as the system's).
    LGSP type 1 (`lgsp_wrapper`): `user` and `secret` are AccessKey and SecretKey, `application`, `partner_code` and
    `customer_code` AppName, PartnerCode and PartnerCodeCus, `key_user` and `key_secret` the officer's account in
    AuthHash (`desk_user` and `desk_secret` at a desk). LGSP type 2 (`lgsp_json`): `key_user` is userNameService.
    A secret comes as a value or as the path of a file that holds it.
    A connector without code: `folder` is where its manifest is, unless it is found under `[connectors] path`; `url`
    replaces the manifest's own; `secret_files` hold, by the name that the manifest gives, the path of each secret.
    Where the source wants a certificate of the caller (mTLS), `certificate_file` and `certificate_key_file` hold it and
    its key, PEM; `authorities_file` the authorities its own certificate comes from, when the system does not know them.
    `options` are those the connector's manifest declares. `timeout_for` is in seconds, of one call. `limits` is the
    table `[connectors.NAME.limits]` below; `late_for` and `concurrency` may also stand here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    transport: TransportName | None = None
    folder: Path | None = None
    url: str = ""
    zone: ZoneName = "gov-wan"
    auth_url: str | None = None
    token_url: str | None = None
    user: str = ""
    secret: SecretStr | None = None
    secret_file: Path | None = None
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    application: str = ""
    partner_code: str = ""
    customer_code: str = ""
    key_user: str = ""
    key_secret: SecretStr | None = None
    key_secret_file: Path | None = None
    desk_user: str = ""
    desk_secret: SecretStr | None = None
    desk_secret_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    authorities_file: Path | None = None
    road_client: str = ""
    timestamp: Literal["milliseconds", "seconds"] = "milliseconds"
    officer: str = ""
    agency_code: str = ""
    secret_files: dict[str, Path] = Field(default_factory=dict)
    options: dict[str, str] = Field(default_factory=dict)
    timeout_for: float = Field(default=20.0, gt=0, le=60)
    late_for: float = Field(default=20.0, ge=0, le=60)
    concurrency: int = Field(default=64, ge=1, le=1000)
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("secret", "api_key", "key_secret", "desk_secret"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"give `{name}` or `{name}_file`, not both")
        if (self.certificate_file is None) != (self.certificate_key_file is None):
            raise ValueError("`certificate_file` and `certificate_key_file` go together")
        for name in ("url", "token_url"):
            scheme = (getattr(self, name) or "https://").partition("://")[0]
            if scheme == "postgresql" and name == "url":
                continue  # a department's view
            if scheme != "https" and not (scheme == "http" and self.zone == "lab"):
                raise ValueError(f"`{name}` must be https (http only in zone `lab`)")
        return self

    def limits_over(self, stated: Limits) -> Limits:
        """Return what holds: the operator's figures over the manifest's over the defaults."""
        here = {name: getattr(self, name) for name in ("late_for", "concurrency") if name in self.model_fields_set}
        return stated.under(Limits(**here)).under(self.limits)

    def read_tls(self) -> SSLContext | None:
        """Return how the source's certificate is checked and ours is shown; None for the system's usual way.

        Raises OSError (also ssl.SSLError) when a file cannot be read or is not what it should be.
        """
        if self.certificate_file is None and self.authorities_file is None:
            return None
        context = create_default_context(cafile=self.authorities_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.certificate_key_file)
        return context

    def read_secret(self) -> str:
        """Return the secret, from the value or the file. Raises OSError when the file cannot be read."""
        return _read(self.secret, self.secret_file)

    def read_api_key(self) -> str:
        """Return the API key, from the value or the file; empty when the bus wants none."""
        return _read(self.api_key, self.api_key_file)

    def read_key_secret(self) -> str:
        """Return the secret of the officer's account, from the value or the file."""
        return _read(self.key_secret, self.key_secret_file)

    def read_desk_secret(self) -> str:
        """Return the desk officers' secret, from the value or the file."""
        return _read(self.desk_secret, self.desk_secret_file)


def _read(value: SecretStr | None, file: Path | None) -> str:
    if value is not None:
        return value.get_secret_value()
    return file.read_text("utf-8").strip() if file is not None else ""
