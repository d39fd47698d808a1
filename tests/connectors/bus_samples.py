"""The samples of the two registers behind the bus, as their simulators write them today: `python -m
tests.connectors.bus_samples`. Beside each persona stands what the connector makes of the answer.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from connectors.civil_status import rendering as civil_status
from connectors.population import rendering as population
from gateway.connector_exam.candidate import read_candidate
from gateway.connector_exam.stand_in import Reply
from gateway.connector_exam.subject import examined, question_about
from gateway.connector_runtime.contract.simulator_writing import shape_of, write_fault
from gateway.connector_runtime.folders import BUILT_IN, read_folder
from gateway.connector_runtime.kinds.samples import write_outcome
from gateway.connector_runtime.making import GROUP
from gateway.vocabulary.persona import Persona, persona


@dataclass(frozen=True)
class Written:
    """How a register writes people, which of the personas it knows, and its answers about nobody in particular."""

    render: Callable[..., bytes]
    knows: Callable[[Persona], bool]
    others: Mapping[str, bytes]


REGISTERS: Mapping[str, Written] = {
    "population": Written(
        population.render_people,
        lambda one: one.population.known,
        {
            "no_match.xml": population.render_people([], shape_of(0)),
            "several_people.xml": population.render_people([persona(11), persona(12)], shape_of(11)),
            "error_004.xml": population.render_error("004"),
            "error_005.xml": population.render_error("005"),
            "soap_fault.xml": write_fault("Server.ServerProxy.NetworkError"),
        },
    ),
    "civil_status": Written(
        civil_status.render_people,
        lambda one: one.civil_status.known,
        {
            "no_match.xml": civil_status.render_people([], shape_of(0)),
            "error_004.xml": civil_status.render_error("004"),
        },
    ),
}


def people_of(register: str) -> Iterator[Persona]:
    """Yield the personas that the manifest names."""
    yield from map(persona, sorted(read_folder(BUILT_IN / register).sandbox.personas))


def answers_of(register: str) -> dict[str, bytes]:
    """Return every answer of a register by the name of its sample."""
    written = REGISTERS[register]
    told = {
        f"persona_{one.index:02d}.xml": written.render([one] if written.knows(one) else [], shape_of(one.index))
        for one in people_of(register)
    }
    return {**told, **written.others}


async def expected_of(register: str) -> dict[str, bytes]:
    """Return what the connector makes of the answer about each persona, by the name of its file."""
    (point,) = [one for one in entry_points(group=GROUP) if one.name == register]
    candidate = read_candidate(BUILT_IN / register, make=point.load())
    answers, found = answers_of(register), {}
    async with examined(candidate) as subject:
        for one in people_of(register):
            reply = Reply(body=answers[f"persona_{one.index:02d}.xml"], kind="text/xml; charset=utf-8")
            told = await subject.ask(reply, question_about(one, candidate.manifest.provides))
            outcomes: dict[str, Any] = {name: write_outcome(told.outcomes[name]) for name in sorted(told.outcomes)}
            text = json.dumps(outcomes, ensure_ascii=False, indent=1) + "\n"
            found[f"persona_{one.index:02d}.expected.json"] = text.encode()
    return found


def folder_of(register: str) -> Path:
    """Return where the samples are."""
    return BUILT_IN / register / "samples"


def write_all() -> None:
    """Write every sample, and then what is made of it."""
    for register in REGISTERS:
        for name, body in answers_of(register).items():
            (folder_of(register) / name).write_bytes(body)
        for name, body in asyncio.run(expected_of(register)).items():
            (folder_of(register) / name).write_bytes(body)


if __name__ == "__main__":
    write_all()
