"""The sequencer: puts stored events into the tree and signs checkpoints, on whichever node holds the lease.

Group commit: the first event after a rest goes into the tree at once; behind it, what comes is gathered until it
fills a batch or has waited for a moment, so that load makes batches larger and not more frequent. Two sequencers that
both believe they lead cannot fork the tree: an extension is a compare-and-swap on the size. It signs nothing over a
tree that contradicts the last checkpoint.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from time import perf_counter

import structlog

from gateway.audit.checkpoint import NoteSigner, parse_note
from gateway.audit.failure import LogDamaged
from gateway.audit.journal import Extension, TileAddress
from gateway.audit.log import Log, read_root, read_tiles
from gateway.audit.merkle import EMPTY_ROOT, edge_addresses, edge_hashes, extend_edge, leaf_hash, root_from
from gateway.vocabulary.clock import Clock

_LEASE = "sequencer"
_LEASE_FOR = timedelta(seconds=3)
_SMALL_BATCH, _LARGE_BATCH = 32, 256  # small ones hold the write lock for a millisecond at most
_PATIENT_FOR = 16  # full small batches before a backlog gets large ones


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long to rest when idle, to gather a batch at most, between checkpoints, between renewals of the
    lease, at most after errors."""

    poll_for: float = 0.25
    gather_for: float = 0.05
    checkpoint_for: float = 1.0
    renew_for: float = 1.0
    back_off_for: float = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the sequencer of this process stands: what it knows of the log, and failures in a row."""

    leading: bool = False
    size: int = 0
    signed_size: int = 0
    failure_count: int = 0


class Sequencer:
    """One loop per process; only the one that holds the lease works."""

    def __init__(self, log: Log, signer: NoteSigner, clock: Clock, holder: str, pace: Pace | None = None) -> None:
        """`holder` names this process uniquely; two processes with one name would both lead (and race safely)."""
        self._log = log
        self._signer = signer
        self._clock = clock
        self._holder = holder
        self._pace = pace or Pace()
        self._news = asyncio.Event()
        self._crowd = asyncio.Event()
        self._news_count = 0
        self._standing = Standing()
        self._edge: Mapping[TileAddress, bytes] | None = None
        self._full_count = 0
        self._renewed_at = float("-inf")
        self._signed_at = float("-inf")
        self._logger = structlog.get_logger()

    @property
    def standing(self) -> Standing:
        """What readiness and metrics may show."""
        return self._standing

    def notify(self) -> None:
        """Say that this process has just committed an event."""
        self._news.set()
        self._news_count += 1
        if self._news_count >= _SMALL_BATCH:
            self._crowd.set()

    async def run(self) -> None:
        """Work until cancelled; give the lease back then. Errors of storage are waited out, never raised."""
        try:
            while True:
                await self._live_one_turn()
        finally:
            await self._step_down()

    async def _live_one_turn(self) -> None:
        self._news.clear()  # before reading: an event stored from here on sets it again
        self._crowd.clear()
        self._news_count = 0
        try:
            busy = await self.work()
        except Exception as error:  # whatever a driver raises, the loop must outlive it
            self._forget(failures=self._standing.failure_count + 1)
            self._logger.warning("sequencer_failed", reason=type(error).__name__, count=self._standing.failure_count)
            await asyncio.sleep(min(0.05 * 2 ** min(self._standing.failure_count, 10), self._pace.back_off_for))
            return
        if self._standing.failure_count:
            self._standing = replace(self._standing, failure_count=0)
        if not busy:
            await self._rest()
        elif self._full_count:
            await asyncio.sleep(0)  # requests on this loop go between two batches
        else:
            await _wait_for(self._crowd, self._pace.gather_for)

    async def work(self) -> bool:
        """Do one turn: lead, extend, sign when due; tell whether more may be waiting. Raises what storage raises."""
        if not await self._leads():
            return False
        if self._edge is None:
            await self._read_tree()
        took = await self._extend()
        await self._sign_when_due()
        return took > 0

    async def _leads(self) -> bool:
        if self._standing.leading and perf_counter() - self._renewed_at < self._pace.renew_for:
            return True
        now = self._clock.now()
        leading = await self._log.leases.acquire(_LEASE, self._holder, now + _LEASE_FOR, now=now)
        self._renewed_at = perf_counter()
        if leading != self._standing.leading:
            self._forget()  # another node may have extended the tree in between
            self._standing = replace(self._standing, leading=leading)
        return leading

    async def _read_tree(self) -> None:
        """Read size and right edge; raise LogDamaged when they contradict the last checkpoint."""
        size = await self._log.tree.size()
        signed_size = await self._require_consistent(size)
        self._edge = await read_tiles(self._log.tree, edge_addresses(size), size)
        self._standing = replace(self._standing, size=size, signed_size=signed_size)

    async def _require_consistent(self, size: int) -> int:
        latest = await self._log.checkpoints.latest()
        if latest is None:
            return 0
        checkpoint, _, _ = parse_note(latest[1])
        if checkpoint.size > size or await read_root(self._log.tree, checkpoint.size) != checkpoint.root:
            raise LogDamaged(operator_detail=f"the tree contradicts the checkpoint of size {checkpoint.size}")
        return checkpoint.size

    async def _extend(self) -> int:
        """Put one batch into the tree; return how many events were waiting (0 ends the rush)."""
        assert self._edge is not None
        limit = _SMALL_BATCH if self._full_count < _PATIENT_FOR else _LARGE_BATCH
        pending = await self._log.journal.pending(limit)
        self._full_count = self._full_count + 1 if len(pending) == limit else 0
        if not pending:
            return 0
        size = self._standing.size
        tiles, edge = extend_edge(size, self._edge, [leaf_hash(event.leaf) for event in pending])
        extension = Extension(size_before=size, positions=[event.position for event in pending], tiles=tiles)
        if not await self._log.tree.extend(extension):
            self._forget()  # another sequencer was faster: read what it made
            return len(pending)
        self._edge = edge
        self._standing = replace(self._standing, size=size + len(pending))
        return len(pending)

    async def _sign_when_due(self) -> None:
        standing = self._standing
        if self._edge is None or standing.size == standing.signed_size:
            return
        if perf_counter() - self._signed_at < self._pace.checkpoint_for:
            return
        root = root_from(standing.size, edge_hashes(self._edge)) if standing.size else EMPTY_ROOT
        await self._log.checkpoints.save(standing.size, self._signer.sign(standing.size, root))
        self._signed_at = perf_counter()
        self._standing = replace(standing, signed_size=standing.size)

    async def _rest(self) -> None:
        """Wait for news, for the next poll, or until a checkpoint is due."""
        rest_for = self._pace.poll_for
        if self._standing.leading and self._standing.size != self._standing.signed_size:
            due_in = self._signed_at + self._pace.checkpoint_for - perf_counter()
            rest_for = max(0.001, min(rest_for, due_in))
        if not self._standing.leading:
            await asyncio.sleep(rest_for)  # news of this process is another node's work
            return
        await _wait_for(self._news, rest_for)

    async def _step_down(self) -> None:
        if not self._standing.leading:
            return
        self._forget()
        self._standing = replace(self._standing, leading=False)
        now = self._clock.now()
        try:
            async with asyncio.timeout(1):
                await self._log.leases.acquire(_LEASE, self._holder, now, now=now)
        except Exception as error:  # the lease runs out by itself
            self._logger.info("sequencer_lease_kept", reason=type(error).__name__)

    def _forget(self, failures: int | None = None) -> None:
        self._edge = None
        if failures is not None:
            self._renewed_at = float("-inf")
            self._standing = replace(self._standing, failure_count=failures)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait until an event is set, for some seconds at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
