"""The demo as it is started by people: separate programs, real HTTP, stopped whole."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.services import RedisServer, free_port

COMMAND = [sys.executable, "-m", "gateway", "demo"]
NAMES = ("GATEWAY", "VNEID", "SOURCES", "PORTAL", "METRICS")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    ports = {f"GATE06_{name}_PORT": str(free_port()) for name in NAMES}
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    return own | ports | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def demo(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with (
        (tmp_path / "err").open("w") as err,
        subprocess.Popen(
            [*COMMAND, "--workers", "2"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=err, text=True
        ) as program,
    ):
        try:
            yield program
        finally:
            program.terminate()
            program.wait(120)


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return int(answer.status)


def children_of(pid: int) -> dict[int, str]:
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def wait_for(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def verb(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in environment.items() if not name.startswith("GATE06_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=folder,
        env=plain,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_it_says_ready_serves_all_takes_verbs_and_stops_whole(
    demo: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    assert demo.stdout is not None
    assert demo.stdout.readline() == "ready\n"
    assert len((tmp_path / "err").read_text().splitlines()) == 4
    at = {name: f"http://127.0.0.1:{environment[f'GATE06_{name}_PORT']}" for name in NAMES}
    assert status(f"{at['GATEWAY']}/readyz") == 200
    assert status(f"{at['PORTAL']}/") == 200
    assert status(f"{at['VNEID']}/_calls") == status(f"{at['SOURCES']}/_calls") == 200
    with urllib.request.urlopen(f"{at['METRICS']}/metrics", timeout=60) as answer:
        assert b"gate06_http_requests_total" in answer.read()
    assert not (tmp_path / ".gate06" / "master.key").stat().st_mode & 0o077

    # a verb beside the running stack reaches every worker within five seconds
    fresh = orjson.loads(verb(environment, tmp_path, "key", "rotate", "--json").stdout)["kid"]

    def published() -> bool:
        seen = []
        for _ in range(6):
            with urllib.request.urlopen(f"{at['GATEWAY']}/jwks", timeout=60) as answer:
                seen.append(fresh in {key["kid"] for key in orjson.loads(answer.read())["keys"]})
        return all(seen)

    wait_for(published)
    assert verb(environment, tmp_path, "doctor").returncode == 0

    # one program killed: said, and the others go on
    children = children_of(demo.pid)
    assert len(children) == 4
    killed = next(pid for pid, line in children.items() if "simulate sources" in line)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: "sources simulator ended with -9" in (tmp_path / "err").read_text())
    assert status(f"{at['GATEWAY']}/readyz") == 200

    demo.send_signal(signal.SIGTERM)
    assert demo.wait(120) == 0
    assert demo.stdout.read() == ""
    for pid in children:
        assert not Path(f"/proc/{pid}").exists()
    for name in NAMES:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(environment[f"GATE06_{name}_PORT"])), timeout=2)


def test_a_taken_port_is_said_and_nothing_is_left_behind(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", int(environment["GATE06_SOURCES_PORT"]))):
        ran = subprocess.run(
            COMMAND, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=300
        )
    assert ran.returncode == 6
    assert ran.stdout == ""
    assert "sources simulator ended" in ran.stderr
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(environment["GATE06_GATEWAY_PORT"])), timeout=2)


def test_a_wrong_setting_is_exit_3_before_anything_starts(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text("[prefil]\ndeadline_ms = 1\n")
    ran = subprocess.run(
        [*COMMAND, "--config", "more.toml"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 3
    assert "did you mean `prefill`" in ran.stderr


def test_every_persona_walks_the_whole_road(environment: dict[str, str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [*COMMAND, "--once", "--persona", "1-14", "--procedure", "1.004222", "--json"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    lines = {line["persona"]: line for line in map(orjson.loads, ran.stdout.splitlines())}
    assert {number: line["exit"] for number, line in lines.items()} == {
        **dict.fromkeys((1, 2, 3, 6, 7, 8, 11, 12, 14), 0),
        **dict.fromkeys((4, 5, 9, 10), 5),
        13: 9,
    }
    assert [lines[number]["code"] for number in (4, 5, 9, 10)] == ["GW-1302", "GW-1206", "GW-1301", "GW-1203"]
    fields = {number: line.get("fields", {}) for number, line in lines.items()}
    assert fields[1]["applicant.birth_date"]["value"] == "1941"
    assert fields[3]["applicant.old_number"]["value"] == "099999003"
    assert lines[11]["subject"] != lines[12]["subject"]
    assert lines[13]["late"]
    assert list(tmp_path.iterdir()) == [], "nothing stays where it was called"


def test_one_refused_journey_is_exit_5_with_its_problem(environment: dict[str, str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [*COMMAND, "--once", "--persona", "9", "--json"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    problem = orjson.loads(ran.stdout)
    assert (ran.returncode, problem["code"], problem["refused_by"]) == (5, "GW-1301", "identity_provider")
    assert problem["receipt"].startswith("rf_")
    assert {"vi", "en"} == problem["messages"].keys()


def once(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    known = {name: value for name, value in environment.items() if not name.endswith("_PORT")}
    return subprocess.run(
        [*COMMAND, "--once", "--persona", "3", "--json", *arguments],
        cwd=folder,
        env=known | {"TMPDIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_second_demo_opens_the_store_of_the_first_from_anywhere(environment: dict[str, str], tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    for folder in ("here", "there"):
        walked = once(environment, tmp_path / folder, "--store", store)
        assert walked.returncode == 0, walked.stderr
        assert orjson.loads(walked.stdout)["fields"]["applicant.birth_date"]["value"] == "1975-05-12"
        assert list((tmp_path / folder).iterdir()) == [], "nothing is left behind"


def test_a_developers_redis_needs_no_file(environment: dict[str, str], tmp_path: Path) -> None:
    server = RedisServer(append_only=False)
    try:
        walked = once(environment, tmp_path / "here", "--redis", server.url)
        assert walked.returncode == 0, walked.stderr
    finally:
        server.stop()


def test_a_walk_that_is_ended_leaves_no_secrets_behind(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "walk"
    folder.mkdir()
    with subprocess.Popen(
        [*COMMAND, "--once", "--persona", "13"],
        cwd=folder,
        env={name: value for name, value in environment.items() if not name.endswith("_PORT")}
        | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as walking:
        wait_for(lambda: any(folder.glob("gate06-*/logs/gateway.log")))
        started = children_of(walking.pid)
        walking.terminate()
        assert walking.wait(30) == 130
    assert list(folder.glob("gate06-*")) == []
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_a_journey_goes_by_the_identity_provider_that_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    ran = once(environment, tmp_path, "--persona", "3", "--idp", "national_portal")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert orjson.loads(ran.stdout)["fields"]["applicant.full_name"]["status"] == "verified"
    wrong = once(environment, tmp_path, "--persona", "3", "--idp", "zalo")
    assert (wrong.returncode, "vneid, national_portal" in wrong.stderr) == (2, True)


def test_an_organisation_is_told_to_use_the_own_account(environment: dict[str, str], tmp_path: Path) -> None:
    ran = once(environment, tmp_path, "--persona", "101")
    assert (ran.returncode, orjson.loads(ran.stdout)["code"]) == (5, "PF-009")
    assert once(environment, tmp_path, "--persona", "15").returncode == 2
