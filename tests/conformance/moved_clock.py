"""`python -m tests.conformance.moved_clock FILE MODULE …`: a program whose clock goes before by the seconds in FILE.

The rows need minutes and hours to pass (`max_age`, the life of a code, keys that age) and nobody may wait for them.
The gateway and whoever it talks to read the same file, so they agree on the time.
"""

import os
import runpy
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from gateway.vocabulary.clock import SystemClock


class MovedTime:
    """The machine's time and what it was moved by; whoever moves it writes the file, all others read it."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(b"0".rjust(12))
        self._file = os.open(file, os.O_RDWR)

    def seconds(self) -> float:
        """Return seconds since the epoch as every program of a run sees them."""
        return time.time() + int(os.pread(self._file, 12, 0))

    def move(self, by_s: int) -> None:
        """Let time pass."""
        os.pwrite(self._file, str(int(os.pread(self._file, 12, 0)) + by_s).rjust(12).encode(), 0)


def main() -> None:
    """Run the module named second as `python -m` would, on the clock of the file named first."""
    file, module, *rest = sys.argv[1:]
    moved = MovedTime(Path(file))
    SystemClock.now = lambda self: datetime.fromtimestamp(moved.seconds(), UTC)  # type: ignore[method-assign]
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
