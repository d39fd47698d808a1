"""Playing a register that answers JSON about one person: who is in it, how it fails today, and who asked.

A register's own simulator brings a `JsonPlay`: how a caller proves itself, whom a request asks about, and how answers
are written. Faults and the count of calls are those of every register.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Generic, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.connector_runtime.contract.simulator_faults import Fault
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED, remembered_people
from gateway.connector_runtime.contract.simulator_question import Refusal
from gateway.connector_runtime.contract.simulator_register import Play, Register
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key
from gateway.vocabulary.persona import Persona, personas
from gateway.vocabulary.register_persona import Entries, entries_of

T = TypeVar("T")
Body = tuple[int, Any]
"""Status and JSON of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A question as it arrived; an empty name and a date that is None are not compared. `requester` is who asks."""

    operation: str
    number: str
    request_id: str = ""
    procedure: str = ""
    name: str = ""
    born: PartialDate | None = None
    requester: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPlay(Generic[T]):
    """What a register's own simulator brings.

    `opens` tells whether the caller proved itself; `read` returns whom a request asks about, or raises Refusal or
    ValueError. `write` returns the answer about these entries (none: nobody), `refuse` the one about a missing right.
    """

    opens: Callable[[Request], bool]
    read: Callable[[Request, bytes], Sought]
    write: Callable[[Sought, Sequence[tuple[Persona, T]]], Body]
    refuse: Callable[[], Body]


@dataclass(slots=True)
class JsonRegister(Generic[T]):
    """The people of a register with what it holds of each; `steering` takes faults and counts calls."""

    people: Mapping[str, tuple[Persona, T]]
    play: JsonPlay[T]
    steering: Register = field(init=False)

    def __post_init__(self) -> None:
        self.steering = Register([person for person, _ in self.people.values()], _STEERED)

    async def answer(self, request: Request) -> Response:
        """Answer one question."""
        if not self.play.opens(request):
            return Response(b'{"error":"unauthorised"}', 401, media_type="application/json")
        try:
            asked = self.play.read(request, await request.body())
        except (Refusal, ValueError):
            return _json((400, {"error": "bad_request"}))
        faults = self.steering.faults.strike(asked.number)
        found = self._find(asked)
        breaking = next((one for one in faults if one.name != "slow"), None)
        outcome = breaking.name if breaking else ("found" if found else "no_match")
        self.steering.note(asked, outcome)
        if asked.requester:
            self.steering.last_calls[-1]["requester_hash"] = sha256(asked.requester.encode()).hexdigest()
        await asyncio.sleep(max((one.seconds for one in faults if one.name == "slow"), default=0))
        return self._break(breaking, asked, found) if breaking else _json(self.play.write(asked, found))

    def _find(self, asked: Sought) -> Sequence[tuple[Persona, T]]:
        """Return the one entry whose number, name and birth date agree with what was asked; none otherwise."""
        found = self.people.get(asked.number)
        if found is None:
            return ()
        person, _ = found
        if asked.name and name_key(person.full_name) != name_key(asked.name):
            return ()
        if asked.born is not None and not PartialDate.parse(person.birth_date).agrees_with(asked.born):
            return ()
        return (found,)

    def _break(self, fault: Fault, asked: Sought, found: Sequence[tuple[Persona, T]]) -> Response:
        subject = found[0] if found else next(iter(self.people.values()))
        other = next(one for number, one in self.people.items() if number != asked.number)
        # the service takes its own number for the subject's: so one who is not in the register can be told twice
        twin = (replace(other[0], personal_number=subject[0].personal_number), other[1])
        write = self.play.write
        replies: Mapping[str, Callable[[], Response]] = {
            "down": lambda: Response("unavailable\n", 503, headers={"Retry-After": "30"}),
            "html200": lambda: HTMLResponse("<!doctype html><title>Bảo trì</title>"),
            "unauthorised": lambda: Response(b'{"error":"unauthorised"}', 401, media_type="application/json"),
            "denied_procedure": lambda: _json(self.play.refuse()),
            "denied_officer": lambda: _json(self.play.refuse()),
            "soap_fault": lambda: _json((500, {"error": "internal"})),
            "no_match": lambda: _json(write(asked, ())),
            "other_person": lambda: _json(write(asked, (other,))),
            "ambiguous": lambda: _json(write(asked, (subject, twin))),
        }
        if fault.name in replies:
            return replies[fault.name]()
        whole = bytes(_json(write(asked, (subject,))).body)
        if fault.name == "oversize":
            whole += b" " * 1_300_000
        elif fault.name == "document_type":
            whole = whole.replace(b"{", b'{"x":1,"x":2,', 1)
        else:
            whole = whole[: len(whole) // 2]
        return Response(whole, media_type="application/json")


def known_people(
    entry: Callable[[Entries], T | None], seed: int = SEED, count: int = COUNT
) -> dict[str, tuple[Persona, T]]:
    """Return everybody a register knows by their number: personas and generated people of whom it holds an entry."""
    people: Iterable[Persona] = (*personas(), *remembered_people(seed, count))
    return {
        one.personal_number: (one, held)
        for one in people
        if one.personal_number is not None and (held := entry(entries_of(one))) is not None
    }


def _json(body: Body) -> Response:
    return Response(orjson.dumps(body[1]), body[0], media_type="application/json")


# a register of this kind is steered as all others are; what it answers is written by its own play
_STEERED = Play(look_up="lookup", write_people=lambda people, shape: b"", write_error=lambda code: b"")
