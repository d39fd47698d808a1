"""What alembic runs: the scripts, on the connection and inside the transaction that `apply.py` opened."""

from alembic import context

from gateway.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the transaction is the caller's: it also holds the lock against other workers
)
context.run_migrations()
