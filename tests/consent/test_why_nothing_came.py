"""The history never accuses a register: it repeats the reason that the form gave for an empty field."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.audit.journal import FoundEvent
from gateway.connector_runtime import failure
from gateway.consent.access_history import access_of
from gateway.vocabulary.provenance import Absent, Unavailable
from tests.prefill.lab import START, Lab, open_lab

WORDS = tomllib.loads(Path("gateway/pages/citizen/my_usage.toml").read_text("utf-8"))


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


def test_every_reason_of_a_source_has_words() -> None:
    sources = [
        one
        for one in vars(failure).values()
        if isinstance(one, type) and issubclass(one, failure.SourceFailure) and hasattr(one, "code")
    ]
    codes = {one.code for one in sources if one.code.startswith("CR-")}
    assert len(codes) > 15
    for code in codes:
        told = WORDS[f"state_{code}"]
        assert told["vi"] != told["en"]


async def test_an_empty_part_of_a_record_is_told_as_that(lab: Lab) -> None:
    lab.sources.override["old_number"] = Absent("empty")
    lab.sources.override["current_residence"] = Unavailable(reason="malformed")
    form = await lab.fill(await lab.sign_in(3))
    assert form["fields"]["applicant.full_name"]["status"] == "verified"
    released = (await lab.events())[-1]
    assert released["reasons"] == {"old_number": "CR-003", "current_residence": "CR-006"}
    event = FoundEvent(
        receipt=released["receipt"], at=START, leaf=orjson.dumps(released), index=None, client_id="portal"
    )
    assert access_of(event, released).reasons == released["reasons"]
    assert access_of(event, {**released, "reasons": None}).reasons == {}
