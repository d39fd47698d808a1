"""Alembic scripts, one code path for SQLite and PostgreSQL; run by `apply.py` under a lock, so by one worker."""
