"""Plays the land register: `GET /land/v1/holders/{number}?birth=`, header X-Api-Key.

Somebody without a parcel where they live is known and has none (`parcel_at_residence` null); nobody is a 404.
"""

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract.simulator_json import Body, JsonPlay, JsonRegister, Sought, known_people
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED
from gateway.connector_runtime.contract.simulator_register import steering_routes
from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.register_persona import Parcel

PATH = "/land/v1"
DEMO_KEY = "demo-land-key"
CANARY = "canary-91fa"
"""Stands in every record and in no manifest: it may never arrive anywhere."""

_PURPOSES = {"homestead": "ONT", "perennial": "CLN", "business": "TMD"}
Held = tuple[Persona, Parcel]


def render(found: Sequence[Held]) -> Body:
    """Return status and JSON about these people."""
    if not found:
        return 404, {"error": "no_holder"}
    rows = [_row(person, parcel) for person, parcel in found]
    return 200, {"data": rows if len(rows) > 1 else rows[0]}


def _row(person: Persona, parcel: Parcel) -> dict[str, Any]:
    return {
        "holder": {"id": person.personal_number, "name": person.full_name.upper(), "born": person.birth_date},
        "updated": parcel.as_of,
        "parcel_at_residence": {
            "certificate": parcel.certificate,
            "issued": PartialDate.parse(parcel.issued_on).display(),
            "parcel": parcel.parcel,
            "sheet": parcel.sheet,
            "area_m2": parcel.area,
            "purpose": _PURPOSES[parcel.purpose],
            "place": None if parcel.place is None else _place(parcel.place),
            "mortgage": CANARY,
        },
    }


def _place(place: Address) -> dict[str, str | None]:
    units = {"province": place.province, "district": place.district, "commune": place.commune}
    codes = {name: None if unit is None else unit.code for name, unit in units.items()}
    return {**codes, "detail": place.as_received}


def _read(request: Request, _: bytes) -> Sought:
    return Sought(
        operation="holders",
        number=request.path_params["number"],
        request_id=request.headers.get("x-request-id", ""),
        born=PartialDate.parse(request.query_params["birth"]) if "birth" in request.query_params else None,
    )


def create_application(*, key: str = DEMO_KEY, seed: int = SEED, count: int = COUNT) -> Starlette:
    """Return the simulator; `key` is what callers prove themselves with."""
    play: JsonPlay[Parcel] = JsonPlay(
        opens=lambda request: request.headers.get("x-api-key") == key,
        read=_read,
        write=lambda _, found: render(found),
        refuse=lambda: (403, {"error": "no_right"}),
    )
    register = JsonRegister(known_people(lambda one: one.parcel, seed, count), play)

    async def tell_health(_: Request) -> Response:
        return JSONResponse({"status": "up"})

    return Starlette(
        routes=[
            Route(f"{PATH}/health", tell_health, methods=["GET"]),
            Route(f"{PATH}/holders/{{number}}", register.answer, methods=["GET"]),
            *steering_routes(register.steering),
        ]
    )
