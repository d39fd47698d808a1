"""Plays the register of household businesses: `POST /business/v1/owners/search`, Basic credentials.

Whoever has no business gets `{"owner": null}`: the register says so itself.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract.document import read_json
from gateway.connector_runtime.contract.simulator_json import JsonPlay, JsonRegister, Sought, known_people
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED
from gateway.connector_runtime.contract.simulator_register import steering_routes
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.register_persona import Business

PATH = "/business/v1"
DEMO_USER = "gate06"
DEMO_SECRET = "demo-business-secret"  # noqa: S105  the simulator's own, worthless elsewhere
CANARY = "canary-33c7"
"""Stands in every record and in no manifest: it may never arrive anywhere."""

_STATES = {"active": "ACTIVE", "paused": "SUSPENDED", "closed": "DISSOLVED"}


def render(found: Sequence[tuple[Persona, Business]]) -> dict[str, Any]:
    """Return the JSON about these people."""
    rows = [_row(person, held) for person, held in found]
    return {"owner": rows if len(rows) > 1 else rows[0] if rows else None}


def _row(person: Persona, held: Business) -> dict[str, Any]:
    place = held.place
    units = {} if place is None else {"province": place.province, "district": place.district, "commune": place.commune}
    return {
        "id": person.personal_number,
        "name": person.full_name.upper(),
        "as_of": held.as_of,
        "household_business": {
            "name": held.name,
            "code": held.code,
            "registered": held.registered_on.replace("-", ""),
            "main_line": held.line,
            "state": _STATES[held.state],
            "place": {name: unit.code for name, unit in units.items() if unit}
            | ({} if place is None else {"detail": place.as_received}),
            "turnover": CANARY,
        },
    }


def _read(_: Request, body: bytes) -> Sought:
    told: Any = read_json(body)
    return Sought(
        operation="owners/search",
        number=told["owner"]["id"],
        name=told["owner"]["name"],
        request_id=told["request"],
        procedure=told["procedure"],
    )


def create_application(
    *, user: str = DEMO_USER, secret: str = DEMO_SECRET, seed: int = SEED, count: int = COUNT
) -> Starlette:
    """Return the simulator; `user` and `secret` are what callers prove themselves with."""
    proof = "Basic " + b64encode(f"{user}:{secret}".encode()).decode("ascii")
    play: JsonPlay[Business] = JsonPlay(
        opens=lambda request: request.headers.get("authorization") == proof,
        read=_read,
        write=lambda _, found: (200, render(found)),
        refuse=lambda: (403, {"error": "no_right"}),
    )
    register = JsonRegister(known_people(lambda one: one.business, seed, count), play)

    async def tell_health(_: Request) -> Response:
        return JSONResponse({"status": "up"})

    return Starlette(
        routes=[
            Route(f"{PATH}/health", tell_health, methods=["GET"]),
            Route(f"{PATH}/owners/search", register.answer, methods=["POST"]),
            *steering_routes(register.steering),
        ]
    )
