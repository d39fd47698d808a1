"""`gate06 doctor`: what is in order and what is not, each with its fix. Exit 7 when anything is wrong, 3 when
the settings cannot be read at all."""

import asyncio
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from gateway.cli.connection import Config, Json, Redis, Store, opened_ring, opened_storage, settings_of
from gateway.cli.doctor_connectors import Approved, check_connectors, read_approved
from gateway.cli.doctor_credentials import check_credentials
from gateway.cli.doctor_deliveries import check_deliveries, check_hub
from gateway.cli.doctor_providers import check_providers
from gateway.cli.doctor_row import Row
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.cli.portal import excess_of
from gateway.connector_runtime.configuration import ZoneName
from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.outbound import ZoneClient
from gateway.settings import ConfigurationRefused, Settings, reserved_in
from gateway.storage.open import Storage
from gateway.tokens.keys import KeyState
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.working_days import VIETNAM

_LEAST_DISK = 1 << 30
_YEAR_OF_BUILD = 2026
_LIMITS_STAY_IN_YEAR = 10  # months; a limit that begins in November may end in the next year
_CALL_FOR = 3.0
_CLOCKS_DIFFER_BY = 10.0  # seconds; what an ID token may lie ahead of us


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
        rows += check_holidays(settings, SystemClock().now())
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


def check_holidays(settings: Settings, now: datetime) -> list[Row]:
    """Look whether the days that limits are counted in are known: of this year, and of the next where they reach it."""
    fix = "write `[year.N]` with `closed`, `open` and `source` into a file and name it in `calendar.holidays`"
    try:
        days = settings.working_days()
    except ConfigurationRefused as refused:
        return [Row("holidays", False, problem, fix) for problem in refused.problems]
    today = now.astimezone(VIETNAM).date()
    asked = (today.year, today.year + 1) if today.month > _LIMITS_STAY_IN_YEAR else (today.year,)
    said = {
        "announced": "all public holidays are known",
        "by_law": f"the yearly decision is not in it: limits come out early rather than late; {fix}",
        "unknown": f"only holidays with a date of their own are known; {fix}",
    }
    return [
        Row("holidays", days.knows(year) != "unknown" or year != today.year, f"{year}: {said[days.knows(year)]}", fix)
        for year in asked
    ]


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
    approved: Approved | None = None
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
            rows += await check_deliveries(storage, SystemClock().now())
            approved = await read_approved(storage)
    except Failure as failure:
        rows.append(Row("database", False, failure.detail or failure.title, failure.fix))
    for name, connector in settings.connectors.by_name().items():
        rows += check_credentials(name, connector, settings)
    rows += await check_connectors(settings, approved)
    rows += await check_providers(settings)
    zone = settings.egress.identity_providers
    called = [(f"identity provider {one.alias}", one.issuer, zone) for one in settings.identity_provider]
    if settings.message_hub.url:
        rows += check_hub(settings)
        called.append(("message hub", settings.message_hub.url, settings.egress.message_hub))
    return rows + list(
        await asyncio.gather(*(_compare_clock(name, url, where, settings) for name, url, where in called))
    )


async def _check_keys(settings: Settings, storage: Storage) -> list[Row]:
    ring = await opened_ring(settings, storage)
    active = [key for key in ring.listed() if key.state(SystemClock().now()) is KeyState.ACTIVE]
    missing = {"ES256", "RS256", "PS256", "Ed25519"} - {key.alg for key in active}
    oldest = min((key.use_at for key in active), default=None)
    detail = f"{len(active)} in use, oldest since {oldest.date().isoformat()}" if oldest else "no key is in use"
    return [Row("keys", not missing, detail, "gate06 key rotate --alg ALG --force")]


async def _compare_clock(name: str, url: str, zone: ZoneName, settings: Settings) -> Row:
    """Ask for a page and compare the `Date` of the answer with our clock (RFC 9110 §6.6.1): a sign-in result whose
    times do not fit ours is refused."""
    client = ZoneClient(zone, settings.egress)
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
