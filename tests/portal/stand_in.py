"""A stand-in for the gateway: real HTTP, real signatures, the wire shapes of the design, and nothing behind it."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "portal-sample", "a-secret-of-the-sample-portal"
SOURCE = {"vi": "CSDL quốc gia về dân cư", "en": "National population database"}
ADDRESS = {
    "scheme": "post2025",
    "province": {"code": "19", "name": "Tỉnh Trà Hồ"},
    "commune": {"code": "05518", "name": "Phường Hồ Chè"},
    "district": None,
    "detail": "Tổ 7",
    "as_received": "TỔ 7, P. HỒ CHÈ",
}


def verified(value: Any, shown: str, lock: str = "locked", **more: Any) -> dict[str, Any]:
    return {
        "status": "verified",
        "value": value,
        "display": {"vi": shown},
        "source": "population",
        "source_label": SOURCE,
        "as_of": "2026-11-22",
        "retrieved_at": "2026-11-23T03:00:00Z",
        "lock": lock,
        "correction": "https://correction.example/how",
    } | more


SESSION_OVER: tuple[int, dict[str, Any]] = (
    401,
    {"code": "GW-1601", "messages": {"vi": "Phiên làm việc đã hết.", "en": "The session has ended."}},
)
FIELDS: dict[str, dict[str, Any]] = {
    "applicant.full_name": verified("H'ƀIL <b>NIÊ</b> KĐĂM", "H'Ƀil <b>Niê</b> Kđăm"),
    "applicant.birth_date": verified("1941", "1941", precision="year"),
    "applicant.sex": verified(
        "female",
        "Nữ",
        "confirm",
        status="conflict",
        why={"code": "PF-109", "vi": "Hai nguồn khác nhau.", "en": "They differ."},
    ),
    "applicant.personal_number": verified("999041000001", "999 041 000 001"),
    "applicant.phone": verified("0900000001", "0900000001", "editable", status="self_declared"),
    "applicant.permanent_residence": verified(ADDRESS, "Tổ 7, Phường Hồ Chè, Tỉnh Trà Hồ"),
    "head.personal_number": {
        "status": "unavailable",
        "value": None,
        "lock": "editable",
        "why": {"code": "CR-004", "vi": "Nguồn chưa trả lời.", "en": "No answer yet.", "retry_after": 30},
    },
    "head.full_name": {
        "status": "unavailable",
        "value": None,
        "lock": "editable",
        "why": {"code": "CR-004", "vi": "Nguồn chưa trả lời.", "en": "No answer yet.", "retry_after": 2},
    },
    "applicant.old_number": {
        "status": "not_applicable",
        "value": None,
        "lock": "editable",
        "why": {"vi": "Không có.", "en": "None."},
    },
}


class StandIn:
    """What the tests may turn: `error` answers authorize with it, `iss` and `nonce` lie, `prefill_refusal` and
    `verify_status` refuse, `over` is how a session that ended answers, with `challenge` as
    `WWW-Authenticate`; `be` signs somebody else in next; `calls` is what was asked."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = ECKey.generate_key("P-256", parameters={"kid": "k1"}, auto_kid=False)
        self.error: str | None = None
        self.iss: str | None = None
        self.nonce: str | None = None
        self.prefill_refusal: tuple[int, dict[str, Any]] | None = None
        self.verify_status = 200
        self.manifest = "valid"
        self.person = self.subject = "pairwise"
        self.name = "H'Ƀil <b>Niê</b> Kđăm"
        self.late = True
        self.over: tuple[int, dict[str, Any]] | None = None
        self.challenge: str | None = None
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.codes: dict[str, dict[str, str]] = {}

    def be(self, person: str) -> None:
        self.person = self.subject = person
        self.over = None

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/jwks", self.jwks),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.userinfo),
                Route("/v1/prefill", self.prefill, methods=["POST"]),
                Route("/v1/prefill/verify", self.verify, methods=["POST"]),
                Route("/v1/prefill/{id}", self.refresh),
                Route("/logout", self.logout),
            ]
        )

    async def discovery(self, _: Request) -> Response:
        ends = {"authorization": "authorize", "token": "token", "end_session": "logout", "userinfo": "userinfo"}
        return JSONResponse(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["ES256", "RS256", "none"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
            }
            | {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in ends.items()}
        )

    async def jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False, alg="ES256", use="sig")]})

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.calls.append(("authorize", query))
        answer = {"state": query["state"], "iss": self.iss or self.issuer}
        if self.error is not None:
            uri = f"{self.issuer}/errors/GW-1203?receipt=rf_1"
            answer |= {"error": self.error, "error_description": "said <so>", "error_uri": uri}
        else:
            code = f"code-{len(self.codes)}"
            self.codes[code] = query
            answer["code"] = code
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 303)

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.calls.append(("token", form))
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if form["grant_type"] == "client_credentials":
            return JSONResponse({"access_token": "machine", "token_type": "Bearer", "expires_in": 300})
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.person,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce or asked["nonce"],
        }
        signed = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)
        return JSONResponse({"access_token": "citizen", "token_type": "Bearer", "expires_in": 300, "id_token": signed})

    async def userinfo(self, _: Request) -> Response:
        return JSONResponse({"sub": self.subject, "name": self.name})

    async def prefill(self, request: Request) -> Response:
        self.calls.append(("prefill", await request.json()))
        if request.headers["authorization"] != "Bearer citizen":
            return JSONResponse({"code": "GW-1601"}, 401)
        if self.over is not None:
            headers = {} if self.challenge is None else {"www-authenticate": self.challenge}
            return JSONResponse(self.over[1], self.over[0], headers)
        if self.prefill_refusal is not None:
            return JSONResponse(self.prefill_refusal[1], self.prefill_refusal[0])
        return JSONResponse(self.form())

    async def refresh(self, request: Request) -> Response:
        self.calls.append(("refresh", {"id": request.path_params["id"]}))
        if self.over is not None:
            headers = {} if self.challenge is None else {"www-authenticate": self.challenge}
            return JSONResponse(self.over[1], self.over[0], headers)
        self.late = False
        return JSONResponse(self.form())

    def form(self) -> dict[str, Any]:
        fields = dict(FIELDS)
        if not self.late:
            fields["head.full_name"] = verified("TRẦN VĂN CHỦ", "Trần Văn Chủ", "confirm")
        return {
            "id": "pf_1",
            "procedure": "1.004222",
            "form_version": "2025-07-01",
            "fields": fields,
            "complete": not self.late,
            "manifest": f"manifest-{self.late}",
            "receipt": "rc_0001",
            "late": ["head.full_name"] if self.late else [],
        }

    async def verify(self, request: Request) -> Response:
        body = await request.json()
        self.calls.append(("verify", body))
        if request.headers["authorization"] != "Bearer machine" or self.verify_status != 200:
            return JSONResponse({"code": "PF-111"}, max(self.verify_status, 403))
        known = self.form()["fields"]
        outcomes = {
            name: "unknown" if name not in known else "intact" if known[name]["value"] == value else "changed"
            for name, value in body["values"].items()
        }
        return JSONResponse({"manifest": self.manifest, "fields": outcomes})

    async def logout(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.calls.append(("logout", query))
        return RedirectResponse(f"{query['post_logout_redirect_uri']}?{urlencode({'state': query['state']})}", 303)
