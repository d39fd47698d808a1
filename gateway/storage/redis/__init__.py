"""Redis 7.0+ in front of a SQL backend: Redis decides the race, SQL makes it final."""
