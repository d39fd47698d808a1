"""Secrets that a service wants inside the question itself: `{secret:NAME}` in a query, a header or a body.

The manifest holds the name alone. The operator's `secret_files` say in which file the secret is; it is read when the
connector is made, escaped for its place like every value, and shown nowhere.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.kinds.secret_files import octets_of
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import CredentialUnfit
from gateway.connector_runtime.mapping.template import SECRET_SLOT

HIDDEN = "-hidden-"
"""What stands in the place of a secret wherever people see a question."""

_SLOT = re.compile(rf"(?<!\{{)\{{\s*{SECRET_SLOT.pattern}\s*\}}")


def secret_names(manifest: Manifest) -> tuple[str, ...]:
    """Return the names of the secrets that a manifest's question holds, each once, in order."""
    if manifest.operations is None:
        return ()
    look_up = manifest.operations.lookup
    texts = (text for table in (look_up.query, look_up.headers, look_up.header, look_up.body) for text in _texts(table))
    return tuple(dict.fromkeys(match[1] for text in texts for match in _SLOT.finditer(text)))


def secret_references(manifest: Manifest) -> tuple[str, ...]:
    """Return every name by which a manifest means a secret text: that of `auth`, and those of its slots."""
    own = (manifest.auth.secret_ref,) if manifest.auth.secret_ref else ()
    return tuple(dict.fromkeys((*own, *secret_names(manifest))))


def read_slots(manifest: Manifest, settings: ConnectorSettings) -> dict[str, str]:
    """Return the secrets of a question by the input they are. Raises SecretUnnamed, CredentialUnfit, OSError."""
    found = {}
    for name in secret_names(manifest):
        try:
            found[f"secret:{name}"] = octets_of(name, "operations.lookup", settings).decode("utf-8").strip()
        except UnicodeDecodeError:
            raise CredentialUnfit(f"the file of `{name}` is no text") from None
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
