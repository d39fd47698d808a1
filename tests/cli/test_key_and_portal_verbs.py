"""`gate06 key …`, `gate06 portal …` and `gate06 doctor` on a store of their own."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest

from gateway.cli.command import main
from gateway.settings import DEMO_MASTER_KEY
from gateway.tokens.key_material import generate_private_jwk, public_jwk
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.officer import STAFF_ROLES
from tests.cli.staff_login import Staff

SEED = """
[[portal]]
client_id = "seeded"
client_secret = "%s"
redirect_uris = ["https://seeded.example/callback"]
procedures = ["1.004222"]
""" % ("s" * 43)

PROVIDER = """
[egress]
identity_providers = "lab"

[[identity_provider]]
alias = "elsewhere"
kind = "openid_connect"
label = "Elsewhere"
issuer = "http://127.0.0.1:{port}"
client_id = "gate06"
client_secret = "secret"
"""


@pytest.fixture
def staff(stack: Path, monkeypatch: pytest.MonkeyPatch) -> Staff:
    """Somebody who may do everything is signed in."""
    people = Staff(stack, monkeypatch)
    people.sign_in("first", *STAFF_ROLES)
    return people


def agree(capfd: pytest.CaptureFixture[str], staff: Staff, approval: str) -> None:
    """Have a second person say yes."""
    staff.sign_in("second", *STAFF_ROLES)
    assert run(capfd, "approval", "approve", approval)[0] == 0
    staff.be("first")


@pytest.fixture(autouse=True)
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GATE06_"):
            monkeypatch.delenv(name)
    (tmp_path / "master.key").write_text("cd" * 32)
    (tmp_path / "gate06.toml").write_text(
        "issuer = 'https://gate.example'\n[store]\nurl = 'sqlite:///gate.db'\nmaster_key_file = 'master.key'\n" + SEED
    )
    return tmp_path


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    out, err = capfd.readouterr()
    code = int(leaving.value.code or 0)
    return code, (orjson.loads(out) if "--json" in arguments and out else out), err


def test_keys_are_listed_rotated_and_retired(capfd: pytest.CaptureFixture[str], staff: Staff) -> None:
    code, listed, _ = run(capfd, "key", "list", "--json")
    assert code == 0
    assert sorted(key["alg"] for key in listed["keys"]) == ["ES256", "Ed25519", "PS256", "RS256"]
    old = next(key["kid"] for key in listed["keys"] if key["alg"] == "ES256")
    assert run(capfd, "key", "retire", old)[0] == 5, "a key in use stays"
    code, fresh, said = run(capfd, "key", "rotate", "--json")
    assert (code, fresh["state"]) == (0, "next")
    assert fresh["kid"] in said
    code, out, said = run(capfd, "key", "rotate")
    assert (code, out) == (5, "")
    assert "GW-9101" in said
    assert run(capfd, "key", "rotate", "--force", "--json")[1]["state"] == "active"
    assert run(capfd, "key", "retire", old)[0] == 5, "it still verifies what it signed"
    code, asked, _ = run(capfd, "key", "retire", old, "--force", "--reason", "compromised", "--json")
    assert code == 8
    agree(capfd, staff, asked["id"])
    code, gone, _ = run(capfd, "key", "retire", old, "--force", "--json")
    assert (code, gone["state"]) == (0, "retired")
    assert run(capfd, "key", "retire", "nobody")[0] == 4
    assert run(capfd, "key", "rotate", "--alg", "HS256")[0] == 4
    table = run(capfd, "key", "list")[1]
    assert table.splitlines()[0].split()[:3] == ["kid", "alg", "state"]


def test_a_portal_is_added_once_with_a_secret_shown_once(capfd: pytest.CaptureFixture[str], staff: Staff) -> None:
    arguments = ("portal", "add", "mine", "--redirect-uri", "https://mine.example/cb", "--procedure", "1.004222")
    code, added, said = run(capfd, *arguments, "--reason", "new", "--json")
    assert code == 8
    agree(capfd, staff, added["approval"]["id"])
    assert len(added["client_secret"]) == 43
    assert added["client_secret"] not in said
    code, out, _ = run(capfd, *arguments)
    assert (code, out) == (8, "")
    assert run(capfd, "portal", "add", "seeded", "--redirect-uri", "https://mine.example/cb")[0] == 8
    code, listed, _ = run(capfd, "portal", "list", "--json")
    assert {portal["client_id"]: portal["origin"] for portal in listed["portals"]} == {
        "mine": "command",
        "seeded": "settings",
    }
    assert added["client_secret"].encode() not in b"".join(file.read_bytes() for file in Path().glob("gate.db*"))


@pytest.mark.parametrize(
    "wrong",
    [
        ["--redirect-uri", "http://mine.example/cb"],
        ["--redirect-uri", "http://127.0.0.1:1/cb"],
        ["--redirect-uri", "https://mine.example/cb", "--procedure", "9.999999"],
        ["--redirect-uri", "https://mine.example/cb", "--profile", "legacy"],
        [],
    ],
)
def test_a_portal_that_may_not_be_is_refused(capfd: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    code, out, said = run(capfd, "portal", "add", "mine", *wrong)
    assert (code, out) == (3, "")
    assert "GW-9010" in said


def test_a_public_portal_has_no_secret(capfd: pytest.CaptureFixture[str], staff: Staff) -> None:
    arguments = ("portal", "add", "app", "--auth-method", "none", "--redirect-uri", "https://app.example/cb")
    code, added, _ = run(capfd, *arguments, "--reason", "new", "--json")
    assert code == 8
    assert "client_secret" not in added


def test_a_portal_with_a_key_has_no_secret(capfd: pytest.CaptureFixture[str], staff: Staff) -> None:
    jwk = generate_private_jwk("ES256", "k1", SystemRandomness())
    Path("keys.json").write_bytes(orjson.dumps({"keys": [public_jwk(jwk)]}))
    Path("private.json").write_bytes(orjson.dumps({"keys": [jwk]}))
    keyed = ("--auth-method", "private_key_jwt", "--redirect-uri", "https://keyed.example/cb", "--reason", "new")
    for wrong in ((), ("--jwks", "nowhere.json"), ("--jwks", "private.json"), ("--jwks-uri", "http://keyed.example/k")):
        code, out, said = run(capfd, "portal", "add", "keyed", *keyed, *wrong)
        assert (code, out) == (3, "")
        assert "jwks" in said
        assert jwk["d"] not in said
    code, added, _ = run(capfd, "portal", "add", "keyed", *keyed, "--jwks", "keys.json", "--json")
    assert (code, added.keys() & {"client_secret"}) == (8, set())
    agree(capfd, staff, added["approval"]["id"])
    strong = ("portal", "add", "strong", "--profile", "fapi2", "--redirect-uri", "https://strong.example/cb")
    strong += ("--jwks", "keys.json", "--reason", "new")
    code, out, said = run(capfd, *strong, "--auth-method", "client_secret_basic")
    assert (code, out, "must be one of: private_key_jwt" in said) == (3, "", True)
    code, added, _ = run(capfd, *strong, "--json")
    assert (code, added.keys() & {"client_secret"}) == (8, set())
    address = ("--jwks-uri", "https://keyed.example/jwks", "--reason", "new place")
    assert run(capfd, "portal", "change", "keyed", *address)[0] == 8


def test_members_are_set_and_taken_back_by_their_names(capfd: pytest.CaptureFixture[str], staff: Staff) -> None:
    jwk = generate_private_jwk("ES256", "k1", SystemRandomness())
    Path("keys.json").write_bytes(orjson.dumps({"keys": [public_jwk(jwk)]}))
    base = ("--redirect-uri", "https://signs.example/cb", "--jwks", "keys.json", "--reason", "new")
    for wrong, said_of in (
        ("require_signed_request_objects=true", "did you mean `require_signed_request_object`?"),
        ("client_secret=x", "it is one of"),
        ("request_object_signing_alg", "write NAME=VALUE"),
        ("request_object_signing_alg=none", "request_object_signing_alg"),
        ("id_token_encrypted_response_alg=RSA-OAEP-256", "holds no key"),
    ):
        code, out, said = run(capfd, "portal", "add", "signs", *base, "--member", wrong)
        assert (code, out) == (3, "")
        assert said_of in said
    must = ("--member", "require_signed_request_object=true", "--member", "request_object_signing_alg=ES256")
    code, added, _ = run(capfd, "portal", "add", "signs", *base, *must, "--json")
    assert code == 8
    agree(capfd, staff, added["approval"]["id"])
    back = ("--member", "request_object_signing_alg=", "--reason", "any of ours", "--json")
    code, changed, _ = run(capfd, "portal", "change", "signs", *back)
    assert code == 8
    shown = str(run(capfd, "approval", "show", changed["approval"]["id"])[1])
    assert "request_object_signing_alg" not in shown
    assert "require_signed_request_object" in shown


def test_seed_files_are_checked(capfd: pytest.CaptureFixture[str], stack: Path) -> None:
    (stack / "good.toml").write_text(SEED)
    assert run(capfd, "portal", "check", "good.toml", "--json")[1]["portals"] == ["seeded"]
    (stack / "excess.toml").write_text(SEED + 'attributes = ["full_name", "blood_type"]\n')
    code, _, said = run(capfd, "portal", "check", "excess.toml")
    assert code == 3
    assert "blood_type" in said
    (stack / "empty.toml").write_text("")
    assert run(capfd, "portal", "check", "empty.toml")[0] == 4
    assert run(capfd, "portal", "check", "nowhere.toml")[0] == 3


def test_the_doctor_names_what_is_wrong_and_its_fix(capfd: pytest.CaptureFixture[str], stack: Path) -> None:
    run(capfd, "key", "list")
    code, seen, _ = run(capfd, "doctor", "--json")
    assert code == 0, seen
    names = {check["check"] for check in seen["checks"]}
    assert {"clock", "time zone", "disk", "settings", "policies", "portals", "database", "migrations", "keys"} <= names
    with (stack / "gate06.toml").open("a") as settings:
        settings.write("[connectors.population]\nurl = 'http://127.0.0.1:1/x'\nzone = 'lab'\n")
    code, seen, _ = run(capfd, "doctor", "--json")
    assert code == 7
    wrong = [check for check in seen["checks"] if not check["in_order"]]
    assert [check["check"] for check in wrong] == ["credentials of population", "connector population"]
    assert wrong[0]["fix"] == "gate06 connector credentials population"
    assert wrong[1]["fix"]
    code, table, said = run(capfd, "doctor")
    assert code == 7
    assert "WRONG" in table
    assert "connector population" in said


class _Dated(BaseHTTPRequestHandler):
    """An identity provider whose clock is two minutes ahead."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_doctor_measures_the_clock_of_an_identity_provider(
    capfd: pytest.CaptureFixture[str], stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capfd, "key", "list")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Dated) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with (stack / "gate06.toml").open("a") as settings:
            settings.write(PROVIDER.format(port=server.server_port))
        # http and the lab zone are for development only
        monkeypatch.setenv("GATE06_PROFILE", "dev")
        code, seen, _ = run(capfd, "doctor", "--json")
        server.shutdown()
    assert code == 7
    wrong = {check["check"]: check["detail"] for check in seen["checks"] if not check["in_order"]}
    assert wrong.keys() == {"identity provider elsewhere", "sign-in at elsewhere"}  # it has no document either
    assert wrong["identity provider elsewhere"] in {
        "answers; its clock differs by +120 s",
        "answers; its clock differs by +119 s",
    }


def test_what_has_no_effect_yet_is_said(capfd: pytest.CaptureFixture[str], stack: Path) -> None:
    run(capfd, "key", "list")
    with (stack / "gate06.toml").open("a") as settings:
        settings.write("require_auth_time = true\n[proxy]\nclient_cert_header = 'Client-Cert'\n")
    code, seen, _ = run(capfd, "doctor", "--json")
    told = [check["detail"] for check in seen["checks"] if "no effect" in check["detail"]]
    assert (code, len(told)) == (0, 2)
    assert any("proxy.client_cert_header" in detail for detail in told)
    assert any("portal `seeded`: require_auth_time" in detail for detail in told)


def test_a_verb_that_reads_makes_no_database(capfd: pytest.CaptureFixture[str], stack: Path) -> None:
    code, _, said = run(capfd, "audit", "verify", "--store", f"sqlite:///{stack / 'nowhere.db'}")
    assert (code, "does not exist" in said) == (4, True)
    assert not (stack / "nowhere.db").exists()


def test_a_short_secret_is_for_development_only(capfd: pytest.CaptureFixture[str], stack: Path) -> None:
    short = SEED.replace("s" * 43, "s" * 21)
    (stack / "short.toml").write_text(short)
    code, _, said = run(capfd, "portal", "check", "short.toml")
    assert (code, "in production: `client_secret` of `seeded`" in said) == (0, True)
    (stack / "gate06.toml").write_text((stack / "gate06.toml").read_text().replace("s" * 43, "s" * 21))
    code, _, said = run(capfd, "portal", "list")
    assert (code, "`client_secret` of `seeded` is shorter" in said) == (3, True)


def test_nothing_real_is_sealed_with_the_demos_key(
    capfd: pytest.CaptureFixture[str], stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "master.key").write_text(DEMO_MASTER_KEY)
    code, _, said = run(capfd, "key", "list")
    assert (code, "everybody knows" in said) == (3, True)
    monkeypatch.setenv("GATE06_PROFILE", "dev")
    assert run(capfd, "key", "list")[0] == 0


def test_the_doctor_goes_on_without_settings(
    capfd: pytest.CaptureFixture[str], stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "gate06.toml").unlink()
    code, seen, _ = run(capfd, "doctor", "--json")
    assert code == 3
    assert {check["check"] for check in seen["checks"] if not check["in_order"]} == {"settings"}
    monkeypatch.setenv("GATE06_ISSUER", "https://gate.example")
    monkeypatch.setenv("GATE06_STORE__MASTER_KEY", "ab" * 32)
    code, seen, _ = run(capfd, "doctor", "--json")
    assert code == 7
    assert "database" in {check["check"] for check in seen["checks"] if not check["in_order"]}


def test_verbs_find_a_demo_beside_them_unless_something_else_is_named(
    capfd: pytest.CaptureFixture[str], stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "gate06.toml").unlink()
    assert run(capfd, "config", "show")[0] == 3
    (stack / ".gate06").mkdir()
    (stack / ".gate06" / "demo.toml").write_text(
        "issuer = 'http://127.0.0.1:9'\nprofile = 'dev'\n[store]\nurl = 'sqlite:///demo.db'\n"
    )
    assert run(capfd, "config", "show", "--json")[1]["settings"]["issuer"] == "http://127.0.0.1:9"
    (stack / "more.toml").write_text("[prefill]\ndeadline_ms = 900\n")
    shown = run(capfd, "config", "show", "--json", "--config", "more.toml", "--store", "sqlite:///x.db")[1]["settings"]
    assert (shown["profile"], shown["store"]["url"], shown["prefill"]["deadline_ms"]) == ("dev", "sqlite:///x.db", 900)
    (stack / "own.toml").write_text("issuer = 'https://own.example'\n")
    assert run(capfd, "config", "show", "--config", "own.toml")[0] == 3, "a production file never inherits a demo"
    monkeypatch.setenv("GATE06_PROFILE", "production")
    assert run(capfd, "config", "show")[0] == 3
