"""Worker processes: forked after the start was rehearsed, kept alive, told of SIGHUP, ended together.

The parent serves nothing and waits for signals only; workers share its listening socket and what it has imported.
"""

import os
import signal
import time
from collections import deque
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_END_WITHIN_S = 10.0


class Patience:
    """Decides when workers that keep ending are given up: a killed one must come back, a start that cannot succeed
    must end."""

    CRASHES, WITHIN_S = 10, 5.0

    def __init__(self) -> None:
        self._ended: deque[float] = deque(maxlen=self.CRASHES)

    def lasts(self, now: float) -> bool:
        """Note that a worker ended at `now` (monotonic seconds) and tell whether another one is worth a try."""
        self._ended.append(now)
        return not (len(self._ended) == self.CRASHES and now - self._ended[0] < self.WITHIN_S)


class Workers:
    """`count` processes that run `work`; `read_again` is asked on SIGHUP whether they should be told."""

    def __init__(self, count: int, work: Callable[[], None], read_again: Callable[[], bool]) -> None:
        self._count = count
        self._work = work
        self._read_again = read_again
        self._pids: set[int] = set()
        self._patience = Patience()

    def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; return False when the workers were given up."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for _ in range(self._count):
                self._begin(before)
            while True:
                match signal.sigwait(_SIGNALS):
                    case signal.SIGHUP:
                        self._tell(signal.SIGHUP if self._read_again() else 0)
                    case signal.SIGCHLD:
                        if not self._replace(before):
                            return False
                    case _:
                        return True
        finally:
            self._end()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _begin(self, mask: set[int | signal.Signals]) -> None:
        pid = os.fork()
        if pid:
            self._pids.add(pid)
            return
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._work()
            code = 0
        finally:
            os._exit(code)  # nothing of the parent's clean-up is this process's business

    def _replace(self, mask: set[int | signal.Signals]) -> bool:
        for pid in self._reap():
            self._pids.discard(pid)
            if not self._patience.lasts(time.monotonic()):
                return False
            self._begin(mask)
        return True

    def _reap(self) -> list[int]:
        """Return our workers that ended; other children of this process are somebody else's to wait for."""
        return [pid for pid in self._pids if os.waitpid(pid, os.WNOHANG)[0]]

    def _tell(self, number: int) -> None:
        for pid in self._pids if number else ():
            os.kill(pid, number)

    def _end(self) -> None:
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + _END_WITHIN_S
        while self._pids and time.monotonic() < deadline:
            self._pids.difference_update(self._reap())
            time.sleep(0.02)
        self._tell(signal.SIGKILL)
        for pid in self._pids:
            os.waitpid(pid, 0)
