"""Every command that a document prints is run, or is known to run elsewhere."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.settings import read_settings
from tests.docs.walk import sign_in
from tests.journeys.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
WALKED = {"portal_in_ten_minutes.md", "connector_in_ten_minutes.md", "connector_to_approval.md"}
PAGES = [
    ROOT / "README.md",
    # tests/docs/test_ten_minutes.py and test_first_connector.py run those from their first to their last command
    *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name not in WALKED),
]
ELSEWHERE = {
    "gate06 serve": "tests of the command start it",
    "gate06 report take BC-2026-7K3M-Q9ZD": "tests/cli/test_report_steps.py",
    "gate06 report answer BC-2026-7K3M-Q9ZD --text-file answer.txt": "tests/cli/test_report_steps.py",
    'gate06 report close BC-2026-7K3M-Q9ZD --reason "cổng đã sửa"': "tests/cli/test_report_steps.py",
    "gate06 portal check my_portal.toml": "tests/docs/test_portal_guide.py",
    "gate06 demo --portal my_portal.toml": "tests/docs/test_portal_guide.py",
}


def commands_of(page: Path) -> Iterator[str]:
    for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        yield from (line.partition("  #")[0].strip() for line in block.splitlines() if line.strip())


COMMANDS = sorted({command.removeprefix(".venv/bin/") for page in PAGES for command in commands_of(page)})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo whose log has a checkpoint: somebody signed in, and the sequencer has signed."""
    with Stack(tmp_path_factory.mktemp("demo")) as running:
        sign_in(running, "persona:3")
        for _ in range(600):
            if httpx2.get(f"{running.issuer}/v1/log/checkpoint").status_code == 200:
                break
            time.sleep(0.1)
        yield running


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_a_printed_target_exists(command):
    done = subprocess.run(["make", "-n", *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("gate06 ")])
def test_a_printed_verb_does_its_work_on_the_running_demo(stack, command):
    if command in ELSEWHERE:
        assert ELSEWHERE[command]
        return
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *shlex.split(command)[1:]],
        cwd=stack.folder,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr


def test_what_is_neither_ours_nor_make_is_one_known_call():
    others = [command for command in COMMANDS if not command.startswith(("make ", "gate06 "))]
    assert [command.split()[0] for command in others] == ["curl"]  # tests/docs/test_faults_page.py sends it


def test_the_operators_settings_are_accepted(tmp_path):
    """The file that the operator guide prints is one that production takes, secrets made as it says."""
    text = (ROOT / "docs/operator_guide.md").read_text("utf-8")
    toml = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "gate06.toml").write_text(toml, "utf-8")
    (tmp_path / "secrets").mkdir()
    for name in (
        "master.key",
        "population.secret",
        "vneid.secret",
        "national_portal.secret",
        "dichvucong.secret",
        "vneid.pem",
    ):
        (tmp_path / "secrets" / name).write_text("5a" * 32, "ascii")
    settings = read_settings(files=[tmp_path / "gate06.toml"], environ={})
    assert settings.profile == "production"
    assert settings.master_key_bytes() == bytes.fromhex("5a" * 32)


def test_metrics_of_the_operators_page_exist(stack):
    text = (ROOT / "docs/operator_guide.md").read_text("utf-8")
    told = re.findall(r"`(gate06_\w+)\{", text)
    httpx2.get(f"{stack.issuer}/livez")
    shown = httpx2.get(f"http://127.0.0.1:{stack.ports['METRICS']}/metrics").text
    assert told
    assert [name for name in told if name not in shown] == []
