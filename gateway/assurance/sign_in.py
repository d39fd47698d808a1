"""Does the population register know who signed in? One question with the three-way key, one verdict (design.md §5).

The register is asked for a name and a sex and nothing else: enough to contradict what the identity provider said,
and nothing that anybody is told. A person without a number, or of unknown birth, is in no such register. A second
register, where one is connected, is asked beside it whether it records a death.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, Protocol

from gateway.assurance.life import DEATH, recorded_death
from gateway.assurance.match import Claim, PersonMatch, RegisterRecord, match_person, match_verification
from gateway.connector_runtime.contract import Absent, Answer, Found, Outcome, Question
from gateway.vocabulary.clock import Clock, Randomness
from gateway.vocabulary.provenance import Refused, Unavailable

COMPARED = frozenset({"full_name", "sex"})
_OF_LIFE = frozenset({"full_name", DEATH})


class Registers(Protocol):
    """Asks registers; `gateway.connector_runtime.registry.ConnectorRegistry` does."""

    async def ask(self, questions: Mapping[str, Question]) -> Mapping[str, Answer]:
        """Return per source an outcome for every attribute asked, at the deadline at the latest; raises nothing."""
        ...

    async def verify(self, source: str, question: Question) -> bool | Refused | Unavailable:
        """Return whether a source holds this person just so, or why it did not say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFigures:
    """`source` is the register asked, `by` how: looked up (a record with another name or sex is `mismatched`) or only
    verified (the register tells nothing but yes or no, and nothing is read of anybody). `life_source` is the one
    that knows of deaths (None: none is connected), `procedure` the code sent where a sign-in is for no procedure,
    `deadline_for` how long the registers have."""

    source: str = "population"
    by: Literal["look_up", "verify"] = "look_up"
    life_source: str | None = None
    procedure: str = "VPCP"
    deadline_for: timedelta = timedelta(milliseconds=2500)


class RegisterMatch:
    """Judges sign-ins against the register."""

    def __init__(self, registers: Registers, clock: Clock, randomness: Randomness, figures: MatchFigures) -> None:
        self._registers = registers
        self._clock = clock
        self._randomness = randomness
        self.figures = figures

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the registers are asked for; a verification asks for nothing."""
        compared = COMPARED if self.figures.by == "look_up" else frozenset[str]()
        return tuple(sorted(compared | ({DEATH} if self.figures.life_source else set())))

    @property
    def connector(self) -> str | None:
        """The register asked, for evidence; None when there are two."""
        return self.figures.source if self.figures.life_source is None else None

    def can_ask(self, claim: Claim) -> bool:
        """Tell whether there is a whole key to ask with: number, name and birth date."""
        return claim.number is not None and claim.birth_date is not None

    async def judge(self, claim: Claim, procedure: str | None = None) -> PersonMatch:
        """Return the verdict about a claim; `no_match`, without a call, for whom no key can be made.

        Store what says that the register is asked before this is called. Raises nothing.
        """
        if not self.can_ask(claim):
            return PersonMatch("no_match")
        question = self._question(claim, procedure)
        life, verdict = await asyncio.gather(self._hear_of_life(question), self._hear(claim, question))
        return PersonMatch("deceased") if recorded_death(life) else verdict

    async def _hear(self, claim: Claim, question: Question) -> PersonMatch:
        source = self.figures.source
        if self.figures.by == "verify":
            return match_verification(await self._registers.verify(source, question))
        answers = await self._registers.ask({source: question})
        return judge_answer(claim, answers.get(source, {}))

    async def _hear_of_life(self, question: Question) -> Mapping[str, Answer]:
        source = self.figures.life_source
        if source is None:
            return {}
        mine = replace(question, attributes=_OF_LIFE, request_id=self._randomness.octets(16).hex())
        return await self._registers.ask({source: mine})

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
