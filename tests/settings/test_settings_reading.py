"""Settings: which source wins, what is refused and how it is said."""

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import ConfigurationRefused, Settings, keys_of_tree, read_settings

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
GOOD = {"GATE06_ISSUER": "https://gate.example", "GATE06_STORE__MASTER_KEY": KEY}


def read(tmp_path: Path, toml: str = "", **environ: str) -> Settings:
    file = tmp_path / "gate06.toml"
    file.write_text(toml, "utf-8")
    return read_settings(files=[file], environ=GOOD | environ)


def problems_of(tmp_path: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(ConfigurationRefused) as refused:
        read(tmp_path, toml, **environ)
    return "\n".join(refused.value.problems)


def test_file_then_environment_then_flag(tmp_path: Path) -> None:
    toml = "[prefill]\ndeadline_ms = 1000\n[server]\nworkers = 2\nport = 7000\n"
    file = tmp_path / "gate06.toml"
    file.write_text(toml)
    environ = GOOD | {"GATE06_PREFILL__DEADLINE_MS": "1500", "GATE06_SERVER__WORKERS": "3"}
    settings = read_settings(files=[file], environ=environ, flags={"server.workers": 4, "server.host": None})
    assert settings.server.port == 7000
    assert settings.prefill.deadline_ms == 1500
    assert settings.server.workers == 4
    assert settings.server.host == "127.0.0.1"
    assert settings.origins["server.port"] == str(file)
    assert settings.origins["prefill.deadline_ms"] == "GATE06_PREFILL__DEADLINE_MS"
    assert settings.origins["server.workers"] == "flag for server.workers"
    assert "server.host" not in settings.origins


def test_the_names_others_rely_on(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        GATE06_PROXY__TRUSTED="127.0.0.1, 10.0.0.0/8",
        GATE06_PROXY__CLIENT_CERT_HEADER="Client-Cert",
        GATE06_LIMITS__ENABLED="off",
        GATE06_DPOP__NONCE="on",
        GATE06_KEYS__PUBLISH_SECONDS="5",
        GATE06_KEYS__RETIRE_SECONDS="6",
        GATE06_PREFILL__DEADLINE_MS="900",
        GATE06_PROFILE="dev",
        GATE06_EGRESS__PORTALS="lab",
        GATE06_GATEWAY_PORT="1",
        GATE06_VNEID_PORT="2",
        GATE06_SOURCES_PORT="3",
        GATE06_PORTAL_PORT="4",
        GATE06_METRICS_PORT="5",
    )
    assert [str(network) for network in settings.proxy.trusted] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert (settings.limits.enabled, settings.dpop.nonce, settings.egress.portals) == (False, "on", "lab")
    assert (settings.keys.publish_seconds, settings.keys.retire_seconds) == (5, 6)
    assert (settings.server.port, settings.metrics.port) == (1, 5)
    assert (settings.demo.vneid_port, settings.demo.sources_port, settings.demo.portal_port) == (2, 3, 4)


@pytest.mark.parametrize(
    ("toml", "environ", "said"),
    [
        ("[store]\nurll = 'x'", {}, "did you mean `store.url`"),
        ("[storee]\nurl = 'x'", {}, "did you mean `store`"),
        ("[connectors.population]\nurl='https://x'\nzne='lab'", {}, "did you mean `connectors.population.zone`"),
        ("[[portal]]\nclient_idd='x'", {}, "did you mean `portal.0.client_id`"),
        ("", {"GATE06_PREFILL__DEADLIN_MS": "1"}, "did you mean `prefill.deadline_ms`"),
        ("", {"GATE06_ISUER": "x"}, "did you mean `GATE06_ISSUER`"),
        ("[prefill]\ndeadline_ms = 'soon'", {}, "prefill.deadline_ms"),
        ("[store]\nurl = 'mysql://x'", {}, "sqlite:///"),
        ("= 3", {}, "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_place_and_remedy(
    tmp_path: Path, toml: str, environ: dict[str, str], said: str
) -> None:
    text = problems_of(tmp_path, toml, **environ)
    assert said in text
    assert "gate06.toml" in text or "GATE06_" in text


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    text = problems_of(tmp_path, "[store]\nurll = 1\n[log]\nlevel = 'loud'\n")
    assert "store.urll" in text
    assert "log.level" in text


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"GATE06_ISSUER": "http://gate.example"}, "GATE06_PROFILE=dev"),
        ({"GATE06_ISSUER": ""}, "issuer"),
        ({"GATE06_ISSUER": "https://gate.example/"}, "slash"),
        ({"GATE06_ISSUER": "https://gate.example?x=1"}, "query"),
        ({"GATE06_ISSUER": "gate.example"}, "issuer"),
        ({"GATE06_ISSUER": "https://[gate"}, "issuer"),
        ({"GATE06_STORE__MASTER_KEY": "", "GATE06_PROFILE": "production"}, ""),
        ({"GATE06_EGRESS__PORTALS": "lab"}, "lab"),
        ({"GATE06_PROXY__TRUSTED": "0.0.0.0/0"}, "everybody"),
    ],
)
def test_production_refuses_unsafe_values(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    if said:
        assert said in problems_of(tmp_path, **environ)
    else:
        with pytest.raises(ConfigurationRefused):
            read(tmp_path, **environ).master_key_bytes()


def test_production_refuses_weak_upstreams_and_http_portals(tmp_path: Path) -> None:
    toml = """
[[identity_provider]]
alias = "vneid"
kind = "vneid"
label = "VNeID"
issuer = "http://vneid.example"
client_id = "x"
client_secret = "changeme"
private_key = "x"
[[portal]]
client_id = "p"
client_secret = "s"
redirect_uris = ["http://127.0.0.1:1/cb"]
"""
    text = problems_of(tmp_path, toml)
    assert "well-known" in text
    assert "must be https" in text
    assert "`redirect_uris` of `p`" in text
    assert read(tmp_path, toml, GATE06_PROFILE="dev").identity_provider[0].alias == "vneid"


def test_a_missing_master_key_is_refused_in_production(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="master_key_file"):
        read_settings(files=[], environ={"GATE06_ISSUER": "https://gate.example"})


@pytest.mark.parametrize("text", [KEY, bytes(range(32)).hex(), KEY + "\n"])
def test_the_master_key_is_32_bytes_from_a_file_or_a_value(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    settings = read(tmp_path, "[store]\nmaster_key = 'other'\n", GATE06_STORE__MASTER_KEY_FILE=str(tmp_path / "key"))
    assert settings.master_key_bytes() == bytes(range(32))
    assert KEY not in repr(settings)


@pytest.mark.parametrize("text", ["", "short", "!" * 43, "ff" * 31])
def test_another_master_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationRefused):
        read(tmp_path, GATE06_STORE__MASTER_KEY=text).master_key_bytes()
    with pytest.raises(ConfigurationRefused):
        read(tmp_path, GATE06_STORE__MASTER_KEY_FILE=str(tmp_path / "nowhere")).master_key_bytes()


def test_paths_in_a_file_are_relative_to_it_and_seeds_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "portals").mkdir()
    (tmp_path / "secret").write_text("s" * 43)
    seed = 'client_id = "beside"\nclient_secret_file = "../secret"\nredirect_uris = ["https://b.example/cb"]\n'
    (tmp_path / "portals" / "beside.toml").write_text(seed)
    more = '[[portal]]\nclient_id = "more"\nclient_secret = "xxxxxxxxxxxxxxxxxxxxxx"\nredirect_uris = ["https://m.example/cb"]\n'
    (tmp_path / "more.toml").write_text(more)
    settings = read(
        tmp_path,
        "[connectors]\npath = ['mine']\n[policies]\npath = 'rules'\n",
        GATE06_PORTALS=str(tmp_path / "more.toml"),
    )
    assert [portal.client_id for portal in settings.portal] == ["beside", "more"]
    assert settings.portal[0].knows_secret("s" * 43)
    assert settings.connectors.path == (tmp_path / "mine",)
    assert settings.policies.path == (tmp_path / "rules",)
    assert settings.connectors.by_name() == {}


def test_a_seed_with_a_misspelt_name_is_still_read_as_a_portal(tmp_path: Path) -> None:
    (tmp_path / "seed.toml").write_text("client_idd = 'x'\nprofile = 'legacy'\n")
    text = problems_of(tmp_path, GATE06_PORTALS=str(tmp_path / "seed.toml"))
    assert "did you mean `portal.0.client_id`" in text
    assert "seed.toml" in text


def test_files_of_the_environment_are_read_in_order(tmp_path: Path) -> None:
    for name, port in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.toml").write_text(f"[server]\nport = {port}\n")
    named = os.pathsep.join(str(tmp_path / f"{name}.toml") for name in "ab")
    assert read_settings(environ=GOOD | {"GATE06_CONFIG": named}).server.port == 2
    with pytest.raises(ConfigurationRefused, match="cannot be read"):
        read_settings(environ=GOOD | {"GATE06_CONFIG": str(tmp_path / "none.toml")})


def test_names_given_twice_are_refused(tmp_path: Path) -> None:
    table = '[[portal]]\nclient_id = "p"\nclient_secret = "x"\nredirect_uris = ["https://b.example/cb"]\n'
    assert "twice" in problems_of(tmp_path, table * 2)


def test_every_plain_key_has_a_sentence() -> None:
    bare: list[Any] = [key for key, meaning, _ in keys_of_tree() if not meaning and not key.startswith("egress.")]
    assert bare == []


def test_each_file_adds_its_folders_and_the_paths_of_a_connector_are_relative_to_it(tmp_path: Path) -> None:
    files = []
    for name in ("land", "tax"):
        (tmp_path / name).mkdir()
        files.append(tmp_path / name / "trial.toml")
        files[-1].write_text(
            '[connectors]\npath = ["."]\n[policies]\npath = ["book"]\n'
            f'[connectors.{name}]\nfolder = "."\nzone = "lab"\n'
            f'[connectors.{name}.secret_files]\n"its key" = "{name}.key"\n'
        )
    settings = read_settings(files=[*files, files[0]], environ=GOOD)
    assert [path.name for path in settings.connectors.path] == ["land", "tax"]
    assert settings.policies.path == (tmp_path / "land/book", tmp_path / "tax/book")
    tax = settings.connectors.by_name()["tax"]
    assert (tax.folder, tax.secret_files) == (tmp_path / "tax", {"its key": tmp_path / "tax/tax.key"})
    assert tax.url == ""
    given = read_settings(files=files, environ=GOOD | {"GATE06_CONNECTORS__PATH": "/elsewhere"})
    assert given.connectors.path == (Path("/elsewhere"),), "the environment still wins over files"
