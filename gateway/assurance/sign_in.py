"""Does the population register know who signed in? One question with the three-way key, one verdict (design.md §5).

The register is asked for a name and a sex and nothing else: enough to contradict what the identity provider said,
and nothing that anybody is told. A person without a number, or of unknown birth, is in no such register.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from gateway.assurance.match import Claim, PersonMatch, RegisterRecord, match_person
from gateway.connector_runtime.contract import Absent, Answer, Found, Outcome, Question
from gateway.vocabulary.clock import Clock, Randomness
from gateway.vocabulary.provenance import Unavailable

COMPARED = frozenset({"full_name", "sex"})


class Registers(Protocol):
    """Asks registers; `gateway.connector_runtime.registry.ConnectorRegistry` does."""

    async def ask(self, questions: Mapping[str, Question]) -> Mapping[str, Answer]:
        """Return per source an outcome for every attribute asked, at the deadline at the latest; raises nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFigures:
    """`source` is the register asked, `procedure` the code sent where a sign-in is for no procedure, `deadline_for`
    how long the register has."""

    source: str = "population"
    procedure: str = "VPCP"
    deadline_for: timedelta = timedelta(milliseconds=2500)


class RegisterMatch:
    """Judges sign-ins against the register."""

    def __init__(self, registers: Registers, clock: Clock, randomness: Randomness, figures: MatchFigures) -> None:
        self._registers = registers
        self._clock = clock
        self._randomness = randomness
        self.figures = figures

    def can_ask(self, claim: Claim) -> bool:
        """Tell whether there is a whole key to ask with: number, name and birth date."""
        return claim.number is not None and claim.birth_date is not None

    async def judge(self, claim: Claim, procedure: str | None = None) -> PersonMatch:
        """Return the verdict about a claim; `no_match`, without a call, for whom no key can be made.

        Store what says that the register is asked before this is called. Raises nothing.
        """
        if not self.can_ask(claim):
            return PersonMatch("no_match")
        source = self.figures.source
        answers = await self._registers.ask({source: self._question(claim, procedure)})
        return judge_answer(claim, answers.get(source, {}))

    def _question(self, claim: Claim, procedure: str | None) -> Question:
        number = claim.number or ""
        return Question(
            attributes=COMPARED,
            personal_number=number if len(number) == 12 else None,
            old_number=number if len(number) != 12 else None,
            full_name=claim.full_name,
            birth_date=claim.birth_date,
            procedure=procedure or self.figures.procedure,
            purpose="Đối chiếu danh tính khi đăng nhập",
            request_id=self._randomness.octets(16).hex(),
            deadline_at=self._clock.now() + self.figures.deadline_for,
        )


def judge_answer(claim: Claim, answer: Answer) -> PersonMatch:
    """Return the verdict about a register's answer.

    Connectors let no answer about another number through, so a name that came back stands beside the number asked
    for. Whatever is neither a name nor a plain no is no verdict about the person: `unavailable`.
    """
    match answer.get("full_name"):
        case Found(full_name, _):
            record = RegisterRecord(
                full_name=full_name,
                personal_number=claim.number,
                birth_date=claim.birth_date,
                sex=_value(answer.get("sex")),
            )
            return match_person(claim, [record])
        case Absent("no_match"):
            return match_person(claim, [])
        case Absent("ambiguous"):
            return PersonMatch("ambiguous")
        case _:
            return match_person(claim, Unavailable())


def _value(outcome: Outcome | None) -> str | None:
    return outcome.value if isinstance(outcome, Found) else None
