"""The kind sqlview over a real PostgreSQL: one row, bound values, read only, and a role that may do nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Absent, Found, Refused, SourceTrouble, Unavailable
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.manifest_failure import ViewUnfit, ViewWritable
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.transports.sqlview import Database, SqlView, View
from gateway.vocabulary.clock import SystemClock
from tests.connector_kinds.conftest import CANARY, SAMPLE, ask_about, manifest_of, outcome_of
from tests.services import PostgresqlServer, in_new_loop

pytestmark = pytest.mark.anyio
LAB = AddressPolicy("lab", EgressSettings())


class Department:
    """A department's database on a server of its own."""

    def __init__(self, server: PostgresqlServer) -> None:
        self.server = server
        self.database = server.empty().rsplit("/", 1)[1]
        self.closing: list[SqlView] = []

    @property
    def url(self) -> str:
        return self.server.url(self.database, "gate06_reader")

    async def run(self, statement: str) -> None:
        await self.server.execute(statement, self.database)

    def view(
        self, *, columns: tuple[str, ...] = ("citizen_id", "card_no"), timeout_for: float = 20.0, **more: Any
    ) -> SqlView:
        members = {"name": "v_gate06_reader", "by": ("citizen_id",)} | more
        made = SqlView(View(columns=columns, **members), Database(url=self.url, timeout_for=timeout_for), LAB)
        self.closing.append(made)
        return made

    def connector(self, change: Any = lambda tree: None) -> Any:
        def here(tree: dict[str, Any]) -> None:
            tree["endpoint"]["url"] = self.url
            change(tree)

        ways = Ways(client=ZoneClient("lab", EgressSettings()), policy=LAB, clock=SystemClock())
        made, opened = build_connector("the_sample", manifest_of("sqlview", here), ConnectorSettings(zone="lab"), ways)
        assert opened is not None
        self.closing.append(opened)
        return made


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    made = PostgresqlServer()
    yield made
    made.stop()


@pytest.fixture
async def department(server: PostgresqlServer) -> AsyncIterator[Department]:
    made = Department(server)
    in_new_loop(made.run((SAMPLE / "sqlview/toy.sql").read_text("utf-8").replace("CREATE ROLE", "-- CREATE ROLE")))
    yield made
    for one in made.closing:
        await one.close()
    # what a test granted to the one role of the server must not reach the next database
    await made.run("DROP OWNED BY gate06_reader")
    for name in ("pg_read_all_data", "pg_execute_server_program"):
        await made.run(f"REVOKE {name} FROM gate06_reader")
    await made.run("ALTER ROLE gate06_reader NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION")


@pytest.fixture(scope="module", autouse=True)
def reader(server: PostgresqlServer) -> None:
    in_new_loop(server.execute("CREATE ROLE gate06_reader LOGIN"))


async def test_a_row_is_read_and_only_its_named_columns(department: Department) -> None:
    connector = department.connector()
    assert (await connector.check()).state == "up"
    answer = await outcome_of(connector, ask_about(3))
    assert {name: str(one.value) for name, one in answer.items()} == {
        "the_sample_card_number": "TV-000003",
        "the_sample_card_issued": "2024-03-05",
        "the_sample_branch": "mobile",
    }
    assert str(answer["the_sample_branch"].provenance.as_of) == "2026-11-20"
    rows = await connector.rows(connector.bind(ask_about(3)), ask_about(3))
    assert CANARY not in repr(rows)
    assert set(rows[0]) == {"citizen_id", "updated", "card_no", "card_issued", "branch"}


@pytest.mark.parametrize(("index", "outcome"), [(9, Absent("no_match")), (11, Absent("ambiguous"))])
async def test_no_row_is_nobody_and_two_are_ambiguous(department: Department, index: int, outcome: object) -> None:
    assert await outcome_of(department.connector(), ask_about(index)) == outcome


async def test_dates_and_nulls_stay_what_they_are(department: Department) -> None:
    connector = department.connector()
    came = [(await outcome_of(connector, ask_about(index)))["the_sample_card_issued"] for index in (1, 6, 8)]
    assert [str(one.value) if isinstance(one, Found) else one for one in came] == ["2009", "2021-07", Absent("empty")]


async def test_a_row_about_somebody_else_is_dropped(department: Department) -> None:
    await department.run("CREATE OR REPLACE VIEW v_gate06_reader AS SELECT * FROM reader WHERE true")

    def by_branch(tree: dict[str, Any]) -> None:
        tree["operations"]["lookup"]["where"] = {"card_no": "TV-000001"}

    assert await outcome_of(department.connector(by_branch), ask_about(3)) == Refused("other_person")


@pytest.mark.parametrize(
    "value", ["' OR '1'='1", "'; DROP TABLE reader; --", "999175000003' --", "%", "{personal_number}", "x" * 5000]
)
async def test_a_value_is_bound_and_never_text(department: Department, value: str) -> None:
    assert await department.view().rows([value], timeout_for=3.0) == []
    connection = await asyncpg.connect(department.server.url(department.database, "postgres"))
    assert await connection.fetchval("SELECT count(*) FROM reader") == 6
    await connection.close()


async def test_a_value_no_database_carries_is_refused_before_the_call(department: Department) -> None:
    def by_name(tree: dict[str, Any]) -> None:
        tree["inputs"].append("full_name")
        tree["operations"]["lookup"]["where"]["name"] = "{full_name}"

    assert await outcome_of(department.connector(by_name), ask_about(3, full_name="a\x00b")) == Refused("bad_request")
    found = await outcome_of(department.connector(by_name), ask_about(6, full_name="H'ɃIL NIÊ KĐĂM"))
    assert isinstance(found["the_sample_branch"], Found)


BEYOND_READING = [
    ("GRANT INSERT ON v_gate06_reader TO gate06_reader", "can also INSERT.*REVOKE INSERT ON v_gate06_reader FROM"),
    ("GRANT UPDATE (card_no) ON v_gate06_reader TO gate06_reader", "can also UPDATE"),
    ("GRANT DELETE ON reader TO gate06_reader", "can also write `reader`.*REVOKE ALL ON reader FROM gate06_reader"),
    ("ALTER VIEW v_gate06_reader OWNER TO gate06_reader", "owns it.*ALTER VIEW"),
    ("GRANT SELECT ON reader TO gate06_reader", "can also read `reader`"),
    ("GRANT SELECT (name) ON reader TO gate06_reader", "can also read `reader`"),
    ("GRANT SELECT ON reader TO PUBLIC", "can also read `reader`.*PUBLIC"),
    ("CREATE SCHEMA other; CREATE TABLE other.t (a text); GRANT SELECT ON other.t TO PUBLIC", "read `other.t`"),
    (
        "CREATE SEQUENCE counted; GRANT USAGE ON SEQUENCE counted TO gate06_reader",
        "write `counted`.*ON SEQUENCE counted",
    ),
    ("GRANT CREATE ON SCHEMA public TO gate06_reader", "can create in schema `public`.*REVOKE CREATE ON SCHEMA public"),
    ("GRANT SELECT ON pg_catalog.pg_authid TO gate06_reader", "can also read `pg_authid`"),
    (
        "CREATE FUNCTION everybody() RETURNS SETOF reader LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM reader'",
        r"can call `everybody\(\)`.*REVOKE ALL ON ROUTINE everybody\(\) FROM gate06_reader, PUBLIC",
    ),
    (
        "CREATE PROCEDURE emptied() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM reader'",
        r"can call `emptied\(\)`.*ROUTINE emptied\(\)",
    ),
    ("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO gate06_reader", r"can call `pg_read_file\(text\)`"),
    (
        "SELECT lo_create(4711); GRANT UPDATE ON LARGE OBJECT 4711 TO gate06_reader",
        "write the large object 4711.*REVOKE ALL ON LARGE OBJECT 4711",
    ),
    (
        "GRANT SET ON PARAMETER session_replication_role TO gate06_reader",
        "can set the parameter `session_replication_role`.*REVOKE SET ON PARAMETER",
    ),
]
OF_THE_ROLE = [
    (
        "GRANT pg_read_all_data TO gate06_reader",
        "member of `pg_read_all_data`.*REVOKE pg_read_all_data FROM gate06_reader",
    ),
    ("GRANT pg_execute_server_program TO gate06_reader", "member of `pg_execute_server_program`"),
    ("ALTER ROLE gate06_reader CREATEROLE", "attribute CREATEROLE.*ALTER ROLE gate06_reader NOCREATEROLE"),
    ("ALTER ROLE gate06_reader CREATEDB", "attribute CREATEDB"),
    ("ALTER ROLE gate06_reader BYPASSRLS", "attribute BYPASSRLS"),
    ("ALTER ROLE gate06_reader REPLICATION", "attribute REPLICATION"),
]


@pytest.mark.parametrize(("statement", "what"), BEYOND_READING + OF_THE_ROLE)
async def test_a_role_that_can_more_than_read_the_view_is_refused(
    department: Department, statement: str, what: str
) -> None:
    await department.run(statement)
    with pytest.raises(ViewWritable, match=what):
        await department.view().require()
    health = await department.connector().check()
    assert (health.state, health.detail[:6]) == ("down", "CN-170")
    assert await outcome_of(department.connector(), ask_about(3)) == Unavailable(reason="fault")


async def test_what_the_message_says_mends_it(department: Department) -> None:
    await department.run(f"GRANT CREATE ON DATABASE {department.database} TO gate06_reader")
    for statement, _ in BEYOND_READING:
        if "OWNER" not in statement and "pg_authid" not in statement:
            await department.run(statement)
    for statement, _ in OF_THE_ROLE:
        await department.run(statement)
    mended = 0
    while True:
        try:
            await department.view().require()
            break
        except ViewWritable as beyond:
            await department.run(beyond.detail.split("`")[-2])
            mended += 1
    assert mended >= 12
    assert (await department.connector().check()).state == "up"


async def test_a_table_is_no_view(department: Department) -> None:
    await department.run("GRANT SELECT ON reader TO gate06_reader")
    with pytest.raises(ViewUnfit, match="`reader` is a table: write a view over it"):
        await department.view(name="reader").require()


async def test_a_materialised_view_is_one(department: Department) -> None:
    await department.run("CREATE MATERIALIZED VIEW kept AS SELECT * FROM reader; GRANT SELECT ON kept TO gate06_reader")
    await department.run("REVOKE ALL ON v_gate06_reader FROM gate06_reader")
    await department.view(name="kept").require()


@pytest.mark.parametrize("column", ["repeat('x', 300000000)", "repeat('x', 5000000)", "repeat('ộ', 400000)"])
async def test_a_row_that_is_too_long_is_cut_by_the_database(department: Department, column: str) -> None:
    wide = (
        f"CREATE OR REPLACE VIEW v_gate06_reader AS SELECT r.citizen_id, r.updated, {column} AS card_no FROM reader r"
    )
    await department.run(f"DROP VIEW v_gate06_reader; {wide}; GRANT SELECT ON v_gate06_reader TO gate06_reader")
    with pytest.raises(SourceTrouble) as caught:
        await department.view().rows(["999175000003"], timeout_for=20.0)
    assert caught.value.outcome == Unavailable(reason="oversize")


async def test_many_columns_are_counted_together_and_a_long_one_that_fits_is_told(department: Department) -> None:
    columns = ", ".join(f"repeat('x', 400000) AS c{number}" for number in range(3))
    await department.run(f"CREATE VIEW broad AS SELECT citizen_id, {columns} FROM reader")
    await department.run("REVOKE ALL ON v_gate06_reader FROM gate06_reader; GRANT SELECT ON broad TO gate06_reader")
    told = await department.view(name="broad", columns=("c0", "c1")).rows(["999175000003"], timeout_for=20.0)
    assert [len(text or "") for text in told[0].values()] == [400000, 400000]
    with pytest.raises(SourceTrouble) as caught:
        await department.view(name="broad", columns=("c0", "c1", "c2")).rows(["999175000003"], timeout_for=20.0)
    assert caught.value.outcome == Unavailable(reason="oversize")


async def test_a_database_that_will_not_end_is_left(department: Department) -> None:
    """It takes the question and the cancelling, and says nothing: the question still ends, and so does the pool."""
    running: list[asyncio.Task[Any]] = []

    async def forward(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while piece := await source.read(65536):
            if b"is a superuser" in piece:
                await asyncio.Event().wait()  # from here on not a word more reaches the database
            to.write(piece)

    async def half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", department.server.port)
        running.extend([asyncio.create_task(forward(reader, back)), asyncio.create_task(forward(there, writer))])

    deaf = await asyncio.start_server(half_way, "127.0.0.1", 0)
    url = f"postgresql://gate06_reader@127.0.0.1:{deaf.sockets[0].getsockname()[1]}/{department.database}"
    view = SqlView(View(name="v_gate06_reader", by=("citizen_id",), columns=("card_no",)), Database(url=url), LAB)
    with pytest.raises(SourceTrouble) as caught:
        await view.rows(["999175000003"], timeout_for=0.5)
    assert caught.value.outcome == Unavailable(reason="timeout")
    await view.close()
    deaf.close()
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_what_nobody_but_its_owner_may_call_or_what_runs_as_its_caller_is_left_alone(
    department: Department,
) -> None:
    body = "LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    await department.run(f"CREATE FUNCTION kept() RETURNS int {body}; REVOKE ALL ON FUNCTION kept() FROM PUBLIC")
    await department.run(
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'"
    )
    await department.run("CREATE FUNCTION open() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    await department.run("SELECT lo_create(4712); GRANT SELECT ON LARGE OBJECT 4712 TO gate06_reader")
    await department.run(f"CREATE SCHEMA shut; CREATE FUNCTION shut.away() RETURNS int {body}")
    await department.view().require()


async def test_who_logged_in_as_somebody_else_is_refused(department: Department) -> None:
    await department.run("CREATE ROLE dressed LOGIN SUPERUSER; ALTER ROLE dressed SET role = 'gate06_reader'")
    try:
        view = View(name="v_gate06_reader", by=("citizen_id",), columns=("card_no",))
        made = SqlView(view, Database(url=department.server.url(department.database, "dressed")), LAB)
        with pytest.raises(ViewWritable, match=r"put on by `dressed`.*ALTER ROLE dressed RESET role"):
            await made.require()
        await made.close()
    finally:
        await department.run("DROP ROLE dressed")


async def test_a_superuser_is_refused(department: Department) -> None:
    view = View(name="v_gate06_reader", by=("citizen_id",), columns=("card_no",))
    made = SqlView(view, Database(url=department.server.url(department.database, "postgres")), LAB)
    with pytest.raises(ViewWritable, match="superuser"):
        await made.require()
    await made.close()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"name": "v_elsewhere"}, "no view `v_elsewhere`"),
        ({"columns": ("card_nr",)}, "no column `card_nr`"),
        ({"by": ("citizen",)}, "no column `citizen`"),
        ({"by": ("updated",)}, "is no text; cast it there"),
    ],
)
async def test_a_view_that_does_not_fit_says_which_column(department: Department, changes: Any, what: str) -> None:
    with pytest.raises(ViewUnfit, match=what):
        await department.view(**changes).require()


VIEW_OF = (
    "DROP VIEW v_gate06_reader; CREATE VIEW v_gate06_reader AS SELECT citizen_id, updated, card_issued, {} "
    "FROM reader; GRANT SELECT ON v_gate06_reader TO gate06_reader"
)
STRUCTURES = ["ARRAY['a']", "ARRAY['a']::several", "'{}'::json", "'{}'::jsonb", "'x'::xml", "'[1,2)'::int4range"]


@pytest.mark.parametrize("column", [*STRUCTURES, "'\\x00ff'::bytea", "'(a,b)'::pair"])
async def test_a_column_that_holds_no_single_value_is_refused(department: Department, column: str) -> None:
    await department.run("CREATE TYPE pair AS (one text, two text); CREATE DOMAIN several AS text[]")
    await department.run(VIEW_OF.format(f"branch, {column} AS card_no"))
    connector = department.connector()
    with pytest.raises(ViewUnfit, match=r"column `card_no` of `v_gate06_reader` is of type .*, no single value"):
        await department.view().require()
    assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")
    assert "CN-171" in (await connector.check()).detail


async def test_a_truth_is_read_by_a_code_list_and_is_no_text(department: Department) -> None:
    await department.run(VIEW_OF.format("true AS card_no, branch = '02' AS branch"))

    def with_codes(tree: dict[str, Any]) -> None:
        tree["code_lists"]["branches"]["values"] = {"true": "mobile", "false": "centre"}

    assert "column `card_no`" in (await department.connector(with_codes).check()).detail
    await department.run(VIEW_OF.format("card_no, branch = '02' AS branch"))
    answer = await outcome_of(department.connector(with_codes), ask_about(3))
    assert answer["the_sample_branch"].value == "mobile"


@pytest.mark.parametrize("column", ["gen_random_uuid()", "12.50::numeric", "7", "'x'::plain", "'a'::letter", "now()"])
async def test_single_values_of_every_kind_are_told(department: Department, column: str) -> None:
    await department.run("CREATE DOMAIN plain AS text; CREATE TYPE letter AS ENUM ('a')")
    await department.run(VIEW_OF.format(f"branch, {column} AS card_no"))
    answer = await outcome_of(department.connector(), ask_about(3))
    assert isinstance(answer["the_sample_card_number"], Found)


async def test_the_connection_itself_cannot_write(department: Department) -> None:
    connection = await department.view()._connect()
    await department.run("GRANT INSERT ON reader TO gate06_reader")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.execute("INSERT INTO reader (citizen_id) VALUES ('x')")
    await connection.close()


async def test_a_statement_ends_after_its_timeout(department: Department) -> None:
    slow = "CREATE OR REPLACE VIEW v_gate06_reader AS SELECT r.* FROM reader r, pg_sleep(20)"
    view = department.view(timeout_for=0.3)
    await department.run(slow)
    with pytest.raises(SourceTrouble) as caught:
        await view.rows(["999175000003"], timeout_for=10.0)
    assert caught.value.outcome == Unavailable(reason="timeout")
    assert (await department.view().check()).state == "up"


async def test_a_database_that_is_not_there_is_unreachable_and_says_no_address(department: Department) -> None:
    view = View(name="v", by=("a",), columns=("b",))
    for url in ("postgresql://r@127.0.0.1:1/x", "postgresql://r@169.254.169.254/x", "postgresql://r@10.0.0.1/x"):
        made = SqlView(view, Database(url=url, timeout_for=0.5), LAB)
        with pytest.raises(SourceTrouble) as caught:
            await made.rows(["x"], timeout_for=1.0)
        assert caught.value.outcome == Unavailable(reason="unreachable")
        assert (await made.check()).state == "down"
        await made.close()


async def test_a_password_is_never_shown() -> None:
    assert "hunter2" not in repr(Database(url="postgresql://r@h/x", password="hunter2"))
