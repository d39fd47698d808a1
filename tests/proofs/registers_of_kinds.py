"""Registers of three kinds, each of which can be made ill: REST and SOAP over HTTP, views of a real PostgreSQL.

The services and the proxies before the databases are a program of their own; a view's other troubles are made by its
database.
"""

import asyncio
import json
import multiprocessing
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web

from tests.connector_runtime import toy
from tests.services import PostgresqlServer

PEOPLE = 5_000
SOMEBODY_ELSE = "999000999999"
_TURNS: dict[str, Iterator[int]] = defaultdict(count)
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

_LIBRARY = f"""
CREATE TABLE trouble (fault text NOT NULL);
INSERT INTO trouble VALUES ('');
CREATE TABLE reader AS
SELECT n AS turn, '999' || lpad(n::text, 9, '0') AS citizen_id, 'TV-' || n AS card_no, '2024-03-05' AS card_issued,
  '02' AS branch, date '2026-11-20' AS updated FROM generate_series(0, {PEOPLE - 1}) AS n;
CREATE UNIQUE INDEX ON reader (citizen_id);
CREATE VIEW v_gate06_reader AS
SELECT r.citizen_id AS asked_for, r.updated, r.card_issued, r.branch,
  CASE t.fault WHEN 'another_person' THEN '{SOMEBODY_ELSE}' ELSE r.citizen_id END AS citizen_id,
  CASE WHEN t.fault = 'slow' THEN pg_sleep(15)::text
       WHEN t.fault = 'corrupt' THEN (r.card_no::integer)::text
       WHEN t.fault = 'flapping' AND r.turn / 8 % 2 = 0 THEN (r.card_no::integer)::text
       WHEN t.fault = 'five_megabytes' THEN repeat('x', 5000000)
       ELSE r.card_no END AS card_no
FROM reader AS r, trouble AS t;
GRANT SELECT ON v_gate06_reader TO gate06_reader;
ANALYZE;
"""


async def slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(15)
    return await well(request)


async def dead(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def corrupt(request: web.Request) -> web.StreamResponse:
    whole = _record(request, await _number(request))
    return _reply(request, whole[: len(whole) // 2])


async def flapping(request: web.Request) -> web.StreamResponse:
    """Eight questions fail, eight are answered, and so on: by the clock a burst might meet one half alone."""
    turn = next(_TURNS[request.match_info["source"]])
    return await well(request) if turn // 8 % 2 else web.Response(status=503)


async def rate_limiting(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "2"})


async def five_megabytes(request: web.Request) -> web.StreamResponse:
    return _reply(request, b"x" * 5_000_000)


async def another_person(request: web.Request) -> web.StreamResponse:
    return _reply(request, _record(request, SOMEBODY_ELSE))


async def well(request: web.Request) -> web.StreamResponse:
    return _reply(request, _record(request, await _number(request)))


Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
FAULTS: dict[str, Behaviour] = {
    one.__name__: one for one in (slow, dead, corrupt, flapping, rate_limiting, five_megabytes, another_person)
}
VIEW_FAULTS = tuple(name for name in FAULTS if name != "rate_limiting")
"""A database has no word for asking callers to slow down."""


def _is_soap(request: web.Request) -> bool:
    return request.method == "POST"


async def _number(request: web.Request) -> str:
    if not _is_soap(request):
        return request.match_info["number"]
    found = re.search(rb"CitizenId>(\d{12})<", await request.read())
    return found[1].decode() if found else ""


def _record(request: web.Request, number: str) -> bytes:
    """Return a person's record as the asked face of a register writes it."""
    if "/people/" in request.path:
        return json.dumps(toy.record_of(request) | {"number": number}).encode()
    if not _is_soap(request):
        card = {"no": f"TV-{number[-4:]}", "issued": "20240305", "branch": "02"}
        return json.dumps({"data": {"reader": {"citizen_id": number, "updated": "2026-11-20", "card": card}}}).encode()
    card_of = f"<Card><No>TV-{number[-4:]}</No><Issued>20240305</Issued><Branch>02</Branch></Card>"
    reader = f'<Reader Updated="2026-11-20"><CitizenId>{number}</CitizenId>{card_of}</Reader>'
    found = f'<l:FindReaderResponse xmlns:l="urn:library"><Readers>{reader}</Readers></l:FindReaderResponse>'
    return f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{found}</s:Body></s:Envelope>'.encode()


def _reply(request: web.Request, body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/xml" if _is_soap(request) else "application/json")


@dataclass(frozen=True)
class Registers:
    """Where the registers are: `urls` by source, and how one is made ill."""

    urls: dict[str, str]
    at: str
    databases: dict[str, str]
    server: PostgresqlServer

    async def order(self, source: str, fault: str) -> None:
        """Make a register ill, or well with ""."""
        await order(self.at, source, fault)
        if source in self.databases:
            assert fault in {"", *VIEW_FAULTS}
            await self.server.execute(f"UPDATE trouble SET fault = '{fault}'", self.databases[source])


@asynccontextmanager
async def registers(sources: dict[str, str]) -> AsyncIterator[Registers]:
    """Run registers of the given kinds, by source."""
    views = [source for source, kind in sources.items() if kind == "sqlview"]
    server = await asyncio.to_thread(PostgresqlServer)
    try:
        await server.execute("CREATE ROLE gate06_reader LOGIN")
        databases = {source: (await asyncio.to_thread(server.empty)).rsplit("/", 1)[1] for source in views}
        for database in databases.values():
            await server.execute(_LIBRARY, database)
        async with services(views, server.port) as (at, doors):
            urls = {source: f"{at}/{source}" for source in sources if source not in databases}
            for source, database in databases.items():
                urls[source] = f"postgresql://gate06_reader@127.0.0.1:{doors[source]}/{database}"
            yield Registers(urls, at, databases, server)
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def services(views: Sequence[str] = (), database: int = 0) -> AsyncIterator[tuple[str, dict[str, int]]]:
    """Run the services of all registers as a program of their own; yields its address and the port before each view.

    `/SOURCE/readers/NUMBER` and `/SOURCE/soap` are a library's, `/SOURCE/people/NUMBER` is a department's.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    program = context.Process(target=serve, args=(there, list(views), database), daemon=True)
    program.start()
    try:
        port, doors = await asyncio.to_thread(here.recv)
        yield f"http://127.0.0.1:{port}", doors
    finally:
        program.terminate()
        await asyncio.to_thread(program.join)


async def order(at: str, source: str, fault: str) -> None:
    """Make a service ill, or well with ""."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{at}/_faults", json={"source": source, "fault": fault}) as reply:
            assert reply.status == 200


@dataclass
class Door:
    """A proxy before a database; a dead one cuts every connection, and every new one."""

    to: int
    is_dead: bool = False
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_dead:
            writer.transport.abort()
            return
        from_database, to_database = await asyncio.open_connection("127.0.0.1", self.to)
        self.open |= {writer, to_database}
        try:
            await asyncio.gather(_forward(reader, to_database), _forward(from_database, writer))
        finally:
            self.open -= {writer, to_database}

    def set_dead(self, *, dead: bool) -> None:
        self.is_dead = dead
        for writer in list(self.open) if dead else ():
            writer.transport.abort()


async def _forward(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            to.write(piece)
            await to.drain()
    except OSError:
        pass
    finally:
        to.close()


def serve(there: Connection, views: list[str], database: int) -> None:
    """Serve all registers until terminated; `PUT /_faults {source, fault}` makes one ill."""
    asyncio.run(_serve(there, views, database))


async def _serve(there: Connection, views: list[str], database: int) -> None:
    ill: dict[str, str] = {}
    doors = {view: Door(database) for view in views}
    listening = {view: await asyncio.start_server(door.pass_on, "127.0.0.1", 0) for view, door in doors.items()}

    async def answer(request: web.Request) -> web.StreamResponse:
        return await FAULTS.get(ill.get(request.match_info["source"], ""), well)(request)

    async def take_order(request: web.Request) -> web.Response:
        wanted: dict[str, Any] = json.loads(await request.read())
        ill[wanted["source"]] = wanted["fault"]
        if wanted["source"] in doors:
            doors[wanted["source"]].set_dead(dead=wanted["fault"] == "dead")
        return web.Response()

    app = web.Application()
    app.router.add_get("/{source}/readers/{number}", answer)
    app.router.add_get("/{source}/people/{number}", answer)
    app.router.add_post("/{source}/soap", answer)
    app.router.add_put("/_faults", take_order)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ports = {view: one.sockets[0].getsockname()[1] for view, one in listening.items()}
    there.send((runner.addresses[0][1], ports))
    await asyncio.Event().wait()
