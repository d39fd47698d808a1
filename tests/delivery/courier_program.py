"""A courier as a program of its own, to be killed: it goes with what is due and says `gone` when a round is over."""

import asyncio
import sys
from datetime import datetime

from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.outbound import ZoneClient
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.delivery.post import Post, Receiver


async def go() -> None:
    """Make one round at the instant that was given."""
    store, redis, key, receiver, now = sys.argv[1:]
    storage = await open_storage(
        store, redis or None, master_key=bytes.fromhex(key), randomness=SystemRandomness(), migrate=False
    )
    clock = SettableClock(datetime.fromisoformat(now))
    post = Post(storage, Receiver(address=receiver), clock, lab=ZoneClient("lab", EgressSettings()))
    await post.courier().work()
    print("gone", flush=True)  # noqa: T201  the parent reads it
    await post.lab.close()
    await storage.close()


asyncio.run(go())
