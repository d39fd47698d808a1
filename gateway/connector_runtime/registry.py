"""The connectors of this installation: found through entry points, described by manifests, set up by settings."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

from gateway.connector_runtime.call import OnLate, SourceCaller, Waiting
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import (
    Answer,
    Health,
    Question,
    Refused,
    VerifiesMatch,
)
from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.health import check_connectors
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.making import Closing, Installed, Made, Maker
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.means import Means, OnDrift
from gateway.connector_runtime.meter import Meter, Unmetered
from gateway.connector_runtime.quota import Quotas
from gateway.connector_runtime.steering import Heard, Steering, Unsteered
from gateway.vocabulary.clock import Clock, Randomness, SystemRandomness
from gateway.vocabulary.correction import CorrectionStart
from gateway.vocabulary.provenance import Found, Unavailable
from gateway.vocabulary.store import Store


class Shared(NamedTuple):
    """What every caller of an installation works with, beside the clock; daily quotas are counted in `store`."""

    chance: Randomness = SystemRandomness()
    store: Store | None = None
    on_drift: OnDrift | None = None
    meter: Meter | None = None


class ConnectorRegistry:
    """Asks sources and knows what they are called. `steering` has its say before every question."""

    def __init__(
        self,
        callers: Iterable[SourceCaller],
        manifests: Mapping[str, Manifest],
        clients: Iterable[Closing] = (),
        *,
        installed: Mapping[str, Installed] | None = None,
        steering: Steering | None = None,
    ) -> None:
        self._callers = {caller.source: caller for caller in callers}
        self._manifests = dict(manifests)
        self._clients = tuple(clients)
        self.installed: Mapping[str, Installed] = dict(installed or {})
        self._steering = steering or Unsteered()
        self.remakes: Mapping[str, Callable[[], Made]] = {}

    @classmethod
    def load(
        cls,
        settings: Mapping[str, ConnectorSettings],
        *,
        egress: EgressSettings,
        clock: Clock,
        folders: Sequence[Path] = (),
        shared: Shared | None = None,
        steering: Steering | None = None,
    ) -> Self:
        """Make every connector that has settings: an installed class, or a folder with a manifest alone.

        `folders` are looked through beside the built-in ones. Raises a ConnectorFailure (CN-1xx): the gateway does
        not start with a connector it cannot understand.
        """
        common = shared or Shared()
        maker = Maker(egress, clock, folders, common.chance)
        callers, made = [], {}
        for source, one in settings.items():
            made[source] = maker.make(source, one)
            manifest = made[source].carried.manifest
            limits = manifest.limits_under(one)
            means = _means_of(source, manifest, limits, clock, common)
            callers.append(
                SourceCaller(source, made[source].connector, means, provides=manifest.provides, limits=limits)
            )
        carried = {source: one.carried for source, one in made.items()}
        manifests = {source: one.manifest for source, one in carried.items()}
        opened = [one for source in made for one in made[source].opened]
        found = cls(callers, manifests, [maker, *opened], installed=carried, steering=steering)
        found.remakes = {source: partial(maker.make, source, one, carried[source]) for source, one in settings.items()}
        return found

    def renew(self, source: str) -> None:
        """Make a source's connector anew, with its secrets as they are now: calls under way end with the old ones.

        Raises a ConnectorFailure (CN-1xx), and InvalidManifest when its folder holds something else than at the start:
        then nothing changes.
        """
        made = self.remakes[source]()
        self._clients = (*self._clients, *made.opened)
        self._callers[source].renew(made.connector)

    async def ask(
        self, questions: Mapping[str, Question], *, on_late: OnLate | None = None, portal: str = ""
    ) -> dict[str, Answer]:
        """Ask every source at once and return, per source, an outcome for every attribute asked.

        Each question's own deadline counts. A source's trouble stays its own; an unknown source is Unavailable.
        `on_late(source, answer)` is awaited later for each source whose attributes came back as `late`. `portal` is
        whose daily quota the calls are counted in; connectors never see it.
        """
        begun = [self._begin(source, question, on_late, portal) for source, question in questions.items()]
        answers: dict[str, Answer] = {}
        try:
            # every call is under way: waiting for one after the other takes as long as the slowest
            for source, table, call in begun:
                answer = await call.answer() if isinstance(call, Waiting) else call
                heard = call.heard if isinstance(call, Waiting) else None
                answers[source] = answer if table is None else self._told(source, table, answer, heard)
        except BaseException:
            for source, _, call in begun:
                if isinstance(call, Waiting) and source not in answers:
                    call.leave()
            raise
        return answers

    async def verify(self, source: str, question: Question) -> bool | Refused | Unavailable:
        """Return whether a source holds this person just so; its trouble is an outcome, as in `ask`.

        Raises CannotVerify when the source's connector does not have this ability.
        """
        table = self._steering.route(source, question.request_id)
        if isinstance(table, Unavailable):
            return table
        caller = self._callers.get(table)
        return Unavailable(reason="unreachable") if caller is None else await caller.verify(question)

    def can_verify(self, source: str) -> bool:
        """Tell whether a source is connected whose connector has `verify`."""
        return source in self._callers and isinstance(self._callers[source].connector, VerifiesMatch)

    async def check_all(self) -> dict[str, Health]:
        """Probe every source without asking about a person; a source under outage is degraded at best."""
        found = await check_connectors({source: caller.connector for source, caller in self._callers.items()})
        for source, health in found.items():
            caller = self._callers[source]
            if caller.quarantined:
                found[source] = Health("down", "quarantined: its answers drifted")
            elif health.state == "up" and caller.breaker.state == "open":
                found[source] = Health("degraded", "calls are paused after failures")
        return found

    def labels(self, source: str) -> dict[str, str]:
        """Return what people call a source, `vi` and `en`; the id itself for an unknown one."""
        manifest = self._manifests.get(source)
        return {"vi": manifest.name.vi, "en": manifest.name.en} if manifest else {"vi": source, "en": source}

    def sources(self) -> dict[str, frozenset[str]]:
        """Return every source with the attributes it provides."""
        return {source: manifest.provides for source, manifest in self._manifests.items()}

    def correction_starts(self) -> dict[str, CorrectionStart]:
        """Return where corrections begin, of every source whose manifest says so."""
        starts = {source: manifest.correction for source, manifest in self._manifests.items()}
        return {source: start for source, start in starts.items() if start is not None}

    def quarantine(self, source: str) -> None:
        """Ask a source no more until it is released; calls under way end as they would. Unknown sources stay so."""
        if source in self._callers:
            self._callers[source].quarantined = True

    def release(self, source: str) -> None:
        """Let a source be asked again."""
        if source in self._callers:
            self._callers[source].quarantined = False

    def quarantined(self) -> frozenset[str]:
        """Return the sources that are not asked because they drifted."""
        return frozenset(source for source, caller in self._callers.items() if caller.quarantined)

    def versions(self) -> dict[str, str]:
        """Return the manifest version of every source whose drift is watched."""
        return {
            source: manifest.version for source, manifest in self._manifests.items() if self._callers[source].watched
        }

    async def close(self) -> None:
        """End every call under way and close the connections."""
        await asyncio.gather(*(caller.close() for caller in self._callers.values()))
        await asyncio.gather(*(client.close() for client in self._clients))

    def _begin(self, source: str, question: Question, on_late: OnLate | None, portal: str) -> "Begun":
        """Put a question to the table that answers for a source, if one may be asked."""
        table = self._steering.route(source, question.request_id)
        if isinstance(table, Unavailable):
            return Begun(source, None, dict.fromkeys(sorted(question.attributes), table))
        caller = self._callers.get(table)
        if caller is None:
            silent = Unavailable(reason="unreachable")
            return Begun(source, None, dict.fromkeys(sorted(question.attributes), silent))

        async def later(_: str, answer: Answer) -> None:
            if on_late is not None:
                await on_late(source, self._told(source, table, answer, call.heard))

        call = caller.begin(question, None if on_late is None else later, portal=portal)
        return Begun(source, table, call)

    def _told(self, source: str, table: str, answer: Answer, heard: Heard | None) -> Answer:
        """Tell the steering how a question came out; return the answer in the name of the source that was asked."""
        self._steering.observe(source, table, answer, heard)
        return answer if table == source else _in_the_name_of(source, answer)


class Begun(NamedTuple):
    """A question under way, or answered already; `table` is None when nothing was asked."""

    source: str
    table: str | None
    call: Waiting | Answer


def _means_of(source: str, manifest: Manifest, limits: Limits, clock: Clock, shared: Shared) -> Means:
    """Return what one caller works with. Raises InvalidManifest for quotas that nothing can count."""
    quotas = None
    if limits.daily_total or limits.daily_per_portal or limits.daily_per_procedure:
        if shared.store is None:
            raise InvalidManifest(f"connector `{source}` has a daily quota, and nothing to count it in")
        quotas = Quotas(manifest.id, limits, shared.store, clock)  # two versions ask one register
    notice = (manifest.notice.unavailable.vi, manifest.notice.unavailable.en)
    return Means(clock, shared.chance, quotas, shared.on_drift, notice, shared.meter or Unmetered())


def _in_the_name_of(source: str, answer: Answer) -> Answer:
    """Return an answer that another table gave for a source: what people read is the source they know."""
    return {
        name: replace(outcome, provenance=replace(outcome.provenance, source=source))
        if isinstance(outcome, Found)
        else outcome
        for name, outcome in answer.items()
    }
