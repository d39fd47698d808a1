"""The command's edges: exit codes, the nearest name, no trace, data on stdout only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.citizen import PageReader
from gateway.cli.command import complete_app, main
from gateway.cli.demo import read_range
from gateway.cli.exit_codes import MEANINGS, Exit, exit_of
from gateway.settings import ConfigurationRefused
from gateway.tokens.keys import KeyRingChanged, KeyStepTooEarly, UnknownSigningKey
from gateway.vocabulary.store import StorageUnavailable


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GATE06_"):
            monkeypatch.delenv(name)
    return tmp_path


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    out, err = capfd.readouterr()
    return int(leaving.value.code or 0), out, err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kye list", "'key'"),
        ("key lst", "'list'"),
        ("key list --stor x", "--store"),
        ("key retire", "kid"),
        ("demo --once --persona 15", "--persona"),
        ("demo --once --persona x", "--persona"),
        ("demo --once --persona 3-1", "--persona"),
        ("demo --workers 0", "--workers"),
    ],
)
def test_a_command_written_wrongly_is_exit_2_with_a_remedy(
    capfd: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    code, out, err = run(capfd, *line.split())
    assert (code, out) == (2, "")
    assert said in err


def test_a_configuration_that_cannot_be_used_is_exit_3(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, "key", "list")
    assert (code, out) == (3, "")
    assert "GATE06_ISSUER" in err
    assert "fix:" in err


def test_an_unknown_key_of_the_configuration_is_exit_3(capfd: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "gate06.toml").write_text("isuer = 'x'\n")
    code, _, err = run(capfd, "config", "show")
    assert code == 3
    assert "did you mean `issuer`" in err


def test_a_store_that_does_not_answer_is_exit_6(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE06_ISSUER", "https://gate.example")
    monkeypatch.setenv("GATE06_STORE__MASTER_KEY", "ab" * 32)
    code, _, err = run(capfd, "key", "list", "--store", "postgresql://nobody@127.0.0.1:1/none")
    assert code == 6
    assert "Traceback" not in err


def test_a_bug_is_exit_1_and_tells_no_text_of_the_exception(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(arguments: list[str]) -> None:
        raise RuntimeError("999175000003")

    monkeypatch.setattr("gateway.cli.command.complete_app", break_down)
    code, out, err = run(capfd, "key", "list")
    assert (code, out) == (1, "")
    assert "RuntimeError" in err
    assert "999175000003" not in err
    code, _, err = run(capfd, "--debug", "key", "list")
    assert code == 1
    assert "Traceback" in err


def test_interrupting_is_130(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.command.complete_app", interrupt)
    assert run(capfd, "key", "list")[0] == 130


@pytest.mark.parametrize(
    ("arguments", "groups", "verbs"),
    [
        (["key", "list"], ["key"], ["help"]),
        (["--debug", "audit", "verify"], ["audit"], ["help"]),
        (["whoami"], [], ["whoami", "help"]),
    ],
)
def test_only_what_is_asked_for_is_loaded(arguments: list[str], groups: list[str], verbs: list[str]) -> None:
    built = complete_app(arguments)
    assert [one.name for one in built.registered_groups] == groups
    assert [one.name for one in built.registered_commands] == verbs


@pytest.mark.parametrize("arguments", [[], ["--help"], ["kye", "list"], ["help"]])
def test_whoever_asks_for_nothing_known_gets_the_whole_command(arguments: list[str]) -> None:
    built = complete_app(arguments)
    names = [one.name for one in (*built.registered_groups, *built.registered_commands)]
    assert {"key", "config", "audit", "connector", "report", "serve", "demo", "logout", "help"} <= set(names)
    assert len(names) == len(set(names)) > 18


def test_exit_codes_are_listed_and_each_failure_has_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, "help", "exit-codes")
    assert code == 0
    assert [int(line.split()[0]) for line in out.splitlines()] == [int(one) for one in MEANINGS]
    assert exit_of(ConfigurationRefused(["x"])) is Exit.CONFIGURATION
    assert exit_of(UnknownSigningKey()) is Exit.NOT_FOUND
    assert exit_of(KeyStepTooEarly()) is Exit.NOT_ALLOWED
    assert exit_of(KeyRingChanged()) is Exit.NEEDS_APPROVAL
    assert exit_of(StorageUnavailable()) is Exit.REMOTE
    assert run(capfd, "help", "nothing")[0] == Exit.NOT_FOUND


def test_a_key_of_the_configuration_is_explained(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, "config", "explain", "prefill.deadline_ms")
    assert code == 0
    assert "GATE06_PREFILL__DEADLINE_MS" in out
    assert "2500" in out
    code, _, err = run(capfd, "config", "explain", "prefill.deadline")
    assert code == Exit.NOT_FOUND
    assert "prefill.deadline_ms" in err


def test_secrets_are_masked_when_the_configuration_is_shown(capfd: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "gate06.toml").write_text(
        "issuer = 'https://gate.example'\n[store]\nurl = 'postgresql://me:geheim@db/x'\nmaster_key = 'geheim2'\n"
        "[connectors.population]\nurl = 'https://bus.example'\nsecret = 'geheim3'\n"
        "[[portal]]\nclient_id = 'p'\nclient_secret = 'geheim4-and-long-enough'\nredirect_uris = ['https://p.example/cb']\n"
    )
    for arguments in (["--origin"], ["--json"]):
        code, out, err = run(capfd, "config", "show", *arguments)
        assert code == 0
        assert "geheim" not in out + err
        assert "https://bus.example" in out
        assert "gate06.toml" in out


def test_the_module_is_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", "help"], check=False, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0
    assert ran.stdout.startswith("  0  done")


def test_ranges_of_personas() -> None:
    assert read_range("3") == [3]
    assert read_range("2-4") == [2, 3, 4]


def test_a_page_is_read_as_a_browser_without_scripts_would() -> None:
    page = PageReader(
        '<form action="/a?x=1&amp;y=2" method="POST"><input type="hidden" name="csrf" value="c&quot;1">'
        '<input name="shown" value="no"><button id="consent-allow" name="decision" value="allow">Go</button></form>'
        '<form action="/b"><button id="leave">x</button></form><a id="return" href="/back">b</a>'
        '<p data-code="GW-1301"></p>'
    )
    first, second = page.forms
    assert (first.action, first.method, first.fields) == ("/a?x=1&y=2", "post", {"csrf": 'c"1'})
    assert first.buttons == {"consent-allow": ("decision", "allow")}
    assert (second.method, second.buttons) == ("get", {"leave": ("", "")})
    assert page.links == {"return": "/back"}
    assert page.codes == ["GW-1301"]
