"""The gateway's own eye on its connectors: what may be asked now, how trials go, and the counting of answers.

Every worker looks at the stored versions every other second; before its first look nothing is asked at all. A trial
whose answers fail is stopped by whichever worker sees it first, at once in that worker and for all with the commit; it
ends well when its time is over and all workers together had enough good answers, and goes on otherwise.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from gateway.connector_lifecycle.failure import StepOutOfOrder
from gateway.connector_lifecycle.figures import Counting
from gateway.connector_lifecycle.lifecycle import Lifecycle
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.standing import Standing, Way, choose, find_way, refusal, stand
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_lifecycle.trial import BUDGET_OF, TrialCounts, Verdict, judge
from gateway.connector_runtime.contract import Answer
from gateway.connector_runtime.making import Installed
from gateway.connector_runtime.steering import Heard
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Unavailable
from gateway.vocabulary.store import Store

__all__ = ["BUDGET_OF", "LOOK_EVERY", "Watch"]

log = structlog.get_logger()

Overdue = Callable[[str, bool], None]
"""Is told for every table whether the trial of its version goes on for want of answers."""

LOOK_EVERY: Final = 2.0
_STOPS: Final[Mapping[Verdict, str]] = {
    "failing": "too many answers failed",
    "unlike": "of far more people nothing was known than by the version in service",
}
_DRIFTED: Final = "its answers drifted"
_NOT_YET: Final = Unavailable(reason="suspended", retry_after=5)


class Watch:
    """Implements `gateway.connector_runtime.steering.Steering` from what was approved."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        counting: Counting,
        clock: Clock,
        *,
        unpublished_allowed: bool,
        overdue: Overdue | None = None,
    ) -> None:
        self._lifecycle = lifecycle
        self._counting = counting
        self._clock = clock
        self._unpublished_allowed = unpublished_allowed
        self._standings: Mapping[str, Standing] = {}
        self._ways: Mapping[str, Way | Unavailable] = {}
        self._overdue = overdue
        self._trials = TrialCounts(clock, counting.holder)
        self._beside: dict[str, str] = {}
        self._stopped: dict[str, str] = {}
        self._seen = False

    def standings(self) -> Mapping[str, Standing]:
        """Return how every table of this gateway stands."""
        return self._standings

    def route(self, source: str, request_id: str) -> str | Unavailable:
        """Return the table that answers for a source, or why none does."""
        way = self._ways.get(source)
        if way is None:
            return source if self._seen else _NOT_YET  # no table has this name: the registry knows what to say
        return way if isinstance(way, Unavailable) else choose(way, request_id)

    def observe(self, source: str, table: str, answer: Answer, heard: Heard | None = None) -> None:
        """Count an answer, and judge the trial of its table by what the source said itself."""
        standing = self._standings.get(table)
        self._counting.count(source, source if standing is None else standing.connector, answer)
        if standing is None or heard is None or _on_its_way(answer):
            return
        if standing.trial is not None:
            trial = _trial_of(standing)
            self._trials.count(trial, heard, beside=False)
            self._judge(table, trial, drifted=heard.drifted)
        elif table in self._beside:
            self._trials.count(self._beside[table], heard, beside=True)

    async def look(self, installed: Mapping[str, Installed]) -> None:
        """Read what is stored, and say what may be asked from now on. Raises StorageUnavailable."""
        releases = await self._lifecycle.releases()
        trials = frozenset(f"{one.connector}/{one.manifest.version}" for one in releases if _on_trial(one))
        await self._lifecycle.exchange(self._trials, trials)
        releases = await self._end_trials(releases)
        facts = Facts(now=self._clock.now())
        standings = stand(installed, releases, facts, unpublished_allowed=self._unpublished_allowed)
        for table in [one for one in self._stopped if one not in standings or standings[one].trial is None]:
            del self._stopped[table]
        self._report(standings)
        self._standings, self._ways, self._seen = standings, self._lead(standings), True
        self._beside = {
            way.table: _trial_of(standings[way.trial_table])
            for way in self._ways.values()
            if isinstance(way, Way) and way.trial_table is not None
        }
        self._tell_overdue(releases)

    async def run(self, installed: Mapping[str, Installed], store: Store) -> None:
        """Look again and again, and store what was counted; a store that is away changes nothing."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look(installed)
                await self._counting.store(store)
            except Exception as error:
                # a watch that ended would go on serving what is suspended by now
                log.warning("connectors_not_looked_at", reason=type(error).__name__)

    def _judge(self, table: str, trial: str, *, drifted: bool) -> None:
        """Stop a trial at once where it is seen failing; the next look stores that for all."""
        came = self._trials.of(trial)
        reason = _DRIFTED if drifted else _STOPS.get(judge(came))
        if reason is not None and table not in self._stopped:
            log.warning("connector_trial_stopped", connector=table, reason=reason, count=came.tried.spoiled)
            self._stopped[table] = reason
            self._ways = self._lead(self._standings)

    def _lead(self, standings: Mapping[str, Standing]) -> dict[str, Way | Unavailable]:
        judged = {table: one for table, one in standings.items() if table not in self._stopped}
        ways: dict[str, Way | Unavailable] = {}
        for source, own in standings.items():
            way = find_way(source, judged | {source: own})
            ways[source] = refusal(way) if isinstance(way, Standing) else way
        return ways

    async def _end_trials(self, releases: list[Release]) -> list[Release]:
        """Store what time and observation say of trials; return the versions as they are then."""
        moved = False
        for release in releases:
            if _on_trial(release):
                moved |= await self._end_trial(release) is not None
        return await self._lifecycle.releases() if moved else releases

    async def _end_trial(self, release: Release) -> Release | None:
        came = self._trials.of(f"{release.connector}/{release.manifest.version}")
        reason = _STOPS.get(judge(came)) or self._stopped_for(release)
        if reason is not None:
            return await self._lifecycle.stop(release, reason)
        if not _over(release, self._clock.now()):
            return None
        try:
            return await self._lifecycle.settle(release, came)
        except StepOutOfOrder:  # too few answers, or what it stands beside is suspended
            prolonged = release.trial is None or release.trial.prolonged_at is not None
            return None if prolonged else await self._lifecycle.prolong(release, came)

    def _stopped_for(self, release: Release) -> str | None:
        """Return why this worker stopped a trial before the store knew of it."""
        stopped = {(one.connector, one.number): table for table, one in self._standings.items()}
        return self._stopped.get(stopped.get((release.connector, release.number), ""))

    def _tell_overdue(self, releases: list[Release]) -> None:
        if self._overdue is None:
            return
        late = {(one.connector, one.number) for one in releases if one.trial is not None and one.trial.prolonged_at}
        for table, one in self._standings.items():
            self._overdue(table, one.trial is not None and (one.connector, one.number) in late)

    def _report(self, standings: Mapping[str, Standing]) -> None:
        """Log what changed, once: an operator sees why a source is silent."""
        for table, one in standings.items():
            known = self._standings.get(table)
            if known is None or known.why != one.why:
                log.info("connector_stands", connector=table, outcome=one.why or "in_service")


def _on_trial(release: Release) -> bool:
    return release.state == "published" and release.trial is not None


def _trial_of(standing: Standing) -> str:
    return f"{standing.connector}/{'.'.join(map(str, standing.number))}"


def _over(release: Release, now: datetime) -> bool:
    return release.trial is not None and release.trial.until <= now


def _on_its_way(answer: Answer) -> bool:
    return any(isinstance(outcome, Unavailable) and outcome.reason == "late" for outcome in answer.values())
