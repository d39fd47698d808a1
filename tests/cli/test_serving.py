"""`gate06 serve`: workers come back, settings are read again, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.metrics import _gone
from gateway.cli.workers import Patience
from tests.services import free_port

SEED = 'client_id = "{}"\nclient_secret = "x"\nredirect_uris = ["http://127.0.0.1:9/cb"]\n'


@dataclass(frozen=True)
class Served:
    """A gateway in its own folder."""

    program: subprocess.Popen[bytes]
    folder: Path
    port: int
    metrics_port: int

    def status(self, path: str) -> int:
        """Ask and return the status without following redirects; 0 when nobody answers."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        try:
            with urllib.request.build_opener(Stay).open(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0

    def knows(self, client_id: str) -> bool:
        """Tell whether a portal is known."""
        query = "redirect_uri=http://127.0.0.1:9/cb&response_type=code&scope=openid"
        return self.status(f"/authorize?client_id={client_id}&{query}") != 400

    def workers(self) -> list[int]:
        """The processes that serve."""
        task = Path(f"/proc/{self.program.pid}/task/{self.program.pid}/children").read_text().split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in task}
        return [pid for pid, line in lines.items() if "metrics" not in line]

    def said(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()


def wait_for(condition: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    ports = [free_port() for _ in range(2)]
    (tmp_path / "portals").mkdir()
    (tmp_path / "portals" / "one.toml").write_text(SEED.format("first"))
    (tmp_path / "master.key").write_text("ef" * 32)
    (tmp_path / "gate06.toml").write_text(
        f"issuer = 'http://127.0.0.1:{ports[0]}'\nprofile = 'dev'\n[server]\nport = {ports[0]}\n"
        f"[metrics]\nport = {ports[1]}\n[store]\nurl = 'sqlite:///gate.db'\nmaster_key_file = 'master.key'\n"
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"], cwd=tmp_path, env=own, stdout=log, stderr=log
        ) as program,
    ):
        gateway = Served(program, tmp_path, *ports)
        try:
            wait_for(lambda: gateway.status("/livez") == 200 or program.poll() is not None)
            assert program.poll() is None, gateway.said()
            yield gateway
        finally:
            program.terminate()
            program.wait(30)


def test_a_killed_worker_comes_back_again_and_again(served: Served) -> None:
    for _ in range(4):
        (worker,) = served.workers()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda worker=worker: served.workers() not in ([worker], []))
        wait_for(lambda: served.status("/livez") == 200)


def test_a_hang_up_reads_the_portals_again_in_every_worker(served: Served) -> None:
    assert served.knows("first")
    old, answered = served.workers(), []
    (served.folder / "portals" / "one.toml").write_text(SEED.format("second"))
    served.program.send_signal(signal.SIGHUP)

    def changed() -> bool:
        answered.append(served.status("/livez"))
        return served.knows("second")

    wait_for(changed)
    assert set(answered) == {200}
    assert served.workers() == old
    assert not served.knows("first")
    # settings that cannot be used change nothing
    (served.folder / "portals" / "one.toml").write_text(SEED.format("third").replace("client_secret", "client_secrt"))
    served.program.send_signal(signal.SIGHUP)
    wait_for(lambda: "did you mean" in served.said())
    excess = SEED.format("fourth") + 'procedures = ["9.999999"]\n'
    (served.folder / "portals" / "one.toml").write_text(excess)
    served.program.send_signal(signal.SIGHUP)
    wait_for(lambda: "portals_not_reloaded" in served.said())
    assert served.knows("second")
    assert not served.knows("fourth")


def test_metrics_have_a_port_of_their_own_and_name_no_person(served: Served) -> None:
    assert served.status("/authorize?client_id=999175000003") == 400
    assert served.status("/metrics") == 404
    with urllib.request.urlopen(f"http://127.0.0.1:{served.metrics_port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    assert "gate06_http_requests_total" in text
    assert "999175000003" not in text


def test_the_state_a_dead_worker_left_is_nobodys_state(tmp_path: Path) -> None:
    """A worker that was killed in an outage would otherwise report it for ever."""
    for pid in (os.getpid(), 2**22 + 1):  # the second is above what a process id can be here
        (tmp_path / f"gauge_livemax_{pid}.db").touch()
    (tmp_path / f"counter_{2**22 + 1}.db").touch()
    assert _gone(tmp_path) == {2**22 + 1}


def test_nothing_outlives_a_killed_parent(served: Served) -> None:
    workers = served.workers()
    served.program.kill()
    served.program.wait(10)
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    wait_for(lambda: served.status("/livez") == 0)


def test_a_start_that_cannot_succeed_says_why_and_ends(served: Served) -> None:
    served.program.terminate()
    served.program.wait(30)
    (served.folder / "master.key").write_text("00" * 32)
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", "serve"],
        cwd=served.folder,
        env=own,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode not in {0, 1}
    assert "fix:" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_patience_ends_with_a_start_that_cannot_succeed() -> None:
    patience = Patience()
    answers = [patience.lasts(place / 10) for place in range(Patience.CRASHES)]
    assert answers == [True] * (Patience.CRASHES - 1) + [False]
    slow = Patience()
    assert all(slow.lasts(place * 2.0) for place in range(Patience.CRASHES * 2))
