"""Plays social insurance behind a province's LGSP: `POST /ngsp/BaoHiemXaHoi/TraCuuMaSoBhxhTheoTieuChi`.

Tokens come from `POST /lgsp/token`. Every answer travels with status 200 in the envelope of the bus; `/_faults`,
`/_calls` and `/_tokens` steer and watch it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract.document import read_json
from gateway.connector_runtime.contract.simulator_faces import LgspFace
from gateway.connector_runtime.contract.simulator_json import Body, JsonPlay, JsonRegister, Sought, known_people
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED
from gateway.connector_runtime.contract.simulator_register import steering_routes
from gateway.connector_runtime.contract.values import read_date
from gateway.vocabulary.clock import Clock, SystemClock, SystemRandomness
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.register_persona import Insurance

OPERATION = "TraCuuMaSoBhxhTheoTieuChi"
PATH = f"/ngsp/BaoHiemXaHoi/{OPERATION}"
TOKEN_PATH = "/lgsp/token"  # noqa: S105  an address
DEMO_USER = "gate06"
DEMO_SECRET = "demo-social-insurance-secret"  # noqa: S105  the simulator's own, worthless elsewhere
CANARY = "canary-5b0e"
"""Stands in every record and in no manifest: it may never arrive anywhere."""

_STATES = {"paying": "1", "paused": "2", "pension": "3"}
_KNOWN_AS = {4: "1", 7: "2", 10: "0"}


def render(found: Sequence[tuple[Persona, Insurance]]) -> dict[str, Any]:
    """Return the envelope of the bus around what is told of these people."""
    rows = [_row(person, held) for person, held in found]
    return _envelope({f"TST_Get{OPERATION}Response": {"successful": {"dataMaSoBhxh": rows}, "errorCode": ""}})


def _row(person: Persona, held: Insurance) -> dict[str, Any]:
    since = held.since or ""
    return {
        "maSoBhxh": held.number,
        "hoTen": person.full_name.upper(),
        **_date("ngaySinh", "loaiNgaySinh", person.birth_date),
        "gioiTinh": "1" if person.sex == "male" else "2",
        "soDinhDanh": person.personal_number,
        "trangThai": _STATES[held.state],
        **(_date("tuNgay", "loaiTuNgay", since) if since else {"tuNgay": "", "loaiTuNgay": ""}),
        "ngayDuLieu": held.as_of.replace("-", ""),
        "ghiChu": CANARY,
    }


def _date(name: str, kind: str, text: str) -> dict[str, str]:
    """Return a date filled up to a day, as this service writes it, and beside it how much of it is known."""
    digits = text.replace("-", "")
    return {name: digits + "0101"[len(digits) - 4 :], kind: _KNOWN_AS[len(text)]}


def _envelope(response: dict[str, Any], status: str = "SUCCESS") -> dict[str, Any]:
    return {"code": 200, "status": status, "correlationId": "00-0000", "response": response}


def _read(_: Request, body: bytes) -> Sought:
    told: Any = read_json(body)
    born = read_date(told["ngaySinh"])
    precision = _KNOWN_AS.get({"year": 4, "month": 7, "day": 10}[born.precision]) if born else None
    if told["loaiNgaySinh"] != precision:
        raise ValueError("loaiNgaySinh does not say what ngaySinh is")
    return Sought(operation=OPERATION, number=told["soDinhDanh"], name=told["hoTen"], born=born)


def _refuse() -> Body:
    return 200, _envelope({"error_code": "004", "message": "no right"}, "FAILED")


def create_application(
    *,
    user: str = DEMO_USER,
    secret: str = DEMO_SECRET,
    seed: int = SEED,
    count: int = COUNT,
    token_seconds: int = 3600,
    clock: Clock | None = None,
) -> Starlette:
    """Return the simulator; `user` and `secret` are those of the LGSP client, whose tokens live `token_seconds`."""
    face = LgspFace(user, secret, clock or SystemClock(), SystemRandomness(), timedelta(seconds=token_seconds))
    play: JsonPlay[Insurance] = JsonPlay(
        opens=face.opens, read=_read, write=lambda _, found: (200, render(found)), refuse=_refuse
    )
    register = JsonRegister(known_people(lambda one: one.insurance, seed, count), play)

    async def describe(request: Request) -> Response:
        return JSONResponse({"operations": [OPERATION]}, 200 if face.opens(request) else 401)

    return Starlette(
        routes=[
            Route(PATH, register.answer, methods=["POST"]),
            Route(PATH.rpartition("/")[0], describe, methods=["GET"]),
            *face.token_routes(TOKEN_PATH),
            *steering_routes(register.steering),
        ]
    )
