"""The other party's part of a form about two persons: filled from their own records, by their own consent.

It walks the same road as the form itself, with evidence of its own that stands among the other party's events. What
it comes to never touches the part of who signed in: without it the fields wait, each with its reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from gateway.audit.event import FormRefused, FormReleased
from gateway.consent.failure import OtherPartyNotAgreed
from gateway.prefill.assemble import Assembled, Beside, assemble, outcome_word
from gateway.prefill.cover import Cover, agreed_part
from gateway.prefill.failure import RecordStopsForm
from gateway.prefill.fill import facts_of, hear, load_kept, permit, require_living, store_asked
from gateway.prefill.house import Prefill
from gateway.prefill.kept import keep_answers
from gateway.prefill.release import (
    Asked,
    ConsentLost,
    Errand,
    Heard,
    commit_whole,
    tell,
)
from gateway.prefill.told import outcome_members, told_attributes
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import FormAsk
from gateway.vocabulary.store import Change, CitizenErased, StorageUnavailable, StoredEvent

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OtherPart:
    """What came of the other party's part, ready to be released with the form."""

    errand: Errand
    assembled: Assembled
    asked: Asked

    @property
    def standing(self) -> list[Change]:
        """What the form's commit requires besides."""
        return self.errand.standing

    def joined(self, own: Assembled) -> Assembled:
        """Return the form with this part in the place of the fields that waited."""
        mine = {one.id for one in self.errand.plan.fields if one.waits is None}
        fields = {name: self.assembled.fields[name] if name in mine else told for name, told in own.fields.items()}
        complete = own.complete and self.assembled.complete
        beside = Beside(self.errand.ask.citizen.id, frozenset(mine))
        return Assembled(fields, (*own.late, *self.assembled.late), complete, beside)

    async def events(self, house: Prefill) -> tuple[StoredEvent, ...]:
        """Return the evidence of the release, among the other party's events."""
        extra = (("asked", self.asked.event.receipt), ("for", "other_party"), *outcome_members(self.assembled))
        released = await tell(
            FormReleased,
            self.errand,
            house,
            outcome=outcome_word(self.assembled),
            attributes=told_attributes(self.assembled),
            extra=extra,
        )
        return (*self.asked.waiting, released)


async def hear_other(cover: Cover, ask: FormAsk, fields: Iterable[str] | None, house: Prefill) -> OtherPart | None:
    """Return the other party's part, or None when nothing of it may be told. Raises EvidenceNotStored."""
    other = cover.other
    if other is None:
        return None
    theirs = FormAsk(
        citizen=other.citizen,
        subject=other.subject,
        client_id=ask.client_id,
        procedure=ask.procedure,
        dossier=ask.dossier,
        grant_id=other.id,  # their answers are kept with their consent, sealed under their key
        granted=False,
        trace_id=ask.trace_id,
        portal_procedures=ask.portal_procedures,
        portal_attributes=ask.portal_attributes,
        consent_id=other.id,
    )
    plan = agreed_part(house.plan(ask.procedure, "self", fields, party=other.party), other, OtherPartyNotAgreed)
    if not plan.attributes:
        return None
    try:
        errand = permit(plan, theirs, house.policy, consent=other)
        return await _hear(replace(errand, for_other=True), house)
    except (ConsentLost, CitizenErased):
        return None  # they withdrew, or are gone, in this very moment
    except Failure as refused:
        if refused.http_status >= 500:
            raise
        _log.info("other_party_refused", code=refused.code, procedure=ask.procedure, trace_id=ask.trace_id)
        return None


async def _hear(errand: Errand, house: Prefill) -> OtherPart:
    kept = await load_kept(errand.ask, house)
    asked = await store_asked(errand, kept, house)
    heard = await hear(errand, kept, house)
    await _require_living(errand, heard, asked, house)
    await _keep(errand, heard, house)
    assembled = assemble(errand.plan, facts_of(errand, heard, house.desk.clock.now()))
    return OtherPart(errand, assembled, asked)


async def _require_living(errand: Errand, heard: Heard, asked: Asked, house: Prefill) -> None:
    """Tell nothing of another party whom a register records as dead, as nothing is told of oneself: the fields wait,
    and only that person's own events say that the part was refused. Raises RecordStopsForm."""
    try:
        require_living(errand, heard)
    except RecordStopsForm as stopped:
        heard.drop()
        extra = (("asked", asked.event.receipt), ("for", "other_party"))
        event = await tell(FormRefused, errand, house, outcome=stopped.code, extra=extra)
        await commit_whole(house, [], *asked.waiting, event)
        raise


async def _keep(errand: Errand, heard: Heard, house: Prefill) -> None:
    """Keep what was answered while their consent stands; another form may have kept it first, which is as good."""
    if not heard.asked:
        return
    changes: list[Change] = [*errand.standing, keep_answers(heard.kept, errand.ask)]
    try:
        verdict = await house.desk.store.commit(changes, now=house.desk.clock.now())
    except StorageUnavailable:
        heard.drop()
        return
    heard.begin() if verdict.done else heard.drop()
