"""`gate06 connector new|check|try` and `gate06 simulate`: exit codes, masked credentials, what is kept."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.cli.command import main
from tests.services import end_with_parent, free_port

KEY = "toy-register-key-1"


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(["connector", *arguments])
    out, err = capfd.readouterr()
    return int(leaving.value.code or 0), out, err


@pytest.fixture(scope="module")
def toy() -> Iterator[str]:
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-m", "gateway", "simulate", "toy", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.readline() == "ready\n"
    yield f"http://127.0.0.1:{port}"
    program.send_signal(signal.SIGINT)
    assert program.wait(20) == 0
    assert f"127.0.0.1:{port}" in program.stderr.read()
    program.stdout.close()
    program.stderr.close()


@pytest.fixture
def folder(tmp_path: Path, capfd: pytest.CaptureFixture[str], toy: str) -> Path:
    code, out, err = run(capfd, "new", "forest", "--in", str(tmp_path), "--url", toy)
    assert (code, out) == (0, "")
    assert "next: gate06 connector check" in err
    return tmp_path / "forest"


@pytest.fixture
def fault(toy: str) -> Iterator[object]:
    def order(name: str) -> None:
        assert httpx2.put(f"{toy}/_faults", json={"target": "*", "fault": name}).status_code == 200

    yield order
    httpx2.delete(f"{toy}/_faults")


def test_new_refuses_a_name_that_no_catalogue_takes(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capfd, "new", "Dat-Dai 2", "--in", str(tmp_path))
    assert (code, "try `dat_dai`" in err) == (2, True)
    assert run(capfd, "new", "forest", "--kind", "ftp", "--in", str(tmp_path))[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["HTTPS://LIBRARY.Vn/Api", "https://library.vn:8443/Api"])
def test_new_takes_an_address_however_it_is_spelt(capfd: pytest.CaptureFixture[str], tmp_path: Path, url: str) -> None:
    assert run(capfd, "new", "forest", "--in", str(tmp_path), "--url", url)[0] == 0
    assert run(capfd, "check", str(tmp_path / "forest"))[0] == 0
    assert "/Api" in (tmp_path / "forest/manifest.toml").read_text("utf-8")


def test_new_never_writes_over_anything(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "manifest.toml").write_text("mine")
    assert run(capfd, "new", "forest", "--in", str(folder.parent))[0] == 8
    assert (folder / "manifest.toml").read_text() == "mine"


def test_new_writes_the_schema_that_its_first_line_names(folder: Path) -> None:
    first = (folder / "manifest.toml").read_text("utf-8").splitlines()[0]
    assert (folder / first.removeprefix("#:schema ").strip()).is_file()
    assert "the_sample" not in "".join(file.read_text("utf-8") for file in folder.rglob("*") if file.is_file())


def test_check_tells_findings_as_json(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, _ = run(capfd, "check", str(folder), "--json")
    assert (code, json.loads(out)) == (0, {"folder": "forest", "sound": True, "findings": []})
    text = (folder / "manifest.toml").read_text("utf-8")
    (folder / "manifest.toml").write_text(text.replace('method = "GET"', 'metod = "GET"'), "utf-8")
    code, out, _ = run(capfd, "check", str(folder), "--json")
    found = json.loads(out)["findings"]
    assert (code, [one["code"] for one in found]) == (7, ["CN-101"])
    assert found[0]["place"].startswith("forest/manifest.toml:")


def test_try_shows_request_answer_and_fields_and_no_credentials(
    capfd: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, out, err = run(capfd, "try", str(folder), "--persona", "3")
    assert (code, err) == (0, "")
    assert "GET /readers/999175000003?birth=12%2F05%2F1975" in out
    assert '"citizen_id": "999175000003"' in out
    assert "TV-000003" in out
    assert KEY not in out
    code, out, _ = run(capfd, "try", str(folder), "--persona", "1", "--json")
    assert json.loads(out)["fields"]["forest_card_issued"] == "2009"
    assert KEY not in out


def test_try_tells_nobody_trouble_and_refused_credentials_apart(
    capfd: pytest.CaptureFixture[str], folder: Path, fault, tmp_path: Path
) -> None:
    code, _, err = run(capfd, "try", str(folder), "--persona", "9")
    assert (code, "CR-001" in err) == (7, True)
    fault("malformed")
    code, _, err = run(capfd, "try", str(folder))
    assert (code, "CR-006" in err) == (6, True)
    wrong = tmp_path / "wrong"
    wrong.write_text("another-key")
    code, out, err = run(capfd, "try", str(folder), "--secret-file", f"toy-key={wrong}")
    assert (code, "CN-131" in err) == (6, True)
    assert "another-key" not in out + err
    code, _, err = run(capfd, "try", str(folder), "--url", "http://127.0.0.1:1")
    assert (code, "CR-004" in err) == (6, True)


def test_try_refuses_what_it_cannot_set_up(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(capfd, "try", str(folder), "--persona", "99")[0] == 2
    assert run(capfd, "try", str(folder), "--zone", "moon")[0] == 2
    code, _, err = run(capfd, "try", str(folder), "--url", "https://elsewhere.example.vn", "--zone", "internet")
    assert (code, "CN-120" in err) == (3, True)
    (folder / "toy.key").unlink()
    code, _, err = run(capfd, "try", str(folder))
    assert (code, "CN-110" in err) == (3, True)
    code, _, err = run(capfd, "try", str(folder.parent))
    assert (code, "CN-103" in err) == (3, True)


def test_try_with_settings_asks_as_the_gateway_would(
    capfd: pytest.CaptureFixture[str], folder: Path, toy: str, tmp_path: Path
) -> None:
    config = tmp_path / "gate06.toml"
    config.write_text(
        f'profile = "dev"\nissuer = "http://127.0.0.1:1"\n[connectors.forest]\nzone = "lab"\nurl = "{toy}"\n'
        '[connectors.forest.secret_files]\ntoy-key = "forest/toy.key"\n'
    )
    code, out, _ = run(capfd, "try", str(folder), "--config", str(config))
    assert (code, "TV-000003" in out) == (0, True)
    config.write_text(
        config.read_text().replace('zone = "lab"\nurl', 'zone = "internet"\nurl').replace("http://127", "https://127")
    )
    code, _, err = run(capfd, "try", str(folder), "--config", str(config))
    assert (code, "CR-004" in err) == (6, True), "the zone of the settings counts"
    config.write_text('profile = "dev"\nissuer = "http://127.0.0.1:1"\n')
    assert run(capfd, "try", str(folder), "--config", str(config))[0] == 4


def test_a_code_connector_is_no_folder_to_try(capfd: pytest.CaptureFixture[str]) -> None:
    population = Path(__file__).resolve().parents[2] / "connectors/population"
    code, _, err = run(capfd, "try", str(population))
    assert (code, "an installed package" in err) == (3, True)


def test_a_recorded_answer_is_a_sample_that_checks(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(capfd, "try", str(folder), "--persona", "7", "--record")[0] == 0
    expected = json.loads((folder / "samples/persona_07.expected.json").read_text("utf-8"))
    assert expected["forest_card_number"] == "TV-000007"
    assert (folder / "samples/persona_07.json").is_file()
    assert run(capfd, "check", str(folder))[0] == 0


def test_an_unknown_simulator_is_not_found(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["simulate", "nothing"])
    assert (leaving.value.code, "no simulator `nothing`" in capfd.readouterr().err) == (4, True)
