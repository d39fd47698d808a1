"""Steps over the store: load the connector's versions, decide, commit the version with its event, or say who was first.

A step that lost a race is decided again on what is stored now: two people who approve at the same moment both count,
and nobody counts twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Protocol

import structlog

from gateway.audit.event import Event
from gateway.audit.record import Evidence
from gateway.connector_lifecycle import event as told
from gateway.connector_lifecycle import orders, steps, trial_steps
from gateway.connector_lifecycle.failure import (
    ApprovedByYou,
    ApproverPrepared,
    ContentChanged,
    PackageUnnamed,
    ReleaseChanged,
    ReleaseUnknown,
)
from gateway.connector_lifecycle.release import Release, StepName, release_address, release_of, release_record
from gateway.connector_lifecycle.succession import Facts, Moved
from gateway.connector_lifecycle.trial import TrialCounts, Tried
from gateway.staff.failure import RoleMissing
from gateway.staff.roles import Operator
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Change, Insert, Kind, Listing, Replace, Store, StoredEvent

log = structlog.get_logger()

_TRIES = 5
_MOST = 10_000
_TELLING = (ApproverPrepared, ApprovedByYou, ContentChanged, PackageUnnamed, RoleMissing)
"""Refusals that say something about whoever tried: they are evidence, too."""

Decide = Callable[[Release, Operator, Any, Facts], Moved]


class Records(Store, Listing, Protocol):
    """Where versions are kept."""


class LastUse(Protocol):
    """Tells when a connector was last asked."""

    async def last_used(self, connector: str) -> date | None:
        """Return the last day on which a source of the connector answered anybody."""
        ...


@dataclass(frozen=True, slots=True)
class Action:
    """A step that a member of staff takes: what its body is, what decides it, what its event is."""

    order: type[orders.Order]
    decide: Decide
    event: type[Event]
    summary: str


ACTIONS: Mapping[StepName, Action] = {
    "test": Action(orders.TestOrder, steps.test, told.ConnectorTested, "Hand in the exam's report of a draft"),
    "submit": Action(orders.SubmitOrder, steps.submit, told.ConnectorSubmitted, "Ask for the approval of a version"),
    "approve": Action(
        orders.ApproveOrder, steps.approve, told.ConnectorApproved, "Agree to a version by its hashes; two people do"
    ),
    "reject": Action(orders.ReasonOrder, steps.reject, told.ConnectorRejected, "Refuse a version: a draft again"),
    "publish": Action(
        orders.PublishOrder, steps.publish, told.ConnectorPublished, "Put an approved version in service"
    ),
    "suspend": Action(
        orders.SuspendOrder, steps.suspend, told.ConnectorSuspended, "Take a version out of service for a while"
    ),
    "resume": Action(
        orders.ReasonOrder, steps.resume, told.ConnectorResumed, "Put a suspended version in service again"
    ),
    "retire": Action(
        orders.RetireOrder, steps.retire, told.ConnectorRetired, "End a version for good, now or on a day"
    ),
}


class Lifecycle:
    """Takes steps with versions. Every step is one commit with its event."""

    def __init__(self, store: Records, evidence: Evidence, clock: Clock, usage: LastUse) -> None:
        self._store = store
        self._evidence = evidence
        self._clock = clock
        self._usage = usage

    async def releases(self, connector: str | None = None) -> list[Release]:
        """Return the versions, of one connector or of all, by connector and number.

        A version whose manifest this gateway cannot read any more is left out, so that nothing is asked through it.
        """
        found = []
        for record in await self._store.select(Kind.CONNECTOR_RELEASE, limit=_MOST):
            if connector is None or record.key.partition("/")[0] == connector:
                try:
                    found.append(release_of(record))
                except Failure as refused:
                    log.warning("connector_version_unreadable", connector=record.key, code=refused.code)
        return sorted(found, key=lambda one: (one.connector, one.number))

    async def release(self, connector: str, version: str) -> Release:
        """Return one version. Raises ReleaseUnknown."""
        (record,) = await self._store.load(release_address(connector, version))
        if record is None:
            raise ReleaseUnknown
        return release_of(record)

    async def facts(self, release: Release) -> Facts:
        """Return what a step with a version is judged by."""
        known = await self.releases(release.connector)
        others = tuple(one for one in known if one.manifest.version != release.manifest.version)
        last_used = await self._usage.last_used(release.connector)
        return Facts(now=self._clock.now(), others=others, last_used=last_used)

    async def draft(self, operator: Operator, order: orders.DraftOrder, trace_id: str | None = None) -> Release:
        """Hand in a manifest. Raises RoleMissing, ManifestRefused, VersionTaken, ReleaseChanged."""
        known: Release | None = None
        for _ in range(_TRIES):
            moved = await self._judged(
                partial(steps.draft, known, operator, order, Facts(now=self._clock.now())), operator, trace_id
            )
            if known is None:
                (record,) = await self._store.load(moved.release.address)
                if record is not None:
                    known = release_of(record)
                    continue
            event = await self._event(told.ConnectorDrafted, moved, operator, trace_id)
            if await self._commit(moved, [event], new=known is None):
                return moved.release
            known = None
        raise ReleaseChanged(f"`{moved.release.name}`")

    async def take(
        self,
        name: StepName,
        operator: Operator,
        connector: str,
        version: str,
        order: orders.Order,
        *,
        trace_id: str | None = None,
    ) -> Release:
        """Take a step. Raises ReleaseUnknown, ReleaseChanged and what the step raises."""
        action = ACTIONS[name]
        for _ in range(_TRIES):
            release = await self.release(connector, version)
            facts = await self.facts(release)
            moved = await self._judged(
                partial(action.decide, release, operator, order, facts),
                operator,
                trace_id,
                release,
            )
            event = await self._event(action.event, moved, operator, trace_id)
            if await self._commit(moved, [event, *await self._events_of_others(moved)]):
                return moved.release
        raise ReleaseChanged(f"`{connector} {version}`")

    async def settle(self, release: Release, tried: Tried) -> Release | None:
        """End a trial that was passed; None when somebody else did something with the version meanwhile."""
        moved = trial_steps.settle(release, await self.facts(release), tried)
        return await self._own(moved, told.ConnectorSettled, "settled")

    async def prolong(self, release: Release, tried: Tried) -> Release | None:
        """Let a trial go on that nothing is known of yet; None when somebody else was quicker."""
        moved = trial_steps.prolong(release, await self.facts(release), tried)
        return await self._own(moved, told.ConnectorProlonged, "prolonged")

    async def stop(self, release: Release, reason: str) -> Release | None:
        """Take a version on trial out of service; None when somebody else was quicker."""
        moved = trial_steps.stop(release, await self.facts(release), reason)
        return await self._own(moved, told.ConnectorStopped, "stopped")

    async def exchange(self, counts: TrialCounts, trials: frozenset[str]) -> None:
        """Store what this worker counted of trials, and tell it what the others did. Raises StorageUnavailable."""
        rows = await self._store.select(Kind.TRIAL_COUNT, limit=_MOST) if trials else []
        await counts.exchange(self._store, list(rows), trials)

    async def _own(self, moved: Moved, kind: type[Event], outcome: str) -> Release | None:
        event = await self._evidence.tell(
            kind,
            outcome=outcome,
            actor_kind="gateway",
            connector=moved.release.connector,
            extra=tuple((_members(moved.release) | dict(moved.told or {})).items()),
        )
        done = await self._commit(moved, [event, *await self._events_of_others(moved)])
        return moved.release if done else None

    async def _judged(
        self, decide: Callable[[], Moved], operator: Operator, trace_id: str | None, release: Release | None = None
    ) -> Moved:
        try:
            return decide()
        except _TELLING as refused:
            members = {} if release is None else _members(release)
            event = await self._evidence.tell(
                told.ConnectorStepRefused,
                outcome=refused.code,
                actor_kind="operator",
                actor_ref=operator.reference,
                connector=None if release is None else release.connector,
                trace_id=trace_id,
                extra=tuple(members.items()),
            )
            await self._store.commit([], [event], now=self._clock.now())
            raise

    async def _event(self, kind: type[Event], moved: Moved, operator: Operator, trace_id: str | None) -> StoredEvent:
        members = _members(moved.release) | {"role": moved.release.steps[-1].role} | dict(moved.told or {})
        return await self._evidence.tell(
            kind,
            outcome=moved.release.state,
            actor_kind="operator",
            actor_ref=operator.reference,
            connector=moved.release.connector,
            trace_id=trace_id,
            extra=tuple(members.items()),
        )

    async def _events_of_others(self, moved: Moved) -> list[StoredEvent]:
        return [await self._event_of_other(one) for one in moved.others]

    async def _event_of_other(self, one: Release) -> StoredEvent:
        """Return the event of a version that another took the place of: the gateway retires it, a person's word that
        brought another back suspends it."""
        step = one.steps[-1]
        retired = step.name == "retire"
        return await self._evidence.tell(
            told.ConnectorRetired if retired else told.ConnectorSuspended,
            outcome="superseded" if retired else one.state,
            actor_kind="gateway" if retired else "operator",
            actor_ref=None if retired else step.by,
            connector=one.connector,
            extra=tuple((_members(one) | ({} if retired else {"role": step.role})).items()),
        )

    async def _commit(self, moved: Moved, events: list[StoredEvent], *, new: bool = False) -> bool:
        first = release_record(moved.release)
        changes: list[Change] = [Insert(first) if new else Replace(first)]
        changes += [Replace(release_record(one)) for one in moved.others]
        return (await self._store.commit(changes, events, now=self._clock.now())).done


def _members(release: Release) -> dict[str, Any]:
    return {
        "version": release.manifest.version,
        "manifest_sha256": release.manifest_sha256,
        "report_sha256": release.report_sha256,
    }
