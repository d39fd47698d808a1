"""Plays the population database over the personas and 2,000 synthetic people, behind every bus.

`POST /ndxp/population` is the SOAP face behind a security server, `POST /lgsp/ngsp/population` the JSON face of a
province's bus with its tokens from `POST /lgsp/token`, `POST /lgsp1/population` and `POST /lgsp2/population` the faces
of LGSP types 1 and 2 with tokens of their own. `/_faults`, `/_calls` and `/_tokens` steer and watch it (README.md). It
checks what the real one checks: credentials, the order of the members, the three-way key.
"""

from collections.abc import Iterator
from datetime import timedelta

from starlette.applications import Starlette
from starlette.routing import Route

from connectors.population.connector import LOOK_UP, VERIFY
from connectors.population.rendering import render_error, render_people, render_verification
from gateway.connector_runtime.contract.simulator_faces import LgspFace, NdxpFace
from gateway.connector_runtime.contract.simulator_lgsp import FlatFace, WrapperFace
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED, remembered_people
from gateway.connector_runtime.contract.simulator_register import Play, Register, service_routes, steering_routes
from gateway.vocabulary.clock import Clock, SystemClock, SystemRandomness
from gateway.vocabulary.persona import Persona, personas

PATH = "/ndxp/population"
LGSP_PATH = "/lgsp/ngsp/population"
TOKEN_PATH = "/lgsp/token"  # noqa: S105  an address
WRAPPER_PATH = "/lgsp1/population"
FLAT_PATH = "/lgsp2/population"
PARTNER = {"AppName": "gate06", "PartnerCode": "000.00.19.H55", "PartnerCodeCus": "000.00.00.H55"}
DEMO_USER = "gate06-demo"
DEMO_SECRET = "demo-population-secret"  # noqa: S105  the simulator's own, worthless elsewhere

PLAY = Play(
    look_up=LOOK_UP,
    verify=VERIFY,
    write_people=render_people,
    write_error=render_error,
    write_found=render_verification,
    slow_for=lambda person: person.population.slow_seconds,
)


def create_application(
    *,
    user: str = DEMO_USER,
    secret: str = DEMO_SECRET,
    auth_url: str | None = None,
    seed: int = SEED,
    count: int = COUNT,
    token_seconds: int = 3600,
    clock: Clock | None = None,
) -> Starlette:
    """Return the simulator. `auth_url` is what enters the time-bound secret, the URL called unless given; user and
    secret are those of the LGSP client too, whose tokens live `token_seconds`."""
    clock = clock or SystemClock()
    register = Register(_known_people(seed, count), PLAY)
    ndxp = NdxpFace(user, secret, auth_url, clock)
    chance, life = SystemRandomness(), timedelta(seconds=token_seconds)
    lgsp = LgspFace(user, secret, clock, chance, life)
    partner = {"AccessKey": user, "SecretKey": secret, **PARTNER}
    wrapper = WrapperFace(partner, {user: secret}, clock, chance, life)
    flat = FlatFace(user, secret, clock, chance, life, account=user)
    return Starlette(
        routes=[
            *service_routes(register, PATH, ndxp),
            *service_routes(register, LGSP_PATH, lgsp),
            *lgsp.token_routes(TOKEN_PATH),
            *service_routes(register, WRAPPER_PATH, wrapper),
            wrapper.token_route("/lgsp1/token"),
            *service_routes(register, FLAT_PATH, flat),
            Route("/lgsp2/token", flat.issue, methods=["POST"]),
            *steering_routes(register),
        ]
    )


def _known_people(seed: int, count: int) -> Iterator[Persona]:
    yield from (one for one in (*personas(), *remembered_people(seed, count)) if one.population.known)
