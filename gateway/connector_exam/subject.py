"""The connector under examination, asked through its own two methods about invented people."""

import asyncio
import contextlib
import io
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import structlog

from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.stand_in import TOKEN_PATH, Call, Reply, StandIn
from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, TransportName
from gateway.connector_runtime.contract import (
    Answer,
    Connector,
    Equipment,
    Health,
    OfficerClass,
    Outcome,
    Question,
    SourceTrouble,
    Speech,
)
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.kinds.declared import Asker
from gateway.connector_runtime.kinds.question import Needed
from gateway.connector_runtime.kinds.record import RecordReader
from gateway.connector_runtime.kinds.secret_slots import secret_references
from gateway.connector_runtime.kinds.sqlview import ViewConnector, view_of
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_parts import Auth, Endpoint
from gateway.connector_runtime.mapping.template import parse_template
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.transports.reply import refuse_status, time_left, trouble
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.clock import Clock, SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona

SECRET = "exam-secret-4b1d90"  # noqa: S105  opens nothing: the stand-in's own
PURPOSE = "exam_purpose"
_PATIENCE = 5.0
_KEPT_AUTH = frozenset({"none", "basic", "apikey"})
_SPEECHES: Mapping[TransportName, Speech] = {
    "ndxp": "soap",
    "lgsp": "json",
    "lgsp_wrapper": "soap",
    "lgsp_json": "camel",
    "ndop": "json",
}
_ids = count(1)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one question came to: outcomes by attribute (empty when the connector failed in a way it may not), the
    trouble it raised, the calls that reached the source, and how long it took (seconds)."""

    question: Question
    outcomes: Mapping[str, Outcome]
    extra: frozenset[str] = frozenset()
    trouble: SourceTrouble | None = None
    error: str = ""
    calls: Sequence[Call] = ()
    took: float = 0.0


@dataclass
class Heard:
    """Everything that was logged or printed while the exam went on."""

    entries: Sequence[Any] = field(default_factory=list)
    printed: io.StringIO = field(default_factory=io.StringIO)

    def text(self) -> str:
        """Return all of it as one text."""
        return "\n".join([*(json.dumps(one, default=str, ensure_ascii=False) for one in self.entries), self._said()])

    def events(self, begin: int) -> list[str]:
        """Return the names of the events from an index on."""
        return [str(one.get("event")) for one in self.entries[begin:]]

    def _said(self) -> str:
        return self.printed.getvalue()


@contextmanager
def listening() -> Iterator[Heard]:
    """Keep what is logged (structlog, logging) and printed while the block runs."""
    heard = Heard()
    handler = logging.StreamHandler(heard.printed)
    root = logging.getLogger()
    level = root.level
    quiet = [logging.getLogger(name) for name in ("asyncio", "aiohttp.server", "asyncpg")]
    levels = [one.level for one in quiet]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for one in quiet:
        one.setLevel(logging.WARNING)
    try:
        with (
            structlog.testing.capture_logs() as entries,
            contextlib.redirect_stdout(heard.printed),
            contextlib.redirect_stderr(heard.printed),
        ):
            heard.entries = entries
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for one, before in zip(quiet, levels, strict=True):
            one.setLevel(before)


class Subject:
    """One connector before one stand-in. `connector` makes it anew for a clock of the exam's own."""

    def __init__(self, candidate: Candidate, stand_in: StandIn, secrets: Path) -> None:
        self.candidate = candidate
        self.stand_in = stand_in
        self._secrets = secrets
        self._clients: list[ZoneClient] = []
        self._usual = self.connector(SystemClock(), stand_in.url)

    def connector(self, clock: Clock, url: str, timeout_for: float = _PATIENCE) -> Connector:
        """Return the connector, asking the service at `url`; a view asks rows that the stand-in holds."""
        client = ZoneClient("lab", EgressSettings())
        self._clients.append(client)
        manifest = self.candidate.manifest
        way = _Way(self.stand_in, client, clock, url, timeout_for)
        if self.candidate.make is not None:
            return self.candidate.make(
                Equipment(
                    source=manifest.id,
                    transport=_ExamTransport(way, _SPEECHES[manifest.transport or "ndxp"]),
                    clock=clock,
                    officer="999080000200",
                    agency_code="H00.00.00",
                    options={
                        **manifest.fill_options({}),
                        **({"url": url} if any(one.name == "url" for one in manifest.options) else {}),
                    },
                )
            )
        if manifest.kind == "sqlview":
            return _view(manifest, way)
        return _declared(manifest, way, self._secrets)

    async def ask(
        self,
        reply: Reply | Callable[[Call], Reply],
        question: Question,
        *,
        connector: Connector | None = None,
    ) -> Told:
        """Ask once while the stand-in answers `reply`; whatever comes of it is told, nothing is raised."""
        self.stand_in.reply = reply
        before = len(self.stand_in.calls)
        loop = asyncio.get_running_loop()
        began = loop.time()
        asked = connector or self._usual
        trouble_: SourceTrouble | None = None
        answer: Answer = {}
        error = ""
        try:
            async with asyncio.timeout(_PATIENCE * 2):
                answer = await asked.answer(question)
        except SourceTrouble as failed:
            trouble_ = failed
            answer = dict.fromkeys(question.attributes, failed.outcome)
        except TimeoutError:
            error = "the connector did not come back"
        except Exception as failed:  # whatever a candidate's code raises is a finding of the exam, not its end
            error = f"the connector raised {type(failed).__name__}, which is no SourceTrouble"
        told = answer if isinstance(answer, Mapping) else {}
        return Told(
            question=question,
            outcomes={name: told[name] for name in question.attributes if name in told},
            extra=frozenset(told) - question.attributes,
            trouble=trouble_,
            error=error,
            calls=tuple(self.stand_in.calls[before:]),
            took=loop.time() - began,
        )

    async def close(self) -> None:
        """Close every pool of connections."""
        for client in self._clients:
            await client.close()


def sent(told: Told) -> str:
    """Return everything a question sent, as one text."""
    return " ".join(f"{call.path} {dict(call.headers)} {call.body.decode('utf-8', 'replace')}" for call in told.calls)


@asynccontextmanager
async def examined(candidate: Candidate) -> AsyncIterator[Subject]:
    """Yield the connector in front of a stand-in that runs as long as the block."""
    stand_in = StandIn()
    await stand_in.open()
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(SECRET, "utf-8")
        subject = Subject(candidate, stand_in, secret)
        try:
            yield subject
        finally:
            await subject.close()
            await stand_in.close()


def question_about(one: Persona, attributes: frozenset[str], **changes: Any) -> Question:
    """Return the exam's question about a persona; every one has its own request id."""
    known = Question(
        attributes=attributes,
        personal_number=one.personal_number,
        old_number=one.old_number,
        full_name=one.full_name,
        birth_date=PartialDate.parse(one.birth_date),
        procedure="1.004222",
        purpose=PURPOSE,
        request_id=f"exam-{next(_ids):08d}",
        deadline_at=SystemClock().now() + timedelta(seconds=_PATIENCE),
    )
    return replace(known, **changes)


@dataclass(frozen=True, slots=True)
class _Way:
    stand_in: StandIn
    client: ZoneClient
    clock: Clock
    url: str
    timeout_for: float


def _declared(manifest: Manifest, way: _Way, secret: Path) -> Connector:
    auth = manifest.auth if manifest.auth.kind in _KEPT_AUTH else Auth()
    local = Endpoint(url=way.url, allowed_hosts=("127.0.0.1",))
    # nobody signs what the stand-in changes: a signature is looked at by the running source
    changed = manifest.model_copy(
        update={"endpoint": local, "auth": auth, "signature": None, "envelope_signature": None}
    )
    settings = ConnectorSettings(
        url=way.url,
        zone="lab",
        token_url=way.url.replace("https://", "http://") + TOKEN_PATH,
        secret_files=dict.fromkeys(secret_references(changed), secret),
        timeout_for=way.timeout_for,
        officer="999080000200",
        agency_code="H00.00.00",
    )
    bus = _ExamTransport(way, "soap" if manifest.kind == "soap" else "json") if manifest.transport else None
    ways = Ways(client=way.client, policy=AddressPolicy("lab", EgressSettings()), clock=way.clock, transport=bus)
    made, _ = build_connector(manifest.id, changed, settings, ways)
    return made


def _view(manifest: Manifest, way: _Way) -> ViewConnector:
    assert manifest.operations is not None
    needed = Needed(manifest.inputs)
    where = [parse_template(text, needed.names) for text in manifest.operations.lookup.where.values()]
    asker = Asker(source=manifest.id, officer="999080000200", agency_code="H00.00.00", clock=way.clock)
    record = RecordReader(manifest, "row", shipped_lists())
    return ViewConnector(asker, _HeldRows(manifest, way), (needed, where), record, way.timeout_for)


class _ExamTransport:
    """A bus of which only the message counts."""

    def __init__(self, way: _Way, speech: Speech) -> None:
        self.speech: Speech = speech
        self._way = way

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        kind = "text/xml; charset=utf-8" if self.speech == "soap" else "application/json"
        left = time_left(self._way.timeout_for, deadline_at, self._way.clock.now())
        reply = await self._way.client.send(
            "POST", self._way.url, headers={"Content-Type": kind}, body=message, timeout_for=left
        )
        refuse_status(reply)
        return reply.body

    async def check(self) -> Health:
        try:
            reply = await self._way.client.send("GET", self._way.url, timeout_for=2.0)
        except SourceTrouble as failed:
            return Health("down", failed.operator_detail)
        return Health("up" if reply.status < 400 else "down")


class _HeldRows:
    """Rows of a view as a sample holds them: only the columns the manifest names are selected, two at most."""

    def __init__(self, manifest: Manifest, way: _Way) -> None:
        self._columns = view_of(manifest).columns
        self._way = way

    async def rows(self, values: Sequence[str], *, timeout_for: float) -> list[dict[str, str | None]]:
        bound = Call(method="SELECT", path="", headers={}, body=json.dumps(list(values)).encode())
        self._way.stand_in.calls.append(bound)
        reply = self._way.stand_in.reply
        reply = reply if isinstance(reply, Reply) else reply(bound)
        if reply.wait_for >= timeout_for:
            await asyncio.sleep(timeout_for)
            raise trouble("timeout", "the view did not answer in time")
        if reply.status != 200:
            raise trouble("unreachable", "the database cannot be reached")
        try:
            rows = json.loads(reply.body)
        except ValueError:
            raise trouble("fault", "the database failed") from None
        return [{name: _as_text(row.get(name)) for name in self._columns} for row in rows[:2]]

    async def check(self) -> Health:
        reply = self._way.stand_in.reply
        return Health("up" if isinstance(reply, Reply) and reply.status == 200 else "down")


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
