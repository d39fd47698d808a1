"""Secrets inside a manifest are found wherever they stand, good names are left alone, and a slot means one by name."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.cli.connector_new import write_folder
from gateway.cli.connector_try import run_trial
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.credential_check import references_of
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.secret_signs import looks_like_a_secret, means_a_secret
from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.connector_runtime.manifest_failure import SecretUnnamed
from gateway.vocabulary.persona import persona

LONG = "kQ7vZp2mXw9Rt4Ls8Nd1"
SOAP_BODY = "<l:RequestId>"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("toy-key", False),
        ("forest-registry-production-key", False),
        ("/api/v2/people/{personal_number}/certificates", False),
        (LONG, True),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", True),
        ("550e8400-e29b-41d4-a716-446655440000", True),
        ("urn:uuid:11111111-1111-1111-1111-111111111111", True),
        ("{request_id}-0000-2024", False),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123", True),
    ],
)
def test_a_secret_is_told_from_a_name(text: str, secret: bool) -> None:
    assert looks_like_a_secret(text) is secret


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("password", "x", True),
        ("MatKhau", "abc", True),
        ("mật_khẩu", "abc", True),
        ("WsPassword", "abc", True),
        ("x-client-secret", "abc", True),
        ("Pass", "abc", True),
        ("api_key", "q7f3k9", True),
        ("key", "q7f3k9", True),
        ("accessToken", "a{request_id}", True),
        ("password2", "Abc123!", True),
        ("X-Api-Key-V1", "abc123def", True),
        ("X-Auth", "s3cr3t!", True),
        ("khoa", "Abc@123456", True),
        ("chia_khoa", "mot-hai", True),
        ("ma_bao_mat", "Abc@123456", True),
        ("mat_khau_truy_cap", "Abc@123456", True),
        ("secretKeyValue", "Abc@12", True),
        ("pin", "123456", True),
        ("pw", "hoa", True),
        ("sig", "deadbeef01", True),
        ("X-Signature", "ffff", True),
        ("token_id", "abc9", True),
        ("auth_code", "abc9ff", True),
        ("appKey", "tk7", True),
        ("clientKey", "tk7abc", True),
        ("Pass_Word", "Abc", True),
        ("WSPassword", "abc", True),
        ("tokenType", "bearer", False),
        ("signature_algorithm", "RS256", False),
        ("auth_user", "gate06", False),
        ("muc_do_bao_mat", "thuong", False),
        ("khoa", "noi", False),
        ("pinned", "abc9", False),
        ("author", "abc9", False),
        ("design", "abc9", False),
        ("v1", "abc9", False),
        ("key", "cccd", False),
        ("key", "{personal_number}", False),
        ("password", "{secret:library}", False),
        ("passport", "N00000014", False),
        ("keyword", "abc12", False),
        ("compass", "north", False),
        ("hasToken", "false", False),
        ("tokenised_name", "abc", False),
        ("maTinh", "06", False),
    ],
)
def test_a_literal_under_a_name_that_means_a_secret_is_one(name: str, text: str, secret: bool) -> None:
    assert means_a_secret(name, text) is secret


REST = [
    ("{ birth =", '{ password = "hoa", birth =', "operations.lookup.query.password"),
    ("{ birth =", '{ key = "q7f3k9", birth =', "operations.lookup.query.key"),
    ('path = "/health"', 'path = "/health?apikey=q7f3k9"', "operations.check.path"),
    ("http://127.0.0.1:8010", f"http://127.0.0.1:8010/{LONG}", "endpoint.url"),
    ("http://127.0.0.1:8010", "http://gate06@127.0.0.1:8010", "endpoint.url"),
    ("[legal]", f'[[assumptions]]\nvi = "khóa {LONG}"\nen = "x"\n\n[legal]', "assumptions.0.vi"),
    ('path = "/readers/{personal_number}"', f'path = "/{LONG}/{{personal_number}}"', "operations.lookup.path"),
]


@pytest.mark.parametrize(("old", "new", "place"), REST)
def test_a_secret_of_a_rest_manifest_is_found(tmp_path: Path, old: str, new: str, place: str) -> None:
    found = problems_of("rest", tmp_path, old, new)
    assert ("CN-107", place) in found, found


@pytest.mark.parametrize(
    "new",
    ["<l:Pass>hoa</l:Pass><l:RequestId>", "<l:MatKhau>hoa</l:MatKhau><l:RequestId>", '<l:RequestId secret="hoa">'],
)
def test_a_secret_of_a_soap_body_is_found(tmp_path: Path, new: str) -> None:
    assert ("CN-107", "operations.lookup.body") in problems_of("soap", tmp_path, SOAP_BODY, new)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("rest", "{ birth =", '{ key = "cccd", passport = "{personal_number}", birth ='),
        ("rest", "{ birth =", '{ apikey = "{secret:library-key}", birth ='),
        ("rest", "http://127.0.0.1:8010", "http://127.0.0.1:8010/XRoad/TraCuuThongTinBanDoc2024"),
        ("soap", SOAP_BODY, "<l:Pass>{secret:library-key}</l:Pass><l:RequestId>"),
    ],
)
def test_a_name_and_a_slot_are_no_secrets(tmp_path: Path, kind: str, old: str, new: str) -> None:
    assert problems_of(kind, tmp_path, old, new) == []


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("rest", "/readers/{personal_number}", "/readers/{secret:library-key}/{personal_number}"),
        ("sqlview", '"{personal_number}" }', '"{personal_number}", card_no = "{secret:library-key}" }'),
    ],
)
def test_a_secret_has_no_place_in_an_address_or_a_databases_question(
    tmp_path: Path, kind: str, old: str, new: str
) -> None:
    assert "CN-108" in {code for code, _ in problems_of(kind, tmp_path, old, new)}


def test_a_secret_is_sent_in_query_header_and_body_and_shown_nowhere(tmp_path: Path) -> None:
    secret = "mở & <cửa>"
    (tmp_path / "key").write_text(secret + "\n", "utf-8")
    seen: list[tuple[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.query["mk"], await request.json()))
        return web.json_response({"error": "no_reader"}, status=404)

    async def ask() -> Any:
        app = web.Application()
        app.router.add_post("/readers/{number}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        settings = ConnectorSettings(url=url, zone="lab", secret_files={"door": tmp_path / "key"}, timeout_for=3.0)
        try:
            return await run_trial(manifest, settings, EgressSettings(), persona(3))
        finally:
            await runner.cleanup()

    def change(tree: dict[str, Any]) -> None:
        tree["auth"] = {"kind": "none"}
        look_up = tree["operations"]["lookup"]
        look_up |= {"method": "POST", "query": {"mk": "{secret:door}"}, "body": {"matKhau": "{secret:door}"}}

    manifest = _manifest("rest", tmp_path, change)
    trial = asyncio.run(ask())
    assert seen == [(secret, {"matKhau": secret})]
    assert "-hidden-" in trial.request
    assert "cửa" not in trial.request + trial.reply + trial.trouble
    assert [one.name for one in references_of(manifest, ConnectorSettings(zone="lab"))] == ["door"]


def test_a_secret_that_the_settings_do_not_have_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["operations"]["lookup"]["query"] = {"mk": "{secret:door}"}

    manifest = _manifest("rest", tmp_path, change)
    settings = ConnectorSettings(zone="lab", secret_files={"forest-key": tmp_path / "key"})
    with pytest.raises(SecretUnnamed, match="names `door`"):
        asyncio.run(run_trial(manifest, settings, EgressSettings(), persona(3)))


def _text(kind: str, place: Path) -> str:
    write_folder(place / "forest", "forest", kind, None)
    return (place / "forest/manifest.toml").read_text("utf-8")


def problems_of(kind: str, place: Path, old: str, new: str) -> list[tuple[str, str]]:
    text = _text(kind, place)
    assert old in text, text
    found = lint(read_manifest(text.replace(old, new), "forest/manifest.toml"))
    return [(one.failure.code, ".".join(map(str, one.key))) for one in found]


def _manifest(kind: str, place: Path, change: Any) -> Manifest:
    tree = tomllib.loads(_text(kind, place))
    change(tree)
    return Manifest.model_validate(tree)
