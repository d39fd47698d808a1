"""`gate06 portal try`: a persona signs in to a portal on the running stack, and the portal asks for the form.

It plays both, the citizen's browser and the portal's server, with the members of the portal's own seed file. So a
developer sees the first filled form before a line of the portal is written, and can break things on purpose: another
redirect URI, a changed value, a person whose account is of level 1.
"""

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer

from gateway.cli.citizen import Journey, JourneyLost, PageReader, Played, Traveller, open_browser, say_in_words
from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.demo import read_range
from gateway.cli.demo_files import Road
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.openid_provider.clients import Portal
from gateway.settings import ConfigurationRefused, read_settings

Changes = Annotated[
    list[str] | None, typer.Option("--change", help="FIELD=VALUE: submit another value; may be repeated.")
]


def try_portal(
    file: Annotated[Path, typer.Argument(help="The portal's seed file, with its client_secret.")],
    *,
    persona: Annotated[str, typer.Option("--persona", help="Who signs in: 1 to 14.")] = "3",
    procedure: Annotated[str | None, typer.Option("--procedure", help="The form; else its first one.")] = None,
    redirect_uri: Annotated[str | None, typer.Option("--redirect-uri", help="Send this one instead.")] = None,
    change: Changes = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Walk a whole journey of a portal on the running stack and print the form; with --change submit it and verify."""
    (number,) = read_range(persona)[:1]
    portal, played = read_portal(file, settings_of(store, redis, config).issuer)
    wanted = procedure or next(iter(portal.procedures), "")
    try:
        code = asyncio.run(
            _try(
                replace(played, redirect_uri=redirect_uri or played.redirect_uri),
                number,
                wanted,
                change,
                as_json=as_json,
            )
        )
    except (aiohttp.ClientError, TimeoutError) as trouble:
        raise JourneyLost(f"no answer from {played.issuer}: start `gate06 demo --portal {file}` first") from trouble
    raise typer.Exit(code)


def read_portal(file: Path, issuer: str) -> tuple[Portal, Played]:
    """Return the one portal of a seed file, and how it is played. Raises ConfigurationRefused."""
    known = read_settings(files=[], portals=[file], environ={"GATE06_ISSUER": issuer, "GATE06_PROFILE": "dev"}).portal
    if len(known) != 1 or not known[0].redirect_uris:
        raise ConfigurationRefused([f"`{file}` must hold one portal with `redirect_uris`"])
    if known[0].token_endpoint_auth_method == "private_key_jwt":  # noqa: S105
        said = "proves itself with a private key, which stays with its software: try it with that"
        raise ConfigurationRefused([f"`{known[0].client_id}` {said}"])
    tree = tomllib.loads(file.read_text("utf-8"))
    members = tree.get("portal", [tree])[0]
    secret = members.get("client_secret")
    if named := members.get("client_secret_file"):
        secret = (file.parent / named).read_text("utf-8").strip()
    if secret is None and not known[0].public:
        raise ConfigurationRefused([f"`{file}` holds no `client_secret`: only its hash would not let anybody in"])
    played = Played(
        issuer=issuer,
        client_id=known[0].client_id,
        redirect_uri=known[0].redirect_uris[0],
        client_secret=secret,
        method=known[0].token_endpoint_auth_method,
        scope=" ".join(one for one in ("openid", "profile") if one in known[0].scopes),
    )
    return known[0], played


async def _try(portal: Played, number: int, procedure: str, changes: list[str] | None, *, as_json: bool) -> int:
    async with open_browser() as browser:
        start = portal.authorization(number, Road(procedure=procedure), verifier="v" * 43, state="knock")
        async with browser.get(start, allow_redirects=False) as knock:
            if knock.status >= 400:  # nothing may be sent to an address that is not registered: a page is all there is
                return _say_page(await knock.text(), as_json=as_json)
        traveller = Traveller(browser, portal)
        journey = await traveller.journey(number, Road(procedure=procedure))
        if changes and "fields" in journey.answer:
            return await _submit(traveller, journey, changes, as_json=as_json)
    if as_json:
        say_json(journey.answer)
    else:
        say_in_words(journey)
    return journey.exit_code


async def _submit(traveller: Traveller, journey: Journey, changes: list[str], *, as_json: bool) -> int:
    """Submit the form with its verified values, some of them changed, and say what the gateway thinks of each."""
    fields: Mapping[str, Any] = journey.answer["fields"]
    values = {name: one["value"] for name, one in fields.items() if one["status"] == "verified"}
    for change in changes:
        name, found, value = change.partition("=")
        if not found or name not in values:
            raise typer.BadParameter(f"`{name}` is no verified field of this form", param_hint="--change")
        values[name] = value
    status, verdict = await traveller.verify({"manifest": journey.answer["manifest"], "values": values})
    if as_json:
        say_json(verdict)
    elif status != 200:
        say_in_words(Journey(Exit.NOT_ALLOWED, verdict))
    else:
        rows = [(name, told, fields[name]["lock"]) for name, told in verdict["fields"].items()]
        say_table(("field", "verdict", "lock"), rows)
    if status != 200:
        return Exit.NOT_ALLOWED
    return Exit.OK if set(verdict["fields"].values()) <= {"intact"} else Exit.CHECK_FAILED


class DeveloperReader(HTMLParser):
    """Reads what an error page tells developers: (label, value) rows, and sentences about the difference."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[tuple[str, str]] = []
        self.sentences: list[str] = []
        self._into: list[str] | None = None
        self._label = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to read a label, a value or a sentence; a marked run is put in brackets."""
        known = dict(attrs)
        if tag in {"dt", "dd"} or known.get("id") in {"difference", "cause"} or "data-kind" in known:
            self._into = []
        elif tag == "mark" and self._into is not None:
            self._into.append("[")

    def handle_endtag(self, tag: str) -> None:
        """Keep what was read."""
        if self._into is None:
            return
        if tag == "mark":
            self._into.append("]")
            return
        if tag not in {"dt", "dd", "p"}:
            return
        said, self._into = " ".join("".join(self._into).split()), None
        if tag == "dt":
            self._label = said
        elif tag == "dd":
            self.rows.append((self._label, said))
        else:
            self.sentences.append(said)

    def handle_data(self, data: str) -> None:
        """Take what stands in it."""
        if self._into is not None:
            self._into.append(data)


def _say_page(page: str, *, as_json: bool) -> int:
    read = DeveloperReader(page)
    codes = PageReader(page).codes
    if as_json:
        say_json({"code": codes[0] if codes else None, "rows": read.rows, "messages": read.sentences})
        return Exit.NOT_ALLOWED
    for sentence in read.sentences:
        talk(sentence)
    for code in codes:
        typer.echo(code)
    for label, value in read.rows:
        typer.echo(f"{label}: {value}")
    return Exit.NOT_ALLOWED
