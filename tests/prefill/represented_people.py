"""Persons whom somebody else names: how they are named, refused, and found in their own history."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.record import Evidence
from gateway.connector_runtime.contract import Question
from gateway.prefill.bearer import Bearer
from gateway.vocabulary.citizen import number_address
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.representation import DeskOfficer, Represented
from tests.prefill.lab import Lab

MOTHER, CHILD, STRANGER = 3, 5, 6
DOSSIER = "H55.19-261123-0001"
OFFICER = DeskOfficer(reference="st_7", agency="H55.19", level=2, register_code="H55.19-CB7")


def of_population(lab: Lab) -> list[tuple[str, Question]]:
    """Return what the population register was asked; civil status is asked beside it, about the same person."""
    return [(source, question) for source, question in lab.sources.asked if source == "population"]


def represented(index: int, **changes: Any) -> Represented:
    """Return a persona as somebody names them."""
    one = persona(index)
    assert one.personal_number is not None
    named = Represented(
        personal_number=one.personal_number,
        full_name=one.full_name,
        birth_date=PartialDate.parse(one.birth_date),
    )
    return replace(named, **changes)


async def child_id(lab: Lab, index: int = CHILD) -> str:
    number = persona(index).personal_number
    assert number is not None
    (pointer,) = await lab.storage.store.load(number_address(number, lab.storage.index))
    assert pointer is not None
    return str(pointer.body["citizen_id"])


async def history(lab: Lab, citizen_id: str) -> list[dict[str, Any]]:
    """Return what a person's own page would find, oldest first."""
    evidence = Evidence(lab.clock, lab.house.desk.randomness, lab.storage.keys)
    (tag,) = await evidence.subject_tags(citizen_id, ["2026-11"])
    return [event for event in await lab.events() if event["subject_ref"] == tag]


async def refused(lab: Lab, bearer: Bearer, person: Represented, **members: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        await lab.fill(bearer, represented=person, **members)
    return caught.value


async def desk(lab: Lab, **changes: Any) -> Bearer:
    """Return an officer at a desk."""
    changes = {"grant_id": "grant-desk", "subject": "pairwise-officer"} | changes
    return await lab.sign_in(1, **{"citizen": None, "officer": OFFICER} | changes)
