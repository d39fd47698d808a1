"""What sources answered, kept sealed with the grant for ten minutes, so that a journey asks each source once.

One record per grant, procedure and person asked about: permission at a source is per procedure, and so is what is
kept of it; what was said of a child never meets what was said of the guardian. The record hangs on the grant (it dies
with it) and is sealed under the key of the person it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.connector_runtime.contract import Answer
from gateway.vocabulary.form_preview import FormAsk, kept_address
from gateway.vocabulary.outcome_parts import decode_outcome, encode_outcome
from gateway.vocabulary.provenance import Outcome, Unavailable
from gateway.vocabulary.store import Insert, Kind, Record, Replace

KEPT_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswers:
    """The answers by source. `late_until` by source: until when an answer that is late may still come. `version` of
    the record they were read from, 0 when they are not stored yet."""

    answers: Mapping[str, Answer]
    late_until: Mapping[str, datetime]
    fetched_at: datetime
    version: int = 0

    def settled(self, now: datetime) -> "KeptAnswers":
        """Return the answers with what is late and can come no more as timed out."""
        if not self.late_until:
            return self
        over = {source for source, until in self.late_until.items() if now >= until}
        answers = {
            source: {name: _timed_out(outcome) for name, outcome in answer.items()} if source in over else answer
            for source, answer in self.answers.items()
        }
        waiting = {source: until for source, until in self.late_until.items() if source not in over}
        return replace(self, answers=answers, late_until=waiting)

    def unanswered(self, questions: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        """Return what still has to be asked: sources that were in trouble, and attributes never asked for.

        A source that is still working is not asked again.
        """
        return {
            source: attributes
            for source, attributes in questions.items()
            if source not in self.late_until and not self._answered(source, attributes)
        }

    def joined(self, newer: Mapping[str, Answer], late_until: Mapping[str, datetime]) -> "KeptAnswers":
        """Return these with newer answers in the place of what the same sources said of the same attributes."""
        answers = {**self.answers, **{source: {**self.answers.get(source, {}), **new} for source, new in newer.items()}}
        waiting = {source: until for source, until in self.late_until.items() if source not in newer}
        return replace(self, answers=answers, late_until={**waiting, **late_until})

    def _answered(self, source: str, attributes: frozenset[str]) -> bool:
        known = self.answers.get(source, {})
        if not attributes <= known.keys():
            return False
        if Unavailable not in map(type, known.values()):  # nearly always, and told without a look at each
            return True
        return not any(isinstance(known[name], Unavailable) for name in attributes)


def keep_answers(kept: KeptAnswers, ask: FormAsk) -> Insert | Replace:
    """Return the change that stores answers; it loses when somebody else stored some since they were read."""
    record = kept_record(kept, ask)
    return Replace(record) if kept.version else Insert(record)


def kept_record(kept: KeptAnswers, ask: FormAsk) -> Record:
    """Return the next version of the record; it expires ten minutes after the first answers were fetched."""
    return Record(
        kind=Kind.KEPT_ANSWERS,
        key=kept_address(ask.grant_id, ask.procedure, ask.about).key,
        # a record of a grant that does not exist yet would be as dead as one of a revoked grant
        group=ask.grant_id if ask.granted else None,
        subject=ask.citizen.id,
        version=kept.version + 1,
        expires_at=kept.fetched_at + KEPT_FOR,
        body={
            "fetched_at": kept.fetched_at.timestamp(),
            "late_until": {source: until.timestamp() for source, until in kept.late_until.items()},
            "answers": {
                source: {name: encode_outcome(outcome) for name, outcome in answer.items()}
                for source, answer in kept.answers.items()
            },
        },
    )


def read_kept(record: Record | None, citizen_id: str, now: datetime) -> KeptAnswers | None:
    """Read the kept answers about a citizen; None when there are none, they expired, their grant was revoked, or
    they are about somebody else."""
    if record is None or not record.alive(now) or record.subject != citizen_id:
        return None
    body = record.body
    return KeptAnswers(
        answers={
            source: {name: decode_outcome(outcome) for name, outcome in answer.items()}
            for source, answer in body["answers"].items()
        },
        late_until={source: _instant(until) for source, until in body["late_until"].items()},
        fetched_at=_instant(body["fetched_at"]),
        version=record.version,
    ).settled(now)


def _timed_out(outcome: Outcome) -> Outcome:
    late = isinstance(outcome, Unavailable) and outcome.reason == "late"
    return Unavailable(reason="timeout") if late else outcome


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
