"""A log grown to a size in memory, signed at chosen sizes; tests only."""

from datetime import UTC, datetime, timedelta

from gateway.audit.checkpoint import NoteSigner
from gateway.audit.event import FormReleased
from gateway.audit.journal import Extension
from gateway.audit.log import read_root
from gateway.audit.merkle import extend_edge, leaf_hash
from tests.audit.log_in_memory import MemoryLog

SIGNER = NoteSigner("dvc.example.vn/log", b"\x01" * 32)
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def receipt_of(number):
    return f"rc_{number:026d}"


def make_event(number, **members):
    told = {"actor_kind": "portal", "outcome": "done", "portal": f"p{number % 3}", "nonce": f"n{number}"} | members
    return FormReleased(at=NOON + timedelta(seconds=number), receipt=receipt_of(number), **told).stored()


async def grow(count, signed_at=(), memory=None, make=make_event):
    """Return a log of `count` events with checkpoints at `signed_at` and at the end."""
    memory = memory or MemoryLog()
    start = len(memory.events)
    memory.store(*(make(number) for number in range(start, start + count)))
    edge = {}
    for until in sorted({*signed_at, start + count}):
        size = len(memory.order)
        edge = edge or {address: memory.held[address] for address in memory.held if len(memory.held[address]) < 8192}
        hashes = [leaf_hash(event.leaf) for event in memory.events[size:until]]
        tiles, edge = extend_edge(size, edge, hashes)
        assert await memory.extend(Extension(size_before=size, positions=list(range(size, until)), tiles=tiles))
        await memory.save(until, SIGNER.sign(until, await read_root(memory, until)))
    return memory
