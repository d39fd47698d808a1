"""Plays the store of digitised results: `POST /kho/v1/tra-cuu`, header X-Api-Key.

It demands the owner's number and the requester's, and signs `result` (detached JWS, ES256). `/_keys` gives its public
keys, `/_faults` and `/_calls` steer and watch it; a call shows the hashes of both numbers.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract.document import read_json
from gateway.connector_runtime.contract.simulator_json import Body, JsonPlay, JsonRegister, Sought, known_people
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED
from gateway.connector_runtime.contract.simulator_register import steering_routes
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.register_persona import Result

PATH = "/kho/v1"
DEMO_KEY = "demo-dossier-store-key"
KEY_ID = "kho-1"
CANARY = "canary-c0de"
"""Stands in every record and in no manifest: it may never arrive anywhere."""

_KINDS = {
    "disability_certificate": ("KQ.KT", "Giấy xác nhận khuyết tật"),
    "land_certificate": ("KQ.GCN", "Giấy chứng nhận quyền sử dụng đất"),
}
Held = tuple[Persona, tuple[Result, ...]]


class Signer:
    """Signs what the store answers. `jwk` is a private P-256 key; one of its own is made without."""

    def __init__(self, jwk: Mapping[str, str] | None) -> None:
        curve = ec.SECP256R1()
        self._id = KEY_ID if jwk is None else jwk["kid"]
        self._key = ec.generate_private_key(curve) if jwk is None else ec.derive_private_key(_whole(jwk["d"]), curve)

    def sign(self, result: Any) -> str:
        """Return the detached JWS over an object."""
        head = _encode(json.dumps({"alg": "ES256", "kid": self._id}).encode())
        payload = _encode(json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
        pair = decode_dss_signature(self._key.sign(f"{head}.{payload}".encode(), ec.ECDSA(SHA256())))
        return f"{head}..{_encode(b''.join(part.to_bytes(32, 'big') for part in pair))}"

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JWK Set."""
        point = self._key.public_key().public_numbers()
        known = {"x": _encode(point.x.to_bytes(32, "big")), "y": _encode(point.y.to_bytes(32, "big"))}
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": self._id, "use": "sig", "alg": "ES256", **known}]}


def render(number: str, found: Sequence[Held], signer: Signer) -> dict[str, Any]:
    """Return the answer about an owner; who has no result gets an empty list."""
    rows = [_row(one) for _, results in found for one in results]
    # the store answers about whom it found, which in a broken answer may be somebody else
    owner = found[0][0].personal_number if found else number
    result = {"SoDinhDanhChuSoHuu": owner, "DanhSachGiayToKetQua": rows}
    return {"errorCode": "0", "message": "", "signature": signer.sign(result), "result": result}


def _row(held: Result) -> dict[str, Any]:
    code, title = _KINDS[held.kind]
    file = {"TenTep": f"{held.number}.pdf", "DuongDan": f"/{CANARY}/{held.number}"}
    return {
        "MaKetQua": code,
        "TenGiayTo": title,
        "SoKyHieu": held.number,
        "CoQuanChuQuan": held.agency,
        "DanhSachTepDinhKem": [file],
    }


def _read(_: Request, body: bytes) -> Sought:
    told: Any = read_json(body)
    if told["KenhThucHien"] not in {"1", "2"} or not told["HoTenNguoiYeuCau"]:
        raise ValueError("KenhThucHien or HoTenNguoiYeuCau")
    return Sought(
        operation="tra-cuu",
        number=told["SoDinhDanhChuSoHuu"],
        requester=told["SoDinhDanhNguoiYeuCau"],
        procedure=told["MaThuTuc"],
    )


def _refuse() -> Body:
    return 200, {"errorCode": "004", "message": "no right", "signature": "", "result": None}


def create_application(
    *, key: str = DEMO_KEY, signing_key: dict[str, str] | None = None, seed: int = SEED, count: int = COUNT
) -> Starlette:
    """Return the simulator; `key` is what callers prove themselves with, `signing_key` the JWK it signs with."""
    signer = Signer(signing_key)
    play: JsonPlay[tuple[Result, ...]] = JsonPlay(
        opens=lambda request: request.headers.get("x-api-key") == key,
        read=_read,
        write=lambda asked, found: (200, render(asked.number, found, signer)),
        refuse=_refuse,
    )
    register = JsonRegister(known_people(lambda one: one.results or None, seed, count), play)

    async def tell_health(_: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def tell_keys(_: Request) -> Response:
        return JSONResponse(signer.jwks())

    return Starlette(
        routes=[
            Route(f"{PATH}/suc-khoe", tell_health, methods=["GET"]),
            Route(f"{PATH}/tra-cuu", register.answer, methods=["POST"]),
            Route("/_keys", tell_keys, methods=["GET"]),
            *steering_routes(register.steering),
        ]
    )


def _whole(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
