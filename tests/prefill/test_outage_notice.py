"""What an owner tells people during an outage stands beside the fields of their source, and beside no other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Found, Unavailable
from tests.prefill.lab import Lab, open_lab, record_of

pytestmark = pytest.mark.anyio

NOTICE = ("CSDL dân cư bảo trì đến 14 giờ.", "The population database is maintained until 14:00.")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("reason", ["closed", "unreachable", "timeout", "fault"])
async def test_the_owners_words_reach_the_person_and_no_other_field(lab: Lab, reason) -> None:
    lab.sources.trouble["population"] = Unavailable(reason=reason, retry_after=7, notice=NOTICE)
    form = await lab.fill(await lab.sign_in(3))
    field = form["fields"]["applicant.full_name"]
    assert field["status"] == "unavailable"
    assert (field["why"]["vi"], field["why"]["en"], field["why"]["retry_after"]) == (*NOTICE, 7)
    assert field["why"]["code"].startswith("CR-0")
    others = [one for one in form["fields"].values() if one.get("source") != "population"]
    assert NOTICE[0] not in str(others)


async def test_without_an_outage_the_reason_keeps_its_own_words(lab: Lab) -> None:
    lab.sources.trouble["population"] = Unavailable(reason="unreachable")
    field = (await lab.fill(await lab.sign_in(3)))["fields"]["applicant.full_name"]
    assert field["why"]["vi"].startswith("Chưa lấy được thông tin này vì hệ thống nguồn")


async def test_a_value_kept_from_an_earlier_call_says_that_it_is_stale(lab: Lab) -> None:
    found = record_of(persona(3), lab.clock.now())["full_name"]
    assert isinstance(found, Found)
    kept = Found(found.value, replace(found.provenance, stale=True))
    lab.sources.override["full_name"] = kept
    bearer = await lab.sign_in(3)
    for _ in range(2):  # asked, and then read back from what was kept with the grant
        field = (await lab.fill(bearer))["fields"]["applicant.full_name"]
        assert (field["status"], field["lock"], field["why"]["code"]) == ("stale", "confirm", "PF-125")
        assert field["value"] == found.value
