"""The portals of the settings, read again on SIGHUP in every worker: no connection is lost by it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog

from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.openid_provider.declared import declare
from gateway.settings import ConfigurationRefused, Settings, read_settings
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Store

log = structlog.get_logger()


async def keep_seeds_fresh(
    clients: ClientRegistry, check: Callable[[tuple[Portal, ...]], None], tell: Callable[[Settings], Awaitable[None]]
) -> None:
    """Wait for SIGHUP and take over the portals as they are written now; `tell` leaves word of them for commands.

    `check` raises ConfigurationRefused for portals that may not be; then, and for settings that cannot be read,
    everything stays as it was. The server's own process reads them first and says what is wrong.
    """
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, asked.set)
    except (ValueError, RuntimeError, NotImplementedError):  # not the main thread: whoever runs us so starts us again
        return
    try:
        while True:
            await asked.wait()
            asked.clear()
            settings = take_over_seeds(clients, check)
            if settings is not None:
                await tell(settings)
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def take_over_seeds(clients: ClientRegistry, check: Callable[[tuple[Portal, ...]], None]) -> Settings | None:
    """Read the settings once more and replace the seeds, all or none; return the settings if it was all."""
    try:
        settings = read_settings()
        check(settings.portal)
    except ConfigurationRefused as refused:
        log.warning("portals_not_reloaded", code=refused.code, count=len(refused.problems))
        return None
    clients.replace_seeds(settings.portal)
    log.info("portals_reloaded", count=len(settings.portal))
    return settings


async def leave_word(store: Store, clock: Clock, settings: Settings) -> None:
    """Leave word of the settings' portals for commands; without it they list fewer, and nothing else is worse."""
    try:
        await declare(store, settings.portal, settings.origins, clock.now())
    except Failure as error:
        log.warning("portals_not_declared", code=error.code)
