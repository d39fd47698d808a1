"""PostgreSQL 15+ through asyncpg: one round trip for a load, one for a batch of commits."""
