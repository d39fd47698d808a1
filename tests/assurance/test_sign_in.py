"""A register's answer about somebody who signed in becomes one verdict; whatever is no answer is no verdict."""

from datetime import UTC, date, datetime

import pytest

from gateway.assurance.match import Claim
from gateway.assurance.sign_in import COMPARED, MatchFigures, RegisterMatch, judge_answer
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
FROM = Provenance(source="population", as_of=date(2026, 11, 22), retrieved_at=NOW)
CLAIM = Claim(
    full_name="Trần Thị Bưởi", number="999175000003", birth_date=PartialDate.parse("1975-05-12"), sex="female"
)


def answer(full_name, sex=None):
    said = Found(full_name, FROM) if isinstance(full_name, str) else full_name
    return {"full_name": said, "sex": Found(sex, FROM) if sex else Absent("empty")}


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer("TRẦN THỊ BƯỞI", "female"), "matched"),
        (answer("TRẦN THỊ BƯỞI"), "matched"),
        (answer("TRẦN THỊ BƯỞI", "male"), "mismatched"),
        (answer("TRẦN THỊ BƯỚI", "female"), "mismatched"),
        (answer(Absent("no_match")), "no_match"),
        (answer(Absent("ambiguous")), "ambiguous"),
        (answer(Absent("empty")), "unavailable"),
        (answer(Unavailable(reason="timeout")), "unavailable"),
        (answer(Refused("purpose_denied")), "unavailable"),
        (answer(Refused("other_person")), "unavailable"),
        ({}, "unavailable"),
    ],
)
def test_every_answer_has_its_verdict(given, verdict):
    assert judge_answer(CLAIM, given).verdict == verdict


class Register:
    def __init__(self):
        self.asked = []

    async def ask(self, questions):
        self.asked.append(questions)
        return dict.fromkeys(questions, answer("TRẦN THỊ BƯỞI", "female"))


@pytest.fixture
def register():
    return Register()


@pytest.fixture
def matching(register):
    return RegisterMatch(register, SettableClock(NOW), SystemRandomness(), MatchFigures())


async def test_the_question_has_the_whole_key_and_asks_for_nothing_else(matching, register):
    assert (await matching.judge(CLAIM, "1.004222")).verdict == "matched"
    ((source, question),) = register.asked[0].items()
    assert source == "population"
    assert (question.personal_number, question.old_number) == ("999175000003", None)
    assert (question.full_name, question.birth_date) == (CLAIM.full_name, CLAIM.birth_date)
    assert (question.attributes, question.procedure) == (COMPARED, "1.004222")
    assert question.deadline_at > NOW


async def test_an_old_number_is_asked_as_one_and_a_sign_in_for_no_procedure_has_its_own_code(matching, register):
    old = Claim(full_name=CLAIM.full_name, number="099999003", birth_date=CLAIM.birth_date)
    await matching.judge(old)
    (question,) = register.asked[0].values()
    assert (question.personal_number, question.old_number, question.procedure) == (None, "099999003", "VPCP")


@pytest.mark.parametrize(
    "claim", [Claim(full_name="A", birth_date=CLAIM.birth_date), Claim(full_name="A", number="999175000003")]
)
async def test_who_has_no_whole_key_is_asked_about_nowhere(matching, register, claim):
    assert (await matching.judge(claim)).verdict == "no_match"
    assert register.asked == []


class TwoRegisters:
    """The population register, and one that knows of deaths; `life` is what that one says."""

    def __init__(self, life):
        self.life = life
        self.asked = []

    async def ask(self, questions):
        self.asked.append(questions)
        known = {"population": answer("TRẦN THỊ BƯỞI", "female"), "civil_status": self.life}
        return {source: known[source] for source in questions}


@pytest.mark.parametrize(
    ("life", "verdict"),
    [
        ({"death_date": Found(PartialDate(2025, 3, 12), FROM)}, "deceased"),
        ({"death_date": Unavailable(reason="malformed"), "full_name": Found("A", FROM)}, "deceased"),
        ({"death_date": Absent("empty")}, "matched"),
        ({"death_date": Absent("no_match")}, "matched"),
        ({"death_date": Unavailable(reason="timeout")}, "matched"),
        ({"death_date": Refused("other_person")}, "matched"),
        ({}, "matched"),
    ],
)
async def test_a_register_that_knows_of_deaths_is_heard_and_its_trouble_is_not(life, verdict):
    registers = TwoRegisters(life)
    figures = MatchFigures(life_source="civil_status")
    matching = RegisterMatch(registers, SettableClock(NOW), SystemRandomness(), figures)
    assert (await matching.judge(CLAIM)).verdict == verdict
    asked = {source: question for questions in registers.asked for source, question in questions.items()}
    assert asked["population"].attributes == COMPARED
    assert asked["civil_status"].attributes == {"full_name", "death_date"}
    assert asked["population"].request_id != asked["civil_status"].request_id
    assert matching.attributes == ("death_date", "full_name", "sex")
    assert matching.connector is None


def test_with_one_register_evidence_names_it(matching):
    assert (matching.attributes, matching.connector) == (("full_name", "sex"), "population")


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (True, "matched"),
        (False, "no_match"),
        (Refused("purpose_denied"), "unavailable"),
        (Unavailable(reason="timeout"), "unavailable"),
    ],
)
async def test_a_register_may_only_verify_and_tell_nothing(register, told, verdict):
    async def verify(source, question):
        register.asked.append((source, question.personal_number))
        return told

    register.verify = verify
    figures = MatchFigures(by="verify")
    matching = RegisterMatch(register, SettableClock(NOW), SystemRandomness(), figures)
    assert (await matching.judge(CLAIM)).verdict == verdict
    assert register.asked == [("population", "999175000003")]
    assert matching.attributes == ()
