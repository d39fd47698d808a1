"""Gateways in one process on one real store: each node has its own connections, its own prefill and its own keys."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from gateway.audit.record import Evidence
from gateway.connector_runtime.contract import Answer, Question
from gateway.consent.grant import Question as ConsentQuestion
from gateway.consent.grant import agree, load_standing, refuse, rest_on, standing_address
from gateway.consent.page_content import content_hash, offers_of, page_content
from gateway.consent.parties import parties_address, parties_of
from gateway.consent.record import Consent
from gateway.consent.withdraw import ConsentDesk, withdraw_consent
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.bearer import Bearer
from gateway.prefill.fill import PrefillRequest, fill_form
from gateway.prefill.house import Desk, Figures, Prefill
from gateway.prefill.reissue import ReissueRequest, reissue_form
from gateway.prefill.verify import VerifyRequest, verify_form
from gateway.storage.open import Storage, open_storage
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import SettableClock, SystemRandomness, text_token
from gateway.vocabulary.form_preview import FormAsk
from gateway.vocabulary.store import Insert, Kind, Record
from tests.prefill.lab import FakeSources, citizen_of
from tests.services import MASTER_KEY, Urls

MARRIAGE = "1.000894"
DOSSIER = "000.00.15.H56-261123-0001"
PORTAL = "portal-a"
RECIPIENT = {"vi": "Ủy ban nhân dân xã Trà Hồ", "en": "People's Committee of Trà Hồ"}
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
POLICY = PolicyBundle.load()


@dataclass
class HeldSources(FakeSources):
    """Sources that answer when the test lets them; `asking` tells that they were asked."""

    gate: asyncio.Event | None = None
    asking: asyncio.Event = field(default_factory=asyncio.Event)
    delay: float = 0.0

    async def ask(
        self, questions: Mapping[str, Question], *, on_late: Any = None, portal: str = ""
    ) -> dict[str, Answer]:
        """Answer, when it is time."""
        self.asking.set()
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(self.delay)
        return await super().ask(questions, on_late=on_late)


@dataclass
class Node:
    """One gateway."""

    house: Prefill
    storage: Storage
    sources: HeldSources
    clock: SettableClock

    @property
    def desk(self) -> ConsentDesk:
        """What consents are kept with."""
        desk = self.house.desk
        return ConsentDesk(store=desk.store, evidence=desk.evidence, clock=self.clock)

    def ask(self, index: int, *, dossier: str | None = DOSSIER, procedure: str = MARRIAGE) -> FormAsk:
        """Return what the page of persona `index` asks."""
        return FormAsk(
            citizen=citizen_of(index),
            subject=f"pairwise-{index}",
            client_id=PORTAL,
            procedure=procedure,
            dossier=dossier,
            grant_id=f"g{text_token(SystemRandomness(), 96)}",
            granted=False,
            trace_id="0" * 32,
            portal_procedures=frozenset({procedure}),
        )

    async def agree(
        self, index: int, ticked: Collection[str] | None = None, *, dossier: str | None = DOSSIER
    ) -> tuple[Bearer, Consent]:
        """Let persona `index` answer the page; None ticks every box, an empty answer keeps all of them empty."""
        ask = self.ask(index, dossier=dossier)
        question = await self.question(ask)
        now, parties = self.clock.now(), None
        if dossier is not None:
            address = parties_address(PORTAL, MARRIAGE, dossier)
            (record,) = await self.storage.store.load(address)
            parties = parties_of(address, record)
        answered = await agree(
            question,
            [offer.field for offer in question.offers] if ticked is None else ticked,
            standing=await load_standing(self.storage.store, self.standing(ask)),
            parties=parties,
            grant_id=ask.grant_id,
            evidence=self.house.desk.evidence,
            now=now,
        )
        changes = [*answered.changes, Insert(self.grant(ask))]
        verdict = await self.storage.store.commit(changes, answered.events, now=now)
        assert verdict.done, verdict
        return self.bearer(ask, answered.consent.id), answered.consent

    async def refuse(self, index: int, *, dossier: str | None = DOSSIER) -> Consent:
        """Let persona `index` say no."""
        ask, now = self.ask(index, dossier=dossier), self.clock.now()
        standing = await load_standing(self.storage.store, self.standing(ask))
        evidence = self.house.desk.evidence
        answered = await refuse(await self.question(ask), standing=standing, evidence=evidence, now=now)
        assert (await self.storage.store.commit(answered.changes, answered.events, now=now)).done
        return answered.consent

    async def sign_in_again(self, index: int, consent: Consent) -> Bearer:
        """Let one more grant rest on a remembered consent."""
        ask, now = self.ask(index, dossier=consent.dossier), self.clock.now()
        verdict = await self.storage.store.commit([rest_on(consent, ask.grant_id), Insert(self.grant(ask))], now=now)
        assert verdict.done, verdict
        return self.bearer(ask, consent.id)

    async def question(self, ask: FormAsk) -> ConsentQuestion:
        """Return what the page asks."""
        form = await self.house.prepare(ask)
        content = page_content(form, RECIPIENT, (), portal=RECIPIENT)
        return ConsentQuestion(
            consent_id=f"cs_{text_token(SystemRandomness(), 128)}",
            citizen=ask.citizen,
            subject=ask.subject,
            client_id=ask.client_id,
            procedure=ask.procedure,
            dossier=ask.dossier,
            party=form.party,
            offers=offers_of(form),
            content=content,
            content_hash=content_hash(content),
            language="vi, en",
            other_id=form.other_id,
        )

    def standing(self, ask: FormAsk) -> Any:
        """Return where it stands what the person answered last."""
        return standing_address(ask.citizen.id, ask.client_id, ask.procedure, ask.dossier)

    def grant(self, ask: FormAsk) -> Record:
        """Return the record of a grant."""
        until = self.clock.now() + timedelta(days=60)
        return Record(
            kind=Kind.GRANT, key=ask.grant_id, group=ask.grant_id, subject=ask.citizen.id, expires_at=until, body={}
        )

    def bearer(self, ask: FormAsk, consent_id: str) -> Bearer:
        """Return who calls with the token of this sign-in."""
        return Bearer(
            client_id=PORTAL,
            scopes=frozenset({"openid"}),
            procedures=frozenset({ask.procedure}),
            portal_procedures=frozenset({ask.procedure}),
            grant_id=ask.grant_id,
            subject=ask.subject,
            citizen=ask.citizen,
            dossier=ask.dossier,
            session_alive=True,
            granted_at=self.clock.now(),
            consent_id=consent_id,
        )

    async def fill(self, bearer: Bearer, fields: frozenset[str] | None = None) -> dict[str, Any]:
        """Return a filled form as JSON carries it."""
        request = PrefillRequest(bearer=bearer, procedure=MARRIAGE, fields=fields, trace_id="0" * 32)
        return as_json((await fill_form(request, self.house)).wire())

    async def again(self, bearer: Bearer, form_id: str) -> dict[str, Any]:
        """Return a form given out again."""
        request = ReissueRequest(bearer=bearer, form_id=form_id, trace_id="0" * 32)
        return as_json((await reissue_form(request, self.house)).wire())

    async def verify(self, manifest: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the portal is answered that compares a submitted form."""
        portal = Bearer(client_id=PORTAL, scopes=frozenset())
        request = VerifyRequest(bearer=portal, manifest=manifest, values=values, expected={}, trace_id="0" * 32)
        return as_json((await verify_form(request, self.house)).wire())

    async def withdraw(self, consent: Consent) -> Consent:
        """Withdraw, as the person does."""
        return await withdraw_consent(consent.id, consent.citizen_id, self.desk, trace_id="0" * 32)

    async def events(self, consent_id: str | None = None) -> list[dict[str, Any]]:
        """Return the stored events in storing order, all or those of one consent."""
        stored = [orjson.loads(pending.leaf) for pending in await self.storage.journal.pending(1_000_000)]
        return stored if consent_id is None else [event for event in stored if event["consent_id"] == consent_id]


def as_json(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as it arrives over the wire."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(document))
    return read


def later(bearer: Bearer, **changes: Any) -> Bearer:
    """Return a bearer with something else about it."""
    return replace(bearer, **changes)


@asynccontextmanager
async def open_nodes(urls: Urls, count: int = 2) -> AsyncIterator[list[Node]]:
    """Open gateways on one store."""
    clock, chance = SettableClock(START), SystemRandomness()
    async with AsyncExitStack() as leaving:
        nodes = []
        for _ in range(count):
            storage = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=chance)
            leaving.push_async_callback(storage.close)
            keys = await KeyRing.open(
                storage.store,
                storage.store,
                clock,
                chance,
                publish_for=timedelta(0),
                retire_for=timedelta(days=60),
            )
            desk = Desk(
                store=storage.store,
                keys=storage.keys,
                index=storage.index,
                evidence=Evidence(clock, chance, storage.keys),
                clock=clock,
                randomness=chance,
            )
            sources = HeldSources(clock)
            house = Prefill(POLICY, sources, desk, keys, Figures(issuer="https://gateway.example"))
            nodes.append(Node(house, storage, sources, clock))
        yield nodes
