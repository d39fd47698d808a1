"""SQLite (WAL) on the event loop: calls of microseconds, one file shared by several worker processes."""
