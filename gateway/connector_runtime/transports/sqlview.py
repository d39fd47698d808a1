"""One view of a department's PostgreSQL: one row about one person, and nothing that could change anything.

The role may only read (asked of the database itself before the first look-up), the transaction is read only, a
statement ends after its timeout, values are bound and never text, and two rows are enough to know that it is not one.
The database cuts what is too long before it sends it, and a connection that is late is cut off, not waited for.
The address is judged after the resolver and before the socket, as for every call.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.contract import Health
from gateway.connector_runtime.contract.document import LARGEST
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.transports.reply import trouble
from gateway.connector_runtime.transports.view_rights import require_columns, require_reader

_OPEN_FOR = 300.0
_PROBE_FOR = 3.0
_FITS = '" fits"'  # no column of a manifest can have this name


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is read: the view, the columns looked up by and those told, `truths` those of them that may be boolean. All
    names were checked by the manifest."""

    name: str
    by: tuple[str, ...]
    columns: tuple[str, ...]
    truths: frozenset[str] = frozenset()

    def statement(self) -> str:
        """Return the only statement: every column as text, at most two rows, nothing of a row beyond LARGEST octets."""
        asked = " AND ".join(f"{_quoted(name)} = ${number}::text" for number, name in enumerate(self.by, 1))
        return self._cut(f"{self.path()} WHERE {asked}")

    def wide_statement(self, octets: int) -> str:
        """Return the statement over a row that the database makes itself, `octets` long in every column."""
        wide = ", ".join(f"repeat('x', {octets:d}) AS {_quoted(name)}" for name in self.columns)
        return self._cut(f"(SELECT {wide}) AS wide")

    def _cut(self, rows: str) -> str:
        told = ", ".join(f"{_quoted(name)}::text AS {_quoted(name)}" for name in self.columns)
        octets = " + ".join(f"coalesce(octet_length({_quoted(name)}), 0)::bigint" for name in self.columns)
        kept = ", ".join(f"CASE WHEN {_FITS} THEN {_quoted(name)} END AS {_quoted(name)}" for name in self.columns)
        # every identifier matches [a-z_][a-z0-9_]*, the values are bound; what is too long never leaves the database
        inner = f"SELECT *, {octets} <= {LARGEST} AS {_FITS} FROM (SELECT {told} FROM {rows} LIMIT 2) AS told"  # noqa: S608
        return f"SELECT {_FITS}, {kept} FROM ({inner}) AS measured"  # noqa: S608

    def path(self) -> str:
        """Return the view's name with its schema, quoted."""
        return ".".join(_quoted(part) for part in self.name.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the view is: `postgresql://ROLE@HOST:PORT/DATABASE`, the role's password, and how long a statement may
    take (seconds). The password is not shown."""

    url: str
    password: str = field(default="", repr=False)
    timeout_for: float = 5.0
    connections: int = 4


class SqlView:
    """Reads one view. Connections are kept in a pool of its own; `close` ends them."""

    def __init__(self, view: View, database: Database, policy: AddressPolicy) -> None:
        self._view = view
        self._database = database
        self._policy = policy
        self._parts = urlsplit(database.url)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._checked = False

    async def rows(self, values: Sequence[str], *, timeout_for: float) -> list[dict[str, str | None]]:
        """Return no, one or two rows, every value as text. Raises SourceTrouble and nothing else."""
        return await self._told(self._view.statement(), values, timeout_for)

    async def wide_rows(self, octets: int, *, timeout_for: float) -> list[dict[str, str | None]]:
        """Ask as `rows` does for a row the database makes itself, to see that it is cut there. Raises SourceTrouble."""
        return await self._told(self._view.wide_statement(octets), (), timeout_for)

    async def _told(self, statement: str, values: Sequence[str], timeout_for: float) -> list[dict[str, str | None]]:
        try:
            found = await self._within(timeout_for, statement, values)
        except (TimeoutError, asyncpg.QueryCanceledError):
            raise trouble("timeout", "the view did not answer in time") from None
        except ConnectorFailure as failure:
            raise trouble("fault", f"{failure.code} {failure.detail}") from None
        except (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, OSError):
            raise trouble("unreachable", "the database cannot be reached") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            # the text of a database's error may quote what was bound: only its kind is kept
            raise trouble("fault", type(error).__name__) from None
        if not all(row[0] for row in found):
            raise trouble("oversize", f"a row of more than {LARGEST} octets")
        return [dict(list(row.items())[1:]) for row in found]

    async def _within(self, timeout_for: float, statement: str, values: Sequence[str]) -> Sequence[asyncpg.Record]:
        """Return what the statement gives. Raises TimeoutError, then without waiting for the database any more.

        A cancelled statement is ended politely: the driver waits until the database says so, and one that goes on
        sending, or says nothing, would keep the question beyond its time.
        """
        end_at = asyncio.get_running_loop().time() + timeout_for
        async with asyncio.timeout_at(end_at):
            pool = await self._open()
            connection = await pool.acquire()
        reading = asyncio.ensure_future(self._fetch(connection, statement, values))
        try:
            await asyncio.wait({reading}, timeout=max(0.0, end_at - asyncio.get_running_loop().time()))
            if reading.done():
                return reading.result()
            raise TimeoutError
        finally:
            if not reading.done():
                connection.terminate()
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)  # what a cut connection says is of no interest
            await pool.release(connection)

    async def _fetch(self, connection: Any, statement: str, values: Sequence[str]) -> Sequence[asyncpg.Record]:
        async with connection.transaction(readonly=True):
            await self._require_reader(connection)
            rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *values)
            return rows

    async def check(self) -> Health:
        """Connect, and tell whether role and view are as they must be; no row is read."""
        try:
            async with asyncio.timeout(_PROBE_FOR):
                await self.require()
        except ConnectorFailure as failure:
            return Health("down", f"{failure.code} {failure.detail}")
        except TimeoutError:
            return Health("down", "the database did not answer in time")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            return Health("down", type(error).__name__)
        return Health("up")

    async def require(self) -> None:
        """Check role and view. Raises ViewWritable, ViewUnfit, and the driver's and the system's errors."""
        pool = await self._open()
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            self._checked = False
            await self._require_reader(connection)

    async def close(self) -> None:
        """End every connection; a later question opens new ones."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.terminate()

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._database.connections,
                    max_inactive_connection_lifetime=_OPEN_FOR,
                    connect=self._connect,
                )
            return self._pool

    async def _connect(self, *_: Any, **members: Any) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to an address that passed the policy: no name is resolved again behind it."""
        host, port = self._parts.hostname or "", self._parts.port or 5432
        known = {name: members[name] for name in ("loop", "connection_class", "record_class") if name in members}
        milliseconds = str(max(1, round(self._database.timeout_for * 1000)))
        made: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            host=await self._resolve(host, port),
            port=port,
            user=unquote(self._parts.username or ""),
            password=self._database.password or None,
            database=self._parts.path.lstrip("/"),
            ssl=None if self._policy.zone == "lab" else _NamedTls.made_for(host),
            timeout=self._database.timeout_for,
            server_settings={
                "default_transaction_read_only": "on",
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": "10000",
                "datestyle": "ISO, YMD",
                "application_name": "gate06",
            },
            **known,
        )
        return made

    async def _resolve(self, host: str, port: int) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
        for *_, address in found:
            if self._policy.permits(str(address[0])):
                return str(address[0])
        raise OSError(f"address outside the egress zone `{self._policy.zone}`")

    async def _require_reader(self, connection: Any) -> None:
        """Check once what the role may do and what the view holds. Raises ViewWritable, ViewUnfit."""
        if self._checked:
            return
        view = self._view
        relation = await require_reader(connection, view.path(), view.name)
        told = {column: column in view.truths for column in view.columns}
        await require_columns(connection, relation, view.name, view.by, told)
        self._checked = True


class _NamedTls(ssl.SSLContext):
    """TLS to an address that was resolved before: the certificate is still the name's."""

    named = ""

    @classmethod
    def made_for(cls, host: str) -> "_NamedTls":
        """Return a verifying client context for a host."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        context.named = host
        return context

    def wrap_bio(self, *arguments: Any, **members: Any) -> ssl.SSLObject:
        """Put the name in place of the address that was connected to."""
        return super().wrap_bio(*arguments, **{**members, "server_hostname": self.named})


def _quoted(name: str) -> str:
    return f'"{name}"'
