"""`python -m gateway.cli.metrics FD FOLDER`: adds up what all workers wrote into a folder, on a port of its own.

A program beside the workers, not a thread of their parent: the parent forks, and a forked lock never opens.
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from subprocess import Popen
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from gateway.cli.programs import die_with_parent
from gateway.settings import ConfigurationRefused, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def served_metrics(settings: Settings, folder: Path) -> Iterator[None]:
    """Let workers write their metrics into `folder` and serve the sums (port 0: only write).

    Must come before anything imports the metrics library. Raises ConfigurationRefused when the port is taken.
    """
    os.environ[FOLDER] = str(folder)
    if settings.metrics.port == 0:
        yield
        return
    try:
        door = socket.create_server((settings.metrics.host, settings.metrics.port))
    except OSError as trouble:
        place = f"{settings.metrics.host}:{settings.metrics.port}"
        raise ConfigurationRefused([f"`metrics.port`: {place} cannot be listened on"]) from trouble
    with door:
        arguments = [sys.executable, "-m", "gateway.cli.metrics", str(door.fileno()), str(folder)]
        program = Popen(arguments, pass_fds=(door.fileno(),), preexec_fn=die_with_parent)  # noqa: S603, PLW1509  ours
    try:
        yield
    finally:
        program.terminate()
        program.wait(10)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """The door is open already; a look-up of its name would only take time."""
        host, port = self.socket.getsockname()[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Say nothing of who looks at the metrics."""


def _gone(folder: Path) -> set[int]:
    """Return the workers that left a state behind and live no more: what they were in is nobody's state now."""
    pids = {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*_*.db")}
    return {pid for pid in pids if not Path(f"/proc/{pid}").exists()}


def main() -> None:
    """Serve until a signal ends it, or until the parent is gone."""
    from prometheus_client import CollectorRegistry, make_wsgi_app
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

    descriptor, folder = int(sys.argv[1]), sys.argv[2]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    server = _Server(("", 0), _Silent, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.server_bind()
    answer = make_wsgi_app(registry)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        for pid in _gone(Path(folder)):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        told: Iterable[bytes] = answer(environ, start_response)
        return told

    server.set_app(application)
    server.timeout = 2
    parent = os.getppid()
    while os.getppid() == parent:
        server.handle_request()
    shutil.rmtree(folder, ignore_errors=True)  # the parent was killed and could not


if __name__ == "__main__":
    main()
