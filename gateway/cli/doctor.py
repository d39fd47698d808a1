"""`gate06 doctor`: what is in order and what is not, each with its fix. Exit 7 when anything is wrong, 3 when
the settings cannot be read at all."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from gateway.cli.connection import Config, Json, Redis, Store, opened_ring, opened_storage, settings_of
from gateway.cli.connector_credentials import proof_of
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.cli.portal import excess_of
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.credential_check import inspect_all
from gateway.connector_runtime.folders import address_of
from gateway.connector_runtime.outbound import ZoneClient
from gateway.settings import ConfigurationRefused, Settings, reserved_in
from gateway.storage.open import Storage
from gateway.tokens.keys import KeyState
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure

_LEAST_DISK = 1 << 30
_YEAR_OF_BUILD = 2026
_CALL_FOR = 3.0
_CLOCKS_DIFFER_BY = 10.0  # seconds; what an ID token may lie ahead of us


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was looked at, whether it is in order, what was seen, what to do."""

    check: str
    in_order: bool
    detail: str
    fix: str = ""


def doctor(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """Check clock, settings, database, Redis, keys, policies, connectors, identity providers, disk."""
    rows = [*check_machine()]
    code = Exit.CHECK_FAILED
    try:
        settings = settings_of(store, redis, config)
    except ConfigurationRefused as refused:
        code = Exit.CONFIGURATION
        rows += [Row("settings", False, problem, refused.fix) for problem in refused.problems]
    else:
        rows.append(Row("settings", True, f"profile {settings.profile}, issuer {settings.issuer}"))
        rows += [Row("settings", True, f"{name} has no effect in this version") for name in reserved_in(settings)]
        rows += check_policies(settings)
        rows += asyncio.run(check_stack(settings))
    _say(rows, as_json)
    if not all(row.in_order for row in rows):
        raise typer.Exit(code)


def check_machine() -> list[Row]:
    """Look at the clock, the time zone data, the text encoding and the disk."""
    now = SystemClock().now()
    rows = [
        Row("clock", now.year >= _YEAR_OF_BUILD, now.isoformat(timespec="seconds"), "set the clock; run an NTP client"),
        Row("encoding", "ệ".encode().decode("utf-8") == "ệ", "UTF-8", "start Python with UTF-8 (PYTHONUTF8=1)"),
    ]
    try:
        shown = datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
        rows.append(Row("time zone", shown.hour == 7, "Asia/Ho_Chi_Minh is UTC+7", "install tzdata"))
    except (KeyError, OSError):
        rows.append(Row("time zone", False, "Asia/Ho_Chi_Minh is unknown", "install tzdata"))
    free = shutil.disk_usage(Path.cwd()).free
    rows.append(Row("disk", free > _LEAST_DISK, f"{free >> 30} GiB free", "make room for the database and its log"))
    return rows


def check_policies(settings: Settings) -> list[Row]:
    """Compile the policy book and hold the portals against it."""
    from gateway.policy.bundle import PolicyBundle

    try:
        bundle = PolicyBundle.load(settings.policies.path)
        excess = excess_of(settings.portal, settings)
    except Failure as failure:
        return [Row("policies", False, failure.detail or failure.title, failure.fix)]
    rows = [Row("policies", True, f"{len(bundle.procedures)} procedures, bundle {bundle.bundle_id[:12]}")]
    registers = {name for name, source in bundle.sources.items() if not source.self_declared}
    rows += [
        Row("policies", True, f"source `{one}` is not connected: its fields stay empty with CR-020")
        for one in sorted(registers - settings.connectors.by_name().keys())
    ]
    rows += [Row("portals", False, problem, "run `gate06 portal check FILE`") for problem in excess]
    ended = [portal.client_id for portal in settings.portal if portal.ended(SystemClock().now())]
    rows += [Row("portals", False, f"`{one}` is past its legacy_until", "move it to baseline") for one in ended]
    return rows if excess or ended else [*rows, Row("portals", True, f"{len(settings.portal)} in the settings")]


async def check_stack(settings: Settings) -> list[Row]:
    """Open the storage and the ring, knock at sources and identity providers."""
    rows: list[Row] = []
    try:
        async with opened_storage(settings, migrate=False) as storage:
            rows += [
                Row(
                    found.name,
                    found.good_enough(develop=settings.dev),
                    found.detail,
                    "" if found.in_order else "see docs/errors.md#gw-9002",
                )
                for found in await storage.check()
            ]
            rows += await _check_keys(settings, storage)
    except Failure as failure:
        rows.append(Row("database", False, failure.detail or failure.title, failure.fix))
    knocks: list[Callable[[], Awaitable[Row]]] = []
    for name, connector in settings.connectors.by_name().items():
        rows += _check_credentials(name, connector, settings)
        try:
            url = connector.url or address_of(name, connector.folder, settings.connectors.path)
        except Failure as failure:
            rows.append(Row(f"connector {name}", False, failure.detail, failure.fix))
            continue
        knocks.append(lambda name=name, url=url: _knock(f"connector {name}", url))  # type: ignore[misc]
    for provider in settings.identity_provider:
        name, url = f"identity provider {provider.alias}", provider.issuer
        knocks.append(lambda name=name, url=url: _compare_clock(name, url, settings))  # type: ignore[misc]
    return rows + list(await asyncio.gather(*(knock() for knock in knocks)))


async def _check_keys(settings: Settings, storage: Storage) -> list[Row]:
    ring = await opened_ring(settings, storage)
    active = [key for key in ring.listed() if key.state(SystemClock().now()) is KeyState.ACTIVE]
    missing = {"ES256", "RS256", "PS256", "Ed25519"} - {key.alg for key in active}
    oldest = min((key.use_at for key in active), default=None)
    detail = f"{len(active)} in use, oldest since {oldest.date().isoformat()}" if oldest else "no key is in use"
    return [Row("keys", not missing, detail, "gate06 key rotate --alg ALG --force")]


def _check_credentials(name: str, one: ConnectorSettings, settings: Settings) -> list[Row]:
    """Say how a connector proves itself and whether what it needs for that can be used."""
    from gateway.connector_runtime.registry import manifest_of

    check, fix = f"credentials of {name}", f"gate06 connector credentials {name}"
    try:
        manifest = manifest_of(name, one, settings.connectors.path)
    except Failure:
        return []  # the connector's own row says so
    found = inspect_all(manifest, one, SystemClock().now())
    wrong = [f"`{finding.reference.name}` {finding.wrong}" for finding in found if finding.state == "wrong"]
    soon = [
        f"`{finding.reference.name}` ends on {finding.ends_at.date()}"
        if finding.ends_at
        else f"`{finding.reference.name}` is short"
        for finding in found
        if finding.state == "soon"
    ]
    said = "; ".join([proof_of(manifest, one), *(wrong or soon or [f"{len(found)} secrets in order"])])
    return [Row(check, not wrong, said, fix if wrong else "")]


async def _knock(name: str, url: str) -> Row:
    """Open a connection and close it: nobody is asked about anybody."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "postgresql": 5432}.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(_CALL_FOR):
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return Row(name, False, f"{parts.hostname}:{port} does not answer", "check the network zone and the address")
    return Row(name, True, f"{parts.hostname}:{port} answers")


async def _compare_clock(name: str, url: str, settings: Settings) -> Row:
    """Ask for a page and compare the `Date` of the answer with our clock (RFC 9110 §6.6.1): a sign-in result whose
    times do not fit ours is refused."""
    client = ZoneClient(settings.egress.identity_providers, settings.egress)
    try:
        answer = await client.send("GET", url, timeout_for=_CALL_FOR)
    except SourceTrouble as trouble:
        return Row(name, False, f"no answer: {trouble.outcome.reason}", "check the network zone and the address")
    finally:
        await client.close()
    told = answer.headers.get("date")
    try:
        skew = 0.0 if told is None else (parsedate_to_datetime(told) - SystemClock().now()).total_seconds()
    except ValueError:
        skew = 0.0
    detail = "answers" if told is None else f"answers; its clock differs by {skew:+.0f} s"
    return Row(
        name, abs(skew) <= _CLOCKS_DIFFER_BY, detail, "set this machine's clock by a time server, then ask theirs"
    )


def _say(rows: list[Row], as_json: bool) -> None:
    if as_json:
        say_json({"schema": "gate06.doctor/1", "checks": [asdict(row) for row in rows]})
        return
    say_table(
        ("check", "state", "detail"), [(row.check, "ok" if row.in_order else "WRONG", row.detail) for row in rows]
    )
    for row in rows:
        if not row.in_order and row.fix:
            talk(f"{row.check}: {row.fix}")
