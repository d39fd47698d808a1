"""`gate06 connector credentials` and what `gate06 doctor` says of them: everything about a secret but the secret."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.cli.command import main
from tests.connector_kinds.conftest import text_of
from tests.connector_kinds.pem_files import PemFiles, pem_files

SECRET = "mật khẩu giả định 123"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["connector", "credentials", *words, "--config", "gate06.toml"])
        told = capfd.readouterr()
        assert SECRET not in told.out + told.err
        code = ended.value.code
        return code if isinstance(code, int) else 0, told.out, told.err

    return ran


def settle(folder: Path, auth: str, files: dict[str, Path], more: str = "", kind: str = "soap") -> None:
    """Write a connector with this `[auth]` and settings that hold these files."""
    text = text_of(kind)
    head, _, tail = text.partition("[auth]")
    made = folder / "connectors/the_sample/manifest.toml"
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(f"{head}[auth]\n{auth}\n[operations.lookup]{tail.partition('[operations.lookup]')[2]}", "utf-8")
    lines = "".join(f'"{name}" = "{file}"\n' for name, file in files.items())
    (folder / "gate06.toml").write_text(
        f'profile = "dev"\nissuer = "http://127.0.0.1:8000"\n[store]\nmaster_key = "{"00" * 32}"\n'
        f'[connectors]\npath = ["connectors"]\n'
        f'[connectors.the_sample]\nzone = "lab"\nurl = "http://127.0.0.1:9"\n{more}\n'
        f"[connectors.the_sample.secret_files]\n{lines}",
        "utf-8",
    )


PASSWORD = 'kind = "wss_password"\nuser = "gate06"\nsecret_ref = "own"'
CERTIFICATE = 'kind = "wss_certificate"\nsecret_ref = "own"\ncertificate_ref = "own-cert"'
STATED = 'kind = "jwt"\nuser = "gate06"\nsecret_ref = "own"\naudience = "https://so.example"'


def secret(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    made = folder / "own.secret"
    made.write_text(text, "utf-8")
    made.chmod(mode)
    return made


def only(out: str) -> dict[str, Any]:
    (one,) = json.loads(out)["secrets"]
    return dict(one)


def test_what_is_in_order_is_told_with_its_place_and_the_steps_to_replace_it(run, tmp_path: Path) -> None:
    settle(tmp_path, PASSWORD, {"own": secret(tmp_path)})
    code, out, err = run("the_sample")
    assert (code, "own.secret" in out, "password of `gate06`" in out) == (0, True, True)
    assert "auth wss_password" in err
    assert "replace-credentials NAME own=FILE" in err
    code, out, _ = run("the_sample", "--json")
    assert (code, only(out)["state"], only(out)["member"]) == (0, "in_order", "auth.secret_ref")


@pytest.mark.parametrize(
    ("mode", "text", "state", "said"),
    [
        (0o644, SECRET, "wrong", "everybody on this machine may read it (mode 644)"),
        (0o660, SECRET, "wrong", "others may write it (mode 660)"),
        (0o600, "", "wrong", "is empty"),
        (0o600, "short", "soon", ""),
    ],
)
def test_a_password_is_judged_by_its_file(run, tmp_path: Path, mode: int, text: str, state: str, said: str) -> None:
    tmp_path.chmod(0o755)
    settle(tmp_path, PASSWORD, {"own": secret(tmp_path, text, mode)})
    code, out, _ = run("the_sample", "--json")
    assert (code, only(out)["state"]) == (7 if state == "wrong" else 0, state)
    assert said in only(out)["wrong"]


def test_a_file_in_a_folder_nobody_else_enters_is_kept_from_others(run, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    settle(tmp_path, PASSWORD, {"own": secret(tmp_path, mode=0o644)})
    assert run("the_sample")[0] == 0


def test_a_missing_file_and_a_name_the_settings_do_not_hold_are_wrong(run, tmp_path: Path) -> None:
    settle(tmp_path, PASSWORD, {"own": tmp_path / "nowhere"})
    code, out, _ = run("the_sample", "--json")
    assert (code, only(out)["wrong"]) == (7, "cannot be read: No such file or directory")
    settle(tmp_path, PASSWORD, {"other": secret(tmp_path)})
    code, out, _ = run("the_sample", "--json")
    assert (code, "`secret_files`" in only(out)["wrong"]) == (7, True)


def test_a_signing_key_is_judged_by_kind_and_strength(run, tmp_path: Path) -> None:
    settle(tmp_path, STATED, {"own": pem_files(tmp_path, "good").key}, kind="rest")
    code, out, _ = run("the_sample", "--json")
    assert (code, only(out)["seen"]) == (0, "P-256")
    weak = pem_files(tmp_path, "weak", rsa.generate_private_key(65537, 1024))
    for files, said in (({"own": weak.key}, "less than 2048"), ({"own": secret(tmp_path)}, "no PEM")):
        settle(tmp_path, STATED, files, kind="rest")
        code, out, _ = run("the_sample", "--json")
        assert (code, said in only(out)["wrong"]) == (7, True)


@pytest.mark.parametrize(
    ("days", "code", "state"),
    [((-1, 365), 0, "in_order"), ((-1, 20), 0, "soon"), ((-9, -1), 7, "wrong"), ((2, 9), 7, "wrong")],
)
def test_a_certificate_is_judged_by_its_days(run, tmp_path: Path, days, code: int, state: str) -> None:
    made = pem_files(tmp_path, "own", days=days)
    settle(tmp_path, CERTIFICATE, {"own": made.key, "own-cert": made.certificate})
    came, out, _ = run("the_sample", "--json")
    told = {one["name"]: one for one in json.loads(out)["secrets"]}
    assert (came, told["own-cert"]["state"], told["own"]["state"]) == (code, state, "in_order")
    assert told["own-cert"]["ends_at"]


def test_a_certificate_of_another_key_is_wrong(run, tmp_path: Path) -> None:
    one, other = pem_files(tmp_path, "one"), pem_files(tmp_path, "other")
    settle(tmp_path, CERTIFICATE, {"own": one.key, "own-cert": other.certificate})
    code, out, _ = run("the_sample", "--json")
    told = {found["name"]: found["wrong"] for found in json.loads(out)["secrets"]}
    assert (code, told["own-cert"]) == (7, "does not belong to the key of `auth.secret_ref`")
    tls = f'certificate_file = "{one.certificate}"\ncertificate_key_file = "{other.key}"'
    settle(tmp_path, PASSWORD, {"own": secret(tmp_path)}, tls)
    code, out, err = run("the_sample")
    assert (code, "does not belong to the key of `certificate_key_file`" in out, "mTLS" in err) == (7, True, True)


def test_the_secrets_of_a_bus_are_told_too(run, tmp_path: Path) -> None:
    (tmp_path / "gate06.toml").write_text(
        'profile = "dev"\nissuer = "http://127.0.0.1:8000"\n[connectors.population]\ntransport = "lgsp_wrapper"\n'
        'url = "https://bus.example/dancu"\ntoken_url = "https://bus.example/token"\nuser = "key"\n'
        f'secret_file = "{secret(tmp_path)}"\napplication = "a"\npartner_code = "p"\nkey_user = "officer"\n'
        'desk_user = "desk"\ndesk_secret = "told in the settings"\n',
        "utf-8",
    )
    code, out, _ = run("population", "--json")
    told = {one["name"]: (one["state"], one["place"]) for one in json.loads(out)["secrets"]}
    assert code == 7
    assert told == {
        "secret": ("in_order", str(tmp_path / "own.secret")),
        "key_secret": ("wrong", "(none)"),
        "desk_secret": ("in_order", "(value)"),
    }
    assert "told in the settings" not in out


def test_a_connector_without_a_table_is_not_found_and_a_connector_without_proof_needs_none(run, tmp_path: Path) -> None:
    settle(tmp_path, 'kind = "none"', {})
    code, _, err = run("land")
    assert (code, "`the_sample`" in err) == (4, True)
    code, _, err = run("the_sample")
    assert (code, "needs no secret" in err) == (0, True)


def test_another_file_is_tried_before_it_takes_the_place(run, tmp_path: Path) -> None:
    made: PemFiles = pem_files(tmp_path, "next")
    settle(tmp_path, STATED, {"own": pem_files(tmp_path, "own").key}, kind="rest")
    assert run("the_sample", "--try", f"own={tmp_path / 'nowhere'}")[0] == 7
    assert run("the_sample", "--try", f"own={made.certificate}")[0] == 7
    code, _, err = run("the_sample", "--try", f"own={made.key}")  # nobody answers at that address
    assert (code, "down" in err) == (6, True)
    code, _, err = run("the_sample", "--try", f"other={made.key}")
    assert (code, "`own`" in err) == (2, True)


def test_a_key_and_its_certificate_are_tried_together(run, tmp_path: Path) -> None:
    own, following = pem_files(tmp_path, "own"), pem_files(tmp_path, "following")
    settle(tmp_path, CERTIFICATE, {"own": own.key, "own-cert": own.certificate})
    code, _, err = run("the_sample", "--try", f"own={following.key}")
    assert (code, "does not belong to the key" in err) == (7, True)
    code, _, err = run("the_sample", "--try", f"own={following.key}", "--try", f"own-cert={following.certificate}")
    assert (code, "down" in err) == (6, True)  # nobody is there, but the pair is sound


class Guarded:
    """A source on this machine that takes the keys of `taken`, every key when `is_open`, and none once `away`."""

    def __init__(self) -> None:
        self.taken, self.came, self.is_open, self.away = {"Khoa-Moi-2026-abc"}, list[str](), False, False
        source = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.came.append(self.headers.get("X-Api-Key") or "")
                source.away = source.away or source.came[-1] == "then-it-goes-away"
                known = source.is_open or source.came[-1] in source.taken
                self.send_response(200 if known else 503 if source.away else 401)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """A source behind an API key, and the settings that name it."""
    running = Guarded()
    key = 'kind = "apikey"\nheader = "X-Api-Key"\nsecret_ref = "own"'
    settle(tmp_path, key, {"own": secret(tmp_path)}, kind="rest")
    file = tmp_path / "gate06.toml"
    file.write_text(file.read_text("utf-8").replace(":9", f":{running.server.server_port}"), "utf-8")
    yield running
    running.server.shutdown()
    running.server.server_close()


def following(folder: Path, text: str) -> str:
    made = folder / "following"
    made.write_text(text, "utf-8")
    made.chmod(0o600)
    return f"own={made}"


def test_a_source_that_refuses_a_random_one_has_checked_the_next(run, guarded: Guarded, tmp_path: Path) -> None:
    code, out, err = run("the_sample", "--try", following(tmp_path, "Khoa-Moi-2026-abc"), "--json")
    assert (code, "is checked by the source" in err) == (0, True)
    assert (json.loads(out)["outcome"], json.loads(out)["unchecked"]) == ("checked", [])
    good, random, again = guarded.came
    assert (good, again) == ("Khoa-Moi-2026-abc",) * 2
    assert re.fullmatch(r"[A-Z][a-z]{3}-[A-Z][a-z]{2}-[0-9]{4}-[a-z]{3}", random), "the same shape"
    assert random != good
    code, out, _ = run("the_sample", "--try", following(tmp_path, "some-other-key-here"), "--json")
    assert (code, json.loads(out)["outcome"]) == (6, "refused")
    assert len(guarded.came) == 4, "what is refused needs no counter-probe"


def test_a_source_that_takes_anything_has_checked_nothing(run, guarded: Guarded, tmp_path: Path) -> None:
    guarded.is_open = True
    code, out, err = run("the_sample", "--try", following(tmp_path, "Khoa-Moi-2026-abc"), "--json")
    assert (code, json.loads(out)["outcome"], json.loads(out)["unchecked"]) == (9, "unchecked", ["own"])
    assert "the source answers without checking this credential" in err
    assert (len(guarded.came), len(set(guarded.came))) == (2, 2)


def test_an_outage_at_that_moment_is_no_refusal(run, guarded: Guarded, tmp_path: Path) -> None:
    class Once(set[str]):
        def __contains__(self, one: object) -> bool:
            return len(guarded.came) == 1

    guarded.taken = Once()
    code, out, err = run("the_sample", "--try", following(tmp_path, "then-it-goes-away"), "--json")
    assert (code, json.loads(out)["outcome"], "stopped answering" in err) == (6, "undecided", True)


def test_what_a_probe_does_not_carry_is_proven_by_none(run, guarded: Guarded, tmp_path: Path) -> None:
    port = guarded.server.server_port
    guarded.is_open = True
    settle(tmp_path, PASSWORD, {"own": secret(tmp_path)})
    file = tmp_path / "gate06.toml"
    file.write_text(file.read_text("utf-8").replace(":9", f":{port}"), "utf-8")
    code, _, err = run("the_sample", "--try", following(tmp_path, "Khoa-Moi-2026-abc"))
    assert (code, "the probe does not carry `own`" in err) == (9, True)


def test_the_doctor_says_how_each_connector_proves_itself(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = pem_files(tmp_path, "own", days=(-9, -1))
    settle(tmp_path, CERTIFICATE, {"own": files.key, "own-cert": files.certificate})
    with pytest.raises(SystemExit):
        main(["doctor", "--json", "--config", "gate06.toml"])
    rows = {row["check"]: row for row in json.loads(capfd.readouterr().out)["checks"]}
    told = rows["credentials of the_sample"]
    assert told["in_order"] is False
    assert told["detail"].startswith("auth wss_certificate; `own-cert` ended on")
    assert told["fix"] == "gate06 connector credentials the_sample"
