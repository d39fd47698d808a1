"""The portals of the settings, read again on SIGHUP in every worker: no connection is lost by it."""

import asyncio
import signal
from collections.abc import Callable

import structlog

from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.settings import ConfigurationRefused, read_settings

log = structlog.get_logger()


async def keep_seeds_fresh(clients: ClientRegistry, check: Callable[[tuple[Portal, ...]], None]) -> None:
    """Wait for SIGHUP and take over the portals as they are written now.

    `check` raises ConfigurationRefused for portals that may not be; then, and for settings that cannot be read,
    everything stays as it was. The server's own process reads them first and says what is wrong.
    """
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, asked.set)
    except (ValueError, RuntimeError, NotImplementedError):
        return  # not the main thread: whoever runs us so starts us again instead
    try:
        while True:
            await asked.wait()
            asked.clear()
            take_over_seeds(clients, check)
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def take_over_seeds(clients: ClientRegistry, check: Callable[[tuple[Portal, ...]], None]) -> None:
    """Read the settings once more and replace the seeds, all or none."""
    try:
        settings = read_settings()
        check(settings.portal)
    except ConfigurationRefused as refused:
        log.warning("portals_not_reloaded", code=refused.code, count=len(refused.problems))
        return
    clients.replace_seeds(settings.portal)
    log.info("portals_reloaded", count=len(settings.portal))
