"""Run every row of design.md §14 that is built, beside the peer, and print figures and ratios.

python -m benchmarks [--quick] [--json FILE]
"""

import argparse
import asyncio
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bound import BoundPortal
from benchmarks.load import (
    OURS,
    THEIRS,
    Measured,
    Paths,
    journey,
    machine_token,
    measure,
    open_session,
    prefill,
    sign_in,
)
from benchmarks.mapping import measure as measure_mapping
from benchmarks.mapping import say as say_mapping
from benchmarks.stack import BOUND_KEY, Subject, our_stack, peer_stack

IDENTITY = "openid profile"
RESIDENCE, BUSINESS = "1.004222", "1.001612"
THREE = ("population", "social_insurance", "land")
"""The registers that fill the form of a household business: 24 fields, 14 of them from these three."""


async def measure_provider(subject: Subject, paths: Paths, setting: str, scale: int) -> list[Measured]:
    """Journeys with a live session, and client_credentials."""
    async with open_session() as session:
        await sign_in(session, subject, paths, IDENTITY)

        async def one_journey(_: int) -> object:
            return await journey(session, subject, paths, IDENTITY)

        async def one_token(_: int) -> object:
            return await machine_token(session, subject, paths)

        await measure("warm-up", subject, one_journey, count=200 * scale, in_flight=32)
        rows = [await measure(f"journey, {setting}", subject, one_journey, count=600 * scale, in_flight=32)]
        await measure("warm-up", subject, one_token, count=300 * scale, in_flight=32)
        rows.append(
            await measure(f"client_credentials, {setting}", subject, one_token, count=2000 * scale, in_flight=32)
        )
        portal = BoundPortal(subject, paths, BOUND_KEY)
        await portal.sign_in(session)

        async def bound_journey(_: int) -> object:
            return await portal.journey(session)

        await measure("warm-up", subject, bound_journey, count=200 * scale, in_flight=32)
        rows.append(await measure(f"bound journey, {setting}", subject, bound_journey, count=400 * scale, in_flight=32))
    return rows


async def measure_prefill(
    subject: Subject, setting: str, scale: int, *, procedure: str = RESIDENCE, sources: Sequence[str] = ("population",)
) -> list[Measured]:
    """Prefill with answers kept, and with the registers called for each form; each of `sources` must fill a field."""
    scope = f"openid profile procedure:{procedure}"
    async with open_session() as session:
        await sign_in(session, subject, OURS, scope)
        token = await journey(session, subject, OURS, scope)
        form = await prefill(session, subject, token, procedure)
        verified = {one["source"] for one in form["fields"].values() if one["status"] == "verified"}
        if form["late"] or not verified.issuperset(sources):
            raise RuntimeError("the form is not filled")

        async def kept(_: int) -> object:
            return await prefill(session, subject, token, procedure)

        await measure("warm-up", subject, kept, count=200 * scale, in_flight=32)
        rows = [await measure(f"prefill kept, {setting}", subject, kept, count=1000 * scale, in_flight=32)]
        # a grant of its own for each form: the notice was seen today, so nothing is kept yet
        tokens = [await journey(session, subject, OURS, scope) for _ in range(300 * scale)]

        async def asked(number: int) -> object:
            return await prefill(session, subject, tokens[number], procedure)

        rows.append(await measure(f"prefill asked, {setting}", subject, asked, count=len(tokens), in_flight=32))
    return rows


async def run(scale: int) -> dict[str, object]:
    """Measure both servers on both store settings, alternating, and return every figure."""
    from tests.services import fresh_urls, stop_services

    ours: dict[str, Measured] = {}
    peer: dict[str, Measured] = {}
    try:
        for setting, peer_store in (("sqlite", "memory"), ("postgresql+redis", "redis")):
            urls = await asyncio.to_thread(fresh_urls, setting, Path())
            store = None if setting == "sqlite" else urls.store
            async with our_stack(store, urls.redis or "") as subject:
                for row in await measure_provider(subject, OURS, setting, scale):
                    ours[row.name] = row
                for row in await measure_prefill(subject, f"2 registers, {setting}", scale):
                    ours[row.name] = row
                memory = subject.memory_kib() // 1024
            urls = await asyncio.to_thread(fresh_urls, setting, Path())
            store = None if setting == "sqlite" else urls.store
            async with our_stack(store, urls.redis or "", registers=["population"]) as subject:
                for row in await measure_prefill(subject, f"population, {setting}", scale):
                    ours[row.name] = row
            urls = await asyncio.to_thread(fresh_urls, setting, Path())
            store = None if setting == "sqlite" else urls.store
            async with our_stack(store, urls.redis or "", registers=THREE) as subject:
                for row in await measure_prefill(
                    subject, f"three registers, {setting}", scale, procedure=BUSINESS, sources=THREE
                ):
                    ours[row.name] = row
            other = peer_store if peer_store == "memory" else urls.redis or ""
            async with peer_stack(other) as subject:
                for row in await measure_provider(subject, THEIRS, setting, scale):
                    peer[row.name] = row
            say(ours, peer, setting, memory)
    finally:
        stop_services()
    mapping = measure_mapping()
    say_mapping(mapping)
    return {
        "mapping_us": mapping,
        "machine": machine(),
        "ours": {name: asdict(row) for name, row in ours.items()},
        "peer": {name: asdict(row) for name, row in peer.items()},
        "ratios": {name: ours[name].cpu_ms / peer[name].cpu_ms for name in peer},
        "peer_tokens": {name: in_peer_tokens(row, peer) for name, row in ours.items()},
    }


def in_peer_tokens(row: Measured, peer: dict[str, Measured]) -> float:
    """Return what a row costs in machine tokens of the peer in the same run and setting: milliseconds are of one
    machine, this travels."""
    setting = row.name.rpartition(", ")[2]
    return row.cpu_ms / peer[f"client_credentials, {setting}"].cpu_ms


def say(ours: dict[str, Measured], peer: dict[str, Measured], setting: str, memory: int) -> None:
    """Print one setting's rows."""
    print(f"\n{setting}: server CPU per unit of work, worker memory {memory} MB PSS")
    heads = (("gate06 ms", 11), ("peer ms", 9), ("ratio", 7), ("in peer tokens", 16), ("p50 ms", 8), ("p99 ms", 8))
    print(f"{'row':46}" + "".join(f"{name:>{width}}" for name, width in (*heads, ("per s", 8))))
    for name, row in ours.items():
        if not name.endswith(f", {setting}"):
            continue
        other = peer.get(name)
        told = f"{other.cpu_ms:9.3f}{row.cpu_ms / other.cpu_ms:7.2f}" if other else f"{'':9}{'':7}"
        tokens = in_peer_tokens(row, peer)
        print(f"{name:46}{row.cpu_ms:11.3f}{told}{tokens:16.2f}{row.p50_ms:8.1f}{row.p99_ms:8.1f}{row.per_second:8.0f}")
    sys.stdout.flush()


def machine() -> dict[str, str]:
    """Return what a reader of the figures must know of the machine."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": cpu, "python": platform.python_version(), "node": node, "system": platform.platform()}


def main() -> None:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to see that it runs")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    chosen = parser.parse_args()
    figures = asyncio.run(run(1 if chosen.quick else 5))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
