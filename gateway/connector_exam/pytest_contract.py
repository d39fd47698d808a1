"""The whole exam in three lines of a department's own tests.

    from gateway.connector_exam.pytest_contract import connector_contract
    from library.simulator import create_application
    TestLibrary = connector_contract("connectors/library", simulator=create_application)

Every check is a test of its own; one that the manifest lets off passes until its day.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn

from gateway.connector_exam.candidate import MakeConnector, read_candidate
from gateway.connector_exam.finding import Result, all_checks
from gateway.connector_exam.running import ServiceAddress
from gateway.connector_exam.sitting import sit_exam
from gateway.vocabulary.clock import SystemClock

_END_FOR = 10.0


def connector_contract(
    folder: str | Path,
    *,
    connector: MakeConnector | None = None,
    simulator: Callable[[], Any] | None = None,
    service: str | None = None,
    secret_files: Mapping[str, Path] | None = None,
    books: Sequence[Path] = (),
) -> type:
    """Return a class of tests, one for each of the 24 checks; assign it to a name that begins with `Test`.

    `folder` is the connector's; `connector` its class when it has code. The running service is `simulator`, which
    makes an ASGI application that is served on this machine, or `service`, an address there; without either nothing
    real is asked. `secret_files` are by the name that the manifest gives (default: `toy.key` of the folder), `books`
    further folders of the policy book. Raises what `read_candidate` raises, when the first test runs.
    """
    import pytest

    place = Path(folder)

    @cache
    def taken() -> Mapping[str, Result]:
        candidate = read_candidate(place, books, connector)
        reference = candidate.manifest.auth.secret_ref
        key = place / "toy.key"
        files = dict(secret_files or ({reference: key} if reference and key.is_file() else {}))
        with _served(simulator, service) as url:
            address = None if url is None else ServiceAddress(url=url, secret_files=files)
            report = asyncio.run(sit_exam(candidate, SystemClock(), address))
        return {one.check.id: one for one in report.results}

    class ConnectorContract:
        """The exam of one connector."""

        @pytest.mark.parametrize("check", list(all_checks()))
        def test_check(self, check: str) -> None:
            """Show what one check found."""
            result = taken()[check]
            told = "\n".join(f"{one.what}\n  at {one.where}\n  fix: {one.fix}" for one in result.faults)
            assert result.verdict != "failed", f"{result.check.sentence['en']}\n{told}"

    return ConnectorContract


@contextmanager
def _served(simulator: Callable[[], Any] | None, service: str | None) -> Iterator[str | None]:
    """Yield the address of the running service; a simulator runs in a thread of its own as long as the block."""
    if simulator is None:
        yield service
        return
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # from here on who comes waits, also before the thread has begun
    server = uvicorn.Server(uvicorn.Config(simulator(), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_END_FOR)
        listener.close()
