"""Plays the population database behind an NDXP security server, over the personas and 2,000 synthetic people.

`POST /ndxp/population` is the SOAP face. `PUT /_faults`, `GET /_faults`, `DELETE /_faults` and `GET /_calls` steer and
watch it (README.md). It checks what the real one checks: the time-bound secret, the element order, the three-way key.
"""

import asyncio
import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.population.document import Malformed, Unreadable, child, descendants, local_name, read_document, text_of
from connectors.population.envelope import OPERATION
from connectors.population.faults import Fault, FaultBoard, FaultRefused, invented, read_fault
from connectors.population.fields import read_birth_date
from connectors.population.people import COUNT, SEED, generate_people
from connectors.population.rendering import render_error, render_fault, render_people, shape_of
from gateway.vocabulary.clock import Clock, SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key
from gateway.vocabulary.persona import Persona, personas

PATH = "/ndxp/population"
DEMO_USER = "gate06-demo"
DEMO_SECRET = "demo-population-secret"  # noqa: S105  the simulator's own, worthless elsewhere

_ORDER = (
    "MaYeuCau",
    "MaDVC",
    "MaTichHop",
    "MaDonVi",
    "MaCanBo",
    "TaiKhoan",
    "SoDienThoai",
    "SoDinhDanh",
    "SoCMND",
    "HoVaTen",
    "NgayThangNamSinh",
)
_REQUIRED = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "HoVaTen", "NgayThangNamSinh")
_PATIENCE = 300_000  # milliseconds a timestamp may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A look-up as it arrived."""

    request_id: str
    procedure: str
    number: str
    name: str
    born: PartialDate


class Refusal(Exception):
    """The call cannot be answered as it is; becomes a SOAP fault with this text."""


class Population:
    """The register: who is in it, how it fails today, and who asked."""

    def __init__(self, people: Iterable[Persona]) -> None:
        self.faults = FaultBoard()
        self.call_count = 0
        self.last_calls: deque[dict[str, Any]] = deque(maxlen=100)
        self._by_number: dict[str, Persona] = {}
        for person in people:
            for number in (person.personal_number, person.old_number):
                if number is not None and person.population.known:
                    self._by_number[number] = person

    def find(self, asked: Asked) -> Persona | None:
        """Return the person when number, name and birth date all agree."""
        person = self._by_number.get(asked.number)
        if person is None or name_key(person.full_name) != name_key(asked.name):
            return None
        return person if PartialDate.parse(person.birth_date).agrees_with(asked.born) else None

    def note(self, asked: Asked, outcome: str) -> None:
        """Keep a call for `GET /_calls`; numbers are hashed, names and dates left out."""
        self.call_count += 1
        known = self._by_number.get(asked.number)
        self.last_calls.append(
            {
                "number_hash": sha256(asked.number.encode()).hexdigest(),
                "persona": known.index if known and known.index <= len(personas()) else None,
                "procedure": asked.procedure,
                "request_id": asked.request_id,
                "outcome": outcome,
            }
        )

    def somebody_else(self, number: str) -> Persona:
        """Return a persona with another number."""
        return next(one for one in personas() if one.personal_number not in {number, None})


def create_application(
    *,
    user: str = DEMO_USER,
    secret: str = DEMO_SECRET,
    auth_url: str | None = None,
    seed: int = SEED,
    count: int = COUNT,
    clock: Clock | None = None,
) -> Starlette:
    """Return the simulator. `auth_url` is what enters the time-bound secret, the URL called unless given."""
    population = Population([*personas(), *_people(seed, count)])
    door = Door(user, secret, auth_url, clock or SystemClock())

    async def look_up(request: Request) -> Response:
        if not door.opens(request):
            return Response("credentials or timestamp refused\n", 401, media_type="text/plain")
        try:
            asked = read_question(await request.body())
        except Refusal as refusal:
            return _xml(render_fault(str(refusal)), 500)
        return await _answer(population, asked)

    async def describe(request: Request) -> Response:
        if not door.opens(request):
            return Response("credentials or timestamp refused\n", 401, media_type="text/plain")
        return _xml(b'<?xml version="1.0" encoding="UTF-8"?><description>TraCuuThongTinCongDan</description>')

    async def tell_calls(request: Request) -> Response:
        return JSONResponse({"count": population.call_count, "last": list(population.last_calls)})

    return Starlette(
        routes=[
            Route(PATH, look_up, methods=["POST"]),
            Route(PATH, describe, methods=["GET"]),
            Route("/_faults", _faults_endpoint(population.faults), methods=["GET", "PUT", "DELETE"]),
            Route("/_calls", tell_calls, methods=["GET"]),
        ]
    )


@lru_cache(maxsize=2)
def _people(seed: int, count: int) -> tuple[Persona, ...]:
    return generate_people(seed, count)


@dataclass(frozen=True, slots=True)
class Door:
    """The security server's check of the caller; takes timestamps in milliseconds and, from old members, seconds."""

    user: str
    secret: str
    auth_url: str | None
    clock: Clock

    def opens(self, request: Request) -> bool:
        """Tell whether the time-bound secret is right and fresh."""
        stamp = request.headers.get("timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) in {10, 13}):
            return False
        sent_at = int(stamp) * (1000 if len(stamp) == 10 else 1)
        if abs(self.clock.now().timestamp() * 1000 - sent_at) > _PATIENCE:
            return False
        auth_url = self.auth_url or str(request.url.replace(query="", fragment=""))
        proof = sha256(f"{auth_url}{self.user}{stamp}{self.secret}".encode()).hexdigest()
        return compare_digest(_basic(request), f"{self.user}:{proof}".encode())


def _basic(request: Request) -> bytes:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        return b64decode(value, validate=True) if kind.lower() == "basic" else b""
    except NotBase64:
        return b""


def read_question(body: bytes) -> Asked:
    """Read a look-up and check names and order of its elements. Raises Refusal."""
    try:
        operation = next(descendants(read_document(body), OPERATION.lower()), None)
        if operation is None:
            raise Refusal("the body holds no TraCuuThongTinCongDan")
        _check_order(operation)
        texts = {name: text_of(child(operation, name.lower())) for name in _ORDER}
        born = read_birth_date(child(operation, "ngaythangnamsinh"))
    except (Malformed, Unreadable) as error:
        raise Refusal(str(error)) from None
    missing = [name for name in _REQUIRED[:-1] if not texts[name]] + ([] if born else ["NgayThangNamSinh"])
    number = texts["SoDinhDanh"] or texts["SoCMND"]
    if missing or born is None or not number:
        raise Refusal("missing: " + ", ".join(missing or ["SoDinhDanh or SoCMND"]))
    if texts["SoCMND"] and len(texts["SoCMND"]) != 9:
        raise Refusal("SoCMND has nine digits")
    if not (number.isascii() and number.isdigit() and invented(number)):
        raise Refusal("this simulator knows invented people only: numbers that start with 999 (nine digits: 099)")
    return Asked(
        request_id=texts["MaYeuCau"], procedure=texts["MaDVC"], number=number, name=texts["HoVaTen"], born=born
    )


def _check_order(operation: etree._Element) -> None:
    places = {name.lower(): place for place, name in enumerate(_ORDER)}
    last = -1
    for element in operation:
        name = local_name(element)
        if name not in places:
            raise Refusal(f"unknown element {name}")
        if places[name] <= last:
            raise Refusal(f"element {_ORDER[places[name]]} stands in the wrong place")
        last = places[name]


async def _answer(population: Population, asked: Asked) -> Response:
    faults = population.faults.strike(asked.number)
    person = population.find(asked)
    slow_for = max(
        [fault.seconds for fault in faults if fault.name == "slow"]
        + ([person.population.slow_seconds] if person else []),
        default=0,
    )
    breaking = [fault for fault in faults if fault.name != "slow"]
    outcome = breaking[0].name if breaking else ("found" if person else "no_match")
    population.note(asked, outcome)
    if slow_for:
        await asyncio.sleep(slow_for)
    if breaking:
        return _break(breaking[0], population, asked, person)
    if person is None and faults:
        person = _stand_in(asked)  # a magic number that is only slow still names somebody
    return _xml(render_people([person] if person else [], shape_of(person.index if person else 0)))


def _break(fault: Fault, population: Population, asked: Asked, person: Persona | None) -> Response:
    """Return the broken answer; someone stands in where the number is not in the register."""
    subject = person or _stand_in(asked)
    shape = shape_of(subject.index)
    whole = render_people([subject], shape)
    other = population.somebody_else(asked.number)
    replies = {
        "down": Response("unavailable\n", 503, media_type="text/plain", headers={"Retry-After": "30"}),
        "malformed": _xml(whole[: len(whole) // 2]),
        "html200": HTMLResponse("<!doctype html><title>Bảo trì</title><h1>Hệ thống đang bảo trì</h1>"),
        "denied_procedure": _xml(render_error("004")),
        "denied_officer": _xml(render_error("005")),
        "oversize": _xml(whole.replace(b"?>", b"?><!--" + b" " * 1_300_000 + b"-->", 1)),
        "other_person": _xml(render_people([other], shape)),
        "no_match": _xml(render_people([], shape)),
        "ambiguous": _xml(render_people([subject, replace(other, personal_number=subject.personal_number)], shape)),
        "soap_fault": _xml(render_fault("Server.ServerProxy.NetworkError"), 500),
        "document_type": _xml(whole.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1)),
    }
    return replies[fault.name]


def _stand_in(asked: Asked) -> Persona:
    personal = asked.number if len(asked.number) == 12 else None
    return replace(
        personas()[2],
        personal_number=personal,
        old_number=None if personal else asked.number,
        full_name=asked.name,
        birth_date=str(asked.born),
    )


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="text/xml")


def _faults_endpoint(board: FaultBoard) -> Any:
    async def endpoint(request: Request) -> Response:
        if request.method == "PUT":
            try:
                board.put(read_fault(json.loads(await request.body())))
            except (FaultRefused, json.JSONDecodeError, UnicodeDecodeError) as error:
                text = str(error) if isinstance(error, FaultRefused) else "send a JSON object"
                return JSONResponse({"error": text}, 422)
        elif request.method == "DELETE":
            board.clear()
        return JSONResponse({"faults": board.listed()})

    return endpoint
