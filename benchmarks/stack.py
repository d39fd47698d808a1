"""The programs under measurement, each started here and stopped here, and what CPU their processes used."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import tomlkit
from joserfc.jwk import ECKey

from gateway.cli.demo import FACES
from gateway.cli.demo_files import DemoPlan, write_files

HERE = Path(__file__).parent
CLIENT_ID, CLIENT_SECRET = "bench", "bench-secret-bench-secret-bench-secret-0"
REDIRECT_URI = "http://127.0.0.1:9/callback"
RESOURCE = "https://reports.example"
BOUND_ID = "bound"
BOUND_KEY = ECKey.generate_key("P-256", {"kid": "bound-1", "alg": "ES256", "use": "sig"})
"""What the portal of the FAPI 2.0 profile signs its statements with."""
_INLINE = "{" + ", ".join(f'{name} = "{value}"' for name, value in BOUND_KEY.as_dict(private=False).items()) + "}"

BENCH_TOML = f"""
[[portal]]
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
redirect_uris = ["{REDIRECT_URI}"]
grant_types = ["authorization_code", "client_credentials"]
scope = "openid profile report:read"
procedures = ["1.004222", "1.001612"]

[[portal]]
client_id = "{BOUND_ID}"
profile = "fapi2"
redirect_uris = ["{REDIRECT_URI}"]
grant_types = ["authorization_code"]
token_endpoint_auth_method = "private_key_jwt"
jwks.keys = [{_INLINE}]
scope = "openid profile"

[[resource]]
identifier = "{RESOURCE}"
token_format = "jwt"
scopes = ["report:read"]
lifetime_s = 120

[log]
level = "warning"
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server: where it listens, and the process whose family is measured."""

    name: str
    origin: str
    process: asyncio.subprocess.Process
    plan: DemoPlan | None = None

    def cpu_seconds(self) -> float:
        """Return user and system time of the process and all its descendants, ended ones included."""
        return sum(cpu_of(pid) for pid in family(self.process.pid))

    def memory_kib(self) -> int:
        """Return the proportional set size of the largest process of the family."""
        return max(pss_of(pid) for pid in family(self.process.pid))


def cpu_of(pid: int) -> float:
    """Return utime + stime + cutime + cstime of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def pss_of(pid: int) -> int:
    """Return the proportional set size in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text("ascii").split()]
    return found


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


async def wait_for(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until an address answers."""
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            if process.returncode is not None:
                raise RuntimeError(f"{url} did not come up")
            try:
                async with session.get(url, allow_redirects=False) as answer:
                    if answer.status < 500:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} did not come up in time")


async def spawn(*arguments: str, environment: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    """Start a program whose words go to stderr of this run only when it fails."""
    return await asyncio.create_subprocess_exec(
        *arguments,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCH_LOUD") else subprocess.DEVNULL,
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """Stop a program of ours."""
    if process.returncode is None:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def our_stack(
    store: str | None, redis: str, workers: int = 1, *, registers: Sequence[str] = ()
) -> AsyncIterator[Subject]:
    """Yield the gateway with both simulators, on free ports, connected to all registers or to those named."""
    folder = Path(tempfile.mkdtemp(prefix="gate06-bench-"))
    ports = [free_port() for _ in range(5)]
    plan = DemoPlan(
        folder=folder,
        issuer=f"http://127.0.0.1:{ports[0]}",
        store=store or f"sqlite:///{folder}/bench.db",
        redis=redis,
        gateway_port=ports[0],
        vneid_port=ports[1],
        sources_port=ports[2],
        portal_port=ports[3],
        metrics_port=ports[4],
        workers=workers,
    )
    write_files(plan)
    if registers:
        keep_connected(plan.settings_file, registers)
    (folder / "bench.toml").write_text(BENCH_TOML)
    environment = {
        "GATE06_CONFIG": f"{plan.settings_file}{os.pathsep}{folder / 'bench.toml'}",
        "GATE06_PROFILE": "dev",
    }
    simulate = [sys.executable, "-m", "gateway.cli.simulate"]
    options = str(folder / "simulators.json")
    processes = [
        await spawn(*simulate, FACES, str(plan.vneid_port), options),
        await spawn(*simulate, "sources", str(plan.sources_port), options),
        await spawn(sys.executable, "-m", "gateway", "serve", environment=environment),
    ]
    try:
        await wait_for(f"{plan.vneid_url}/_calls", processes[0])
        await wait_for(f"{plan.sources_url}/_calls", processes[1])
        await wait_for(f"{plan.issuer}/readyz", processes[2])
        yield Subject("gate06", plan.issuer, processes[2], plan)
    finally:
        for process in processes:
            await end(process)
        shutil.rmtree(folder, ignore_errors=True)


def keep_connected(settings_file: Path, registers: Sequence[str]) -> None:
    """Take every other register out of the settings."""
    settings = tomlkit.loads(settings_file.read_text("utf-8"))
    connectors = settings["connectors"]
    for name in [name for name in connectors if name not in registers]:
        del connectors[name]
    settings_file.write_text(tomlkit.dumps(settings), "utf-8")


@asynccontextmanager
async def peer_stack(store: str) -> AsyncIterator[Subject]:
    """Yield npm oidc-provider; `store` is `memory` or a redis URL."""
    port = free_port()
    node = shutil.which("node") or "node"
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "peer" / "server.mjs"),
        str(port),
        store,
        orjson.dumps(BOUND_KEY.as_dict(private=False)).decode(),
        env={**os.environ, "NODE_ENV": "production"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdout is None or (await process.stdout.readline()).strip() != b"ready":
            raise RuntimeError("the peer did not start: run `npm ci` in benchmarks/peer")
        yield Subject("oidc-provider", f"http://127.0.0.1:{port}", process)
    finally:
        await end(process)
