"""VNeID as its direct dialect speaks, for tests, documentation and demo: the personas and nobody else.

`create_application` makes a Starlette application. `login_hint=persona:8` skips the page, `persona:3;cancelled` adds
a fault. `PUT /_faults {target, fault, seconds?, times?}` switches a fault on for a persona's index or for `*`,
`DELETE /_faults` switches all off, `GET /_calls` counts requests and lists the last ones, without any query.

Faults: `cancelled`, `locked`, `closed`, `not_activated` come back as errors; `level1` signs in with level 1; `sso`
lets a live browser session sign in without a page, whatever the hint says; `silent` is an app that nobody confirms in:
the page waits (`seconds`, 30 when left out) and comes back with the product's own error, at once for who came with a
hint; `stalled` is a token endpoint that does not answer (`seconds`, 30). For the others `seconds` is how long the fault
stays; `times` is how many sign-ins it meets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identity_providers.simulator_calls import Calls
from gateway.identity_providers.simulator_desk import Attempt, Face, Registration, SignInDesk, refuse
from gateway.identity_providers.simulator_people import People, Person, human, subject_at
from gateway.identity_providers.vneid.simulator_seal import seal
from gateway.vocabulary.clock import Clock, Randomness, SystemClock, SystemRandomness
from gateway.vocabulary.organisation_persona import OrganisationPersona
from gateway.vocabulary.partial_date import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Registration):
    """A registration at this VNeID; `public_key` is the PEM of the RSA key that codes and bodies are sealed for."""

    public_key: str


class VNeIDSimulator(SignInDesk):
    """The endpoints of the direct dialect."""

    # Keycloak's documented answer when the time to sign in is over; the paths of VNeID are Keycloak's (domain.md §4.1)
    not_confirmed: Mapping[str, str] = {
        "error": "temporarily_unavailable",
        "error_description": "authentication_expired",
    }

    def answer(self, attempt: Attempt, code: str) -> tuple[str, str]:
        """Seal the code. The dialect's base64 stands in the query as it is, with raw `+`, `/` and `=`."""
        public_key = _key_of(attempt.client)
        sealed, encrypt_key = seal(code.encode("ascii"), public_key, self.randomness, with_plus=True)
        return f"code={sealed}&encrypt_key={encrypt_key}", encrypt_key

    async def token(self, request: Request) -> Response:
        """Redeem a code with the `encrypt_key` it left with."""
        redeemed = await self.redeem(request, proof="encrypt_key")
        if isinstance(redeemed, Response):
            return redeemed
        access_token, held = redeemed
        return self._sealed(held.client, self.token_members(access_token))

    async def userinfo(self, request: Request) -> Response:
        """Tell the thin claims of who signed in."""
        held = self.bearer(request)
        if held is None:
            return refuse("invalid_token", 401)
        return self._sealed(held.client, claims_of(held.person, level1="level1" in held.faults))

    def _sealed(self, client: Registration, answer: Mapping[str, Any]) -> Response:
        data, key = seal(orjson.dumps(answer), _key_of(client), self.randomness)
        return JSONResponse({"data": data, "key": key}, headers={"cache-control": "no-store"})


def claims_of(person: Person, *, level1: bool = False) -> dict[str, str]:
    """Return the thin claims of the direct dialect: who it is and what kind of account, nothing else."""
    one, level = human(person), 1 if level1 and person.account.level else person.account.level
    claims: dict[str, str | None] = {
        "sub": "vn-" + subject_at("vneid", person),
        "citizenPid": one.personal_number,
        "passportNumber": one.passport_number if one.personal_number is None else None,
        "fullName": one.full_name,
        "birthDate": PartialDate.parse(one.birth_date).display(),
        "accountType": person.account.type.upper(),
        "accountLevel": None if level is None else f"{level:02d}",
    }
    if isinstance(person, OrganisationPersona):
        told = person.organisation
        claims |= {
            "accountType": told.kind.upper(),
            "organizationName": told.name,
            "taxCode": told.tax_code,
            "businessCode": told.business_code,
        }
    return {name: value for name, value in claims.items() if value is not None}


def create_application(
    *,
    issuer: str,
    clients: Iterable[Client],
    people: Iterable[Person] | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Starlette:
    """Return the simulator, serving below the path of `issuer`; the personas unless `people` says others.

    Raises ValueError without people or clients, for a client without a usable RSA key, and for a person whose
    number could be somebody's: only numbers that start 999 were never issued.
    """
    clock, randomness = clock or SystemClock(), randomness or SystemRandomness()
    known = tuple(clients)
    for client in known:
        seal(b"", client.public_key, randomness)  # a key that cannot be sealed for is found out now
    face = Face(issuer=issuer, vi="VNeID", en="VNeID", cookie="vneid_session", choice="/authorize/choice")
    desk = VNeIDSimulator(face, known, People(people), clock, randomness)
    at = desk.prefix
    application = Starlette(
        routes=[
            Route(f"{at}/authorize", desk.authorize),
            Route(f"{at}{face.choice}", desk.choose, methods=["POST"]),
            Route(f"{at}/token", desk.token, methods=["POST"]),
            Route(f"{at}/userinfo", desk.userinfo),
            Route(f"{at}/logout", desk.sign_out),
            Route(f"{at}/_style.css", desk.send_style),
            Route(f"{at}/_faults", desk.control_faults, methods=["GET", "PUT", "DELETE"]),
        ]
    )
    application.add_middleware(Calls, clock=clock, prefix=at)
    return application


def _key_of(client: Registration) -> str:
    assert isinstance(client, Client)
    return client.public_key
