"""What the opened parts of a storage are made of, and what a check of them says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.audit.journal import Checkpoints, Journal, Leases, Tree
from gateway.storage.rows import Backend


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `name` of the part, whether it is in order, a sentence without secrets.

    `production_only` says that a developer's gateway may go on without it.
    """

    name: str
    in_order: bool
    detail: str
    production_only: bool = False

    def good_enough(self, *, develop: bool) -> bool:
        """Tell whether a gateway of this profile can serve with it."""
        return self.in_order or (develop and self.production_only)


@dataclass(frozen=True, slots=True)
class Durability:
    """What Redis survives: `append_only` whether its AOF is on, `restarted` whether its run id changed."""

    run_id: str
    append_only: bool
    restarted: bool


class Log(Journal, Tree, Protocol):
    """The journal and the tree of one database."""


class Notes(Checkpoints, Leases, Protocol):
    """The checkpoints and the leases of one database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An opened SQL database."""

    backend: Backend
    log: Log
    notes: Notes
    check: Callable[[], Awaitable[list[Finding]]]
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFront:
    """An opened Redis in front of a database."""

    backend: Backend
    durability: Callable[[], Awaitable[Durability]]
    remembers_since: Callable[[], datetime | None]
    check: Callable[[], Awaitable[list[Finding]]]
    close: Callable[[], Awaitable[None]]
