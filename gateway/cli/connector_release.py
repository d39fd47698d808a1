"""`gate06 connector release`: a quarantined connector is asked again, because somebody looked and says why."""

import asyncio
from typing import Annotated

import typer

from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.operating import operating
from gateway.cli.output import say_json, talk
from gateway.connector_lifecycle.quarantine import Finding
from gateway.connector_lifecycle.quarantine import release as end_quarantine
from gateway.settings import Settings


def release(
    name: Annotated[str, typer.Argument(help="The connector's table in the settings, as `gate06 doctor` names it.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="What you looked at; it names no citizen.")] = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """End the quarantine of a connector whose answers are in order. Exit 4 when it is not quarantined."""
    found = asyncio.run(_release(settings_of(store, redis, config), name, reason))
    if as_json:
        told = {"connector": found.source, "version": found.version, "sign": found.sign, "attribute": found.attribute}
        say_json({"schema": "gate06.connector-release/1", **told})
    else:
        typer.echo("released")
    talk(f"`{found.source}` is asked again within two seconds; another drift quarantines it anew")


async def _release(settings: Settings, name: str, reason: str) -> Finding:
    async with operating(settings) as desk:
        return await end_quarantine(
            name, desk.operator, reason, store=desk.storage.store, evidence=desk.evidence, clock=desk.clock
        )
