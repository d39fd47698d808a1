"""Who of the staff did something about a person, as the person reads it: name and office of that time, no reference."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import provider_house as world
import pytest
import staff_journey as staff
from own_visitor import citizen_id, enter, tell, words

from gateway.audit.event import FormReleased
from gateway.vocabulary.officer import StaffAccount
from gateway.vocabulary.store import Kind, Put, Record

pytestmark = pytest.mark.anyio

OFFICE = {"vi": "Bộ phận Một cửa xã Trà Hồ", "en": "One-stop desk of Tra Ho"}


async def sign_in_as(provider: world.Provider, name: str, agency: str = "H55.10.07") -> str:
    """Sign the one officer in under a name; return their reference."""
    account = StaffAccount(number="999180000101", agency=agency, roles=("desk_officer",))
    provider.staff.answer = world.officer(full_name=name, staff=account)
    async with provider.another_browser() as browser:
        await staff.desk_code(browser)
    (subject,) = await provider.house.listing.select(Kind.STAFF_SUBJECT)
    return f"staff:{subject.key}"


async def act(provider: world.Provider, reference: str, **more: Any) -> None:
    await tell(provider, FormReleased, await citizen_id(provider), actor_kind="officer", actor_ref=reference, **more)


async def test_an_entry_names_the_officer_as_they_were_called_when_they_acted(provider: world.Provider) -> None:
    object.__setattr__(provider.house, "offices", {"H55.10.07": OFFICE})
    await enter(provider)
    reference = await sign_in_as(provider, "Tòng Thị Én")
    await act(provider, reference, extra=(("agency", "H55.10.07"),))
    provider.clock.move(timedelta(minutes=5))
    assert await sign_in_as(provider, "Tòng Thị Ngọc Én", "H55.99") == reference
    await act(provider, reference)
    said = words(await provider.get("/me/usage"))
    assert "Cổng thử (cán bộ Tòng Thị Én, Bộ phận Một cửa xã Trà Hồ H55.10.07) nhận biểu mẫu" in said
    assert "Cổng thử (cán bộ Tòng Thị Ngọc Én, H55.99) nhận biểu mẫu" in said
    assert "staff:" not in said
    events = repr(await world.events_of(provider))
    assert "Én" not in events
    lines = (await provider.get("/me/usage/export?format=jsonl")).text.splitlines()
    told = [(one["officer"], one["officer_name"]) for one in map(json.loads, lines) if one["officer"]]
    assert told == [(reference, "Tòng Thị Ngọc Én"), (reference, "Tòng Thị Én")]
    sheet = (await provider.get("/me/usage/export?format=csv")).text.removeprefix("\ufeff")
    rows = [row for row in csv.reader(io.StringIO(sheet)) if reference in row]
    assert [row[3:6] for row in rows] == [
        ["Tòng Thị Ngọc Én", reference, "H55.99"],
        ["Tòng Thị Én", reference, "Bộ phận Một cửa xã Trà Hồ (H55.10.07)"],
    ]


async def test_a_name_is_kept_once_until_it_changes_and_an_old_record_has_its_own(provider: world.Provider) -> None:
    for _ in range(3):
        reference = await sign_in_as(provider, "Tòng Thị Én")
    (subject,) = await provider.house.listing.select(Kind.STAFF_SUBJECT)
    assert len(subject.body["names"]) == 1
    # as it was stored before names were kept
    body = {name: value for name, value in subject.body.items() if name != "names"}
    old = Record(kind=Kind.STAFF_SUBJECT, key=subject.key, body=body)
    await provider.house.store.commit([Put(old)], [], now=provider.clock.now())
    await enter(provider)
    await act(provider, reference)
    assert "cán bộ Tòng Thị Én" in words(await provider.get("/me/usage"))
    provider.clock.move(timedelta(minutes=5))
    await sign_in_as(provider, "Tòng Thị Ngọc Én")
    assert "cán bộ Tòng Thị Én" in words(await provider.get("/me/usage"))


async def test_an_officer_who_is_not_known_is_an_officer_and_a_guardian_says_so(provider: world.Provider) -> None:
    await enter(provider)
    me = await citizen_id(provider)
    await act(provider, "staff:st_7", extra=(("agency", "H55.99"),))
    await tell(provider, FormReleased, me, actor_ref="another-person")
    # an agency that is no officer's says nothing of a desk
    await tell(provider, FormReleased, me, extra=(("agency", "H55.10.07"),))
    said = words(await provider.get("/me/usage"))
    assert "Cổng thử (cán bộ, H55.99) nhận biểu mẫu" in said
    assert "st_7" not in said
    assert "H55.10.07" not in said
    assert "Cổng thử (do người đại diện của ông/bà thực hiện) nhận biểu mẫu" in said
    lines = (await provider.get("/me/usage/export?format=jsonl")).text.splitlines()
    offices = [json.loads(line)["office"] for line in lines if '"received"' in line]
    assert offices == [None, None, {"code": "H55.99", "name": None}]
