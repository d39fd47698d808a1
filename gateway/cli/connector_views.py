"""`gate06 connector list|show|diff|impact`: looking at connectors changes nothing."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.connector_steps import Connector, Version, lifecycle_of, read_manifest_file
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.connector_lifecycle.figures import Figures
from gateway.connector_lifecycle.impact import find_impact
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.steps import require_duty
from gateway.connector_lifecycle.wire import connector_rows, difference_document, release_document
from gateway.connector_runtime.manifest import read_manifest
from gateway.openid_provider.clients import ClientRegistry
from gateway.policy.bundle import PolicyBundle
from gateway.settings import Settings

_PROOFS = {
    "asks": "where questions go",
    "about": "whose record it is",
    "auth": "how the gateway proves itself",
    "limits": "limits other than the usual",
}


def add_views(app: typer.Typer) -> None:
    """Add the verbs to the noun."""
    app.command("list")(list_connectors)
    for verb in (show, diff, impact):
        app.command(verb.__name__)(verb)


def list_connectors(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """List every connector with its versions, their states and tiers, in the order of their Vietnamese names."""
    rows = connector_rows(asyncio.run(_releases(settings_of(store, redis, config))))
    if as_json:
        say_json({"schema": "gate06.connectors/1", "connectors": rows})
        return
    columns = ("connector", "name", "version", "state", "tier", "kind", "owner")
    versions = [{**one, "name": one["name"]["vi"]} for row in rows for one in row["versions"]]
    say_table(columns, [[str(one[column] or "-") for column in columns] for one in versions])


def show(
    connector: Connector, version: Version, store: Store = None, redis: Redis = None, config: Config = None
) -> None:
    """Show a version with its manifest, its report and every step, as JSON."""
    release = asyncio.run(_release(settings_of(store, redis, config), connector, version))
    say_json({"schema": "gate06.connector-version/1", **release_document(release)})


def diff(
    connector: Connector,
    *,
    older: Annotated[str, typer.Option("--from", help="The version to compare with.")],
    newer: Annotated[str | None, typer.Option("--to", help="Another version that was handed in.")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Or a folder that was not handed in yet.")] = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show how two versions differ, and which number the newer one needs at least."""
    if (newer is None) == (folder is None):
        raise typer.BadParameter("give `--to` or `--folder`, one of them")
    settings = settings_of(store, redis, config)
    before = asyncio.run(_release(settings, connector, older))
    if folder is not None:
        text = read_manifest_file(folder)
        after = Release(text=text, manifest=read_manifest(text, str(folder / "manifest.toml")))
    else:
        after = asyncio.run(_release(settings, connector, newer or ""))
    document = difference_document(before, after)
    if as_json:
        say_json({"schema": "gate06.connector-difference/1", **document})
        return
    columns = ("needs", "change", "place", "before", "after")
    say_table(columns, [[str(row[column]) for column in columns] for row in document["differences"]])
    for name, sides in document["proofs"].items():
        same = sides["before"] == sides["after"]
        talk(f"{_PROOFS[name]}: {sides['before'] or '-'}{'' if same else ' -> ' + (sides['after'] or '-')}")
    talk(f"after {before.manifest.version} this needs a {document['minimum_bump']} number")


def impact(
    connector: Connector,
    version: Version,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    as_json: Json = False,
) -> None:
    """Show who would miss a version: fields of forms, portals, and when it was last used."""
    document = asyncio.run(_impact(settings_of(store, redis, config), connector, version))
    if as_json:
        say_json({"schema": "gate06.connector-impact/1", **document})
        return
    columns = ("procedure", "field", "attribute", "only_source")
    say_table(columns, [[str(row[column]) for column in columns] for row in document["fields"]])
    named = ", ".join(row["client_id"] for row in document["portals"]) or "none"
    talk(f"portals: {named}; last used: {document['last_used'] or 'not in the last 60 days'}")


async def _releases(settings: Settings) -> list[Release]:
    async with operating(settings) as desk:
        require_duty(desk.operator, "read")
        return await lifecycle_of(desk).releases()


async def _release(settings: Settings, connector: str, version: str) -> Release:
    async with operating(settings) as desk:
        require_duty(desk.operator, "read")
        return await lifecycle_of(desk).release(connector, version)


async def _impact(settings: Settings, connector: str, version: str) -> dict[str, Any]:
    # brings the metrics library along, which `serve` has to set up before anything imports it
    from gateway.application.connector_desk import RegisteredPortals

    async with operating(settings) as desk:
        require_duty(desk.operator, "read")
        release = await lifecycle_of(desk).release(connector, version)
        last_used = await Figures(desk.storage.store, desk.clock).last_used(connector)
        registry = ClientRegistry(settings.portal)
        await registry.refresh(desk.storage.store)
    policy = PolicyBundle.load(settings.policies.path)
    return find_impact(release, frozenset({connector}), policy, RegisteredPortals(registry).all(), last_used).wire()
