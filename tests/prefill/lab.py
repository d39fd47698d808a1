"""A prefill in one process: real policy, storage, keys and evidence; sources that answer what a test says."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.audit.record import Evidence
from gateway.connector_runtime.contract import Answer, Question
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.bearer import Bearer
from gateway.prefill.fill import PrefillRequest, fill_form
from gateway.prefill.house import Desk, Figures, Prefill
from gateway.prefill.reissue import ReissueRequest, reissue_form
from gateway.prefill.verify import VerifyRequest, verify_form
from gateway.storage.open import Storage, open_storage
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.form_preview import FormAsk
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance, Unavailable
from gateway.vocabulary.store import Kind, Put, Record

ISSUER = "https://gateway.example"
CODE = "1.004222"
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
POLICY = PolicyBundle.load()


def citizen_of(index: int) -> Citizen:
    """Return a persona as their sign-in describes them."""
    one = persona(index)
    return Citizen(
        id=f"citizen-{index}",
        full_name=one.full_name,
        personal_number=one.personal_number,
        old_number=one.old_number,
        passport_number=one.passport_number,
        birth_date=PartialDate.parse(one.birth_date),
        sex=one.sex,
        account_type=one.account.type,
        account_level=one.account.level,
    )


def record_of(one: Persona, now: datetime) -> dict[str, Outcome]:
    """Return what the population register knows of a persona, in its capitals."""
    head, father, mother, spouse = one.head_of_household, one.father, one.mother, one.spouse
    values: dict[str, Any] = {
        "full_name": one.full_name.upper(),
        "birth_date": PartialDate.parse(one.birth_date),
        "sex": one.sex,
        "personal_number": one.personal_number,
        "old_number": one.old_number,
        "permanent_residence": one.permanent_residence,
        "current_residence": one.current_residence,
        "head_name": head and head.name.upper(),
        "head_number": head and head.number,
        "head_relation": head and head.relation,
        "nationality": one.nationality,
        "ethnic_group": one.ethnic_group,
        "native_place": one.native_place,
        "birth_registration_place": one.birth_registration_place,
        "father_name": father and father.name.upper(),
        "father_number": father and father.number,
        "mother_name": mother and mother.name.upper(),
        "mother_number": mother and mother.number,
        "spouse_name": spouse and spouse.name.upper(),
        "spouse_number": spouse and spouse.number,
        "spouse_nationality": spouse and spouse.nationality,
        "household_number": one.household_number,
    }
    provenance = Provenance(source="population", as_of=date.fromisoformat(one.as_of), retrieved_at=now)
    return {name: Absent() if value is None else Found(value, provenance) for name, value in values.items()}


def civil_record_of(one: Persona, now: datetime) -> dict[str, Outcome]:
    """Return what the civil status register knows of a persona; nothing where the papers were never entered."""
    if not one.civil_status.known:
        return dict.fromkeys(("full_name", "sex", "death_date"), Absent("no_match"))
    values: dict[str, Any] = {
        "full_name": one.full_name.upper(),
        "sex": one.civil_status_sex or one.sex,
        "death_date": PartialDate.parse(one.death_date) if one.death_date else None,
    }
    as_of = date.fromisoformat(one.civil_status.as_of)
    provenance = Provenance(source="civil_status", as_of=as_of, retrieved_at=now)
    return {name: Absent() if value is None else Found(value, provenance) for name, value in values.items()}


RECORDS = {"population": record_of, "civil_status": civil_record_of}


@dataclass
class FakeSources:
    """Answers for every persona; `trouble` per source replaces the answer, `override` parts of what the population
    register says and `civil` of what civil status says, `late` makes a source late."""

    clock: SettableClock
    trouble: dict[str, Outcome] = field(default_factory=dict)
    override: dict[str, Outcome] = field(default_factory=dict)
    civil: dict[str, Outcome] = field(default_factory=dict)
    late: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[tuple[str, Question]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def ask(
        self, questions: Mapping[str, Question], *, on_late: Any = None, portal: str = ""
    ) -> dict[str, Answer]:
        """Answer every question."""
        return {source: self._answer(source, one, on_late) for source, one in questions.items()}

    def _answer(self, source: str, question: Question, on_late: Any) -> Answer:
        self.asked.append((source, question))
        if source in self.late:
            self.tasks.append(asyncio.create_task(self._later(source, question, on_late)))
            return dict.fromkeys(question.attributes, Unavailable(reason="late", retry_after=10))
        if source in self.trouble:
            return dict.fromkeys(question.attributes, self.trouble[source])
        return self._true(source, question)

    def _true(self, source: str, question: Question) -> Answer:
        record = RECORDS.get(source, record_of)
        override = self.civil if source == "civil_status" else self.override
        for index in range(1, 15):
            one = persona(index)
            if {one.personal_number, one.old_number} & {question.personal_number, question.old_number} - {None}:
                known = {**record(one, self.clock.now()), **override}
                return {name: known.get(name, Absent("not_kept")) for name in question.attributes}
        return dict.fromkeys(question.attributes, Absent("no_match"))

    async def _later(self, source: str, question: Question, on_late: Any) -> None:
        await self.late[source].wait()
        await on_late(source, self._true(source, question))


@dataclass
class Lab:
    """A house, and what a test wants to reach into."""

    house: Prefill
    sources: FakeSources
    clock: SettableClock
    storage: Storage
    keys: KeyRing

    def bearer(self, index: int = 1, **changes: Any) -> Bearer:
        """Return the bearer of a sign-in of persona `index` at `portal-a`."""
        grant = changes.pop("grant_id", f"grant-{index}")
        return replace(
            Bearer(
                client_id="portal-a",
                scopes=frozenset({"openid", f"procedure:{CODE}"}),
                procedures=frozenset({CODE}),
                portal_procedures=frozenset({CODE}),
                grant_id=grant,
                subject=f"pairwise-{index}",
                citizen=citizen_of(index),
                session_alive=True,
                granted_at=self.clock.now(),
            ),
            **changes,
        )

    async def sign_in(self, index: int = 1, **changes: Any) -> Bearer:
        """Store the grant of a sign-in and return its bearer."""
        bearer = self.bearer(index, **changes)
        assert bearer.grant_id is not None
        grant = Record(
            kind=Kind.GRANT,
            key=bearer.grant_id,
            group=bearer.grant_id,
            subject=f"citizen-{index}",
            expires_at=self.clock.now() + timedelta(days=60),
            body={},
        )
        await self.storage.store.commit([Put(grant)], now=self.clock.now())
        return bearer

    async def fill(self, bearer: Bearer, **members: Any) -> dict[str, Any]:
        """Return a filled form as JSON carries it."""
        request = PrefillRequest(bearer=bearer, procedure=members.pop("procedure", CODE), trace_id="0" * 32, **members)
        return as_json((await fill_form(request, self.house)).wire())

    async def again(self, bearer: Bearer, form_id: str) -> dict[str, Any]:
        """Return a form given out again."""
        request = ReissueRequest(bearer=bearer, form_id=form_id, trace_id="0" * 32)
        return as_json((await reissue_form(request, self.house)).wire())

    async def verify(self, bearer: Bearer, manifest: str, values: dict[str, Any], **expected: str) -> dict[str, Any]:
        """Return the answer of a verification."""
        request = VerifyRequest(bearer=bearer, manifest=manifest, values=values, expected=expected, trace_id="0" * 32)
        return as_json((await verify_form(request, self.house)).wire())

    def ask(self, index: int = 1, **changes: Any) -> FormAsk:
        """Return what a sign-in of persona `index` asks of prefill."""
        return replace(
            FormAsk(
                citizen=citizen_of(index),
                subject=f"pairwise-{index}",
                client_id="portal-a",
                procedure=CODE,
                dossier=None,
                grant_id=f"grant-{index}",
                trace_id="0" * 32,
            ),
            **changes,
        )

    async def events(self) -> list[dict[str, Any]]:
        """Return every stored event, oldest first."""
        return [orjson.loads(pending.leaf) for pending in await self.storage.journal.pending(10_000)]


def as_json(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as it arrives over the wire."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(document))
    return read


def values_of(form: dict[str, Any]) -> dict[str, Any]:
    """Return what a portal would submit of a form: every value it was given."""
    return {name: one["value"] for name, one in form["fields"].items() if one["value"] is not None}


_TEMPLATE: dict[str, bytes] = {}


async def _lay_database(path: Path) -> None:
    """Put an empty database with its keys at `path`; migrations and keys are made once per process."""
    if "empty" not in _TEMPLATE:
        empty = path.with_name("empty.db")
        storage, _ = await _open(empty, SettableClock(START))
        await storage.close()
        _TEMPLATE["empty"] = _read(empty)
    _write(path, _TEMPLATE["empty"])


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def _open(path: Path, clock: SettableClock) -> tuple[Storage, KeyRing]:
    randomness = SystemRandomness()
    storage = await open_storage(f"sqlite:///{path}", None, master_key=bytes(32), randomness=randomness)
    store = storage.store
    times = {"publish_for": timedelta(0), "retire_for": timedelta(days=60)}
    return storage, await KeyRing.open(store, store, clock, randomness, **times)


@asynccontextmanager
async def open_lab(folder: Path) -> Any:
    """Open a lab whose database lies in `folder`."""
    clock, randomness = SettableClock(START), SystemRandomness()
    await _lay_database(folder / "lab.db")
    storage, ring = await _open(folder / "lab.db", clock)
    sources = FakeSources(clock)
    desk = Desk(
        store=storage.store,
        index=storage.index,
        keys=storage.keys,
        evidence=Evidence(clock, randomness, storage.keys),
        clock=clock,
        randomness=randomness,
    )
    lab = Lab(Prefill(POLICY, sources, desk, ring, Figures(issuer=ISSUER)), sources, clock, storage, ring)
    try:
        yield lab
    finally:
        for task in sources.tasks:
            task.cancel()
        await asyncio.gather(*sources.tasks, return_exceptions=True)
        await storage.close()
