"""The samples beside the two connectors of the bus: what the simulators write, and what the connectors make of it."""

from datetime import date

import pytest

from connectors.population.connector import NAMES
from connectors.population.fields import READERS
from gateway.connector_runtime.contract.answer_tree import read_answer
from gateway.connector_runtime.contract.document import read_document
from gateway.vocabulary.areas import shipped_lists
from tests.connectors.bus_samples import REGISTERS, answers_of, expected_of, folder_of, people_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("register", REGISTERS)
async def test_the_samples_are_what_the_simulator_writes_and_the_connector_reads(register: str) -> None:
    written = answers_of(register) | await expected_of(register)
    assert {one.name for one in folder_of(register).iterdir()} == written.keys()
    for name, body in written.items():
        assert (folder_of(register) / name).read_bytes() == body, name


def test_a_sample_names_its_person() -> None:
    for person in people_of("population"):
        tree = read_document((folder_of("population") / f"persona_{person.index:02d}.xml").read_bytes())
        reading = read_answer(tree, NAMES, lists=shipped_lists(), today=date(2026, 11, 23))
        assert reading.row is not None
        assert READERS["personal_number"](reading.row) == person.personal_number
