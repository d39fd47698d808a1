"""Plays the civil status register over the same people as the population database's simulator.

`POST /ndxp/civil_status` is the SOAP face behind a security server; `/_faults` and `/_calls` steer and watch it.
Beside the faults every register knows there is `deceased`: the record says the person died.
"""

from collections.abc import Iterator
from dataclasses import replace

from starlette.applications import Starlette

from connectors.civil_status.connector import LOOK_UP
from connectors.civil_status.rendering import render_error, render_people
from gateway.connector_runtime.contract.simulator_faces import NdxpFace
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED, remembered_people
from gateway.connector_runtime.contract.simulator_register import Play, Register, service_routes, steering_routes
from gateway.vocabulary.clock import Clock, SystemClock
from gateway.vocabulary.persona import Persona, personas

PATH = "/ndxp/civil_status"
DEMO_USER = "gate06-demo"
DEMO_SECRET = "demo-civil-status-secret"  # noqa: S105  the simulator's own, worthless elsewhere

PLAY = Play(
    look_up=LOOK_UP,
    write_people=render_people,
    write_error=render_error,
    slow_for=lambda person: person.civil_status.slow_seconds,
    bury=lambda person: replace(person, death_date=person.death_date or person.civil_status.as_of),
)


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
    register = Register(_known_people(seed, count), PLAY)
    face = NdxpFace(user, secret, auth_url, clock or SystemClock())
    return Starlette(routes=[*service_routes(register, PATH, face), *steering_routes(register)])


def _known_people(seed: int, count: int) -> Iterator[Persona]:
    yield from (one for one in (*personas(), *remembered_people(seed, count)) if one.civil_status.known)
