"""A register of the exchange platform: asked by a three-way key, answering with one person's record.

What the national registers have in common is here; a connector brings the names of its operation and answer and a
reader for each attribute.
"""

from collections.abc import Mapping

from lxml import etree

from gateway.connector_runtime.contract import Absent, Answer, Equipment, Health, Provenance, Question
from gateway.connector_runtime.contract.answer_tree import AnswerNames
from gateway.connector_runtime.contract.lookup import Asker, Operation, lookup_for, officer_class, write_lookup
from gateway.connector_runtime.contract.person import find_person, outcomes_of, read_tree
from gateway.connector_runtime.contract.values import Reader
from gateway.vocabulary.areas import shipped_lists


class PlatformRegister:
    """Asks a register whose manifest declares the options `key_form` and `date_form`."""

    def __init__(self, equipment: Equipment, names: AnswerNames, readers: Mapping[str, Reader]) -> None:
        self._equipment = equipment
        self._names = names
        self._readers = readers
        self._lists = shipped_lists()

    async def answer(self, question: Question, operation: Operation) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed.

        A person without any number (a foreign resident) is in no such register: `not_kept`, without a call.
        """
        if not (question.personal_number or question.old_number):
            return dict.fromkeys(question.attributes, Absent("not_kept"))
        tree = await self.call(question, operation)
        now = self._equipment.clock.now()
        row = find_person(tree, question, names=self._names, lists=self._lists, now=now)
        provenance = Provenance(source=self._equipment.source, as_of=row.as_of, retrieved_at=now)
        return outcomes_of(row, self._readers, question.attributes, provenance)

    async def call(self, question: Question, operation: Operation) -> etree._Element:
        """Ask and return the answer as a tree. Raises SourceTrouble; without number or birth date before any call."""
        equipment = self._equipment
        asker = Asker(agency=equipment.agency_code, officer=equipment.officer)
        forms = {name: equipment.options[name] for name in ("key_form", "date_form")}
        message = write_lookup(lookup_for(question, asker, **forms), operation, equipment.transport.speech)
        body = await equipment.transport.send(
            message, deadline_at=question.deadline_at, officer_class=officer_class(question)
        )
        return read_tree(body, equipment.transport.speech)

    async def check(self) -> Health:
        """Probe the bus; nobody is asked about."""
        if not (self._equipment.officer and self._equipment.agency_code):
            return Health("down", "`officer` and `agency_code` must be set")
        return await self._equipment.transport.check()
