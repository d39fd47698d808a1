"""The tables, once for both dialects. Times are microseconds since 1970 (UTC)."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

record = Table(
    "record",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", BigInteger),
    Column("grp", Text),
    Column("subject", Text),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
for _name, _column in (("group", "grp"), ("subject", "subject"), ("expiry", "expires_at")):
    _condition = text(f"{_column} IS NOT NULL")
    Index(f"record_by_{_name}", record.c[_column], sqlite_where=_condition, postgresql_where=_condition)

# One row per single-use thing that was spent, so that a Redis that forgot cannot let a second one win.
spent = Table(
    "spent",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

event = Table(
    "event",
    metadata,
    # SQLite numbers rows by itself only for a column of type INTEGER
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("receipt", Text, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("subject_tag", Text),
    Column("client_id", Text),
    Column("log_index", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "event_pending",
    event.c.position,
    sqlite_where=text("log_index IS NULL"),
    postgresql_where=text("log_index IS NULL"),
)
Index(
    "event_by_index",
    event.c.log_index,
    unique=True,
    sqlite_where=text("log_index IS NOT NULL"),
    postgresql_where=text("log_index IS NOT NULL"),
)
Index(
    "event_by_subject",
    event.c.subject_tag,
    event.c.position,
    sqlite_where=text("subject_tag IS NOT NULL"),
    postgresql_where=text("subject_tag IS NOT NULL"),
)

tree = Table("tree", metadata, Column("id", Integer, primary_key=True), Column("size", BigInteger, nullable=False))

tile = Table(
    "tile",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
