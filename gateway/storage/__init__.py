"""Storage: one contract, three backends, nothing personal in clear.

`open_storage` (open.py) joins the parts. `SealedStore` (sealed.py) turns records into sealed rows (encryption.py,
citizen_keys.py) and changes into steps (rows.py); a backend sees rows and steps only. `sqlite/` and `postgresql/`
keep everything and hold the log; `redis/` decides the races of short-lived kinds in front of one of them, and the
SQL transaction behind it makes the result final. `migrations/` are alembic scripts over `tables.py`, one code path
for both dialects; the hot path never goes through SQLAlchemy.
"""
