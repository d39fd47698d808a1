"""The samples beside the connector are what the simulator writes and what the connector reads."""

from datetime import date
from importlib.resources import files

import pytest

from connectors.population.connector import NAMES
from connectors.population.fields import READERS
from connectors.population.rendering import render_error, render_people
from gateway.connector_runtime.contract.answer_tree import read_answer
from gateway.connector_runtime.contract.document import read_document
from gateway.connector_runtime.contract.simulator_writing import shape_of, write_fault
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.persona import persona

SAMPLES = files("connectors.population").joinpath("samples")
PEOPLE = {f"persona_{index:02d}.xml": [persona(index)] for index in (1, 3, 6, 7)}
WRITTEN = {name: render_people(people, shape_of(people[0].index)) for name, people in PEOPLE.items()} | {
    "no_match.xml": render_people([], shape_of(0)),
    "several_people.xml": render_people([persona(11), persona(12)], shape_of(11)),
    "error_004.xml": render_error("004"),
    "error_005.xml": render_error("005"),
    "soap_fault.xml": write_fault("Server.ServerProxy.NetworkError"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_sample_is_what_the_simulator_writes(name: str) -> None:
    assert SAMPLES.joinpath(name).read_bytes() == WRITTEN[name]


def test_there_is_no_sample_besides() -> None:
    assert {one.name for one in SAMPLES.iterdir()} == set(WRITTEN)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_sample_names_its_person(name: str) -> None:
    tree = read_document(SAMPLES.joinpath(name).read_bytes())
    reading = read_answer(tree, NAMES, lists=shipped_lists(), today=date(2026, 11, 23))
    assert reading.row is not None
    assert READERS["personal_number"](reading.row) == PEOPLE[name][0].personal_number
