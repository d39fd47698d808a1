"""A conformance plan as data: modules by the suite's own names, each with the clause it rests on and its check.

A check is a function of a `Run`: it sends HTTP, says what must stand on the wire, and what it said and saw is kept in
`Run.steps`, which becomes the module's lines in docs/conformance.md. Checks are shared between plans; a plan says how
its requests travel (`mode`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.running import Gateway

ANY, NONE = object(), object()
"""Whatever the value is; and: the member must not be there."""


class NotApplicable(Exception):
    """A module that asks for what is not offered. `member` names the metadata that says so."""

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


@dataclass(frozen=True, kw_only=True)
class Wire:
    """An answer as a client reads it: `members` is its JSON, or what a redirect carried."""

    sent: str
    status: int
    members: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass
class Run:
    """One module under way: the gateway it talks to, how its plan sends requests, and what was seen so far."""

    gateway: Gateway
    mode: str = "query"
    steps: list[tuple[str, str]] = field(default_factory=list)

    def see(self, wire: Wire, status: int, /, **expected: object) -> Mapping[str, Any]:
        """Require a status and members (a value, `ANY` or `NONE`), and keep both; return the members."""
        assert wire.status == status, (wire.sent, wire.status, wire.text[:2000], wire.members)
        said = []
        for name, value in expected.items():
            if value is NONE:
                assert name not in wire.members, f"{wire.sent}: `{name}` came"
                said.append(f"no {name}")
            else:
                assert name in wire.members, f"{wire.sent}: `{name}` is missing in {sorted(wire.members)}"
                assert value is ANY or wire.members[name] == value, (wire.sent, name, wire.members[name], value)
                said.append(name if value is ANY else f"{name}={self.plain(value)}")
        self.note(wire.sent, f"{status} {', '.join(said)}".strip())
        return wire.members

    def note(self, sent: str, seen: str) -> None:
        """Keep a step that a check looked at itself."""
        self.steps.append((sent, seen))

    def plain(self, value: object) -> str:
        """Return a value as the page tells it: the issuer's port differs from run to run."""
        return str(value).replace(self.gateway.issuer, "{issuer}")

    def require_offered(self, member: str, *, offered: bool) -> None:
        """Raise NotApplicable for a module whose feature the discovery document does not offer."""
        if not offered:
            raise NotApplicable(member)


Check = Callable[[Run], None]


@dataclass(frozen=True, kw_only=True)
class Module:
    """One module of a plan, under the suite's name."""

    name: str
    clause: str
    check: Check

    @property
    def row(self) -> tuple[str, Check]:
        """Clause and check, for a plan that shares them."""
        return self.clause, self.check


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan of the suite. `count` is how many modules protocol and suite list for it."""

    name: str
    title: str
    count: int
    modules: tuple[Module, ...]
    mode: str = "query"


def modules_of(prefix: str, rows: Mapping[str, tuple[str, Check]]) -> tuple[Module, ...]:
    """Return modules from a table of name without prefix, clause and check."""
    return tuple(Module(name=prefix + name, clause=clause, check=check) for name, (clause, check) in rows.items())
