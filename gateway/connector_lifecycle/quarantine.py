"""The end of a quarantine by somebody's word: who looked at the source's answers, and why they may be believed again.

A connector that drifted is usually mended and has another version, which ends its quarantine by itself. This is for the
false alarm: the register was emptied on purpose, or the answers about others were a test of its owner's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from gateway.audit.record import Evidence
from gateway.connector_lifecycle.event import ConnectorReleased
from gateway.connector_lifecycle.failure import NotQuarantined, ReleaseChanged
from gateway.connector_lifecycle.steps import require_duty
from gateway.connector_runtime.quarantine import address_of, is_released
from gateway.staff.free_text import require_reason
from gateway.staff.roles import Operator
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import Kind, Listing, Record, Replace, Store

_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A source that is not asked: what drifted (`sign`, and the attribute, or "" for whole answers), in which version
    of its connector, since when."""

    source: str
    version: str
    sign: str
    attribute: str
    since: datetime

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {
            "source": self.source,
            "version": self.version,
            "sign": self.sign,
            "attribute": self.attribute,
            "since": self.since.isoformat(timespec="seconds"),
        }


class Records(Store, Listing, Protocol):
    """Where quarantines are kept."""


class QuarantineDesk:
    """The same for the API and the pages: what is quarantined, and its end by somebody's word."""

    def __init__(self, store: Records, evidence: Evidence, clock: Clock) -> None:
        self._store = store
        self._evidence = evidence
        self._clock = clock

    async def findings(self) -> Sequence[Finding]:
        """Return what nobody released."""
        return await findings(self._store)

    async def release(self, source: str, operator: Operator, reason: str) -> Finding:
        """Let a source be asked again. Raises what `release` raises."""
        return await release(source, operator, reason, store=self._store, evidence=self._evidence, clock=self._clock)


async def findings(listing: Listing) -> Sequence[Finding]:
    """Return the quarantines nobody ended, by source; one of a version that was replaced is over all the same."""
    records = await listing.select(Kind.QUARANTINE, limit=_MOST)
    return sorted((_finding_of(one) for one in records if not is_released(one)), key=lambda one: one.source)


async def release(
    source: str, operator: Operator, reason: str, *, store: Store, evidence: Evidence, clock: Clock
) -> Finding:
    """Let a source be asked again; every worker does within two seconds.

    Raises RoleMissing, ReasonMissing, NotQuarantined, and ReleaseChanged when somebody else was at it.
    """
    role = require_duty(operator, "release")
    reason = require_reason(reason)
    (known,) = await store.load(address_of(source))
    if known is None or is_released(known):
        raise NotQuarantined(f"`{source}`")
    now, finding = clock.now(), _finding_of(known)
    released = {
        "by": operator.reference,
        "who": operator.name,
        "role": role,
        "at": now.timestamp(),
        "reason": " ".join(reason.split())[:500],
    }
    event = await evidence.tell(
        ConnectorReleased,
        outcome=finding.sign,
        actor_kind="operator",
        actor_ref=operator.reference,
        connector=source,
        attributes=(finding.attribute,) if finding.attribute else (),
        extra=(("connector_version", finding.version), ("role", role)),
    )
    change = Replace(replace(known, body={**known.body, "released": released}, version=known.version + 1))
    if not (await store.commit([change], [event], now=now)).done:
        raise ReleaseChanged(f"the quarantine of `{source}`")
    return finding


def _finding_of(record: Record) -> Finding:
    body = record.body
    return Finding(
        source=record.key,
        version=body["version"],
        sign=body["sign"],
        attribute=body["attribute"],
        since=datetime.fromtimestamp(body["at"], UTC),
    )
