"""`python -m gateway.cli.metrics FD FOLDER`: adds up what all workers wrote into a folder, on a port of its own.

A program beside the workers, not a thread of their parent: the parent forks, and a forked lock never opens.
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from subprocess import Popen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from gateway.cli.programs import die_with_parent
from gateway.settings import ConfigurationRefused, Settings

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


def main() -> None:
    """Serve until a signal ends it, or until the parent is gone."""
    from prometheus_client import CollectorRegistry, make_wsgi_app
    from prometheus_client.multiprocess import MultiProcessCollector

    descriptor, folder = int(sys.argv[1]), sys.argv[2]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    server = _Server(("", 0), _Silent, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.server_bind()
    server.set_app(make_wsgi_app(registry))
    server.timeout = 2
    parent = os.getppid()
    while os.getppid() == parent:
        server.handle_request()
    shutil.rmtree(folder, ignore_errors=True)  # the parent was killed and could not


if __name__ == "__main__":
    main()
