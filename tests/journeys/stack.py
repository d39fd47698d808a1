"""The whole stack as a stranger starts it: `gate06 demo` as its own program, on free ports, in an own folder.

    with Stack(tmp_path, setting="postgresql+redis") as stack:
        stack.portal_url

It is stopped by SIGTERM and must leave with 0 and without a child. Single programs of it can be killed by their own
process id and brought back.
"""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from gateway.cli.demo import FACES
from tests.services import end_with_parent, free_port, fresh_urls

Name = Literal["gateway", "vneid", "sources", "portal"]
_MARKS: dict[Name, tuple[str, ...]] = {
    "gateway": ("gateway", "serve"),
    "vneid": ("gateway.cli.simulate", FACES),
    "sources": ("gateway.cli.simulate", "sources"),
    "portal": ("examples.portal",),
}
_PORTS = ("GATEWAY", "VNEID", "SOURCES", "PORTAL", "METRICS")
_GATE06 = [sys.executable, "-m", "gateway"]


def free_ports() -> dict[str, int]:
    """Return a free port for each program."""
    return {name: free_port() for name in _PORTS}


class Stack:
    """A running demo. `arguments` are further flags of `gate06 demo`, such as --portal FILE."""

    def __init__(self, folder: Path, setting: str = "sqlite", *, arguments: Sequence[str] = ()) -> None:
        self.folder = folder
        self.ports = free_ports()
        self.urls = fresh_urls(setting, folder)
        self._arguments = arguments
        self._revived: list[subprocess.Popen[bytes]] = []

    @property
    def issuer(self) -> str:
        """The issuer, which is the gateway's address."""
        return f"http://127.0.0.1:{self.ports['GATEWAY']}"

    @property
    def portal_url(self) -> str:
        """The sample portal."""
        return f"http://127.0.0.1:{self.ports['PORTAL']}"

    @property
    def vneid_url(self) -> str:
        """The VNeID simulator."""
        return f"http://127.0.0.1:{self.ports['VNEID']}"

    @property
    def sources_url(self) -> str:
        """The sources simulator."""
        return f"http://127.0.0.1:{self.ports['SOURCES']}"

    @property
    def civil_status_url(self) -> str:
        """The civil status register of the sources simulator; without the name it is the population register."""
        return f"{self.sources_url}/civil_status"

    def __enter__(self) -> Self:
        """Start, and wait for `ready`."""
        self._errors = (self.folder / "demo.stderr").open("wb")
        self.process = subprocess.Popen(
            [*_GATE06, "demo", *self._store_flags(), *self._arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )
        lines: list[bytes] = []
        assert self.process.stdout is not None
        reader = Thread(target=lambda: lines.append(self.process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        reader.join(300)
        if lines != [b"ready\n"]:
            self.process.kill()
            self.process.wait(120)
            raise AssertionError(f"the demo is not ready: {self.said()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop by SIGTERM: the demo leaves with 0, and nothing it started lives on."""
        for program in self._revived:
            program.terminate()
            program.wait(120)
        started = list(_descendants(self.process.pid))
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(120)
        self._errors.close()
        left = [pid for pid in started if _lives(pid)]
        assert code == 0, self.said()
        assert left == [], f"processes left behind: {left}"

    def environment(self) -> dict[str, str]:
        """Return the environment of every program of this stack."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
        return known | {f"GATE06_{name}_PORT": str(port) for name, port in self.ports.items()}

    def said(self) -> str:
        """Return what the demo said on stderr."""
        return (self.folder / "demo.stderr").read_text("utf-8", "replace")

    def log(self, name: str = "gateway") -> str:
        """Return what a program wrote."""
        return (self.folder / ".gate06/logs" / f"{name}.log").read_text("utf-8", "replace")

    def secret(self, name: str) -> str:
        """Return a secret of the demo."""
        return (self.folder / ".gate06" / name).read_text("ascii")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another verb of `gate06` on this stack."""
        full = [*_GATE06, *arguments, *self._store_flags()]
        return subprocess.run(
            full, cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=300, check=False
        )

    def events(self) -> list[dict[str, Any]]:
        """Return the evidence log as `gate06 audit export` gives it."""
        exported = self.command("audit", "export")
        assert exported.returncode == 0, exported.stderr
        return [json.loads(b64decode(json.loads(line)["leaf"])) for line in exported.stdout.splitlines()]

    def events_after(self, count: int, name: str) -> list[dict[str, Any]]:
        """Return the events of a name after the first `count` entries; waits until the sequencer has taken one in."""
        for _ in range(60):
            found = [event for event in self.events()[count:] if event["event"] == name]
            if found:
                return found
        return []

    def put_fault(self, url: str, **order: object) -> None:
        """Switch on a fault of a simulator."""
        assert httpx2.put(f"{url}/_faults", json=order).status_code == 200

    def clear_faults(self) -> None:
        """Switch off every fault of the simulators that live."""
        for url in (self.vneid_url, self.sources_url, self.civil_status_url):
            try:
                httpx2.delete(f"{url}/_faults")
            except httpx2.TransportError:
                continue

    def calls(self, url: str) -> int:
        """Return how often a simulator was asked."""
        return int(httpx2.get(f"{url}/_calls").json()["count"])

    def pid_of(self, name: Name) -> int:
        """Return the process id of a program."""
        living = [pid for pid in self._programs() if _runs(pid, _MARKS[name])]
        assert len(living) == 1, (name, living)
        return living[0]

    def kill(self, name: Name, by: signal.Signals = signal.SIGKILL) -> "Killed":
        """End a program as a crash would (or by another signal); the answer can bring it back."""
        pid = self.pid_of(name)
        line, environment = _read(pid, "cmdline"), _read(pid, "environ")
        os.kill(pid, by)
        for _ in range(6000):
            if not _lives(pid):
                return Killed(self, line, dict(entry.split("=", 1) for entry in environment))
            time.sleep(0.01)
        raise AssertionError(f"process {pid} does not die")

    def _programs(self) -> Iterator[int]:
        yield from _children(self.process.pid)
        yield from (program.pid for program in self._revived)

    def _store_flags(self) -> list[str]:
        return ["--store", self.urls.store, *(["--redis", self.urls.redis] if self.urls.redis else [])]


class Killed:
    """A program that was killed, with what it needs to live again."""

    def __init__(self, stack: Stack, line: list[str], environment: dict[str, str]) -> None:
        self._stack = stack
        self._line = line
        self._environment = environment

    def revive(self, ready_url: str) -> None:
        """Start it again and wait until it answers."""
        program = subprocess.Popen(
            self._line,
            cwd=self._stack.folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )
        self._stack._revived.append(program)
        for _ in range(2400):
            try:
                if httpx2.get(ready_url).status_code < 500:
                    return
            except httpx2.TransportError:
                pass
            assert program.poll() is None, "a revived program ended"
            time.sleep(0.05)
        raise AssertionError("a revived program does not answer")


def _read(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_bytes().decode().rstrip("\0").split("\0")


def _runs(pid: int, marks: tuple[str, ...]) -> bool:
    try:
        line = _read(pid, "cmdline")
    except OSError:
        return False
    return _lives(pid) and "-m" in line and tuple(line[line.index("-m") + 1 :][: len(marks)]) == marks


def _children(pid: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
