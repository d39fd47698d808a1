"""The ground: records, single-use marks, events, the tree over them, checkpoints, leases."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("lease", "checkpoint", "tile", "tree", "event", "spent", "record")

SQLITE_TRIGGERS = (
    """CREATE TRIGGER event_stays BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER event_unaltered BEFORE UPDATE ON event
    WHEN OLD.log_index IS NOT NULL OR NEW.log_index IS NULL
      OR NEW.position IS NOT OLD.position OR NEW.receipt IS NOT OLD.receipt OR NEW.at IS NOT OLD.at
      OR NEW.leaf IS NOT OLD.leaf OR NEW.subject_tag IS NOT OLD.subject_tag OR NEW.client_id IS NOT OLD.client_id
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
)


def upgrade() -> None:
    """Make the tables, the append-only triggers and, on PostgreSQL, the commit function."""
    create_record_tables()
    create_event_table()
    create_log_tables()
    op.execute("INSERT INTO tree (id, size) VALUES (1, 0)")
    if op.get_bind().dialect.name == "sqlite":
        for trigger in SQLITE_TRIGGERS:
            op.execute(trigger)
    else:
        functions = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
        for statement in functions.split("\n--;\n"):
            op.get_bind().exec_driver_sql(statement)


def create_record_tables() -> None:
    """Make `record` and `spent`; few indexes, as every commit pays for them."""
    op.create_table(
        "record",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("grp", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    create_partial_index("record_by_group", "record", ["grp"], "grp IS NOT NULL")
    create_partial_index("record_by_subject", "record", ["subject"], "subject IS NOT NULL")
    create_partial_index("record_by_expiry", "record", ["expires_at"], "expires_at IS NOT NULL")
    op.create_table(
        "spent",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def create_event_table() -> None:
    """Make `event`; what is not in the tree yet is found by an index that holds nothing else."""
    op.create_table(
        "event",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("receipt", sa.Text, nullable=False, unique=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("subject_tag", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("log_index", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    create_partial_index("event_pending", "event", ["position"], "log_index IS NULL")
    create_partial_index("event_by_index", "event", ["log_index"], "log_index IS NOT NULL", unique=True)
    create_partial_index("event_by_subject", "event", ["subject_tag", "position"], "subject_tag IS NOT NULL")


def create_log_tables() -> None:
    """Make `tree`, `tile`, `checkpoint` and `lease`."""
    op.create_table(
        "tree",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def create_partial_index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    """Make an index over the rows that meet a condition."""
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop everything."""
    if op.get_bind().dialect.name != "sqlite":
        for function in ("gate06_commit(jsonb)", "gate06_apply(jsonb, bigint)", "gate06_commit_version()"):
            op.execute(f"DROP FUNCTION {function}")
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION gate06_refuse()")
