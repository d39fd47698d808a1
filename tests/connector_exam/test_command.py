"""`gate06 connector test`: exit codes, the report as a file, and what people read."""

import json
from pathlib import Path

from typer.testing import CliRunner

from connectors.sample.simulator import create_application
from gateway.cli.connector import app
from gateway.connector_exam.pytest_contract import _served
from tests.connector_exam.conftest import change


def test_a_sound_folder_ends_with_0_and_a_report(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    ended = CliRunner().invoke(app, ["test", str(folder), "--json", str(file)])
    assert ended.exit_code == 0, ended.output
    report = json.loads(file.read_text("utf-8"))
    assert report["schema"] == "gate06.connector-report/1"
    assert report["service"] is False
    assert "24 of 24" in ended.output
    assert "next: run it again with --service" in ended.output, "nobody submits a report that approval refuses"


def test_a_fault_ends_with_7_and_says_what_where_why_and_how(folder: Path) -> None:
    change(folder, 'purposes = ["prefill"]', 'purposes = ["statistics"]')
    ended = CliRunner().invoke(app, ["test", str(folder)])
    assert ended.exit_code == 7
    for word in ("manifest.purposes", "what:", "where:", "why:", "fix:", "`statistics`"):
        assert word in ended.output


def test_a_service_that_does_not_answer_is_a_fault_of_the_personas(folder: Path) -> None:
    ended = CliRunner().invoke(app, ["test", str(folder), "--service", "http://127.0.0.1:9", "--json", "-"])
    assert ended.exit_code == 7
    assert "the running service" in ended.output


def test_code_that_is_not_installed_is_not_examined(folder: Path) -> None:
    change(folder, 'kind = "rest"', 'kind = "code"\ntransport = "lgsp"')
    ended = CliRunner().invoke(app, ["test", str(folder)])
    assert ended.exit_code == 4


def test_with_settings_the_service_is_asked_as_the_gateway_asks_it(folder: Path, tmp_path: Path) -> None:
    settings, report = tmp_path / "gate06.toml", tmp_path / "report.json"
    with _served(create_application, None) as url:
        head = 'issuer = "http://127.0.0.1:9"\nprofile = "dev"\n[connectors.library]\nzone = "lab"\n'
        settings.write_text(f'{head}url = "{url}"\nsecret_files = {{ toy-key = "{folder}/toy.key" }}\n', "utf-8")
        ended = CliRunner().invoke(app, ["test", str(folder), "--config", str(settings), "--json", str(report)])
        assert ended.exit_code == 0, ended.output
        assert json.loads(report.read_text("utf-8"))["service"] is True
        assert "next: gate06 connector submit" in ended.output
        settings.write_text(settings.read_text("utf-8").replace("connectors.library", "connectors.other"), "utf-8")
        ended = CliRunner().invoke(app, ["test", str(folder), "--config", str(settings)])
        assert (ended.exit_code, "connectors.library" in ended.output) == (4, True)
