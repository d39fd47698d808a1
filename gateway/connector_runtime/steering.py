"""What stands between a question and a connector: may this source be asked now, and through which of its tables.

The runtime knows no approvals. It asks `Steering` before every question and tells it every answer; who decides what it
says is `connector_lifecycle.standing`.
"""

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from gateway.connector_runtime.contract import Answer
from gateway.vocabulary.provenance import Unavailable


class Heard(NamedTuple):
    """What a source itself said, of whom: no kept value, nothing the gateway refused before it asked, no pause the
    source asked for. `person` tells people apart and is stored nowhere; `drifted` when this answer made it a drift."""

    answer: Answer
    person: Hashable
    drifted: bool = False


class Steering(Protocol):
    """Decides before, and is told after."""

    def route(self, source: str, request_id: str) -> str | Unavailable:
        """Return the table of the settings that answers for a source, or why nothing may be asked through it."""
        ...

    def observe(self, source: str, table: str, answer: Answer, heard: Heard | None = None) -> None:
        """Count how a question that a table answered came out, and what the source said, if it was asked. Raises
        nothing, keeps no value."""
        ...


class Unsteered:
    """Every table answers for itself: for registries outside a gateway (the kit's, a test's)."""

    def route(self, source: str, request_id: str) -> str | Unavailable:
        """Return the source itself."""
        return source

    def observe(self, source: str, table: str, answer: Answer, heard: Heard | None = None) -> None:
        """Count nothing."""
