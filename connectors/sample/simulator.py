"""Plays the invented library over REST and SOAP: `gate06 simulate toy`.

`GET /readers/{number}?birth=` wants the header X-Api-Key, `POST /soap` Basic credentials; both the key of
`shared/toy.key`, unless another door is given (signed statements, WS-Security). Every record holds a member that no
manifest names. `/_faults` and `/_calls` steer and watch it, `/_refusals` says why the door stayed shut.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.sample.readers import Reader, as_envelope, as_fault, as_members, readers
from gateway.connector_runtime.contract.document import Malformed, child, descendants, read_document, text_of
from gateway.connector_runtime.contract.simulator_credentials import Door, Doors
from gateway.connector_runtime.contract.simulator_faults import Fault
from gateway.connector_runtime.contract.simulator_register import Play, Register, steering_routes
from gateway.connector_runtime.contract.values import read_date
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key

KEY = "toy-register-key-1"
USER = "gate06"
_PLAY = Play(
    look_up="FindReader",
    write_people=lambda people, shape: b"",
    write_error=lambda code: b"",
    slow_for=lambda person: 0,
)


class KeyDoor:
    """Opens for the key: in a header of its own for REST, as a password for SOAP."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._basic = "Basic " + b64encode(f"{USER}:{key}".encode()).decode("ascii")

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a call is refused."""
        proofs = {"authorization": self._basic, "x-api-key": self._key}
        if request.url.path != "/health":  # which both faces probe
            proofs.pop("x-api-key" if request.url.path == "/soap" else "authorization")
        return None if any(request.headers.get(name) == wanted for name, wanted in proofs.items()) else "key"


class Library:
    """Who reads there, how the service fails today, and who asked. `seal` signs what the SOAP face
    answers to a question."""

    def __init__(self, door: Door, seal: Callable[[bytes, bytes], bytes]) -> None:
        self.steering = Register([], _PLAY)
        self.doors = Doors(door)
        self._seal = seal
        self._readers = readers()

    async def rest(self, request: Request) -> Response:
        """Answer one reader as JSON; nobody is a 404 with a word in it."""
        if not self.doors.opens(request, await request.body()):
            return JSONResponse({"error": "no_key"}, 401)
        number = request.path_params["number"]
        found = self._find(number, request.query_params.get("birth", ""))
        return await self._answer(number, found, _in_json)

    async def soap(self, request: Request) -> Response:
        """Answer one reader in an envelope."""
        if not self.doors.opens(request, await request.body()):
            return Response("refused\n", 401, media_type="text/plain")
        try:
            asked = next(descendants(read_document(await request.body()), "findreader"), None)
        except Malformed:
            asked = None
        if asked is None:
            return _xml(as_fault("Client.NotUnderstood"), 500)
        number = text_of(child(asked, "citizenid"))
        found = self._find(number, text_of(child(asked, "birth")))
        if found is not None and name_key(found.person.full_name) != name_key(text_of(child(asked, "name"))):
            found = None
        question = await request.body()

        def seal(body: bytes) -> bytes:
            return self._seal(body, question)

        return await self._answer(number, found, lambda rows, error: _in_envelope(rows, error, seal))

    def _find(self, number: str, born: str) -> Reader | None:
        """Return a reader when number and birth date agree."""
        found, told = self._readers.get(number), read_date(born)
        if found is None or told is None:
            return None
        return found if PartialDate.parse(found.person.birth_date).agrees_with(told) else None

    async def _answer(self, number: str, found: Reader | None, write: "Writer") -> Response:
        faults = self.steering.faults.strike(number)
        self.steering.call_count += 1
        self.steering.last_calls.append({"number_hash": sha256(number.encode()).hexdigest()})
        for fault in faults:
            if fault.name == "slow":
                await asyncio.sleep(fault.seconds)
        breaking = next((fault for fault in faults if fault.name != "slow"), None)
        if breaking is None:
            return write([] if found is None else [found], "")
        return self._break(breaking, found or next(iter(self._readers.values())), write)

    def _break(self, fault: Fault, subject: Reader, write: "Writer") -> Response:
        other = next(one for one in self._readers.values() if one is not subject)
        replies: Mapping[str, Callable[[], Response]] = {
            "down": lambda: Response("unavailable\n", 503, headers={"Retry-After": "30"}),
            "html200": lambda: HTMLResponse("<!doctype html><title>Bảo trì</title>"),
            "unauthorised": lambda: Response("refused\n", 401),
            "denied_procedure": lambda: write([], "no_right"),
            "denied_officer": lambda: write([], "no_right"),
            "soap_fault": lambda: write([], "broken"),
            "no_match": lambda: write([], ""),
            "other_person": lambda: write([other], ""),
            "ambiguous": lambda: write([subject, subject], ""),
        }
        if fault.name in replies:
            return replies[fault.name]()
        whole = bytes(write([subject], "").body)
        if fault.name == "oversize":
            return Response(whole + b" " * 5_000_000, media_type="application/json")
        if fault.name == "document_type":
            spoilt = whole.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1)
            return _xml(spoilt, 200) if spoilt != whole else Response(b'{"data":1,"data":2}', 200)
        return Response(whole[: len(whole) // 2], 200)


Writer = Callable[[list[Reader], str], Response]


def _in_json(found: list[Reader], error: str) -> Response:
    if error:
        return JSONResponse({"error": error}, 403 if error == "no_right" else 500)
    if not found:
        return JSONResponse({"error": "no_reader"}, 404)
    rows: Any = [as_members(one) for one in found]
    body = json.dumps({"data": {"reader": rows if len(rows) > 1 else rows[0]}}, ensure_ascii=False)
    return Response(body, media_type="application/json")


def _in_envelope(found: list[Reader], error: str, seal: Callable[[bytes], bytes]) -> Response:
    if error:
        return _xml(seal(as_fault("Client.NoRight" if error == "no_right" else "Server.Broken")), 500)
    return _xml(seal(as_envelope(found)), 200)


def _xml(body: bytes, status: int) -> Response:
    return Response(body, status, media_type="text/xml")


def create_application(
    *, key: str = KEY, door: Door | None = None, seal: Callable[[bytes, bytes], bytes] = lambda body, question: body
) -> Starlette:
    """Return the library. `key` is what callers prove themselves with unless there is another `door`."""
    library = Library(door or KeyDoor(key), seal)

    async def tell_health(request: Request) -> Response:
        # a probe that anybody passes would prove no key; other doors want a message, or take a statement only once
        if isinstance(library.doors.door, KeyDoor) and not library.doors.opens(request, b""):
            return JSONResponse({"error": "denied"}, 401)
        return JSONResponse({"status": "up"})

    return Starlette(
        routes=[
            Route("/health", tell_health, methods=["GET"]),
            Route("/readers/{number:path}", library.rest, methods=["GET"]),
            Route("/soap", library.soap, methods=["POST"]),
            *steering_routes(library.steering),
            library.doors.route(),
        ]
    )
