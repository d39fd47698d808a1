"""Taking what systems tell of dossiers: read, load all dossiers of a message, decide, commit once with its event.

What was said twice counts once; what cannot be taken becomes a dead letter in the same commit. Order of arrival means
nothing here: a statement is merely added to what was said of its dossier, and folding puts all of it in order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from gateway.audit.canonical import canonical_bytes
from gateway.audit.journal import Journal
from gateway.audit.record import Evidence
from gateway.dossiers.codes import DossierCode, is_within
from gateway.dossiers.event import DossiersTold
from gateway.dossiers.failure import DossierBusy, IdSaidOther, NotTaken, TooMuchSaid, UnitNotYours
from gateway.dossiers.fold import fold
from gateway.dossiers.offer import Offer, Reading, Way
from gateway.dossiers.receipts import Proofs, find_portals, receipts_in, use_address
from gateway.dossiers.record import DeadLetter, check_address, dossier_address, dossier_record
from gateway.dossiers.statement import Said, Statement
from gateway.dossiers.turns import Turns
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import BlindIndex, Change, Insert, Put, Record, Remove, Replace, Store, StoredEvent

AT_ONCE = 500
"""The most things of one message: they are one commit, and a commit holds a lock for each of its dossiers."""

MOST_SAID = 500
"""The most things said of one dossier; a real one has a dozen."""

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who tells: a client, and the units it may speak for (`H55` stands for all units of the province; None, for an
    operator's import, is every unit). `actor` is who does it in evidence, (kind, reference): the client itself, or an
    operator for it. `verifies` are the portals whose forms it may show receipts of, beside its own."""

    client_id: str
    units: frozenset[str] | None
    actor: tuple[str, str]
    verifies: frozenset[str] = frozenset()

    @property
    def portals(self) -> frozenset[str] | None:
        """The portals whose receipts are good from it; None: all."""
        return None if self.units is None else self.verifies | {self.client_id}

    def speaks_for(self, agency: str | None) -> bool:
        """Tell whether a unit is among its own."""
        if self.units is None:
            return True
        return agency is not None and any(is_within(agency, unit) for unit in self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a message: counts, and which things were not taken, by their ids and codes. `receipt` names the
    event that tells of it, None when nothing was new."""

    accepted: int
    duplicate: int
    rejected: tuple[tuple[str | None, NotTaken], ...]
    receipt: str | None

    def with_more(self, other: "Taken") -> "Taken":
        """Return what came of two messages, one after the other; the receipt is the later one's."""
        return Taken(
            accepted=self.accepted + other.accepted,
            duplicate=self.duplicate + other.duplicate,
            rejected=(*self.rejected, *other.rejected),
            receipt=other.receipt or self.receipt,
        )

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it (design.md §15)."""
        rejected = [{"id": one, "code": why.code, "reason": why.detail or why.title} for one, why in self.rejected]
        return {
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "rejected": rejected,
            "receipt": self.receipt,
        }


NOTHING = Taken(accepted=0, duplicate=0, rejected=(), receipt=None)


@dataclass(slots=True)
class Judged:
    """A message judged against what is stored: what is new of each dossier, and what each offer came to."""

    new: dict[DossierCode, list[Statement]] = field(default_factory=dict)
    accepted: list[tuple[str, Statement]] = field(default_factory=list)
    rejected: list[tuple[Offer, NotTaken]] = field(default_factory=list)
    outcomes: list[NotTaken | None] = field(default_factory=list)
    duplicate: int = 0


def judge(
    offers: Sequence[Offer], stored: Mapping[DossierCode, Record | None], sender: Sender, proofs: Proofs
) -> Judged:
    """Return what a message comes to, and note in `proofs` which receipts it uses. The same message on the same store
    always comes to the same."""
    judged = Judged()
    known: dict[DossierCode, list[Mapping[str, Any]]] = {}
    for offer in offers:
        try:
            if isinstance(offer.told, NotTaken):
                raise offer.told
            assert offer.code is not None
            said = known.get(offer.code)
            if said is None:
                record = stored[offer.code]
                said = known[offer.code] = [] if record is None else [*record.body["said"]]
            if is_new(offer, offer.code, said, sender):
                proofs.require(offer.told.members.get("receipts", ()), offer.code, sender.portals)
                said.append(offer.told.body())
                judged.new.setdefault(offer.code, []).append(offer.told)
                judged.accepted.append((offer.code.text, offer.told))
            else:
                judged.duplicate += 1
            judged.outcomes.append(None)
        except NotTaken as refused:
            judged.rejected.append((offer, refused))
            judged.outcomes.append(refused)
    return judged


def is_new(offer: Offer, code: DossierCode, said: Sequence[Mapping[str, Any]], sender: Sender) -> bool:
    """Tell whether an offer says something that was not said before (`said`, as `Statement.body` writes it; most of it
    is never looked at closer). Raises NotTaken."""
    told = offer.told
    assert isinstance(told, Statement)
    if not sender.speaks_for(code.agency) and not (said and sender.speaks_for(_holder(code, said))):
        raise UnitNotYours(
            "`MaHoSo`: the sender speaks neither for the unit that received it nor for the one that has it"
        )
    before = next((one for one in said if (one["sender"], one["source"], one["id"]) == told.name), None)
    if before is not None:
        if Statement.of(before) != told:
            raise IdSaidOther("`id`: this source and id said something else of this dossier")
        return False
    if offer.whole_at is not None and told.kind is Said.WHOLE:
        own = (one for one in said if one["kind"] == Said.WHOLE and one["sender"] == told.sender)
        wholes = [Statement.of(one) for one in own]
        if wholes and max(wholes, key=lambda one: one.place).same_words(told):
            return False
    if len(said) >= MOST_SAID:
        raise TooMuchSaid(f"`MaHoSo`: {MOST_SAID} things were said of this dossier already")
    return True


def _holder(code: DossierCode, said: Sequence[Mapping[str, Any]]) -> str | None:
    return fold(code, map(Statement.of, said)).handling_unit


@dataclass(frozen=True, slots=True)
class Intake:
    """Where systems tell of dossiers."""

    store: Store
    index: BlindIndex
    evidence: Evidence
    clock: Clock
    journal: Journal
    turns: Turns = field(default_factory=Turns)

    def read(self, client_id: str, way: Way, raw: Sequence[Any], whole_at: datetime | None = None) -> list[Offer]:
        """Return what a client's things say; nothing is stored."""
        reading = Reading(client_id, self.clock.now(), self.index)
        return [reading.offer(way, one, whole_at) for one in raw]

    async def take(
        self,
        sender: Sender,
        offers: Sequence[Offer],
        *,
        letters: Sequence[DeadLetter] = (),
        trace_id: str | None = None,
    ) -> Taken:
        """Take a message of at most `AT_ONCE` things, in one commit with its event. `letters` are the dead letters that
        the offers were read from, one each: what is taken removes its letter.

        Raises DossierBusy, StorageUnavailable: then nothing of it was taken.
        """
        codes = list(dict.fromkeys(offer.code for offer in offers if offer.code is not None))
        # messages of one worker about the same dossiers wait for each other; only other workers can still be quicker
        async with self.turns.of(code.text for code in codes):
            return await self._take(sender, offers, codes, letters, trace_id)

    async def _take(
        self,
        sender: Sender,
        offers: Sequence[Offer],
        codes: Sequence[DossierCode],
        letters: Sequence[DeadLetter],
        trace_id: str | None,
    ) -> Taken:
        receipts = receipts_in(offer.told for offer in offers)
        portals = await find_portals(self.journal, receipts)
        addresses = [*map(dossier_address, codes), *map(use_address, receipts)]
        for _ in range(_TRIES):
            found = await self.store.load(*addresses) if addresses else ()
            stored = dict(zip(codes, found, strict=False))
            uses = zip(receipts, found[len(codes) :], strict=True)
            used = {receipt: str(record.body["code"]) for receipt, record in uses if record is not None}
            proofs = Proofs(portals, dict(used))
            judged = judge(offers, stored, sender, proofs)
            changes = [*self._changes(judged, stored, sender, letters), *proofs.changes(used)]
            events: list[StoredEvent] = []
            if judged.accepted or judged.rejected:
                events.append(await self._tell(sender, judged, trace_id))
            if not changes and not events:
                return _taken(judged, None)
            if (await self.store.commit(changes, events, now=self.clock.now())).done:
                return _taken(judged, events[0].receipt if events else None)
        raise DossierBusy(operator_detail="the records of these dossiers kept changing")

    def _changes(
        self,
        judged: Judged,
        stored: Mapping[DossierCode, Record | None],
        sender: Sender,
        letters: Sequence[DeadLetter],
    ) -> list[Change]:
        changes: list[Change] = []
        for code, new in judged.new.items():
            record, bodies = stored[code], [statement.body() for statement in new]
            if record is None:
                changes.append(Insert(dossier_record(code, bodies, 1)))
            else:
                changes.append(Replace(dossier_record(code, [*record.body["said"], *bodies], record.version + 1)))
            tags = {statement.members["check"] for statement in new if "check" in statement.members}
            for kind, key in map(check_address, sorted(tags)):
                changes.append(Put(Record(kind=kind, key=key, body={"code": code.text})))
        settled = [letter for letter, refused in zip(letters, judged.outcomes, strict=False) if refused is None]
        changes += [Remove(letter.address) for letter in settled]
        now = self.clock.now()
        waiting = {
            letter.id: letter
            for letter in (
                DeadLetter.about(offer, refused, sender.client_id, now) for offer, refused in judged.rejected
            )
        }
        changes += [Put(letter.record()) for letter in waiting.values()]
        return changes

    async def _tell(self, sender: Sender, judged: Judged, trace_id: str | None) -> StoredEvent:
        outcome = "partly" if judged.rejected else "taken"
        accepted = [[code, statement.body()] for code, statement in judged.accepted]
        kind, reference = sender.actor
        return await self.evidence.tell(
            DossiersTold,
            outcome=outcome if judged.accepted else "refused",
            actor_kind=kind,
            actor_ref=reference,
            portal=sender.client_id,
            trace_id=trace_id,
            extra=(
                ("accepted", len(accepted)),
                ("duplicate", judged.duplicate),
                ("rejected", dict(sorted(Counter(refused.code for _, refused in judged.rejected).items()))),
                ("digest", sha256(canonical_bytes({"accepted": accepted})).hexdigest()),
            ),
        )


def _taken(judged: Judged, receipt: str | None) -> Taken:
    return Taken(
        accepted=len(judged.accepted),
        duplicate=judged.duplicate,
        rejected=tuple((offer.id, refused) for offer, refused in judged.rejected),
        receipt=receipt,
    )
