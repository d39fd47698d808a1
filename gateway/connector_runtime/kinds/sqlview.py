"""The kind sqlview: a department's view, one row about one person."""

from collections.abc import Sequence
from typing import Protocol

from gateway.connector_runtime.contract import Absent, Answer, Health, Question, Refused, SourceTrouble
from gateway.connector_runtime.contract.document import LARGEST
from gateway.connector_runtime.kinds.declared import Asker
from gateway.connector_runtime.kinds.question import Needed
from gateway.connector_runtime.kinds.record import RecordReader
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_parts import FieldRow
from gateway.connector_runtime.mapping.template import Template, Unaskable, inputs_of
from gateway.connector_runtime.transports.reply import time_left, trouble
from gateway.connector_runtime.transports.sqlview import View


class Rows(Protocol):
    """Reads a view."""

    async def rows(self, values: Sequence[str], *, timeout_for: float) -> list[dict[str, str | None]]:
        """Return no, one or two rows. Raises SourceTrouble."""
        ...

    async def check(self) -> Health:
        """Tell whether role and view are as they must be."""
        ...


class ViewConnector:
    """Asks one view as its manifest says."""

    def __init__(
        self,
        asker: Asker,
        view: Rows,
        question: tuple[Needed, Sequence[Template]],
        record: RecordReader,
        timeout_for: float,
    ) -> None:
        self._asker = asker
        self._view = view
        self._needed, self._where = question
        self._record = record
        self._timeout_for = timeout_for

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed."""
        try:
            values = self.bind(question)
        except SourceTrouble as trouble:
            if trouble.outcome == Absent("not_kept"):
                return dict.fromkeys(question.attributes, trouble.outcome)
            raise
        return self.read(await self.rows(values, question), question)

    async def check(self) -> Health:
        """Probe the database; no row is read."""
        return await self._view.check()

    def bind(self, question: Question) -> list[str]:
        """Return the values of the statement, in order. Raises SourceTrouble (bad_request, not_kept)."""
        inputs = inputs_of(question, officer=self._asker.officer, agency_code=self._asker.agency_code)
        self._needed.check(inputs)
        try:
            return [template.render(inputs, "bind") for template in self._where]
        except Unaskable as error:
            raise SourceTrouble(Refused("bad_request"), str(error)) from None

    async def rows(self, values: Sequence[str], question: Question) -> list[dict[str, str | None]]:
        """Read the view; whoever reads it, a row beyond LARGEST octets is none. Raises SourceTrouble."""
        left = time_left(self._timeout_for, question.deadline_at, self._asker.clock.now())
        rows = await self._view.rows(values, timeout_for=left)
        if any(sum(len(text.encode()) for text in row.values() if text) > LARGEST for row in rows):
            raise trouble("oversize", f"a row of more than {LARGEST} octets")
        return rows

    def read(self, rows: Sequence[dict[str, str | None]], question: Question) -> Answer:
        """Read rows about the person of a question. Raises SourceTrouble."""
        return self._record.read(list(rows), question, source=self._asker.source, now=self._asker.clock.now())


def view_of(manifest: Manifest) -> View:
    """Return the view of a manifest and every column it needs, each once. What is not named is never selected."""
    assert manifest.operations is not None
    assert manifest.record is not None
    look_up, record = manifest.operations.lookup, manifest.record
    plain = [*record.about.values(), *([record.as_of] if record.as_of else [])]
    told, coded = [*plain], set()
    for row in manifest.fields:
        by_list = {row.precision_from, row.source if row.type in {"code", "sex"} else None}
        told += columns_of(row)
        coded |= by_list
        plain += [column for column in columns_of(row) if column not in by_list]
    columns = tuple(dict.fromkeys(told))
    truths = frozenset(column for column in columns if column in coded and column not in plain)
    return View(name=look_up.view or "", by=tuple(look_up.where), columns=columns, truths=truths)


def columns_of(row: FieldRow) -> list[str]:
    """Return the columns of a field row."""
    found = [*([row.source] if row.source else []), *row.from_parts]
    found += [row.precision_from] if row.precision_from else []
    if row.address is not None:
        parts = (getattr(row.address, name) for name in ("province", "district", "commune", "detail", "country"))
        found += [path for path in parts if path]
    return found
