"""`gate06 portal preview` and `try`: what they refuse (what they show: tests/docs/test_ten_minutes.py)."""

import os
from pathlib import Path

import pytest

from gateway.cli.command import main
from gateway.cli.trial import DeveloperReader
from tests.journeys.stack import free_ports

SEED = """
client_id = "tried"
client_secret = "{secret}"
redirect_uris = ["http://127.0.0.1:8010/callback"]
procedures = ["1.004222"]
"""


@pytest.fixture(autouse=True)
def seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A seed file in an empty folder, and a stack that nobody started."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GATE06_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GATE06_ISSUER", f"http://127.0.0.1:{free_ports()['GATEWAY']}")
    monkeypatch.setenv("GATE06_PROFILE", "dev")
    file = tmp_path / "tried.toml"
    file.write_text(SEED.format(secret="s" * 43), "utf-8")
    return file


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(["portal", *arguments])
    out, err = capfd.readouterr()
    return int(leaving.value.code or 0), out, err


def test_a_preview_says_why_there_would_be_no_notice_page(capfd, seed):
    code, out, said = run(capfd, "preview", "tried", "--portal", str(seed), "--persona", "10")
    assert (code, out) == (5, "")
    assert "GW-1203" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["preview", "nobody", "--portal", "tried.toml"], 4, "no portal `nobody`"),
        (["preview", "tried", "--portal", "tried.toml", "--persona", "99"], 2, "persona"),
        (["try", "tried.toml", "--persona", "0"], 2, "persona"),
        (["try", "tried.toml"], 6, "start `gate06 demo --portal tried.toml` first"),
        (["try", "absent.toml"], 3, "absent.toml"),
    ],
)
def test_what_cannot_be_tried_is_said(capfd, arguments, code, said):
    found, out, told = run(capfd, *arguments)
    assert (found, out) == (code, "")
    assert said in told


@pytest.mark.parametrize(
    "text",
    [
        SEED.replace("client_secret =", "client_secret_sha256 =").format(secret="s" * 43),
        f"[[portal]]{SEED.format(secret='s' * 43)}[[portal]]{SEED.format(secret='t' * 43).replace('tried', 'second')}",
        'client_id = "machine"\nclient_secret = "x"\ngrant_types = ["client_credentials"]\n',
    ],
    ids=["hash-only", "two", "nobody-signs-in"],
)
def test_a_seed_that_nobody_can_be_played_with_is_a_configuration_error(capfd, seed, text):
    seed.write_text(text, "utf-8")
    code, out, said = run(capfd, "try", "tried.toml")
    assert (code, out) == (3, "")
    assert "`tried.toml`" in said


def test_the_developers_part_of_a_page_is_read_as_text():
    read = DeveloperReader(
        '<p id="cause">Hỏng &amp; hết</p><p>other</p><dl><dt>received</dt><dd>a<mark>B</mark>c</dd></dl>'
        '<p id="difference">at 2</p><p data-kind="case">case</p>'
    )
    assert read.rows == [("received", "a[B]c")]
    assert read.sentences == ["Hỏng & hết", "at 2", "case"]
