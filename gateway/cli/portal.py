"""`gate06 portal add|change|list|check|preview|try`: who may use the gateway."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from gateway.cli.acts import PortalExists, PortalUnknown, perform
from gateway.cli.approval import approval_row
from gateway.cli.connection import Config, Json, Reason, Redis, Store, opened_storage, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.known_portals import known_portals
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.cli.portal_members import Members, read_members
from gateway.cli.preview import preview
from gateway.cli.trial import try_portal
from gateway.cli.waiting import say_waiting
from gateway.openid_provider.client_rules import unsafe_members
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.profiles import PROFILES
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT
from gateway.policy.bundle import PolicyBundle
from gateway.settings import ConfigurationRefused, Settings, read_settings, reserved_in
from gateway.staff.approval import Approval
from gateway.staff.free_text import require_nobody
from gateway.vocabulary.clock import SystemRandomness, text_token
from gateway.vocabulary.collation import find
from gateway.vocabulary.store import Kind, RecordKey
from gateway.vocabulary.strict_json import JsonRefused, parse_json

app = typer.Typer(help="Add, change, list, check and try portals.", no_args_is_help=True)
app.command("preview")(preview)
app.command("try")(try_portal)

RedirectUris = Annotated[list[str] | None, typer.Option("--redirect-uri", help="Where codes go; may be repeated.")]
Procedures = Annotated[list[str] | None, typer.Option("--procedure", help="A form it may ask for; may be repeated.")]
GrantTypes = Annotated[list[str] | None, typer.Option("--grant-type", help="May be repeated.")]
LegacyUntil = Annotated[str | None, typer.Option("--legacy-until", help="Last day of a legacy client, YYYY-MM-DD.")]
Words = Annotated[str, typer.Argument(help="Words of a name, an agency or an id, with or without marks.")]
Realm = Annotated[str, typer.Option("--realm", help="Whom it signs in: citizen, or staff for a desk's software.")]
AuthMethod = Annotated[
    str | None,
    typer.Option(
        "--auth-method",
        help="client_secret_basic (the default), client_secret_post, private_key_jwt (the default of fapi2) or none.",
    ),
]
Jwks = Annotated[Path | None, typer.Option("--jwks", help="File with its public keys (a JWK Set), read now.")]
LogoutUri = Annotated[
    str | None, typer.Option("--backchannel-logout-uri", help="Where it is told of sign-outs; change it to '' to stop.")
]
LogoutSession = Annotated[
    bool | None,
    typer.Option(
        "--backchannel-logout-session-required/--no-backchannel-logout-session-required",
        help="Whether logout tokens must name the session (they always do).",
    ),
]
JwksUri = Annotated[str | None, typer.Option("--jwks-uri", help="Where it publishes its public keys.")]


@app.command()
def add(
    client_id: str,
    *,
    redirect_uri: RedirectUris = None,
    procedure: Procedures = None,
    grant_type: GrantTypes = None,
    name: Annotated[str, typer.Option("--name", help="Its name, for people.")] = "",
    profile: Annotated[str, typer.Option("--profile", help="baseline, legacy or fapi2.")] = "baseline",
    legacy_until: LegacyUntil = None,
    auth_method: AuthMethod = None,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    member: Members = None,
    backchannel_logout_uri: LogoutUri = None,
    backchannel_logout_session_required: LogoutSession = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    realm: Realm = "citizen",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Register a portal; its secret is made here and shown once. The running stack knows it within 5 s.

    With private_key_jwt it has no secret: name its public keys with --jwks or --jwks-uri.
    Asked for by staff it waits for a second person (exit 8); the secret works once they agreed.
    """
    settings = settings_of(store, redis, config)
    method = auth_method or _usual_method(profile)
    secret = None if method in {"none", "private_key_jwt"} else text_token(SystemRandomness())
    members: dict[str, Any] = {
        "client_id": client_id,
        "client_name": name,
        "redirect_uris": redirect_uri or [],
        "procedures": procedure or [],
        "grant_types": grant_type or ["authorization_code"],
        "profile": profile,
        "legacy_until": legacy_until,
        "token_endpoint_auth_method": method,
        "jwks": _read_keys(jwks),
        "jwks_uri": jwks_uri,
        "backchannel_logout_uri": backchannel_logout_uri or None,
        "backchannel_logout_session_required": backchannel_logout_session_required,
        "realm": realm,
        **read_members(member),
    }
    portal = _read_portal({**members, "client_secret": secret} if secret else members)
    _require_fit(portal, settings)
    approval = asyncio.run(_add(portal, settings, reason))
    _say_done(portal, secret, approval, "registered", as_json)


def _usual_method(profile: str) -> str:
    """Return how portals of a profile prove themselves when nothing is said."""
    row = PROFILES.get(profile)
    if row is not None and len(row.authentication_methods) == 1:
        return next(iter(row.authentication_methods))
    return "client_secret_basic"


@app.command()
def change(
    client_id: str,
    *,
    redirect_uri: RedirectUris = None,
    procedure: Procedures = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name, for people.")] = None,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Make a new secret; the old one ends.")] = False,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    member: Members = None,
    backchannel_logout_uri: LogoutUri = None,
    backchannel_logout_session_required: LogoutSession = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Change a portal that a command registered; what is not named stays. The running stack knows it within 5 s.

    Asked for by staff it waits for a second person (exit 8).
    """
    settings = settings_of(store, redis, config)
    secret = text_token(SystemRandomness()) if new_secret else None
    keys = {"jwks": _read_keys(jwks), "jwks_uri": jwks_uri}
    given = {
        "redirect_uris": redirect_uri,
        "procedures": procedure,
        "client_name": name,
        "client_secret": secret,
        **keys,
        "backchannel_logout_uri": backchannel_logout_uri,
        "backchannel_logout_session_required": backchannel_logout_session_required,
    }
    changed, approval = asyncio.run(_change(client_id, given, read_members(member), settings, reason))
    _say_done(changed, secret, approval, "changed", as_json)


@app.command("list")
def list_portals(
    words: Words = "", *, store: Store = None, redis: Redis = None, config: Config = None, as_json: Json = False
) -> None:
    """List every portal that the running gateway knows, and those of the settings read here, in the order of their
    Vietnamese names; with WORDS those that have them.

    `from` is the file or variable that declares it, or `command`; `running` says `no` for what the gateway that started
    last with this store has not read.
    """
    settings = settings_of(store, redis, config)
    rows = find(words, asyncio.run(_list(settings)), _named)
    if as_json:
        say_json({"schema": "gate06.portals/1", "portals": rows})
        return
    say_table(
        ("client_id", "name", "profile", "origin", "running", "procedures", "from"),
        [_cells(row) for row in rows],
    )


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Seed files: [[portal]] tables, or one portal's members.")],
    *,
    as_json: Json = False,
) -> None:
    """Check seed files: members, addresses, what is asked for beyond the procedures. Exit 3 names what is wrong."""
    settings = read_settings(
        files=[],
        portals=files,
        environ={"GATE06_ISSUER": "https://check.invalid", "GATE06_PROFILE": "dev"},
    )
    problems = excess_of(settings.portal, settings)
    warnings = [problem for portal in settings.portal for problem in unsafe_members(portal)]
    for warning in warnings:
        talk(f"in production: {warning}")
    for name in reserved_in(settings):
        talk(f"{name} has no effect in this version")
    if problems:
        raise ConfigurationRefused(problems)
    checked = [portal.client_id for portal in settings.portal]
    if not checked:
        talk("no portal in these files")
        raise typer.Exit(Exit.NOT_FOUND)
    if as_json:
        say_json({"schema": "gate06.portal-check/1", "portals": checked, "warnings": warnings})
    else:
        typer.echo("\n".join(checked))


def excess_of(portals: tuple[Portal, ...], settings: Settings) -> list[str]:
    """Return what portals list beyond what the policy book gives their procedures, one sentence each."""
    bundle = PolicyBundle.load(settings.policies.path)
    problems = []
    for portal in portals:
        unknown = [code for code in portal.procedures if code not in bundle.procedures]
        problems += [f"`procedures` of `{portal.client_id}`: unknown procedure `{code}`" for code in unknown]
        if portal.attributes is not None:
            known = [code for code in portal.procedures if code not in unknown]
            excess = bundle.excess(known, portal.attributes)
            problems += [f"`attributes` of `{portal.client_id}`: no procedure of it needs `{one}`" for one in excess]
    return problems


def _read_keys(file: Path | None) -> Any:
    """Return the JWK Set in a file. Raises ConfigurationRefused when it cannot be read."""
    if file is None:
        return None
    try:
        return parse_json(file.read_bytes())
    except (OSError, JsonRefused) as trouble:
        raise ConfigurationRefused([f"`--jwks`: `{file}` cannot be read as a JWK Set"]) from trouble


def _read_portal(members: dict[str, Any]) -> Portal:
    try:
        return Portal.model_validate({name: value for name, value in members.items() if value is not None})
    except ValidationError as trouble:
        problems = []
        for error in trouble.errors():
            member = ".".join(str(part) for part in error["loc"]) or "portal"
            problems.append(f"`{member}`: {error['msg'].removeprefix('Value error, ')}")
        raise ConfigurationRefused(problems) from None


def _require_fit(portal: Portal, settings: Settings) -> None:
    problems = [*(unsafe_members(portal) if not settings.dev else []), *excess_of((portal,), settings)]
    if problems:
        raise ConfigurationRefused(problems)


async def _add(portal: Portal, settings: Settings, reason: str) -> Approval | None:
    require_nobody(portal.client_id, "client_id")  # it stands in every event about the portal
    if portal.client_id == COMMAND_CLIENT or any(seed.client_id == portal.client_id for seed in settings.portal):
        raise PortalExists(f"`{portal.client_id}` stands in the settings")
    async with operating(settings) as desk:
        (stored,) = await desk.storage.store.load(RecordKey(Kind.PORTAL, portal.client_id))
        if stored is not None:
            raise PortalExists(f"`{portal.client_id}` was added before")
        asked = {"portal": portal.record().body}
        return (await perform(desk, "portal.add", portal.client_id, asked, reason=reason))[1]


async def _change(
    client_id: str, given: dict[str, Any], set_members: dict[str, Any], settings: Settings, reason: str
) -> tuple[Portal, Approval | None]:
    async with operating(settings) as desk:
        (stored,) = await desk.storage.store.load(RecordKey(Kind.PORTAL, client_id))
        if stored is None:
            raise PortalUnknown(f"no command registered `{client_id}`")
        members = dict(stored.body)
        if given["client_secret"] is not None:
            members.pop("client_secret_sha256", None)
        if given["jwks"] is not None or given["jwks_uri"] is not None:
            members = {name: value for name, value in members.items() if name not in {"jwks", "jwks_uri"}}
        members = {name: value for name, value in members.items() if name not in set_members} | set_members
        if given["backchannel_logout_uri"] == "":
            members.pop("backchannel_logout_uri", None)
            given = {**given, "backchannel_logout_uri": None}
        portal = _read_portal(members | {name: value for name, value in given.items() if value is not None})
        _require_fit(portal, settings)
        asked = {"portal": portal.record().body, "version": stored.version}
        return portal, (await perform(desk, "portal.change", client_id, asked, reason=reason))[1]


def _say_done(portal: Portal, secret: str | None, approval: Approval | None, done: str, as_json: bool) -> None:
    """Show the secret, once, and leave with 8 when a second person has to agree first."""
    answer = {"client_id": portal.client_id} | ({"client_secret": secret} if secret else {})
    if as_json:
        waiting = {} if approval is None else {"approval": approval_row(approval)}
        say_json({"schema": "gate06.portal/1", **answer, **waiting})
    else:
        for member, value in answer.items():
            typer.echo(f"{member} {value}")
    if secret is not None:
        talk("keep the secret now, it is not shown again")
    if approval is not None:
        say_waiting(approval, as_json, said=True)
    talk(f"`{portal.client_id}` is {done}")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with opened_storage(settings) as storage:
        return await known_portals(settings, storage)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    running = {None: "-", True: "yes", False: "no"}[row["running"]]
    procedures = " ".join(row["procedures"]) or "-"
    return row["client_id"], _name(row), row["profile"], row["origin"], running, procedures, row["from"]


def _name(row: dict[str, Any]) -> str:
    return str(row["name"].get("vi") or row["client_id"])


def _named(row: dict[str, Any]) -> str:
    """Return what a portal is found by, its name first: that is what the list is ordered by."""
    return " · ".join((_name(row), row["name"].get("en") or "", *row["agency"].values(), row["client_id"]))
