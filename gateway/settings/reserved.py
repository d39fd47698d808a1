"""Settings that are read and checked and steer nothing in this version: whoever sets one is told."""

from collections.abc import Iterator

from gateway.settings.tree import Settings

RESERVED = frozenset(
    {
        *("proxy.trusted", "proxy.client_cert_header"),
        "resource.act_aware",
        "portal.require_auth_time",
    }
)
"""Read and checked, and without effect in this version: what they steer is not built yet."""


def reserved_in(settings: Settings) -> Iterator[str]:
    """Yield the dotted name of every reserved setting that somebody set."""
    yield from sorted(RESERVED & settings.origins.keys())
    for table, rows in (("portal", settings.portal), ("resource", settings.resource)):
        for row in rows:
            named = sorted(name for name in row.model_fields_set if f"{table}.{name}" in RESERVED)
            identity = getattr(row, "client_id", None) or getattr(row, "identifier", "")
            yield from (f"{table} `{identity}`: {name}" for name in named)
