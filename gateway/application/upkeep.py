"""What runs beside the requests: taking over what other workers and commands changed, and deleting what is over."""

import asyncio

import structlog

from gateway.openid_provider.clients import ClientRegistry
from gateway.storage.open import Storage
from gateway.vocabulary.clock import Clock

log = structlog.get_logger(__name__)


async def keep_clients_fresh(clients: ClientRegistry, storage: Storage) -> None:
    """Take over portals registered by command or on another node, within two seconds."""
    while True:
        await asyncio.sleep(2)
        try:
            await clients.refresh(storage.store)
        except Exception as error:
            log.warning("portals_not_refreshed", reason=type(error).__name__)


async def keep_purging(storage: Storage, clock: Clock) -> None:
    """Delete what has expired and whose replay window is over, every ten minutes."""
    while True:
        await asyncio.sleep(600)
        try:
            count = await storage.purge(clock.now())
            log.info("purged", count=count)
        except Exception as error:
            log.warning("not_purged", reason=type(error).__name__)
