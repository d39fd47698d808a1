"""Redis in front of a SQL backend: Redis decides the race, SQL makes it final.

A commit first runs its short-lived steps in Redis. If they hold, the SQL transaction stores the rest, all events
and, for each authorization code, a mark that exists once: a Redis that forgot the spending cannot let a second one
win. When SQL says no, the Redis half is undone. The answer leaves after both.

Grants stand in both. SQL is their truth; Redis has a copy that every short-lived record of the grant is judged by,
and a missing copy means revoked. Loading a grant puts a lost copy back.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from gateway.storage.redis.lines import HotAnswer, HotWork, linger, name_of
from gateway.storage.redis.server import RedisServer
from gateway.storage.rows import (
    MICROSECOND,
    SHORT_LIVED,
    TOMBSTONE_FOR,
    Backend,
    RefusedWrite,
    Row,
    Settled,
    Step,
    Work,
)
from gateway.vocabulary.clock import Randomness
from gateway.vocabulary.store import Kind, Outcome, RecordKey, StorageUnavailable

IN_REDIS = SHORT_LIVED | {Kind.GRANT}
FINAL_IN_SQL = frozenset({Kind.CODE})
BOTH_DECIDE = frozenset({"insert", "put", "replace", "remove", "revoke"})


class Split(NamedTuple):
    """A commit's steps by the place that decides them, each with its position in the commit."""

    hot: list[tuple[int, Step]]
    cold: list[tuple[int, Step]]


class LayeredRecords:
    """`Backend` over Redis and a SQL backend."""

    def __init__(self, server: RedisServer, sql: Backend, randomness: Randomness) -> None:
        self._server = server
        self._sql = sql
        self._randomness = randomness
        self._running: set[asyncio.Task[Settled]] = set()

    async def load(self, addresses: Sequence[RecordKey]) -> list[Row | None]:
        """Return the rows in the order asked: both sides are asked at the same time."""
        hot = [place for place, address in enumerate(addresses) if address.kind in IN_REDIS]
        if not hot:
            return await self._sql.load(addresses)
        waiting = self._server.loads.submit([addresses[place] for place in hot])
        rows: list[Row | None] = [None] * len(addresses)
        if len(hot) < len(addresses):
            cold = [place for place, address in enumerate(addresses) if address.kind not in IN_REDIS]
            found = await self._sql.load([addresses[place] for place in cold])
            for place, row in zip(cold, found, strict=True):
                rows[place] = row
        lost = []
        for place, row in zip(hot, await waiting, strict=True):
            rows[place] = row
            if addresses[place].kind == Kind.GRANT and (row is None or row.version == 0):
                lost.append(place)
        if lost:
            await self._fetch_grants(addresses, rows, lost)
        return rows

    async def commit(self, work: Work) -> Settled:
        """Apply all steps and store all events, or nothing."""
        split = split_steps(work.steps)
        if not split.hot:
            settled = await self._sql.commit(work)
            if settled.lost_at is not None:
                await self._follow(settled, work.steps[settled.lost_at], work.now)
            return settled
        # once Redis has decided, a caller that goes away must not leave the two halves apart
        task = asyncio.create_task(self._commit_both(work, split))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def select(self, kind: str, subject: str | None, group: str | None, limit: int) -> list[Row]:
        """Return the rows of a kind, newest first; short-lived kinds are searched for key by key."""
        if kind not in SHORT_LIVED:
            return await self._sql.select(kind, subject, group, limit)
        rows = await self._server.scan(Kind(kind))
        wanted = [row for row in rows if subject in {None, row.subject} and group in {None, row.group}]
        return sorted(wanted, key=lambda row: row.ordinal, reverse=True)[:limit]

    async def earliest(self, kind: str, before: str, limit: int) -> list[Row]:
        """Return the active rows of a durable kind below a key, in the order of their keys."""
        return await self._sql.earliest(kind, before, limit)

    async def revoked_grants(self) -> list[str]:
        """Return the keys of all revoked grants."""
        return await self._sql.revoked_grants()

    async def purge(self, now: int) -> int:
        """Delete rows in SQL whose tombstone window is over; Redis cleans up by itself."""
        return await self._sql.purge(now)

    async def close(self) -> None:
        """Wait for commits that are half done."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _commit_both(self, work: Work, split: Split) -> Settled:
        steps = [step for _, step in split.hot]
        final = any(step.verb == "spend" and step.kind in FINAL_IN_SQL for step in steps)
        in_sql = bool(split.cold or work.events or final)
        stamp = b64encode(self._randomness.octets(9)).decode() if in_sql else None
        answer = await self._server.commits.submit(HotWork(steps, work.now, stamp))
        if answer.outcome is not Outcome.DONE:
            return await self._lost_in_redis(work, split, answer)
        if stamp is not None:
            settled = await self._make_final(work, split, answer, stamp)
            if settled.lost_at is not None:
                return settled
        if answer.absent or any(step.verb == "spend" and step.kind == Kind.GRANT for _, step in split.cold):
            grants = [step.key for step in work.steps if step.kind == Kind.GRANT]
            await self.load([RecordKey(Kind.GRANT, key) for key in grants])
        return Settled(Outcome.DONE)

    async def _lost_in_redis(self, work: Work, split: Split, answer: HotAnswer) -> Settled:
        position, step = split.hot[answer.lost_at]
        if answer.outcome is Outcome.REPLAY and step.revoke_on_replay and answer.group is not None:
            await self._sql.commit(Work([revocation(answer.group)], (), work.now, durable=True))
        return Settled(answer.outcome, position, answer.group)

    async def _make_final(self, work: Work, split: Split, answer: HotAnswer, stamp: str) -> Settled:
        """Run the SQL half; undo the Redis half when it is refused."""
        marks = marks_of(split, answer, work.now)
        cold = [*marks, *split.cold]
        durable = work.durable or bool(marks)
        try:
            settled = await self._sql.commit(Work([step for _, step in cold], work.events, work.now, durable))
        except RefusedWrite:
            await self._undo(answer, stamp, work.now, keep=set())
            raise
        except StorageUnavailable:
            # perhaps SQL has it: what was spent stays spent, what was revoked stays revoked
            ended = {name_of(step.kind, step.key) for _, step in split.hot if step.verb in {"spend", "revoke"}}
            await self._undo(answer, stamp, work.now, keep=ended)
            raise
        if settled.lost_at is None:
            return settled
        position, step = cold[settled.lost_at]
        if step.verb == "mark":
            return await self._forgotten_spend(work, answer, stamp, position, step)
        await self._undo(answer, stamp, work.now, keep=set())
        await self._follow(settled, step, work.now)
        return settled._replace(lost_at=position)

    async def _forgotten_spend(self, work: Work, answer: HotAnswer, stamp: str, position: int, step: Step) -> Settled:
        """Redis let a spent code win again and SQL remembers: keep it spent, revoke its grant on both sides."""
        name = name_of(step.kind, step.key)
        group = next((spent.group for spent in answer.spent if spent.name == name), None)
        await self._undo(answer, stamp, work.now, keep={name})
        if group is not None and work.steps[position].revoke_on_replay:
            await self._revoke_copy(group, work.now)
            await self._sql.commit(Work([revocation(group)], (), work.now, durable=True))
        return Settled(Outcome.REPLAY, position, group)

    async def _undo(self, answer: HotAnswer, stamp: str, now: int, keep: set[str]) -> None:
        keys = {key: before for key, before in answer.undo.items() if key.decode() not in keep}
        if keys:
            await self._server.commands.submit(
                ("FCALL", "gate06_undo", len(keys), *keys, str(now), stamp, *keys.values())
            )

    async def _follow(self, settled: Settled, step: Step, now: int) -> None:
        """Bring the copy of a grant in line with what a lost step showed of it in SQL."""
        revoked = settled.outcome is Outcome.REPLAY and step.revoke_on_replay
        if settled.group is not None and settled.outcome is Outcome.REVOKED:
            # the revocation may have been one of this commit's own, undone with it: ask what is stored
            [row] = await self._sql.load([RecordKey(Kind.GRANT, settled.group)])
            revoked = row is not None and row.state == "revoked"
        if settled.group is not None and revoked:
            await self._revoke_copy(settled.group, now)
        elif step.kind == Kind.GRANT and step.verb in BOTH_DECIDE:
            await self._server.commits.submit(HotWork([Step("forget", Kind.GRANT, step.key)], now, None))

    async def _revoke_copy(self, group: str, now: int) -> None:
        await self._server.commits.submit(HotWork([revocation(group)], now, None))

    async def _fetch_grants(self, addresses: Sequence[RecordKey], rows: list[Row | None], lost: list[int]) -> None:
        """Read grants that Redis does not have from SQL, and put them back unless they were revoked meanwhile."""
        found = await self._sql.load([addresses[place] for place in lost])
        arguments: list[bytes | str | int] = []
        names = []
        for place, row in zip(lost, found, strict=True):
            marked = rows[place] is not None
            if row is not None and not marked and row.state != "revoked":
                names.append(name_of(Kind.GRANT, row.key))
                # the copy's time to live is unknown without a clock: a day, then it is fetched again
                arguments += [row.sealed, _number(row.expires_at), row.group or "", row.subject or "", row.state]
                arguments += [row.version, row.ordinal, linger(Kind.GRANT), 86_400_000]
            rows[place] = row._replace(state="revoked") if row is not None and marked else row
        if names:
            await self._server.commands.submit(("FCALL", "gate06_heal", len(names), *names, *arguments))


def split_steps(steps: Sequence[Step]) -> Split:
    """Tell which steps Redis decides and which SQL; writings of grants go to both."""
    hot, cold = [], []
    for position, step in enumerate(steps):
        if step.kind in SHORT_LIVED:
            hot.append((position, step))
            continue
        cold.append((position, step))
        if step.kind == Kind.GRANT and step.verb in BOTH_DECIDE:
            hot.append((position, step))
        elif step.kind == Kind.GRANT and step.verb == "spend":
            hot.append((position, Step("forget", Kind.GRANT, step.key)))
    return Split(hot, cold)


def marks_of(split: Split, answer: HotAnswer, now: int) -> list[tuple[int, Step]]:
    """Return the single-use marks for what was spent, kept until the record's tombstone is gone too."""
    spent = {used.name: used for used in answer.spent}
    marks = []
    for position, step in split.hot:
        if step.verb == "spend" and step.kind in FINAL_IN_SQL:
            expires_at = spent[name_of(step.kind, step.key)].expires_at
            until = (expires_at or now + 10 * 365 * 86_400_000_000) + TOMBSTONE_FOR // MICROSECOND
            marks.append((position, Step("mark", step.kind, step.key, until=until)))
    return marks


def revocation(group: str) -> Step:
    """Return the step that revokes a grant."""
    return Step("revoke", Kind.GRANT, group)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
