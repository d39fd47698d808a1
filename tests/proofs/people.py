"""All fourteen people of the design end as they should, through both national dialects and over both population buses.

`It must show` 1 of the full road, on real programs: per store one stack on each bus, both on the same records, so that
a person is the same `sub` on every one of the four roads; what the forms say is compared byte by byte.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from gateway.vocabulary.persona import Persona, persona, personas
from tests.proofs.stack import PROCEDURE, Stack, Wish, fresh, open_stack
from tests.proofs.walking import Walker, answer_of, walker

COVERS = ("gateway", "connectors", "policies/attributes", f"policies/procedures/{PROCEDURE}_dang-ky-thuong-tru.toml")
SETTINGS = ("sqlite", "postgresql+redis")
BUSES = ("ndxp", "lgsp")
DIALECTS = ("vneid", "national_portal")
EVERYBODY = tuple(one.index for one in personas())
REFUSED = {4: "GW-1302", 5: "GW-1206", 9: "GW-1301", 10: "GW-1203"}
SLOW, CHILD, GUARDIAN, STRANGER = 13, 5, 3, 6
TWINS = (11, 12)
LATE_AT_MOST_S = 20.0


async def prove(
    folder: Path, *, settings: Sequence[str] = SETTINGS, people: Sequence[int] = EVERYBODY
) -> dict[str, Any]:
    """Walk everybody on every road. Raises AssertionError."""
    ended: dict[str, dict[int, Any]] = {}
    for setting in settings:
        urls = fresh(setting, folder / setting)
        for bus in BUSES:
            where = folder / setting / bus
            async with open_stack(Wish(folder=where, urls=urls, bus=bus)) as stack:
                for dialect in DIALECTS:
                    ended[f"{setting} {bus} {dialect}"] = await walk_everybody(stack, dialect, people)
                await _twins_are_ambiguous(stack)
    roads = list(ended)
    first = ended[roads[0]]
    for road in roads[1:]:
        for index in people:
            assert said(ended[road][index]) == said(first[index]), (road, roads[0], index)
    for setting in settings:
        own = [ended[road] for road in roads if road.startswith(f"{setting} ")]
        for index in set(people) - REFUSED.keys():
            assert len({one[index]["subject"] for one in own}) == 1, f"{setting}: {index} has two subjects"
        assert len({one["subject"] for one in own[0].values() if "subject" in one}) == len(set(people) - REFUSED.keys())
    forms = sum("fields" in one for one in first.values())
    return {
        "roads": roads,
        "people": len(people),
        "journeys": len(roads) * len(people),
        "forms": forms * len(roads),
        "refused_as_designed": (len(people) - forms) * len(roads),
        "fields_byte_equal_on_all_roads": sum(len(one.get("fields", ())) for one in first.values()),
        "subjects_equal_on_all_roads": forms,
        "octets_compared": sum(len(said(one)) for road in roads for one in ended[road].values()),
        "late_after_s": {road: ended[road][SLOW]["late_after_s"] for road in roads} if SLOW in people else {},
    }


async def walk_everybody(stack: Stack, dialect: str, people: Sequence[int]) -> dict[int, Any]:
    """Return how everybody ended: a form, or a refusal's code; the slow one in parallel with all others."""
    waiting = asyncio.create_task(_late_form(stack, dialect)) if SLOW in people else None
    ended = {}
    for index in people:
        if index != SLOW:
            async with walker(stack) as browser:
                ended[index] = await _end_of(browser, index, dialect)
    if waiting is not None:
        ended[SLOW] = await waiting
    return {index: ended[index] for index in people}


async def _end_of(browser: Walker, index: int, dialect: str) -> dict[str, Any]:
    back = answer_of(await browser.go(browser.authorization(index, idp_hint=dialect)))
    if index in REFUSED:
        assert f"/errors/{REFUSED[index]}?receipt=rf_" in back.get("error_uri", ""), (index, back)
        return {"refused": REFUSED[index], "error": back["error"]}
    assert "code" in back, (index, back)
    status, tokens = await browser.redeem(back["code"])
    assert status == 200, tokens
    status, form = await browser.prefill(tokens["access_token"])
    assert (status, form.get("complete"), form.get("late")) == (200, True, []), (index, form)
    status, person = await browser.api("GET", "/userinfo", tokens["access_token"])
    assert (status, person["sub"]) == (200, form["subject"])
    _as_designed(persona(index), form, person)
    if index == GUARDIAN:
        await _acts_for_the_child(browser, tokens["access_token"], expected=200)
    if index == STRANGER:
        await _acts_for_the_child(browser, tokens["access_token"], expected=403)
    return form


def _as_designed(one: Persona, form: dict[str, Any], person: dict[str, Any]) -> None:
    """Hold a form against the design's table of personas."""
    fields = form["fields"]
    for name, field in fields.items():
        assert field["value"] is not None or field["why"]["vi"], (one.index, name)
    told = orjson.dumps(fields).decode()
    match one.index:
        case 1:
            born = fields["applicant.birth_date"]
            assert (born["value"], born["precision"]) == ("1941", "year")
            assert "01-01" not in told
            assert "01/01" not in told
        case 2:
            assert fields["applicant.full_name"]["value"] == "SƠN"
            assert "family_name" not in person
        case 3:
            assert fields["applicant.old_number"]["value"] == "099999003"
        case 6:
            assert fields["applicant.full_name"]["display"]["vi"] == "H'\u0243il Niê Kđăm"
        case 7:
            address = fields["applicant.permanent_residence"]["value"]
            assert address["scheme"] == "pre2025"
            assert {candidate["scheme"] for candidate in address["candidates"]} == {"post2025"}
        case 8:
            sex = fields["applicant.sex"]
            assert (sex["status"], sex["lock"]) == ("conflict", "confirm")
            assert [(rival["source"], rival["value"]) for rival in sex["conflict"]] == [
                ("population", "male"),
                ("civil_status", "female"),
            ]
        case 14:
            asked = [field for field in fields.values() if field.get("source") == "population"]
            assert asked
            assert {field["status"] for field in asked} == {"not_applicable"}
    if one.personal_number is not None:
        assert fields["applicant.personal_number"]["value"] == one.personal_number


async def _acts_for_the_child(browser: Walker, token: str, *, expected: int) -> None:
    """A guardian of the register fills the child's form, whoever else does not."""
    child = persona(CHILD)
    body = {"personal_number": child.personal_number, "full_name": child.full_name, "birth_date": child.birth_date}
    status, form = await browser.api("POST", "/v1/prefill", token, json={"procedure": PROCEDURE, "represented": body})
    assert status == expected, form
    if expected == 200:
        assert (form["relation"], form["fields"]["applicant.personal_number"]["value"]) == (
            "guardian",
            child.personal_number,
        )
    else:
        assert form["code"] == "PF-112"


async def _late_form(stack: Stack, dialect: str) -> dict[str, Any]:
    """Ask for the slow person's form until its late fields are there; return it whole."""
    async with walker(stack) as browser:
        token = (await browser.tokens(SLOW, idp_hint=dialect))["access_token"]
        begun = time.monotonic()
        status, form = await browser.prefill(token)
        assert (status, form["complete"]) == (200, False), form
        assert form["late"]
        while not form["complete"]:
            assert time.monotonic() - begun < LATE_AT_MOST_S, form["late"]
            await asyncio.sleep(0.5)
            status, form = await browser.api("GET", f"/v1/prefill/{form['id']}", token)
            assert status == 200, form
        assert form["late"] == []
        return form | {"late_after_s": round(time.monotonic() - begun, 1)}


async def _twins_are_ambiguous(stack: Stack) -> None:
    one = persona(TWINS[0])
    asked = orjson.dumps({"full_name": one.full_name, "birth_date": one.birth_date, "sex": one.sex})
    _, out, err = await stack.command("match", "person", given=asked)
    assert orjson.loads(out)["verdict"] == "ambiguous", (out, err)


def said(ended: dict[str, Any]) -> bytes:
    """Return the bytes of what a road told: the fields without the time they were fetched, or the refusal."""
    if "fields" not in ended:
        return orjson.dumps(ended, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps(_timeless(ended["fields"]), option=orjson.OPT_SORT_KEYS)


def _timeless(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _timeless(part) for name, part in node.items() if name != "retrieved_at"}
    return [_timeless(part) for part in node] if isinstance(node, list) else node
