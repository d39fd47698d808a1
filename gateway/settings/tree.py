"""The tree: every setting with its type, its default and a sentence. Frozen once read."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)

from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.dossiers.working_time import DEFAULT_HOURS, WorkingTime, parse_hours
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.openid_provider.clients import Portal, Resource
from gateway.staff.office import Office
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.working_days import CalendarRefused, WorkingDays

DEMO_MASTER_KEY = urlsafe_b64encode(sha256(b"gate06 demo: invented people only").digest()).decode("ascii")
"""Seals the stores of every demo. Everybody can read it here, so nothing real is ever sealed with it."""

PortNumber = Annotated[int, Field(ge=0, le=65535)]


def _split(value: object) -> object:
    """Read the environment's one text as a list: parts between commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_split)]
ProfileNames = Annotated[tuple[Literal["legacy", "baseline", "fapi2"], ...], BeforeValidator(_split)]
Folders = Annotated[tuple[Path, ...], BeforeValidator(_split)]


class ConfigurationRefused(Failure):
    """The settings cannot be used; `problems` names key, place and remedy, one line each."""

    code = "GW-9010"
    title = "configuration refused"
    http_status = 500
    vi = "Cấu hình của cổng không hợp lệ."
    en = "The gateway's configuration cannot be used."
    fix = "Correct the keys that are named, then run `gate06 doctor`."

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StoreSettings(_Section):
    """Where records live."""

    url: str = Field("sqlite:///.gate06/gate06.db", description="sqlite:///PATH or postgresql://…")
    redis: str = Field("", description="redis://… for short-lived records; empty: all records in SQL")
    master_key: SecretStr | None = Field(None, description="32 bytes, base64url or hex; better by file")
    master_key_file: Path | None = Field(None, description="a file that holds the master key")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("`url` must begin with sqlite:/// or postgresql://")
        if self.redis and not self.redis.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("`redis` must begin with redis://, rediss:// or unix://")
        return self


class KeySettings(_Section):
    """The pace of key rotation."""

    publish_seconds: int = Field(3600, ge=0, description="how long a key is published before it signs")
    retire_seconds: int = Field(2_592_000, ge=0, description="how long a key verifies after it stopped signing")


class PrefillSettings(_Section):
    """Filling forms."""

    deadline_ms: int = Field(2500, ge=100, le=30_000, description="the time all sources together have to answer")


class MatchSettings(_Section):
    """Comparing sign-ins with the population register (portals with `match = "required"`, unvouched numbers)."""

    source: str = Field("population", description="the connector that is asked")
    by: Literal["look_up", "verify"] = Field(
        "look_up", description="look the person up (name and sex compared), or only have the key verified: yes or no"
    )
    procedure: str = Field("VPCP", description="the procedure code sent when a sign-in is for no procedure")


class ProxySettings(_Section):
    """What stands in front of the gateway."""

    trusted: Networks = Field((), description="addresses whose forwarding headers are believed")
    client_cert_header: str = Field("", description="the header a trusted proxy puts the client certificate into")


class LimitSettings(_Section):
    """Rate limits."""

    enabled: bool = Field(
        True, description="whether evidence of refusing strangers is limited (300, then one in two seconds, per worker)"
    )


class DpopSettings(_Section):
    """Proof of possession (RFC 9449)."""

    nonce: Literal["off", "on"] = Field("off", description="whether proofs must carry a nonce of ours")
    nonce_profiles: ProfileNames = Field(
        ("legacy", "baseline", "fapi2"), description="the client profiles it is asked of, when it is on"
    )


class EgressZones(EgressSettings):
    """Where calls may go."""

    portals: Literal["internet", "lab"] = Field("internet", description="the zone of addresses portals register")
    identity_providers: Literal["internet", "gov-wan", "lab"] = Field(
        "internet", description="the zone of the identity providers' addresses"
    )
    message_hub: Literal["internet", "gov-wan", "lab"] = Field("gov-wan", description="the zone of the message hub")


class MetricsSettings(_Section):
    """The port of the metrics."""

    host: str = Field("127.0.0.1", description="the address metrics are served on")
    port: PortNumber = Field(9100, description="the port metrics are served on")


class ServerSettings(_Section):
    """The port of the gateway."""

    host: str = Field("127.0.0.1", description="the address the gateway listens on")
    port: PortNumber = Field(8000, description="the port the gateway listens on")
    workers: int = Field(1, ge=1, le=64, description="how many processes serve")


class LogSettings(_Section):
    """The operator's log on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least level that is written")
    format: Literal["json", "text"] = Field("json", description="JSON lines, or text for a terminal")


class WitnessSettings(_Section):
    """Who keeps an eye on the evidence log from outside: told to people on `/evidence`, never called by the gateway."""

    url: str = Field(
        "",
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="where it publishes its newest cosigned checkpoint",
    )
    key: str = Field(
        "", pattern=r"^([!-~]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)?$", description="its verifier key (name+hash+base64)"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.url) != bool(self.key):
            raise ValueError("a witness has both `url` and `key`, or neither")
        return self


class MessageHubSettings(_Section):
    """The province's message hub, which tells people of sign-ins by SMS, Zalo or e-mail; without `url` nobody does."""

    url: str = Field("", pattern=r"^(https?://[^\s\"<>@]+)?$", description="where alerts are pushed (RFC 8935)")
    audience: str = Field("", description="what the hub is called in `aud`")
    key_file: Path | None = Field(None, description="a file that holds the hub's public key: a JWK, EC P-256")
    bearer_file: Path | None = Field(None, description="a file that holds what the hub wants as bearer token")
    sector: str = Field("", description="the sector of the subjects the hub knows; empty: the host of `url`")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url and not (self.audience and self.key_file):
            raise ValueError("a message hub has `url`, `audience` and `key_file`")
        return self


class DemoSettings(_Section):
    """Ports of what the demo runs beside the gateway."""

    vneid_port: PortNumber = Field(8001, description="the VNeID simulator's port")
    sources_port: PortNumber = Field(8002, description="the sources simulator's port")
    portal_port: PortNumber = Field(8003, description="the sample portal's port")


class ConnectorsSettings(BaseModel):
    """`[connectors.NAME]` tables, and further folders that hold connectors."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)
    __pydantic_extra__: dict[str, ConnectorSettings] = Field(init=False)

    path: Folders = Field((), description="folders with connectors beside the built-in ones")
    unpublished: Literal["by_profile", "refuse", "allow"] = Field(
        "by_profile",
        description="whether versions nobody published are asked, too: by_profile does so with dev only, and allow is "
        "refused in production",
    )

    def by_name(self) -> Mapping[str, ConnectorSettings]:
        """Return the settings of every connector that has a table."""
        return dict(self.__pydantic_extra__ or {})


class PoliciesSettings(_Section):
    """Folders of the policy book."""

    path: Folders = Field((), description="folders with procedures and policies beside the built-in ones")


class CalendarSettings(_Section):
    """The days that limits are counted in."""

    holidays: Path | None = Field(None, description="a file with public holidays of years, before the built-in ones")
    hours: str = Field(DEFAULT_HOURS, description="the hours of offices on a working day; eight of them are a day")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        parse_hours(self.hours)
        return self


class Settings(_Section):
    """The whole tree."""

    issuer: str = Field("", description="the exact issuer; every address of the gateway is derived from it")
    profile: Literal["production", "dev"] = Field("production", description="dev allows http and weaker settings")
    store: StoreSettings = StoreSettings()
    keys: KeySettings = KeySettings()
    prefill: PrefillSettings = PrefillSettings()
    match: MatchSettings = MatchSettings()
    proxy: ProxySettings = ProxySettings()
    limits: LimitSettings = LimitSettings()
    dpop: DpopSettings = DpopSettings()
    egress: EgressZones = EgressZones()
    metrics: MetricsSettings = MetricsSettings()
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    witness: WitnessSettings = WitnessSettings()
    message_hub: MessageHubSettings = MessageHubSettings()
    demo: DemoSettings = DemoSettings()
    connectors: ConnectorsSettings = ConnectorsSettings()
    policies: PoliciesSettings = PoliciesSettings()
    calendar: CalendarSettings = CalendarSettings()
    portal: tuple[Portal, ...] = ()
    resource: tuple[Resource, ...] = ()
    identity_provider: tuple[IdentityProviderSettings, ...] = ()
    office: tuple[Office, ...] = ()
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def dev(self) -> bool:
        """Whether this is a developer's gateway."""
        return self.profile == "dev"

    @property
    def unpublished_allowed(self) -> bool:
        """Whether connectors may be asked whose version nobody published: never in production."""
        return self.dev and self.connectors.unpublished != "refuse"

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each value came from: dotted key → file, environment name or flag; defaults are not in it."""
        return self._origins

    def working_days(self) -> WorkingDays:
        """Return the days that limits are counted in. Raises ConfigurationRefused."""
        try:
            return WorkingDays.load(self.calendar.holidays)
        except CalendarRefused as refused:
            raise ConfigurationRefused([f"`calendar.holidays`: {refused}"]) from refused

    def working_time(self) -> WorkingTime:
        """Return the clock of limits in hours: these days, and the hours of offices. Raises ConfigurationRefused."""
        return WorkingTime(self.working_days(), parse_hours(self.calendar.hours))

    def master_key_bytes(self) -> bytes:
        """Return the 32 bytes that seal everything. Raises ConfigurationRefused."""
        file, text = self.store.master_key_file, self.store.master_key
        try:
            written = file.read_text("ascii") if file is not None else text.get_secret_value() if text else ""
        except (OSError, ValueError) as trouble:
            raise ConfigurationRefused([f"`store.master_key_file`: `{file}` cannot be read"]) from trouble
        octets = _key_octets(written.strip())
        if len(octets) != 32:
            raise ConfigurationRefused(["`store.master_key` must be 32 bytes, base64url or hex"])
        if not self.dev and octets == _key_octets(DEMO_MASTER_KEY):
            raise ConfigurationRefused(
                ["`store.master_key` is the demo's, which everybody knows: make one of your own"]
            )
        return octets


def _key_octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 64 else urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
