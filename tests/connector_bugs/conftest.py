"""The running services of the exam's tests: the toy library over HTTP, and a database made from a folder's SQL."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

from connectors.sample.simulator import create_application
from gateway.connector_exam.report import Report
from gateway.connector_exam.running import ServiceAddress
from gateway.connector_exam.sitting import sit_exam
from gateway.vocabulary.clock import SystemClock
from tests.connector_bugs.ground import Made
from tests.services import PostgresqlServer, in_new_loop

Examine = Callable[[Made], Report]


@pytest.fixture(scope="session")
def toy() -> Iterator[str]:
    """The toy library's address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # callers queue here until the server takes over
    server = uvicorn.Server(uvicorn.Config(create_application(), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def databases() -> Iterator[PostgresqlServer]:
    made = PostgresqlServer()
    in_new_loop(made.execute("CREATE ROLE gate06_reader LOGIN"))
    yield made
    made.stop()


@pytest.fixture
def examine(request: pytest.FixtureRequest) -> Iterator[Examine]:
    """Examine a connector before its running service, where it has one."""
    cleaning: list[str] = []

    def run(made: Made) -> Report:
        return asyncio.run(sit_exam(made.candidate(), SystemClock(), address(made)))

    def address(made: Made) -> ServiceAddress | None:
        if not made.service or made.kind == "code":
            return None
        if made.kind == "sqlview":
            return ServiceAddress(url=database(made.folder), secret_files={})
        url = request.getfixturevalue("toy")
        return ServiceAddress(url=url, secret_files={"toy-key": made.folder / "toy.key"})

    def database(folder: Path) -> str:
        server: PostgresqlServer = request.getfixturevalue("databases")
        name = server.empty().rsplit("/", 1)[1]
        statements = (folder / "toy.sql").read_text("utf-8").replace("CREATE ROLE", "-- CREATE ROLE")
        in_new_loop(server.execute(statements, name))
        cleaning.append(name)
        return server.url(name, "gate06_reader")

    yield run
    for name in cleaning:
        server: PostgresqlServer = request.getfixturevalue("databases")
        clean = (
            "DROP OWNED BY gate06_reader; ALTER ROLE gate06_reader NOSUPERUSER NOCREATEROLE; "
            "REVOKE pg_read_all_data FROM gate06_reader"
        )
        in_new_loop(server.execute(clean, name))
