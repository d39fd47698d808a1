"""The composition root: the only place that joins everything.

`assembly` opens storage, keys, policy, connectors and identity providers and joins them through the protocols that
they declare; `joints` holds the small adapters between folders that do not know each other; `shell` is the ASGI
surface around all of it: trace id, one log line, metrics, and what a bug looks like from outside.
"""

from gateway.application.assembly import create_application

__all__ = ["create_application"]
