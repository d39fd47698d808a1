"""`gate06 portal preview`: the notice page that a portal's registration will produce, before any citizen sees it.

A gateway of its own, with simulators, is started on free ports with a copy of the registration; a persona walks up to
the notice page and no further. It is the page itself, from the same view and templates, with its styles put inside so
that the file can be sent to whoever answers for the wording. Nothing of the running gateway is touched.
"""

import asyncio
import os
import re
import sys
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import tomlkit
import typer

from gateway.cli.citizen import Played, open_browser, wander
from gateway.cli.connection import Config, Redis, Store, opened_storage, settings_of
from gateway.cli.demo import free_ports, plan_of, read_range, running_stack
from gateway.cli.demo_files import CONFORMANCE_CLIENT, SAMPLE_CLIENT, DemoPlan, Road, write_files
from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk
from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.settings import Settings, read_settings

Files = Annotated[list[Path] | None, typer.Option("--portal", help="A seed file that holds it; may be repeated.")]
_STYLES = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_PICTURE = re.compile(r'(?<=href=")([^"]+\.svg)(?=")')
_FONT = re.compile(r"(?<=url\()([^)\"']+)(?=\))")
_TYPES = {".svg": "image/svg+xml", ".woff2": "font/woff2"}


def preview(
    client_id: str,
    *,
    procedure: Annotated[str | None, typer.Option("--procedure", help="The form; else its first one.")] = None,
    persona: Annotated[str, typer.Option("--persona", help="Who is shown: 1 to 14.")] = "3",
    portal: Files = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
) -> None:
    """Write the notice page of a portal to stdout as one HTML file; exit 5 says why there would be none."""
    (number,) = read_range(persona)[:1]
    found, settings = asyncio.run(_find(client_id, portal or [], store, redis, config))
    try:
        asyncio.run(_write_notice(found, procedure, number, settings))
    except asyncio.CancelledError:
        raise typer.Exit(Exit.INTERRUPTED) from None


async def _find(
    client_id: str, files: list[Path], store: str | None, redis: str | None, config: list[Path] | None
) -> tuple[Portal, Settings]:
    """Return the portal of the files, or of the stack that the other flags name, and the settings it stands in."""
    if files:
        environment = {"GATE06_ISSUER": "https://preview.invalid", "GATE06_PROFILE": "dev"}
        settings = read_settings(files=[], portals=files, environ=environment)
        registry = ClientRegistry(settings.portal)
    else:
        settings = settings_of(store, redis, config)
        registry = ClientRegistry(settings.portal)
        async with opened_storage(settings) as storage:
            await registry.refresh(storage.store)
    found = registry.get(client_id)
    if found is None or not found.redirect_uris:
        talk(f"no portal `{client_id}` that people sign in to; name its seed file with `--portal`")
        raise typer.Exit(Exit.NOT_FOUND)
    return found, settings


async def _write_notice(portal: Portal, procedure: str | None, number: int, settings: Settings) -> None:
    wanted = procedure or next(iter(portal.procedures), None)
    if wanted is None:
        talk(f"`{portal.client_id}` has no procedure to show a form of; name one with `--procedure`")
        raise typer.Exit(Exit.USAGE)
    with TemporaryDirectory(prefix="gate06-") as folder:
        plan = plan_of(Path(folder), free_ports(), issuer=None, store=None, redis=None, workers=1)
        write_files(plan)
        (plan.folder / "logs").mkdir(exist_ok=True)
        environment = _environment(plan, portal, settings)
        own = read_settings(environ=environment)
        async with running_stack(plan, own, environment), open_browser() as browser:
            played = Played(
                issuer=plan.issuer,
                client_id=portal.client_id,
                redirect_uri=_address(plan, portal),
                scope=" ".join(one for one in ("openid", "profile") if one in portal.scopes),
            )
            start = played.authorization(number, Road(procedure=wanted), verifier="v" * 43, state="preview")
            end = await wander(browser, start, played.redirect_uri, button="consent-allow")
            if not end.page:
                _refuse(end.url)
            page = await _self_contained(browser, plan.issuer, end.page)
    sys.stdout.buffer.write(page.encode())
    talk("this is the page as a citizen would see it; its buttons lead nowhere")


def _environment(plan: DemoPlan, portal: Portal, settings: Settings) -> dict[str, str]:
    """The environment of the programs: nothing of a running gateway's settings but the folders of its policies."""
    seed, folders = plan.folder / "preview.portal.toml", plan.folder / "preview.toml"
    members = portal.model_dump(mode="json", exclude_defaults=True)
    known = () if _stands_in_every_demo(portal) else (members,)
    seed.write_text(tomlkit.dumps({"portal": list(known)}), "utf-8")
    folders.write_text(tomlkit.dumps({"policies": {"path": [str(path) for path in settings.policies.path]}}), "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    return clean | {
        "GATE06_PROFILE": "dev",
        "GATE06_ISSUER": plan.issuer,
        "GATE06_STORE__URL": plan.store,
        "GATE06_CONFIG": os.pathsep.join((str(plan.settings_file), str(folders))),
        "GATE06_PORTALS": str(seed),
    }


def _stands_in_every_demo(portal: Portal) -> bool:
    return portal.client_id in {SAMPLE_CLIENT, CONFORMANCE_CLIENT}


def _address(plan: DemoPlan, portal: Portal) -> str:
    if portal.client_id == SAMPLE_CLIENT:
        return f"{plan.portal_url}/callback"  # its address follows the ports
    return portal.redirect_uris[0]


def _refuse(address: str) -> NoReturn:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    code = urlsplit(answer.get("error_uri", "")).path.rpartition("/")[2]
    talk(f"no notice page: {code} {answer.get('error', '')}: {answer.get('error_description', '')}")
    raise typer.Exit(Exit.NOT_ALLOWED)


async def _self_contained(browser: aiohttp.ClientSession, base: str, page: str) -> str:
    """Return a page with its styles, fonts and pictures inside."""
    for address in _STYLES.findall(page):
        styles = await _read(browser, urljoin(base, address))
        text = await _inside(browser, base, styles.decode(), _FONT)
        page = page.replace(f'<link rel="stylesheet" href="{address}">', f"<style>{text}</style>")
    return await _inside(browser, base, page, _PICTURE)


async def _inside(browser: aiohttp.ClientSession, base: str, text: str, names: re.Pattern[str]) -> str:
    found: dict[str, str] = {}
    for address in set(names.findall(text)):
        if kind := _TYPES.get(Path(address).suffix):
            content = b64encode(await _read(browser, urljoin(base, address))).decode()
            found[address] = f"data:{kind};base64,{content}"
    return names.sub(lambda match: found.get(match[0], match[0]), text)


async def _read(browser: aiohttp.ClientSession, url: str) -> bytes:
    async with browser.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()
