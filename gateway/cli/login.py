"""`gate06 login|logout|whoami`: who answers for what a command changes (the device grant of RFC 8628).

The sign-in itself happens in a browser, on any machine; the command shows a code and waits for a member of staff to
confirm it. The token lives half an hour and is kept in a file of the user's own.
"""

import asyncio
import getpass
import re
import socket
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import typer

from gateway.cli.connection import Config, Json, Redis, Store, opened_storage, settings_of
from gateway.cli.login_file import Login, forget_login, keep_login, login_path, read_login
from gateway.cli.operating import find_login, find_operator
from gateway.cli.output import say_json, talk
from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT
from gateway.openid_provider.staff_realm.failure import CommandRefused, ExpiredDeviceCode
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure

_UNFIT = re.compile(r"[^A-Za-z0-9._@-]")
_CALL_FOR = 15.0


class GatewayUnreachable(Failure):
    """The gateway did not answer a command, or not as a gateway does."""

    code = "GW-9109"
    title = "gateway does not answer the command"
    http_status = 502
    vi = "Cổng không trả lời lệnh."
    en = "The gateway does not answer the command."
    fix = "Check that `gate06 serve` runs, that `issuer` is its address, and that a staff identity provider is set up."


def login(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """Sign in: confirm the code that is shown in a browser, with your staff account."""
    settings = settings_of(store, redis, config)
    who = asyncio.run(_sign_in(settings))
    talk(f"signed in as {who['name']}; kept in {login_path()} until {who['until']}")
    _say(who, as_json)


def logout(store: Store = None, redis: Redis = None, config: Config = None) -> None:
    """End the sign-in of this command, here and at the gateway."""
    settings = settings_of(store, redis, config)
    kept = read_login(settings.issuer)
    if kept is None:
        talk(f"nobody is signed in at {settings.issuer}")
        return
    # forgotten even when the gateway does not answer: the token ends by itself within half an hour
    forget_login(settings.issuer)
    asyncio.run(_revoke(settings, kept.token))
    talk(f"signed out of {settings.issuer}")


def whoami(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """Say who answers for what this command changes, and in which roles. Exit 5 when nobody does."""
    _say(asyncio.run(_whoami(settings_of(store, redis, config))), as_json)


async def _sign_in(settings: Settings) -> dict[str, Any]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_FOR)) as session:
        asked = {"client_id": COMMAND_CLIENT, "machine": _machine()}
        status, device = await _post(session, f"{settings.issuer}/device_authorization", asked)
        if status != 200:
            raise GatewayUnreachable(str(device.get("error_description") or f"status {status}"))
        talk(f"open   {device['verification_uri']}")
        talk(f"enter  {device['user_code']}")
        talk(f"(or open {device['verification_uri_complete']} and compare the code)")
        tokens = await _await_decision(session, settings.issuer, device)
    ends_at = SystemClock().now() + timedelta(seconds=int(tokens["expires_in"]))
    keep_login(settings.issuer, Login(tokens["access_token"], ends_at))
    return await _whoami(settings)


async def _await_decision(session: aiohttp.ClientSession, issuer: str, device: dict[str, Any]) -> dict[str, Any]:
    """Ask until somebody decided (RFC 8628 §3.4, §3.5). Raises CommandRefused, ExpiredDeviceCode."""
    interval = int(device.get("interval", 5))
    form = {"grant_type": DEVICE_GRANT, "client_id": COMMAND_CLIENT, "device_code": device["device_code"]}
    while True:
        await asyncio.sleep(interval)
        status, answer = await _post(session, f"{issuer}/token", form)
        match answer.get("error") if status != 200 else None:
            case None:
                return answer
            case "authorization_pending":
                continue
            case "slow_down":
                interval += 5
            case "access_denied":
                raise CommandRefused("the command was refused at the confirmation page")
            case "expired_token":
                raise ExpiredDeviceCode("nobody confirmed the code in time")
            case error:
                raise GatewayUnreachable(f"the token endpoint answers `{error}`")


async def _revoke(settings: Settings, token: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_FOR)) as session:
        await _post(session, f"{settings.issuer}/revoke", {"client_id": COMMAND_CLIENT, "token": token})


async def _post(session: aiohttp.ClientSession, url: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    try:
        async with session.post(url, data=form, allow_redirects=False) as answer:
            body = await answer.read()
            read = orjson.loads(body) if body else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
        raise GatewayUnreachable(f"`{url}`: {type(trouble).__name__}") from trouble
    if not isinstance(read, dict):
        raise GatewayUnreachable(f"`{url}` does not answer a JSON object")
    return answer.status, read


async def _whoami(settings: Settings) -> dict[str, Any]:
    now = SystemClock().now()
    async with opened_storage(settings) as storage:
        access = await find_login(settings, storage, now)
        operator = await find_operator(settings, storage, now)
    until = None if access is None else access.grant.expires_at.isoformat(timespec="seconds")
    agency = None if access is None else access.grant.officer.agency
    return {
        "reference": operator.reference,
        "name": operator.name or operator.reference,
        "agency": agency,
        "roles": list(operator.roles),
        "until": until,
    }


def _machine() -> str:
    """Return what the confirmation page says of this machine: user and host, as they call themselves."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return _UNFIT.sub("-", f"{user}@{socket.gethostname()}")[:64]


def _say(who: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json({"schema": "gate06.whoami/1", **who})
        return
    for member, value in who.items():
        typer.echo(f"{member} {' '.join(value) or '-' if isinstance(value, list) else value or '-'}")
