"""Every setting against a tiny model: random commits, random clocks, the same verdicts and the same records."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import (
    Insert,
    Kind,
    Outcome,
    Put,
    Record,
    RecordKey,
    Remove,
    Replace,
    Require,
    Revoke,
    Spend,
)
from tests.services import MASTER_KEY, SETTINGS, fresh_urls
from tests.storage.records import stored_event

SHORT = {Kind.CODE, Kind.SESSION, Kind.COUNTER, Kind.ACCESS_TOKEN}
KINDS = [Kind.GRANT, Kind.REFRESH_TOKEN, Kind.MANIFEST_KEY, *sorted(SHORT)]
LOOSE_KINDS = [kind for kind in KINDS if kind not in {Kind.GRANT, Kind.CODE}]
GRANTS = ("g1", "g2")
_examples = count()


class Model:
    """The contract in a dictionary. With Redis in front, short-lived kinds are judged before the others."""

    def __init__(self, *, layered: bool) -> None:
        self.records: dict[RecordKey, Record] = {}
        self.layered = layered
        self.events = 0

    def read(self, address: RecordKey) -> Record | None:
        """Return a record as `load` gives it."""
        record = self.records.get(address)
        if record is not None and record.group is not None and self.dead(record.group):
            return replace(record, state="revoked")
        return record

    def dead(self, group: str) -> bool:
        """Tell whether a group is revoked."""
        grant = self.records.get(RecordKey(Kind.GRANT, group))
        return grant is None or grant.state == "revoked"

    def commit(self, changes, events, now) -> tuple[Outcome, int | None]:
        """Apply all, or nothing but the revocation of a replay."""
        before = dict(self.records)
        lost = {}
        for place, change in enumerate(changes):
            outcome = self.apply(change, now)
            if outcome is not None:
                group = self.records[change.address].group if outcome is Outcome.REPLAY else None
                lost.setdefault(self.layered and not self.in_redis(change), (place, outcome, group))
                if not self.layered:
                    break
        if not lost:
            self.events += len(events)
            return Outcome.DONE, None
        place, outcome, group = lost[min(lost)]
        change = changes[place]
        self.records = before
        if outcome is Outcome.REPLAY and isinstance(change, Spend) and change.revoke_on_replay and group:
            self.apply(Revoke(group), now)
        return outcome, place

    def in_redis(self, change) -> bool:
        """Tell whether Redis judges a change: grants are judged by SQL, except that they exist or are stale."""
        match change:
            case Spend(address) | Require(address) | Remove(address):
                return address.kind in SHORT
            case Revoke():
                return True
            case Replace(record) if record.kind is Kind.GRANT:
                old = self.records.get(record.address)
                return old is not None and old.version >= record.version
        return change.record.kind in SHORT | {Kind.GRANT}

    def apply(self, change, now) -> Outcome | None:
        """Apply one change; return why it cannot be."""
        match change:
            case Insert(record) | Put(record) | Replace(record):
                old = self.records.get(record.address)
                if isinstance(change, Insert) and old and not (old.expires_at and old.expires_at <= now):
                    return Outcome.EXISTS
                if isinstance(change, Replace) and (old is None or old.version != record.version - 1):
                    return Outcome.CHANGED
                sticky = record.kind is Kind.GRANT and old and old.state == "revoked" and not isinstance(change, Insert)
                self.records[record.address] = replace(record, state="revoked") if sticky else record
            case Spend(address) | Require(address):
                record = self.read(address)
                if record is None:
                    return Outcome.UNKNOWN
                if record.state == "revoked":
                    return Outcome.REVOKED
                if record.state != "active":
                    return Outcome.REPLAY
                if record.expires_at and record.expires_at <= now:
                    return Outcome.EXPIRED
                if isinstance(change, Spend):
                    self.records[address] = replace(record, state="used", version=record.version + 1)
            case Remove(address):
                self.records.pop(address, None)
            case Revoke(group):
                grant = self.records.get(RecordKey(Kind.GRANT, group))
                if grant and grant.state != "revoked":
                    self.records[grant.address] = replace(grant, state="revoked", version=grant.version + 1)
        return None


class StoreMachine(RuleBasedStateMachine):
    """Runs the same commits on a store and on the model; each example has keys of its own in one store."""

    storage = None
    layered = False
    runner: asyncio.Runner

    @initialize()
    def begin(self):
        """Start with keys nobody used."""
        self.prefix = f"e{next(_examples)}"
        self.now = datetime(2031, 3, 1, tzinfo=UTC)
        self.model = Model(layered=self.layered)
        self.codes = count()
        self.seen: set[RecordKey] = set()

    def key(self, name: str) -> str:
        """Return a key of this example."""
        return f"{self.prefix}-{name}"

    def record(self, data, kind: Kind, version: int = 1) -> Record:
        """Draw a record; an authorization code has a key that was never used, as random keys have."""
        if kind is Kind.GRANT:
            name, group = data.draw(st.sampled_from(GRANTS)), None
        else:
            name = f"c{next(self.codes)}" if kind is Kind.CODE else data.draw(st.sampled_from("ab"))
            group = data.draw(st.sampled_from([None, *GRANTS]))
        minutes = data.draw(st.sampled_from([None, 1, 5, 30]))
        return Record(
            kind=kind,
            key=self.key(name),
            body={"n": data.draw(st.integers(0, 9))},
            expires_at=None if minutes is None else self.now + timedelta(minutes=minutes),
            group=group and self.key(group),
            subject=data.draw(st.sampled_from([None, "citizen-1"])),
            version=version,
        )

    def change(self, data):
        """Draw a change."""
        known = sorted(self.model.records) or [RecordKey(Kind.CODE, "none")]
        verb = data.draw(st.sampled_from(["insert", "put", "replace", "spend", "spend", "require", "remove", "revoke"]))
        match verb:
            case "insert":
                return Insert(self.record(data, data.draw(st.sampled_from(KINDS))))
            case "put":
                return Put(self.record(data, data.draw(st.sampled_from(LOOSE_KINDS))))
            case "replace":
                address = data.draw(st.sampled_from(known))
                old = self.model.records.get(address)
                drawn = self.record(data, Kind.COUNTER, (old.version if old else 1) + data.draw(st.integers(0, 1)))
                group = old.group if old else None
                # a code is never made active again: with Redis in front its single-use mark would still say spent
                state = old.state if old and address.kind is Kind.CODE else "active"
                return Replace(replace(drawn, kind=address.kind, key=address.key, group=group, state=state))
            case "spend":
                loose = [address for address in known if address.kind is not Kind.GRANT] or [
                    RecordKey(Kind.CODE, "none")
                ]
                return Spend(data.draw(st.sampled_from(loose)), data.draw(st.booleans()))
            case "require":
                return Require(data.draw(st.sampled_from(known)))
            case "remove":
                return Remove(data.draw(st.sampled_from(known)))
        return Revoke(self.key(data.draw(st.sampled_from(GRANTS))))

    @rule(data=st.data(), size=st.integers(1, 3), events=st.integers(0, 1))
    def commit(self, data, size, events):
        """Commit on both."""
        changes = [self.change(data) for _ in range(size)]
        addresses = [change.record.address for change in changes if hasattr(change, "record")]
        self.seen.update(addresses)
        stored = [stored_event(self.now, receipt=self.key(f"{next(self.codes)}")) for _ in range(events)]
        verdict = self.runner.run(self.storage.store.commit(changes, stored, now=self.now))
        assert (verdict.outcome, verdict.lost_at) == self.model.commit(changes, stored, self.now), changes

    @rule(minutes=st.sampled_from([1, 4, 25]))
    def wait(self, minutes):
        """Move the clock on both."""
        self.now += timedelta(minutes=minutes)

    @invariant()
    def records_are_equal(self):
        """Compare every record."""
        addresses = sorted(getattr(self, "seen", ()))
        if addresses:
            loaded = self.runner.run(self.storage.store.load(*addresses))
            assert loaded == tuple(self.model.read(address) for address in addresses)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_store_does_what_the_model_does(name):
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        urls = fresh_urls(name, Path(folder))
        opened = open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
        StoreMachine.storage = runner.run(opened)
        StoreMachine.runner, StoreMachine.layered = runner, urls.redis is not None
        try:
            run_state_machine_as_test(
                StoreMachine,
                settings=settings(
                    max_examples=60,
                    stateful_step_count=25,
                    phases=[Phase.generate],  # shrinking a run against servers takes minutes and tells little
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(StoreMachine.storage.close())
