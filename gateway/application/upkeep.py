"""What runs beside the requests: taking over what other workers and commands changed, knocking once at identity
providers, deleting what is over, and what a worker does once when it starts."""

import asyncio
import gc
from collections.abc import Mapping

import structlog

from gateway.identity_providers.contract import IdentityProvider, Probes
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


async def probe_providers(providers: Mapping[str, IdentityProvider]) -> None:
    """Ask every identity provider once whether it is there, which also warms what it remembers of itself."""
    for provider in providers.values():
        try:
            if isinstance(provider, Probes):
                await provider.probe()
        except Exception as error:
            log.warning("provider_not_reached", provider=provider.alias, reason=type(error).__name__)


def settle_memory() -> None:
    """Leave what lives as long as the process out of garbage collection: a round over it costs a request's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
