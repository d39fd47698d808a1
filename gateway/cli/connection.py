"""Which stack a verb acts on: the settings that `--store`, `--redis` and `--config` name, and its opened storage."""

import os
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.settings import Settings, read_settings
from gateway.storage.open import Storage, open_storage
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import Clock, SystemClock, SystemRandomness

DEMO_FOLDER = Path(".gate06")
DEMO_FILE = DEMO_FOLDER / "demo.toml"

Store = Annotated[str | None, typer.Option("--store", help="sqlite:///PATH or postgresql://…")]
Redis = Annotated[str | None, typer.Option("--redis", help="redis://…")]
Config = Annotated[list[Path] | None, typer.Option("--config", help="A gate06.toml; may be repeated.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the second person; it names no citizen.")]
Json = Annotated[bool, typer.Option("--json", help="Answer JSON.")]


def settings_of(
    store: str | None, redis: str | None, configs: Sequence[Path] | None, *, on_demo: bool = True
) -> Settings:
    """Return the settings a verb works with. Raises ConfigurationRefused.

    Beside a running demo, with nothing else that names an issuer or a profile, they are the demo's own (`on_demo`),
    so that a verb needs no more than the flags the demo was started with.
    """
    files = files_of(configs) if on_demo else list(configs or []) or _files_of_environment()
    return read_settings(files=files, flags={"store.url": store, "store.redis": redis})


def files_of(configs: Sequence[Path] | None) -> list[Path]:
    """Return the settings files a verb reads: those named, those of the environment, a running demo's before them."""
    files = list(configs or []) or _files_of_environment()
    return [DEMO_FILE, *files] if _is_for_demo(files) else files


@asynccontextmanager
async def opened_storage(settings: Settings, *, migrate: bool = True) -> AsyncIterator[Storage]:
    """Open the storage of the settings. Raises StorageUnavailable, MasterKeyWrong, StoreMisfit."""
    storage = await open_storage(
        settings.store.url,
        settings.store.redis or None,
        master_key=settings.master_key_bytes(),
        randomness=SystemRandomness(),
        migrate=migrate,
    )
    try:
        yield storage
    finally:
        await storage.close()


async def opened_ring(settings: Settings, storage: Storage, clock: Clock | None = None) -> KeyRing:
    """Open the key ring of a storage."""
    return await KeyRing.open(
        storage.store,
        storage.store,
        clock or SystemClock(),
        SystemRandomness(),
        publish_for=timedelta(seconds=settings.keys.publish_seconds),
        retire_for=timedelta(seconds=settings.keys.retire_seconds),
    )


def _files_of_environment() -> list[Path]:
    if named := os.environ.get("GATE06_CONFIG"):
        return [Path(part) for part in named.split(os.pathsep) if part]
    return [Path("gate06.toml")] if Path("gate06.toml").exists() else []


def _is_for_demo(files: Sequence[Path]) -> bool:
    if not DEMO_FILE.exists() or os.environ.get("GATE06_PROFILE", "dev") != "dev" or "GATE06_ISSUER" in os.environ:
        return False
    for file in files:
        try:
            tree = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            return False  # `read_settings` says what is wrong with it
        if "issuer" in tree or tree.get("profile", "dev") != "dev":
            return False
    return True
