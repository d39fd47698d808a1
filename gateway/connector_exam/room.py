"""Where the exam takes place: the candidate, its connector before the stand-in, and what its samples say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.finding import Fault
from gateway.connector_exam.running import RunningSource
from gateway.connector_exam.sample_tree import Leaf, SampleTree, tree_of
from gateway.connector_exam.stand_in import Reply
from gateway.connector_exam.subject import Heard, Subject, Told, question_about
from gateway.connector_runtime.contract import Found, Question
from gateway.connector_runtime.kinds.samples import Sample
from gateway.vocabulary.persona import Persona, persona, personas
from gateway.vocabulary.personal_number import strip_grouping

_OF_PERSONA = re.compile(r"persona_(\d{1,2})\.")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A sample about one persona, as a tree that can be changed."""

    sample: Sample
    person: Persona
    tree: SampleTree

    @property
    def where(self) -> str:
        """How faults call it."""
        return f"samples/{self.sample.name}"

    def number_leaf(self) -> Leaf | None:
        """Return where the person's number stands in the sample."""
        known = {self.person.personal_number, self.person.old_number} - {None}
        return next((leaf for leaf in self.tree.leaves() if strip_grouping(leaf.text) in known), None)


@dataclass(kw_only=True)
class Room:
    """Everything a check may look at; `figures` are those that were kept before the exam began."""

    candidate: Candidate
    subject: Subject
    heard: Heard
    today: date
    figures: frozenset[str] = frozenset()
    service: RunningSource | None = None
    answers: dict[str, Told] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`rest`, `soap`, `sqlview` or `code`."""
        return self.candidate.manifest.kind

    @property
    def media(self) -> str:
        """The media type of the source's answers."""
        samples = self.candidate.samples
        xml = self.kind == "soap" or (self.kind == "code" and samples and samples[0].name.endswith(".xml"))
        return "text/xml; charset=utf-8" if xml else "application/json"

    def cases(self) -> list[Case]:
        """Return every sample that says something of a persona it is named after."""
        return list(_cases(self.candidate.samples))

    def reply(self, body: bytes, **members: Any) -> Reply:
        """Return an answer of the source's media type."""
        return Reply(body=body, kind=self.media, **members)

    def question(self, case: Case, **changes: Any) -> Question:
        """Return the question about a case's persona, for everything the connector gives."""
        attributes = changes.pop("attributes", self.candidate.manifest.provides)
        return question_about(case.person, attributes, **changes)

    async def baseline(self, case: Case) -> Told:
        """Return what the sample comes to when nothing is changed."""
        known = self.answers.get(case.sample.name)
        if known is None:
            known = await self.subject.ask(self.reply(case.sample.body, status=case.sample.status), self.question(case))
            self.answers[case.sample.name] = known
        return known

    async def told(self, case: Case, body: bytes, **changes: Any) -> Told:
        """Ask about a case's persona while the source answers `body`."""
        return await self.subject.ask(self.reply(body), self.question(case, **changes))

    async def full_case(self) -> Case | None:
        """Return the case with the most values, the one that most can be done with."""
        best: tuple[int, Case] | None = None
        for case in self.cases():
            values = len(found_in(await self.baseline(case)))
            if values and (best is None or values > best[0]):
                best = values, case
        return None if best is None else best[1]


def found_in(told: Told) -> dict[str, Any]:
    """Return the values of an answer."""
    return {name: one.value for name, one in told.outcomes.items() if isinstance(one, Found)}


def no_sample() -> list[Fault]:
    """Return the fault of a connector without one sample that gives a value: nothing can be shown by it."""
    return [
        Fault(
            what="no sample of a persona gives a value, so there is nothing to try this with",
            where="samples/",
            fix="Record one with `gate06 connector try --persona N --record`; it is named `persona_NN`.",
        )
    ]


def _cases(samples: Sequence[Sample]) -> Iterator[Case]:
    for sample in samples:
        tree = tree_of(sample.body)
        if tree is None:
            continue
        named = _OF_PERSONA.match(sample.name)
        try:
            one = persona(int(named[1])) if named else _spoken_of(tree)
        except LookupError:
            continue
        if one is not None:
            yield Case(sample=sample, person=one, tree=tree)


def _spoken_of(tree: SampleTree) -> Persona | None:
    texts = {strip_grouping(leaf.text) for leaf in tree.leaves()}
    found = [one for one in personas() if one.personal_number in texts]
    return found[0] if len(found) == 1 else None
