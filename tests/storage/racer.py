"""A second process for the races: reads `key` lines, spends that code many times at once, prints the outcomes."""

import asyncio
import json
import sys
from datetime import datetime

from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert, Kind, Record, RecordKey, Spend, StoredEvent


async def race() -> None:
    """Run until the input ends."""
    store, redis, key, now_text, parallel = sys.argv[1:]
    now = datetime.fromisoformat(now_text)
    storage = await open_storage(
        store, redis or None, master_key=bytes.fromhex(key), randomness=SystemRandomness(), migrate=False
    )
    print("ready", flush=True)  # noqa: T201  the parent reads it

    async def spend(name: str, number: int) -> str:
        token = Record(kind=Kind.ACCESS_TOKEN, key=f"{name}.{sys.argv[0]}.{number}.{id(storage)}", body={}, group=name)
        event = StoredEvent(receipt=f"rc_{SystemRandomness().octets(8).hex()}", at=now, leaf=b"{}")
        address = RecordKey(Kind.CODE, f"{name}.code")
        return str((await storage.store.commit([Spend(address), Insert(token)], [event], now=now)).outcome)

    for line in iter(sys.stdin.readline, ""):
        outcomes = await asyncio.gather(*(spend(line.strip(), number) for number in range(int(parallel))))
        print(json.dumps(outcomes), flush=True)  # noqa: T201
    await storage.close()


asyncio.run(race())
