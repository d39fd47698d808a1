"""From an answer's tree to outcomes: the one record, whom it is about, how old it is, and the fields asked for."""

from datetime import date, datetime
from typing import Any

from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Outcome,
    Provenance,
    Question,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.contract.values import read_date
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_parts import RecordRow
from gateway.connector_runtime.mapping.address import Basis
from gateway.connector_runtime.mapping.field_table import FieldTable
from gateway.connector_runtime.mapping.path import Shape, parse_path
from gateway.connector_runtime.mapping.readers import parse_date, read_any_date, text_of
from gateway.connector_runtime.mapping.tree import MEMBERS, all_at, is_void, plain, walk
from gateway.vocabulary.areas import AreaLists
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import fold_name
from gateway.vocabulary.personal_number import strip_grouping
from gateway.vocabulary.working_days import VIETNAM


class RecordReader:
    """Reads the answers of one source. Raises PathInvalid or FieldRefused when its manifest cannot be compiled."""

    def __init__(self, manifest: Manifest, shape: Shape, lists: AreaLists) -> None:
        row = manifest.record
        assert row is not None
        basis = Basis(lists=lists, code_lists=manifest.code_lists, unknown=frozenset(row.unknown) | {""})
        self.table = FieldTable(manifest.fields, shape, basis)
        self._row: RecordRow = row
        self._members = MEMBERS[shape]
        self._at = parse_path(row.at, shape)
        self._about = {name: parse_path(path, shape) for name, path in row.about.items()}
        self._as_of = parse_path(row.as_of, shape) if row.as_of else None

    def read(self, root: Any, question: Question, *, source: str, now: datetime) -> Answer:
        """Return an outcome for every attribute asked. Raises SourceTrouble when the answer is not about one person,
        and about this one."""
        try:
            record = self.find(root)
            self._check_same_person(record, question)
            provenance = Provenance(source=source, as_of=self._told_date(record, now), retrieved_at=now)
            answer: dict[str, Outcome] = self.table.read(record, question.attributes, provenance)
        except Unreadable as error:
            raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None
        return answer

    def find(self, root: Any) -> Any:
        """Return the one record of an answer. Raises SourceTrouble (no_match, ambiguous, malformed), Unreadable."""
        rows, is_held = all_at(root, self._at, self._members)
        if rows is None:
            if is_held and self._row.missing == "not_found":
                raise SourceTrouble(Absent("no_match"), "nothing stands where the record would")
            raise SourceTrouble(Unavailable(reason="malformed"), f"nothing stands at `{self._row.at}`")
        if len(rows) > 1:
            raise SourceTrouble(Absent("ambiguous"), "the source named several people")
        if not rows or rows[0] is None or (self._row.missing == "not_found" and is_void(rows[0])):
            raise SourceTrouble(Absent("no_match"), "the source named nobody")
        return rows[0]

    def _check_same_person(self, record: Any, question: Question) -> None:
        """Let nothing of an answer about somebody else through. Raises SourceTrouble."""
        compared = 0
        for name, steps in self._about.items():
            asked = getattr(question, name)
            if asked is None or asked == "":
                continue
            told = plain(walk(record, steps, self._members))
            text = "" if told is None else text_of(told)
            if not text:
                raise SourceTrouble(Unavailable(reason="malformed"), "the answer does not say whom it is about")
            if not _same(name, text, asked):
                raise SourceTrouble(Refused("other_person"), "the answer is about somebody else")
            compared += 1
        if not compared:
            raise SourceTrouble(Unavailable(reason="malformed"), "nothing in the answer says whom it is about")

    def _told_date(self, record: Any, now: datetime) -> date:
        """Return the date the record is true of; today, which is a day in Vietnam, when it does not say a whole one."""
        today = now.astimezone(VIETNAM).date()
        if self._as_of is None:
            return today
        told = plain(walk(record, self._as_of, self._members))
        if told is None:
            return today
        form, is_local, text = self._row.as_of_format, self._row.as_of_clock is not None, text_of(told)
        found = read_any_date(text, is_local=is_local) if form is None else parse_date(text, form, is_local=is_local)
        if found is None or found.month is None or found.day is None:
            return today
        return date(found.year, found.month, found.day)


def _same(name: str, told: str, asked: Any) -> bool:
    if isinstance(asked, PartialDate):
        found = read_date(told)
        return found is not None and asked.agrees_with(found)
    if name == "full_name":
        return fold_name(told) == fold_name(asked)
    return strip_grouping(told) == strip_grouping(asked)
