"""One register behind two buses: the same values and provenance, byte for byte, and verification on both."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.population import simulator
from connectors.population.simulator import create_application
from gateway.connector_runtime.contract import Absent, Answer, Found, Refused, Unavailable
from gateway.connector_runtime.contract.simulator_faults import NAMES
from gateway.connector_runtime.contract.simulator_people import generate_people
from gateway.connector_runtime.failure import CannotVerify
from gateway.vocabulary.clock import SettableClock, SystemClock
from gateway.vocabulary.outcome_parts import encode_outcome
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import personas
from tests.connectors.conftest import serving

pytestmark = pytest.mark.anyio

QUICK = [one for one in personas() if not one.population.slow_seconds]


def as_bytes(answer: Answer) -> bytes:
    """Return values and provenance as they are kept."""
    return json.dumps({name: encode_outcome(one) for name, one in sorted(answer.items())}, ensure_ascii=False).encode()


async def test_both_buses_tell_the_same_of_everybody(question_about) -> None:
    clock = SettableClock(SystemClock().now())
    async with serving(create_application(count=140), "population") as source:
        ndxp = source.registry(clock)
        source.transport = "lgsp"
        lgsp = source.registry(clock)
        found = 0
        for person in (*QUICK, *generate_people(count=140)):
            question = question_about(person)
            one = (await ndxp.ask({"population": question}))["population"]
            other = (await lgsp.ask({"population": question}))["population"]
            assert as_bytes(one) == as_bytes(other), person.index
            found += isinstance(one["full_name"], Found)
        assert found == 152  # everybody but the foreign resident


async def test_the_slow_persona_is_told_the_same(question_about, monkeypatch) -> None:
    monkeypatch.setattr(simulator, "PLAY", replace(simulator.PLAY, slow_for=lambda person: 0.0))
    clock = SettableClock(SystemClock().now())
    async with serving(create_application(count=14), "population") as source:
        answers = []
        for source.transport in ("ndxp", "lgsp"):
            answers.append((await source.registry(clock).ask({"population": question_about(13)}))["population"])
    assert isinstance(answers[0]["full_name"], Found)
    assert as_bytes(answers[0]) == as_bytes(answers[1])


@pytest.mark.parametrize("one", QUICK, ids=lambda one: str(one.index))
async def test_the_verification_says_that_somebody_exists(source, question_about, one) -> None:
    told = await source.registry().verify("population", question_about(one))
    assert told is (one.personal_number is not None)
    assert (await source.calls())["count"] == (1 if told else 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "Trần Thị Mận"},
        {"birth_date": PartialDate(1975, 12, 5)},
        {"personal_number": "999175000999"},
        {"personal_number": None, "old_number": "099999009"},
    ],
)
async def test_the_verification_says_no_and_never_why(source, question_about, changes) -> None:
    assert await source.registry().verify("population", question_about(3, **changes)) is False


VERIFY_TROUBLE = {
    "down": Unavailable(reason="unreachable"),
    "malformed": Unavailable(reason="malformed"),
    "html200": Unavailable(reason="malformed"),
    "oversize": Unavailable(reason="oversize"),
    "soap_fault": Unavailable(reason="fault"),
    "document_type": Unavailable(reason="malformed"),
    "unauthorised": Unavailable(reason="fault"),
    "denied_procedure": Refused("purpose_denied"),
    "denied_officer": Refused("officer_denied"),
}


@pytest.mark.parametrize(("fault", "outcome"), VERIFY_TROUBLE.items())
async def test_trouble_is_no_answer_and_never_a_no(source, question_about, fault, outcome) -> None:
    await source.order(target=3, fault=fault)
    told = await source.registry().verify("population", question_about(3))
    assert (type(told), told.reason) == (type(outcome), outcome.reason)


def test_every_fault_a_register_can_play_is_verified_against() -> None:
    """A new error class shows here first: is it trouble, or an answer?"""
    answered = {"no_match", "other_person", "ambiguous"}  # yes or no, whoever else the register knows
    assert VERIFY_TROUBLE.keys() | answered | {"slow"} == set(NAMES)


async def test_a_register_that_knows_nobody_says_no_whatever_it_knows(source, question_about) -> None:
    await source.order(target=3, fault="no_match")
    assert await source.registry().verify("population", question_about(3)) is False


async def test_a_token_that_the_bus_refuses_is_trouble_and_never_a_no(question_about) -> None:
    async with serving(create_application(count=14), "population", "lgsp") as source:
        registry = source.registry()
        assert await registry.verify("population", question_about(3)) is True
        await source.order(target=3, fault="unauthorised")
        told = await registry.verify("population", question_about(3))
        assert (type(told), told.reason) == (Unavailable, "fault")


async def test_a_desk_officer_verifies_with_the_desks_own_token(question_about) -> None:
    async with serving(create_application(count=14), "population", "lgsp") as source:
        registry = source.registry()
        assert await registry.verify("population", question_about(3)) is True
        assert await registry.verify("population", question_about(3, officer_ref="H55.10.02-CB07")) is True
        assert (await source.told("_tokens"))["count"] == 2


async def test_a_verification_ends_at_its_deadline(source, question_about) -> None:
    await source.order(target=3, fault="slow", seconds=5)
    told = await source.registry().verify("population", question_about(3, wait_for=0.1))
    assert told == Unavailable(reason="timeout")


async def test_an_incomplete_key_is_not_verified(source, question_about) -> None:
    assert await source.registry().verify("population", question_about(3, birth_date=None)) == Refused("bad_request")
    assert (await source.calls())["count"] == 0


async def test_a_register_without_the_ability_is_named(civil, question_about) -> None:
    with pytest.raises(CannotVerify, match="`civil_status`"):
        await civil.registry().verify("civil_status", question_about(3))
    assert (await civil.registry().verify("unknown", question_about(3))) == Unavailable(reason="unreachable")


async def test_a_withdrawn_token_is_fetched_anew_and_nobody_notices(question_about) -> None:
    async with serving(create_application(count=14), "population", "lgsp") as source:
        registry = source.registry()
        await registry.ask({"population": question_about(3)})
        await source.order(target=3, fault="unauthorised", times=1)
        answer = (await registry.ask({"population": question_about(3)}))["population"]
        assert isinstance(answer["full_name"], Found)
        assert (await source.told("_tokens"))["count"] == 2


async def test_many_calls_share_one_token(question_about) -> None:
    async with serving(create_application(count=14), "population", "lgsp") as source:
        registry = source.registry()
        answers = await asyncio.gather(*(registry.ask({"population": question_about(2)}) for _ in range(20)))
        assert all(isinstance(one["population"]["full_name"], Found) for one in answers)
        assert (await source.told("_tokens"))["count"] == 1
        await registry.ask({"population": question_about(2, officer_ref="999080000201")})
        assert (await source.told("_tokens"))["count"] == 2  # desk officers have their own


async def test_a_token_is_renewed_a_minute_before_it_ends(question_about) -> None:
    async with serving(create_application(count=14, token_seconds=300), "population", "lgsp") as source:
        clock = SettableClock(SystemClock().now())
        registry = source.registry(clock)
        for passed, tokens in ((0, 1), (239, 1), (1, 2), (239, 2), (1, 3)):
            clock.move(timedelta(seconds=passed))
            deadline_at = clock.now() + timedelta(seconds=5)
            answer = await registry.ask({"population": question_about(2, deadline_at=deadline_at)})
            assert answer["population"]["full_name"] != Absent("no_match")
            assert (await source.told("_tokens"))["count"] == tokens
