"""The gateway's own eye on its connectors: what may be asked now, how trials go, and the counting of answers.

Every worker looks at the stored versions every other second; before its first look nothing is asked at all. A trial
whose answers fail is stopped by whichever worker sees it first, at once in that worker and for all with the commit.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from gateway.connector_lifecycle.figures import Counting
from gateway.connector_lifecycle.lifecycle import Lifecycle
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.standing import Standing, Way, choose, find_way, refusal, stand
from gateway.connector_lifecycle.steps import Facts
from gateway.connector_runtime.contract import Answer
from gateway.connector_runtime.registry import Installed
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Unavailable
from gateway.vocabulary.store import Store

log = structlog.get_logger()

LOOK_EVERY: Final = 2.0
BUDGET_OF: Final = 10
"""So many answers a trial has before it is judged."""
SPOILED_SHARE: Final = 0.2
_NOT_YET: Final = Unavailable(reason="suspended", retry_after=5)


class Watch:
    """Implements `gateway.connector_runtime.steering.Steering` from what was approved."""

    def __init__(self, lifecycle: Lifecycle, counting: Counting, clock: Clock, *, unpublished_allowed: bool) -> None:
        self._lifecycle = lifecycle
        self._counting = counting
        self._clock = clock
        self._unpublished_allowed = unpublished_allowed
        self._standings: Mapping[str, Standing] = {}
        self._ways: Mapping[str, Way | Unavailable] = {}
        self._trials: dict[str, list[int]] = {}
        self._stopped: set[str] = set()
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

    def observe(self, source: str, table: str, answer: Answer) -> None:
        """Count an answer, and judge the trial of its table."""
        standing = self._standings.get(table)
        self._counting.count(source, source if standing is None else standing.connector, answer)
        if standing is None or standing.trial is None or _on_its_way(answer):
            return
        spoiled = bool(answer) and all(isinstance(outcome, Unavailable) for outcome in answer.values())
        counts = self._trials.setdefault(table, [0, 0])
        counts[0] += 1
        counts[1] += spoiled
        if counts[0] >= BUDGET_OF and counts[1] / counts[0] > SPOILED_SHARE and table not in self._stopped:
            log.warning("connector_trial_stopped", connector=standing.connector, count=counts[1])
            self._stopped.add(table)
            self._ways = self._lead(self._standings)

    async def look(self, installed: Mapping[str, Installed]) -> None:
        """Read what is stored, and say what may be asked from now on. Raises StorageUnavailable."""
        releases = await self._lifecycle.releases()
        releases = await self._end_trials(releases)
        facts = Facts(now=self._clock.now())
        standings = stand(installed, releases, facts, unpublished_allowed=self._unpublished_allowed)
        ended = [table for table in self._trials if table not in standings or standings[table].trial is None]
        for table in ended:
            del self._trials[table]
            self._stopped.discard(table)
        self._report(standings)
        self._standings, self._ways, self._seen = standings, self._lead(standings), True

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
            if release.trial is None or release.state != "published":
                continue
            if self._was_stopped(release):
                moved |= await self._lifecycle.stop(release, "too many answers failed") is not None
            elif _over(release, self._clock.now()):
                moved |= await self._lifecycle.settle(release) is not None
        return await self._lifecycle.releases() if moved else releases

    def _was_stopped(self, release: Release) -> bool:
        return any(
            (one.connector, one.number) == (release.connector, release.number)
            for table, one in self._standings.items()
            if table in self._stopped
        )

    def _report(self, standings: Mapping[str, Standing]) -> None:
        """Log what changed, once: an operator sees why a source is silent."""
        for table, one in standings.items():
            known = self._standings.get(table)
            if known is None or known.why != one.why:
                log.info("connector_stands", connector=table, outcome=one.why or "in_service")


def _over(release: Release, now: datetime) -> bool:
    return release.trial is not None and release.trial.until <= now


def _on_its_way(answer: Answer) -> bool:
    return any(isinstance(outcome, Unavailable) and outcome.reason == "late" for outcome in answer.values())
