"""Playing a register of the exchange platform: who is in it, how it fails today, who asked, and its two faces.

A register's own simulator says how its answers are written (`Play`); questions, credentials, faults and the count of
calls are the same for all and stand here. Both faces, NDXP and LGSP, ask one and the same register.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract import Speech
from gateway.connector_runtime.contract.simulator_faults import (
    NAMES,
    Fault,
    FaultBoard,
    FaultRefused,
    read_fault,
)
from gateway.connector_runtime.contract.simulator_question import Asked, Refusal, read_question
from gateway.connector_runtime.contract.simulator_writing import Shape, shape_of, write_fault
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key
from gateway.vocabulary.persona import Persona, personas


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What a register's own simulator brings.

    `look_up` and `verify` are its operations' names (`verify` None when it has none); the writers return SOAP bytes:
    `write_people` the answer about these people (an empty list: nobody), `write_error` an error code, `write_found`
    whether somebody was found. `slow_for` is how many seconds a person takes by themselves; `bury` returns a person
    as dead (fault `deceased`), None where the register does not know.
    """

    look_up: str
    write_people: Callable[[list[Persona], Shape], bytes]
    write_error: Callable[[str], bytes]
    verify: str | None = None
    write_found: Callable[[bool, Shape], bytes] | None = None
    slow_for: Callable[[Persona], float] = lambda person: 0.0
    bury: Callable[[Persona], Persona] | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations there are."""
        return (self.look_up, self.verify) if self.verify else (self.look_up,)

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults there are."""
        return (*NAMES, "deceased") if self.bury else NAMES


class Noted(Protocol):
    """What is kept of a question for `GET /_calls`."""

    @property
    def operation(self) -> str:
        """What was asked for."""
        ...

    @property
    def request_id(self) -> str:
        """The caller's own id."""
        ...

    @property
    def procedure(self) -> str:
        """For which procedure."""
        ...

    @property
    def number(self) -> str:
        """About which number; only its hash is kept."""
        ...


class Face(Protocol):
    """One bus in front of the register."""

    @property
    def speech(self) -> Speech:
        """The form of its messages."""
        ...

    def opens(self, request: Request) -> bool:
        """Tell whether the caller's credentials are right and fresh."""
        ...

    def wrap(self, body: bytes, status: int) -> Response:
        """Return an answer, given as SOAP bytes, as this bus carries it."""
        ...


@runtime_checkable
class UnwrapsQuestion(Protocol):
    """A further ability of a face: questions come wrapped, and the wrapper proves something, too."""

    def unwrap(self, body: bytes) -> bytes:
        """Return the question. Raises Refusal."""
        ...


class Register:
    """Who is in it, how it fails today, and who asked."""

    def __init__(self, people: Iterable[Persona], play: Play) -> None:
        self.play = play
        self.faults = FaultBoard()
        self.call_count = 0
        self.last_calls: deque[dict[str, Any]] = deque(maxlen=100)
        self._by_number: dict[str, Persona] = {}
        for person in people:
            for number in (person.personal_number, person.old_number):
                if number is not None:
                    self._by_number[number] = person

    def find(self, asked: Asked) -> Persona | None:
        """Return the person when number, name and birth date all agree."""
        person = self._by_number.get(asked.number)
        if person is None or name_key(person.full_name) != name_key(asked.name):
            return None
        return person if PartialDate.parse(person.birth_date).agrees_with(asked.born) else None

    def note(self, asked: Noted, outcome: str) -> None:
        """Keep a call for `GET /_calls`; numbers are hashed, names and dates left out."""
        self.call_count += 1
        known = self._by_number.get(asked.number)
        self.last_calls.append(
            {
                "number_hash": sha256(asked.number.encode()).hexdigest(),
                "persona": known.index if known and known.index <= len(personas()) else None,
                "operation": asked.operation,
                "procedure": asked.procedure,
                "request_id": asked.request_id,
                "outcome": outcome,
            }
        )

    def somebody_else(self, number: str) -> Persona:
        """Return a persona with another number."""
        return next(one for one in personas() if one.personal_number not in {number, None})


def service_routes(register: Register, path: str, face: Face) -> list[Route]:
    """Return the routes of one face: POST asks, GET describes."""

    async def ask(request: Request) -> Response:
        if not face.opens(request):
            return _unauthorised()
        try:
            body = await request.body()
            if isinstance(face, UnwrapsQuestion):
                body = face.unwrap(body)
            asked = read_question(body, register.play.operations, face.speech)
        except Refusal as refusal:
            return face.wrap(write_fault(str(refusal)), 500)
        return await _answer(register, asked, face)

    async def describe(request: Request) -> Response:
        return JSONResponse({"operations": register.play.operations}) if face.opens(request) else _unauthorised()

    return [Route(path, ask, methods=["POST"]), Route(path, describe, methods=["GET"])]


def steering_routes(register: Register) -> list[Route]:
    """Return `/_faults` and `/_calls`."""

    async def tell_calls(_: Request) -> Response:
        return JSONResponse({"count": register.call_count, "last": list(register.last_calls)})

    return [
        Route("/_faults", _faults_endpoint(register), methods=["GET", "PUT", "DELETE"]),
        Route("/_calls", tell_calls, methods=["GET"]),
    ]


async def _answer(register: Register, asked: Asked, face: Face) -> Response:
    faults = register.faults.strike(asked.number)
    person = register.find(asked)
    slow_for = max(
        [fault.seconds for fault in faults if fault.name == "slow"]
        + ([register.play.slow_for(person)] if person else []),
        default=0,
    )
    breaking = [fault for fault in faults if fault.name != "slow"]
    outcome = breaking[0].name if breaking else ("found" if person else "no_match")
    register.note(asked, outcome)
    if slow_for:
        await asyncio.sleep(slow_for)
    if breaking:
        return _break(breaking[0], register, asked, person, face)
    if person is None and faults:
        person = _stand_in(asked)  # a magic number that is only slow still names somebody
    shape = shape_of(person.index if person else 0)
    return face.wrap(_tell(register.play, asked, [person] if person else [], shape), 200)


def _tell(play: Play, asked: Asked, people: list[Persona], shape: Shape) -> bytes:
    if asked.operation == play.verify and play.write_found is not None:
        return play.write_found(bool(people), shape)
    return play.write_people(people, shape)


def _break(fault: Fault, register: Register, asked: Asked, person: Persona | None, face: Face) -> Response:
    """Return the broken answer; someone stands in where the number is not in the register."""
    play = register.play
    subject = person or _stand_in(asked)
    shape = shape_of(subject.index)
    other = register.somebody_else(asked.number)
    several = [subject, replace(other, personal_number=subject.personal_number)]

    def told(*people: Persona) -> Response:
        return face.wrap(_tell(play, asked, list(people), shape), 200)

    replies: dict[str, Callable[[], Response]] = {
        "down": lambda: Response("unavailable\n", 503, media_type="text/plain", headers={"Retry-After": "30"}),
        "html200": lambda: HTMLResponse("<!doctype html><title>Bảo trì</title><h1>Hệ thống đang bảo trì</h1>"),
        "unauthorised": _unauthorised,
        "denied_procedure": lambda: face.wrap(play.write_error("004"), 200),
        "denied_officer": lambda: face.wrap(play.write_error("005"), 200),
        "soap_fault": lambda: face.wrap(write_fault("Server.ServerProxy.NetworkError"), 500),
        "deceased": lambda: told(play.bury(subject) if play.bury else subject),
        "other_person": lambda: told(other),
        "ambiguous": lambda: told(*several),
        "no_match": told,
    }
    if fault.name in replies:
        return replies[fault.name]()
    whole = told(subject)
    return Response(_spoil(bytes(whole.body), fault.name, face.speech), 200, media_type=whole.media_type)


def _spoil(whole: bytes, fault: str, speech: Speech) -> bytes:
    """Return an answer as half a document, as too large a one, or as one that brings what no reader may follow."""
    if fault == "malformed":
        return whole[: len(whole) // 2]
    if speech != "soap":
        padding = b" " * 1_300_000 if fault == "oversize" else b'"response":{},"response":{},'
        return whole.replace(b"{", b"{" + padding, 1)
    if fault == "oversize":
        return whole.replace(b"?>", b"?><!--" + b" " * 1_300_000 + b"-->", 1)
    return whole.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1)


def _stand_in(asked: Asked) -> Persona:
    personal = asked.number if len(asked.number) == 12 else None
    return replace(
        personas()[2],
        personal_number=personal,
        old_number=None if personal else asked.number,
        full_name=asked.name,
        birth_date=str(asked.born),
    )


def _unauthorised() -> Response:
    return Response("credentials or timestamp refused\n", 401, media_type="text/plain")


def _faults_endpoint(register: Register) -> Callable[[Request], Awaitable[Response]]:
    board = register.faults

    async def endpoint(request: Request) -> Response:
        if request.method == "PUT":
            try:
                board.put(read_fault(json.loads(await request.body()), register.play.faults))
            except (FaultRefused, json.JSONDecodeError, UnicodeDecodeError) as error:
                text = str(error) if isinstance(error, FaultRefused) else "send a JSON object"
                return JSONResponse({"error": text}, 422)
        elif request.method == "DELETE":
            board.clear()
        return JSONResponse({"faults": board.listed()})

    return endpoint
