"""What stands between a question and a connector: may this source be asked now, and through which of its tables.

The runtime knows no approvals. It asks `Steering` before every question and tells it every answer; who decides what it
says is `connector_lifecycle.standing`.
"""

from typing import Protocol

from gateway.connector_runtime.contract import Answer
from gateway.vocabulary.provenance import Unavailable


class Steering(Protocol):
    """Decides before, and is told after."""

    def route(self, source: str, request_id: str) -> str | Unavailable:
        """Return the table of the settings that answers for a source, or why nothing may be asked through it."""
        ...

    def observe(self, source: str, table: str, answer: Answer) -> None:
        """Count how a question that a table answered came out. Raises nothing, keeps no value."""
        ...


class Unsteered:
    """Every table answers for itself: for registries outside a gateway (the kit's, a test's)."""

    def route(self, source: str, request_id: str) -> str | Unavailable:
        """Return the source itself."""
        return source

    def observe(self, source: str, table: str, answer: Answer) -> None:
        """Count nothing."""
