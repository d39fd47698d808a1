"""The files of a connector's secrets: the next one beside the present, the one before beside it for a day.

A file is replaced by renaming, so that whoever reads finds the old secret or the new one, never half of one.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from errno import EEXIST
from pathlib import Path
from typing import Final

from gateway.connector_runtime.configuration import ConnectorSettings

KEPT_FOR: Final = timedelta(hours=24)
"""So long the secret before is kept for a way back."""

FilePrint = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file beside a secret: `before` until when it may serve as the way back, or `next` that nobody promoted."""

    file: Path
    is_next: bool
    until: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Tell whether it should not be there any more."""
        return self.until is None or self.until <= now


def files_of(settings: ConnectorSettings) -> tuple[Path, ...]:
    """Return every file of secrets that a table of the settings names, once each."""
    named = [getattr(settings, name) for name in ConnectorSettings.model_fields if name.endswith("_file")]
    return tuple(dict.fromkeys([*(one for one in named if one is not None), *settings.secret_files.values()]))


def print_of(settings: ConnectorSettings) -> tuple[FilePrint, ...]:
    """Return what changes when a file does: its time, its place on the disk and its size. Nothing is read."""
    found = []
    for file in files_of(settings):
        with suppress(OSError):
            seen = file.stat()
            found.append((str(file), seen.st_mtime_ns, seen.st_ino, seen.st_size))
    return tuple(found)


def next_of(file: Path) -> Path:
    """Return where the next secret stands: beside the present one."""
    return _beside(file, ".next")


def before_of(file: Path) -> Path:
    """Return where the secret before stands for a day."""
    return _beside(file, ".before")


def put_next(file: Path, octets: bytes) -> Path:
    """Write the next secret beside the present one, for its owner alone, and return it. Raises OSError."""
    made = next_of(file)
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(octets)
        opened.flush()
        os.fsync(opened.fileno())
    _like(file.resolve(), made)
    return made


def way_back(files: Iterable[Path], now: datetime) -> Path | None:
    """Return the first secret before that is still kept for a way back: a second swap would lose it."""
    for file in files:
        with suppress(OSError):
            if datetime.fromtimestamp(before_of(file).stat().st_mtime, UTC) + KEPT_FOR > now:
                return before_of(file)
    return None


def promote(files: Iterable[Path], now: datetime) -> None:
    """Put the next secrets in the place of the present ones, which stay beside them. Raises OSError, FileExistsError
    where that would take the place of one that is still kept."""
    files, done = list(files), list[Path]()
    if (kept := way_back(files, now)) is not None:
        raise FileExistsError(EEXIST, "the secret before is still kept", str(kept))
    try:
        for file in files:
            present, before, kept = file.resolve(), before_of(file), _beside(file, ".keeping")
            kept.unlink(missing_ok=True)
            kept.hardlink_to(present)  # the present one keeps its place until the next one has it
            kept.replace(before)
            next_of(file).replace(present)
            done.append(file)
            os.utime(before, (now.timestamp(), now.timestamp()))
    except OSError:
        take_back(done)
        raise


def take_back(files: Iterable[Path]) -> None:
    """Put the secrets before in their place again. Raises OSError."""
    for file in files:
        before_of(file).replace(file.resolve())


def leftovers_of(settings: ConnectorSettings) -> tuple[Leftover, ...]:
    """Return what stands beside the secrets of a table."""
    found = []
    for file in files_of(settings):
        if next_of(file).exists():
            found.append(Leftover(next_of(file), is_next=True))
        with suppress(OSError):
            since = datetime.fromtimestamp(before_of(file).stat().st_mtime, UTC)
            found.append(Leftover(before_of(file), is_next=False, until=since + KEPT_FOR))
    return tuple(found)


def _beside(file: Path, ending: str) -> Path:
    present = file.resolve()
    return present.with_name(present.name + ending)


def _like(present: Path, made: Path) -> None:
    """Give a new file owner, group and mode of the one it follows, as far as this user may."""
    with suppress(OSError):
        seen = present.stat()
        os.chown(made, seen.st_uid, seen.st_gid)
        made.chmod(seen.st_mode & 0o777)
