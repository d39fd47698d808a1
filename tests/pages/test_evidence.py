"""The page that says how to check the log oneself: it names what the verifier needs, and gives the very program."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.pages.evidence_routes import evidence_routes
from gateway.pages.public.evidence import Outside
from gateway.settings.tree import WitnessSettings
from tests.pages.page_samples import OUTSIDE, make_layout

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "examples/offline_verifier/verify.py"


def client(outside: Outside) -> TestClient:
    return TestClient(Starlette(routes=evidence_routes(make_layout(), outside)))


def test_the_program_is_the_one_people_read(tmp_path: Path) -> None:
    answer = client(OUTSIDE).get("/evidence/verify.py")
    assert answer.content == VERIFIER.read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="verify.py"'
    assert sha256(answer.content).hexdigest() in client(OUTSIDE).get("/evidence").text
    program = tmp_path / "verify.py"
    program.write_bytes(answer.content)
    (tmp_path / "proof.json").write_text("{}")
    (tmp_path / "checkpoint.txt").write_text("x")
    given = [sys.executable, str(program), "proof.json", "checkpoint.txt", OUTSIDE.log_key, OUTSIDE.witness_key]
    ran = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "refused: verifier_key\n")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_it_names_the_witness_and_both_keys(language: str) -> None:
    page = client(OUTSIDE).get(f"/evidence?ui_locales={language}")
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert f'href="{OUTSIDE.witness_url}"' in page.text
    assert page.text.count(OUTSIDE.log_key) == page.text.count(OUTSIDE.witness_key) == 2, "as a key and in the command"
    assert 'href="/jwks"' in page.text
    assert 'href="/me/usage"' in page.text
    assert "set-cookie" not in page.headers


def test_without_a_witness_it_says_so_and_promises_no_command() -> None:
    page = client(Outside(log_key=OUTSIDE.log_key)).get("/evidence")
    assert 'id="no-witness"' in page.text
    assert 'id="command"' not in page.text
    assert 'href="/v1/log/checkpoint"' in page.text


KEY = "witness.example/1+4d3c2b1a+BAIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh"


def test_a_witness_is_set_whole() -> None:
    assert WitnessSettings().url == ""
    assert WitnessSettings(url="https://w.example/checkpoint", key=KEY).key == KEY
    for half in ({"url": "https://w.example/c"}, {"key": KEY}):
        with pytest.raises(ValidationError):
            WitnessSettings(**half)
    for url in ("javascript:alert(1)", "ftp://w.example/c", 'https://w.example/"><script>'):
        with pytest.raises(ValidationError):
            WitnessSettings(url=url, key=KEY)
    with pytest.raises(ValidationError):
        WitnessSettings(url="https://w.example/c", key="AAAA")
