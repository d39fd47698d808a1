"""The national portal as its WSO2 dialect speaks, for tests, documentation and demo: the personas and nobody else.

The same page, hints, faults, `/_faults` and `/_calls` as the VNeID simulator, below the path of its issuer. Codes are
plain, tokens come with an ID token, userinfo answers POST alone, and an account has a type and a level in numbers.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identity_providers.simulator_calls import Calls
from gateway.identity_providers.simulator_desk import Attempt, Face, Redeemable, Registration, SignInDesk, refuse
from gateway.identity_providers.simulator_people import People, Person, human, subject_at
from gateway.tokens.jose import sign
from gateway.tokens.key_material import SigningKey, generate_private_jwk, import_signing_key
from gateway.vocabulary.clock import Clock, Randomness, SystemClock, SystemRandomness
from gateway.vocabulary.organisation_persona import OrganisationPersona

_ID_TOKEN_FOR = 3600
_NO_STORE = {"cache-control": "no-store"}
_KINDS = {"business": "2", "organisation": "3"}


class NationalPortalSimulator(SignInDesk):
    """The endpoints of the WSO2 dialect."""

    # a WSO2 Identity Server says so of every sign-in that ended without anybody
    not_confirmed: Mapping[str, str] = {"error": "login_required", "error_description": "Authentication required"}

    def __init__(
        self, face: Face, clients: Iterable[Registration], people: People, clock: Clock, randomness: Randomness
    ) -> None:
        super().__init__(face, clients, people, clock, randomness)
        self._key: SigningKey = import_signing_key(generate_private_jwk("ES256", "portal-1", randomness))

    def refuse_request(self, query: Mapping[str, str]) -> str | None:
        """Demand the level of assurance that the portal signs in with."""
        return None if "LoA1" in query.get("acr_values", "").split() else "invalid_request"

    def answer(self, attempt: Attempt, code: str) -> tuple[str, str]:
        """Send the code as it is."""
        return urlencode({"code": code}), ""

    async def token(self, request: Request) -> Response:
        """Redeem a code; the answer has an ID token."""
        redeemed = await self.redeem(request)
        if isinstance(redeemed, Response):
            return redeemed
        access_token, held = redeemed
        answer = self.token_members(access_token) | {"id_token": self._id_token(held)}
        return JSONResponse(answer, headers=_NO_STORE)

    async def userinfo(self, request: Request) -> Response:
        """Tell the claims of who signed in."""
        held = self.bearer(request)
        if held is None:
            return refuse("invalid_token", 401)
        claims = self._claims_of(held.person, level1="level1" in held.faults)
        return JSONResponse(claims, headers=_NO_STORE)

    def _id_token(self, held: Redeemable) -> str:
        issued = int(self.clock.now().timestamp())
        claims = {
            "iss": self.face.issuer,
            "sub": _user_of(held.person),
            "aud": [held.client.client_id],
            "azp": held.client.client_id,
            "iat": issued,
            "exp": issued + _ID_TOKEN_FOR,
            "acr": "LoA1",
        }
        return sign(claims, self._key, typ="JWT")

    def _claims_of(self, person: Person, *, level1: bool) -> dict[str, Any]:
        """Return the claims of a VNeID account seen through the portal (domain.md §4.2)."""
        one, level = human(person), 1 if level1 and person.account.level else person.account.level
        claims: dict[str, Any] = {
            "sub": _user_of(person),
            "TechID": subject_at("national portal", person),
            "LoaiTaiKhoan": "1",
            "SoDinhDanh": one.personal_number,
            "HoChieu": one.passport_number if one.personal_number is None else None,
            "HoVaTen": one.full_name,
            "NgayThangNamSinh": one.birth_date.replace("-", ""),
            "IAL": level,
            "loAs": "LoA1",
            "userProfileUri": f"{self.face.issuer}/profile",
            "logoutUri": f"{self.face.issuer}/oidc/logout",
        }
        if isinstance(person, OrganisationPersona):
            told = person.organisation
            claims |= {
                "LoaiTaiKhoan": _KINDS[told.kind],
                "TenDoanhNghiep": told.name,
                "MaSoThue": told.tax_code,
                "MaSoDoanhNghiep": told.business_code,
            }
        return {name: value for name, value in claims.items() if value is not None}


def _user_of(person: Person) -> str:
    return "u-" + subject_at("national portal user", person)


def create_application(
    *,
    issuer: str,
    clients: Iterable[Registration],
    people: Iterable[Person] | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Starlette:
    """Return the simulator, serving below the path of `issuer`; the personas unless `people` says others.

    Raises ValueError without people or clients, and for a person whose number could be somebody's.
    """
    clock = clock or SystemClock()
    face = Face(
        issuer=issuer,
        vi="Cổng Dịch vụ công quốc gia",
        en="National Public Service Portal",
        cookie="portal_session",
        choice="/choice",
    )
    desk = NationalPortalSimulator(face, clients, People(people), clock, randomness or SystemRandomness())
    at = desk.prefix
    application = Starlette(
        routes=[
            Route(f"{at}/oauth2/authorize", desk.authorize),
            Route(f"{at}{face.choice}", desk.choose, methods=["POST"]),
            Route(f"{at}/oauth2/token", desk.token, methods=["POST"]),
            Route(f"{at}/oauth2/userinfo", desk.userinfo, methods=["POST"]),
            Route(f"{at}/oidc/logout", desk.sign_out),
            Route(f"{at}/_style.css", desk.send_style),
            Route(f"{at}/_faults", desk.control_faults, methods=["GET", "PUT", "DELETE"]),
        ]
    )
    application.add_middleware(Calls, clock=clock, prefix=at)
    return application
