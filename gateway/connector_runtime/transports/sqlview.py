"""One view of a department's PostgreSQL: one row about one person, and nothing that could change anything.

The role may only read (asked of the database itself before the first look-up), the transaction is read only, a
statement ends after its timeout, values are bound and never text, and two rows are enough to know that it is not one.
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
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.manifest_failure import ViewUnfit, ViewWritable
from gateway.connector_runtime.transports.reply import trouble

_TEXTS = frozenset({"text", "character varying", "character"})
_OPEN_FOR = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is read: the view, the columns looked up by and those told. All names were checked by the manifest."""

    name: str
    by: tuple[str, ...]
    columns: tuple[str, ...]

    def statement(self) -> str:
        """Return the only statement: every column as text, at most two rows."""
        told = ", ".join(f"{_quoted(name)}::text AS {_quoted(name)}" for name in self.columns)
        asked = " AND ".join(f"{_quoted(name)} = ${number}::text" for number, name in enumerate(self.by, 1))
        # every identifier matches [a-z_][a-z0-9_]*; the values are bound
        return f"SELECT {told} FROM {self.path()} WHERE {asked} LIMIT 2"  # noqa: S608

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
        try:
            async with asyncio.timeout(timeout_for):
                pool = await self._open()
                async with pool.acquire() as connection, connection.transaction(readonly=True):
                    await self._require_reader(connection)
                    found = await connection.fetch(self._view.statement(), *values)
        except (TimeoutError, asyncpg.QueryCanceledError):
            raise trouble("timeout", "the view did not answer in time") from None
        except ConnectorFailure as failure:
            raise trouble("fault", f"{failure.code} {failure.detail}") from None
        except (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, OSError):
            raise trouble("unreachable", "the database cannot be reached") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            # the text of a database's error may quote what was bound: only its kind is kept
            raise trouble("fault", type(error).__name__) from None
        return [dict(row) for row in found]

    async def check(self) -> Health:
        """Connect, and tell whether role and view are as they must be; no row is read."""
        try:
            async with asyncio.timeout(3.0):
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
        rights = await connection.fetchrow(_RIGHTS, self._view.path())
        if rights is None or rights["relation"] is None:
            raise ViewUnfit(f"there is no view `{self._view.name}`, or the role may not see it")
        if rights["superuser"] or rights["owns"]:
            raise ViewWritable(f"the role of `{self._view.name}` is a superuser or owns it")
        granted = [name for name in ("insert", "update", "delete", "truncate") if rights[name]]
        if granted:
            raise ViewWritable(f"the role of `{self._view.name}` can also {', '.join(granted).upper()}")
        if rights["elsewhere"] is not None:
            raise ViewWritable(f"the role of `{self._view.name}` can also write `{rights['elsewhere']}`")
        columns = {row["name"]: row["type"] for row in await connection.fetch(_COLUMNS, rights["relation"])}
        for name in (*self._view.by, *self._view.columns):
            if name not in columns:
                raise ViewUnfit(f"`{self._view.name}` has no column `{name}`")
        for name in self._view.by:
            if columns[name] not in _TEXTS:
                raise ViewUnfit(f"column `{name}` of `{self._view.name}` is looked up by and is no text; cast it there")
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


_RIGHTS = """
SELECT to_regclass($1)::oid AS relation,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass($1)) AS owns,
       has_any_column_privilege(to_regclass($1), 'INSERT') AS insert,
       has_any_column_privilege(to_regclass($1), 'UPDATE') AS update,
       has_table_privilege(to_regclass($1), 'DELETE') AS delete,
       has_table_privilege(to_regclass($1), 'TRUNCATE') AS truncate,
       (SELECT oid::regclass::text FROM pg_class
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%'
          AND relnamespace::regnamespace::text <> 'information_schema'
          AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        ORDER BY oid LIMIT 1) AS elsewhere
"""
_COLUMNS = """
SELECT attname AS name, split_part(format_type(atttypid, NULL), '(', 1) AS type
FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
"""
