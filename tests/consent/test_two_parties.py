"""Two persons on one dossier: who is which party, what each sees of the other, and that a third sees nothing."""

import asyncio
from base64 import urlsafe_b64decode

import orjson
import pytest

from gateway.consent.failure import ConsentWithdrawnBefore, NotAParty
from gateway.prefill.failure import VerifyThrottled
from tests.consent.nodes import Node
from tests.prefill.lab import values_of

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD, DEAD = 3, 2, 6, 4


def part(form: dict, letter: str) -> dict:
    return {name: field for name, field in form["fields"].items() if name.startswith(f"party_{letter}.")}


def waits(form: dict, letter: str) -> bool:
    """Tell whether a whole part waits for its person: nothing of it is told, each field says why."""
    fields = part(form, letter).values()
    return bool(fields) and all(
        (field["status"], field["value"], field["why"]["code"]) == ("withheld", None, "PF-126") for field in fields
    )


async def test_the_second_party_waits_until_they_sign_in_and_agree(nodes: list[Node]) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    form = await here.fill(first)
    assert waits(form, "b")
    asked = {question.personal_number for _, question in here.sources.asked}
    second, _ = await there.agree(SECOND)
    again = await here.again(first, form["id"])
    name = part(again, "b")["party_b.full_name"]
    assert (name["status"], name["display"]["vi"], name["source"]) == ("verified", "Sơn", "population")
    assert name["as_of"]
    later = await here.fill(first)
    assert part(later, "b")["party_b.full_name"]["value"] == name["value"]
    assert part(later, "a")["party_a.full_name"]["display"]["vi"] == "Trần Thị Bưởi"
    assert asked == {"999175000003"}
    theirs = await there.fill(second)
    assert part(theirs, "b")["party_b.full_name"]["status"] == "verified"
    assert waits(theirs, "a"), "the first party agreed before they knew who the second is"


async def test_the_first_party_shows_their_part_after_a_page_that_names_the_second(node: Node) -> None:
    _, before = await node.agree(FIRST)
    second, _ = await node.agree(SECOND)
    page = await node.house.prepare(node.ask(FIRST))
    assert page.other == "S••"
    question = await node.question(node.ask(FIRST))
    assert not before.is_remembered(question.content_hash, node.clock.now()), "another page than the one of before"
    assert waits(await node.fill(second), "a")
    await node.agree(FIRST)
    form = await node.fill(second)
    assert part(form, "a")["party_a.full_name"]["display"]["vi"] == "Trần Thị Bưởi"


async def test_a_third_person_is_neither_party(nodes: list[Node]) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    await there.agree(SECOND)
    for node in nodes:
        with pytest.raises(NotAParty):
            await node.house.prepare(node.ask(THIRD))
        assert (await node.house.prepare(node.ask(THIRD, dossier="another"))).party == 1
    assert part(await here.fill(first), "b")["party_b.full_name"]["display"]["vi"] == "Sơn"


async def test_who_guesses_the_dossier_before_the_second_party_sees_nothing_of_the_first(node: Node) -> None:
    await node.agree(FIRST)
    stranger, _ = await node.agree(THIRD)
    form = await node.fill(stranger)
    assert waits(form, "a")
    assert "BƯỞI" not in str(form)
    # the first party sees who it is, and confirms nobody they do not expect
    page = await node.house.prepare(node.ask(FIRST))
    assert page.other is not None
    assert page.other.startswith("H")
    assert waits(await node.fill(stranger), "a")


async def test_what_the_other_party_left_out_stays_out(node: Node) -> None:
    first, _ = await node.agree(FIRST)
    await node.agree(SECOND, [])
    form = await node.fill(first)
    left_out = part(form, "b")["party_b.ethnic_group"]
    assert (left_out["status"], left_out["value"], left_out["why"]["code"]) == ("withheld", None, "PF-135")
    about_second = [one for _, one in node.sources.asked if one.personal_number == "999090000002"]
    assert about_second
    assert all("ethnic_group" not in one.attributes for one in about_second)


async def test_each_withdrawal_closes_the_own_part_only(nodes: list[Node]) -> None:
    here, there = nodes
    first, given_first = await here.agree(FIRST)
    _, given_second = await there.agree(SECOND)
    assert part(await here.fill(first), "b")["party_b.full_name"]["status"] == "verified"
    await there.withdraw(given_second)
    form = await here.fill(first)
    assert waits(form, "b")
    assert part(form, "a")["party_a.full_name"]["status"] == "verified"
    # the place stays taken: nobody else slips into it
    with pytest.raises(NotAParty):
        await here.house.prepare(here.ask(THIRD))
    second, _ = await there.agree(SECOND)
    await here.withdraw(given_first)
    with pytest.raises(ConsentWithdrawnBefore):
        await here.fill(first)
    theirs = await there.fill(second)
    assert waits(theirs, "a")
    assert part(theirs, "b")["party_b.full_name"]["status"] == "verified"


async def test_the_other_party_finds_the_release_among_their_own_events(node: Node) -> None:
    first, _ = await node.agree(FIRST)
    _, theirs = await node.agree(SECOND)
    await node.fill(first)
    events = await node.events(theirs.id)
    assert [event["event"] for event in events] == ["ConsentGiven", "FormAsked", "FormReleased"]
    released = events[-1]
    assert released["actor"] == {"kind": "portal", "ref": "portal-a"}
    assert released["subject_ref"] == events[0]["subject_ref"]
    assert (released["for"], released["basis"]) == ("other_party", "consent")
    assert "full_name" in released["attributes"]


async def test_without_a_dossier_nobody_is_paired(node: Node) -> None:
    first, _ = await node.agree(FIRST, dossier=None)
    await node.agree(SECOND, dossier=None)
    assert waits(await node.fill(first), "b")


async def test_the_other_partys_withdrawal_in_the_middle_lets_the_own_part_go_on(nodes: list[Node]) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    _, given = await there.agree(SECOND)
    heard = here.house.sources.ask

    async def ask_then_withdraw(questions, *, on_late=None, portal=""):
        answers = await heard(questions, on_late=on_late)
        await there.withdraw(given)
        return answers

    here.sources.ask = ask_then_withdraw  # type: ignore[method-assign]
    form = await here.fill(first)
    assert waits(form, "b")
    assert part(form, "a")["party_a.full_name"]["status"] == "verified"
    names = [event["event"] for event in await here.events(given.id)]
    assert names[-2:] == ["ConsentWithdrawn", "GrantRevoked"]


async def test_nothing_is_told_of_another_party_who_is_recorded_as_dead(nodes: list[Node]) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    _, theirs = await there.agree(DEAD)
    form = await here.fill(first)
    assert waits(form, "b"), "whoever asks learns as little as of somebody who has not agreed yet"
    assert part(form, "a")["party_a.full_name"]["status"] == "verified"
    assert waits(await here.again(first, form["id"]), "b")
    events = await here.events(theirs.id)
    assert [event["event"] for event in events][:3] == ["ConsentGiven", "FormAsked", "FormRefused"]
    refused = events[2]
    assert (refused["outcome"], refused["for"], refused["asked"]) == ("PF-118", "other_party", events[1]["receipt"])
    assert refused["subject_ref"] == events[0]["subject_ref"]
    assert not any(event["event"] == "FormReleased" for event in events)
    about_dead = [one.attributes for source, one in here.sources.asked if one.personal_number == "999050000004"]
    assert any("death_date" in attributes for attributes in about_dead)


async def test_a_death_of_the_other_party_that_is_told_late_closes_their_part_again(node: Node) -> None:
    first, _ = await node.agree(FIRST)
    await node.agree(DEAD)
    node.sources.late["civil_status"] = asyncio.Event()
    form = await node.fill(first)
    assert part(form, "b")["party_b.full_name"]["status"] == "verified", "a silent register says nothing about anybody"
    node.sources.late["civil_status"].set()
    await asyncio.gather(*node.sources.tasks)
    again = await node.again(first, form["id"])
    assert waits(again, "b")
    assert part(again, "a")["party_a.full_name"]["status"] == "verified"


@pytest.mark.parametrize(("erased", "gone", "left"), [(SECOND, "b", "a"), (FIRST, "a", "b")])
async def test_an_erasure_ends_the_comparison_of_that_persons_values_alone(
    nodes: list[Node], erased: int, gone: str, left: str
) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    await there.agree(SECOND)
    for form in (await here.fill(first), await here.again(first, (await here.fill(first))["id"])):
        values = values_of(form)
        assert {name[:7] for name in values} == {"party_a", "party_b"}
        whole = await there.verify(form["manifest"], values)
        assert (set(whole["fields"].values()), whole["missing"]) == ({"intact"}, [])
        false = await there.verify(form["manifest"], dict.fromkeys(values, "false"))
        assert set(false["fields"].values()) == {"changed"}
    await here.storage.keys.erase(f"citizen-{erased}")
    for node in nodes:
        node.storage.keys.forget(f"citizen-{erased}")
        answer = await node.verify(form["manifest"], values)
        assert answer["manifest"] == "valid"
        for name, state in answer["fields"].items():
            assert state == ("intact" if name.startswith(f"party_{left}.") else "unknown"), (name, gone)
        bare = await node.verify(form["manifest"], {})
        assert bare["missing"], "what can still be compared is still missed"
        assert all(name.startswith(f"party_{left}.") for name in bare["missing"])


async def test_a_manifest_says_whose_key_a_tag_is_made_with_and_guessing_is_counted_for_both(node: Node) -> None:
    first, _ = await node.agree(FIRST)
    await node.agree(SECOND)
    form = await node.fill(first)
    body = form["manifest"].split(".")[1]
    told = orjson.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))["fields"]
    theirs = {name for name, said in told.items() if said.get("key") == "other"}
    assert theirs == {name for name in values_of(form) if name.startswith("party_b.")}
    for _ in range(20):
        await node.verify(form["manifest"], {"party_b.full_name": "KHÁC"})
    await node.storage.keys.erase("citizen-3")
    with pytest.raises(VerifyThrottled):
        await node.verify(form["manifest"], {"party_b.full_name": "KHÁC"})


async def test_another_party_who_is_erased_in_the_middle_waits(nodes: list[Node]) -> None:
    here, there = nodes
    first, _ = await here.agree(FIRST)
    await there.agree(SECOND)
    heard = here.house.sources.ask

    async def ask_then_erase(questions, **members):
        answers = await heard(questions, **members)
        await here.storage.keys.erase("citizen-2")
        return answers

    here.sources.ask = ask_then_erase  # type: ignore[method-assign]
    form = await here.fill(first)
    assert waits(form, "b")
    assert part(form, "a")["party_a.full_name"]["status"] == "verified"
