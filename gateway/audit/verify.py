"""Verifying a log from outside: recompute every leaf, tile and root and name the first index that is wrong.

Two subjects: the live stores, and an export (JSON lines {index, leaf}) that needs nothing of the gateway but
the log's public key. Only a checkpoint saved elsewhere convicts a log that was rebuilt as a whole and signed
anew with the real key; `audit verify --checkpoint` is that.
"""

from base64 import b64decode
from binascii import Error as BadBase64
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from gateway.audit.canonical import canonical_bytes
from gateway.audit.checkpoint import Checkpoint, InvalidNote, NoteVerifier
from gateway.audit.journal import TileAddress
from gateway.audit.log import Log
from gateway.audit.merkle import (
    HASH_LENGTH,
    TILE_HEIGHT,
    TILE_LENGTH,
    TILE_WIDTH,
    RightEdge,
    leaf_hash,
    perfect_root,
)

_DATES_KEPT = 15
_DATE_SLACK_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong: `rule`, and the first bad index, or the range [index, until) it lies in; None where none is."""

    rule: str
    index: int | None = None
    until: int | None = None

    def sentence(self) -> str:
        """Say it in one line."""
        where = "" if self.index is None else f" at index {self.index}"
        if self.until is not None and self.index is not None and self.until - self.index > 1:
            where = f" between index {self.index} and {self.until - 1}"
        return f"{self.rule}{where}"


@dataclass(slots=True, kw_only=True)
class Report:
    """The outcome: how much was read, the first finding (None: the log is whole), and what looks odd but is legal."""

    size: int = 0
    checkpoint_count: int = 0
    finding: Finding | None = None
    dated_back: list[int] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return self.finding is None


class LogInvalid(Exception):
    """Ends a verification at the first finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence())
        self.finding = finding


class EntryCheck:
    """Takes leaves in order, keeps the right edge, and holds each checkpoint against the root at its size."""

    def __init__(self, checkpoints: Sequence[Checkpoint], report: Report) -> None:
        self._edge = RightEdge()
        self._waiting = deque(sorted(checkpoints, key=lambda checkpoint: checkpoint.size))
        self._report = report
        self._last_good = 0
        self._dates: deque[str] = deque(maxlen=_DATES_KEPT)
        self._meet_checkpoints()

    def add(self, leaf: bytes) -> bytes:
        """Take one more leaf; return its hash. Raises LogInvalid."""
        index = self._edge.size
        self._check_form(leaf, index)
        hashed = leaf_hash(leaf)
        self._edge.append(hashed)
        self._report.size = index + 1
        self._meet_checkpoints()
        return hashed

    def finish(self) -> None:
        """Say that there are no more leaves. Raises LogInvalid when a checkpoint promised more."""
        if self._waiting:
            raise LogInvalid(Finding(rule="entries_missing", index=self._edge.size, until=self._waiting[0].size))

    def hold(self, checkpoint: Checkpoint) -> None:
        """Hold a checkpoint of exactly the present size against the leaves so far. Raises LogInvalid."""
        if checkpoint.root != self._edge.root():
            raise LogInvalid(Finding(rule="contradicts_checkpoint", index=self._last_good, until=checkpoint.size))
        self._last_good = checkpoint.size
        self._report.checkpoint_count += 1

    @property
    def size(self) -> int:
        """How many leaves were taken."""
        return self._edge.size

    def _meet_checkpoints(self) -> None:
        while self._waiting and self._waiting[0].size == self._edge.size:
            self.hold(self._waiting.popleft())

    def _check_form(self, leaf: bytes, index: int) -> None:
        try:
            told = orjson.loads(leaf)
            at = told["at"]
            whole = canonical_bytes(told) == leaf and isinstance(at, str)
        except (ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            raise LogInvalid(Finding(rule="leaf_form", index=index))
        self._check_date(at, index)

    def _check_date(self, at: str, index: int) -> None:
        """Note an event dated long before its neighbours: legal (a wrong clock), and worth a question."""
        dates = self._dates
        if len(dates) >= 3 and at < dates[-1]:
            median = sorted(dates)[len(dates) // 2]
            if _minutes(median) - _minutes(at) > _DATE_SLACK_MINUTES:
                self._report.dated_back.append(index)
                return
        dates.append(at)


def _minutes(at: str) -> int:
    """Return a sortable minute count of `YYYY-MM-DDTHH:MM…`, exact within a month and monotonic beyond."""
    try:
        year, month, day, hour, minute = (int(part) for part in (at[:4], at[5:7], at[8:10], at[11:13], at[14:16]))
    except ValueError:
        return 0
    return (((year * 12 + month) * 31 + day) * 24 + hour) * 60 + minute


def open_notes(notes: Iterable[str], verifier: NoteVerifier) -> list[Checkpoint]:
    """Return the checkpoints in saved notes. Raises LogInvalid for one that is malformed or not signed by the log."""
    opened = []
    for note in notes:
        try:
            opened.append(verifier.open(note))
        except InvalidNote as trouble:
            raise LogInvalid(Finding(rule=f"checkpoint_{trouble.rule}")) from None
    return opened


def verify_export(lines: Iterable[bytes], notes: Sequence[str], verifier: NoteVerifier) -> Report:
    """Verify JSON lines {index, leaf (base64)} against saved checkpoints; they must begin at index 0."""
    report = Report()
    try:
        check = EntryCheck(open_notes(notes, verifier), report)
        for leaf in read_export(lines):
            check.add(leaf)
        check.finish()
    except LogInvalid as invalid:
        report.finding = invalid.finding
    return report


def read_export(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the leaves of an export in order. Raises LogInvalid where an index is missing, repeated or moved."""
    expected = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
            index, leaf = entry["index"], b64decode(entry["leaf"], validate=True)
        except (BadBase64, ValueError, KeyError, TypeError):
            raise LogInvalid(Finding(rule="export_line", index=expected)) from None
        if type(index) is not int or index != expected:
            raise LogInvalid(Finding(rule="index_order", index=expected))
        yield leaf
        expected += 1


async def verify_log(log: Log, verifier: NoteVerifier, saved_notes: Sequence[str] = ()) -> Report:
    """Verify the live stores: leaves against tiles, tiles against tiles, roots against every checkpoint.

    What is sequenced while it reads is left for the next run. Raises StorageUnavailable.
    """
    report = Report()
    try:
        latest = await log.checkpoints.latest()  # before the size: a checkpoint never runs ahead of the tree
        size = await log.tree.size()
        saved = open_notes(saved_notes, verifier)
        promised = max([checkpoint.size for checkpoint in saved] + [latest[0] if latest else 0])
        check = EntryCheck(saved, report)
        await _LiveCheck(log, verifier, check).run(size)
        check.finish()
        if promised > size:
            raise LogInvalid(Finding(rule="entries_missing", index=size, until=promised))
    except LogInvalid as invalid:
        report.finding = invalid.finding
    return report


class _LiveCheck:
    """Walks the stores one level-0 tile at a time."""

    def __init__(self, log: Log, verifier: NoteVerifier, check: EntryCheck) -> None:
        self._log = log
        self._verifier = verifier
        self._check = check
        self._rows: list[bytes] = []  # the unfinished tile of each level above 0
        self._next: Checkpoint | None = None

    async def run(self, size: int) -> None:
        self._next = await self._stored_checkpoint(0)
        for start in range(0, size, TILE_WIDTH):
            await self._check_tile(start, min(start + TILE_WIDTH, size), size)
        for level, row in enumerate(self._rows, 1):
            if row:
                await self._compare(TileAddress(level, size >> (TILE_HEIGHT * (level + 1))), row)

    async def _check_tile(self, start: int, end: int, size: int) -> None:
        leaves = await self._log.journal.entries(start, end)
        (tile,) = await self._log.tree.tiles([TileAddress(0, start // TILE_WIDTH)])
        row = b"".join(map(leaf_hash, leaves))
        wrong = _first_difference(row, tile or b"", end - start)
        for leaf in leaves[:wrong]:
            await self._take(leaf)
        if wrong is not None:
            rule = "leaf_changed" if len(leaves) == end - start else "leaf_missing"
            raise LogInvalid(Finding(rule=rule, index=start + wrong))
        if end - start == TILE_WIDTH:
            await self._carry(1, start // TILE_WIDTH, perfect_root(row))

    async def _take(self, leaf: bytes) -> None:
        self._check.add(leaf)
        while self._next is not None and self._next.size == self._check.size:
            self._check.hold(self._next)
            self._next = await self._stored_checkpoint(self._check.size + 1)

    async def _carry(self, level: int, number: int, root: bytes) -> None:
        """Add the root of full tile `number` of the level below."""
        if len(self._rows) < level:
            self._rows.append(b"")
        self._rows[level - 1] += root
        if len(self._rows[level - 1]) == TILE_LENGTH:
            row, self._rows[level - 1] = self._rows[level - 1], b""
            await self._compare(TileAddress(level, number // TILE_WIDTH), row)
            await self._carry(level + 1, number // TILE_WIDTH, perfect_root(row))

    async def _compare(self, address: TileAddress, row: bytes) -> None:
        (tile,) = await self._log.tree.tiles([address])
        wrong = _first_difference(row, tile or b"", len(row) // HASH_LENGTH)
        if wrong is not None:
            span = TILE_WIDTH**address.level
            index = (address.number * TILE_WIDTH + wrong) * span
            raise LogInvalid(Finding(rule="tile_changed", index=index, until=index + span))

    async def _stored_checkpoint(self, size: int) -> Checkpoint | None:
        stored = await self._log.checkpoints.covering(size)
        if stored is None:
            return None
        (checkpoint,) = open_notes([stored[1]], self._verifier)
        if checkpoint.size != stored[0]:
            raise LogInvalid(Finding(rule="checkpoint_size"))
        return checkpoint


def _first_difference(row: bytes, tile: bytes, count: int) -> int | None:
    """Return the first of `count` hashes that is not the same in both, or missing in one."""
    length = count * HASH_LENGTH
    if len(row) == length and tile[:length] == row:
        return None
    for position in range(count):
        hashed = row[position * HASH_LENGTH : (position + 1) * HASH_LENGTH]
        if not hashed or tile[position * HASH_LENGTH : (position + 1) * HASH_LENGTH] != hashed:
            return position
    return None
