"""The surface of the whole application: addresses under the issuer, wrong methods, hosts and bounded metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.application import assembly
from gateway.application.assembly import application_of
from gateway.settings import read_settings

pytestmark = pytest.mark.anyio
ROOT = "http://127.0.0.1:8000"


class Life:
    """Starts and stops an application as a server does."""

    def __init__(self) -> None:

        self.asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.told: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def expect(self, word: str) -> None:
        await self.asked.put({"type": f"lifespan.{word}"})
        assert (await self.told.get())["type"] == f"lifespan.{word}.complete"


@asynccontextmanager
async def served(folder: Path, issuer: str) -> AsyncIterator[httpx2.AsyncClient]:

    environ = {
        "GATE06_PROFILE": "dev",
        "GATE06_ISSUER": issuer,
        "GATE06_STORE__URL": f"sqlite:///{folder}/store.db",
        "GATE06_STORE__MASTER_KEY": "11" * 32,
    }
    application, life = application_of(read_settings(files=[], environ=environ)), Life()
    running = asyncio.create_task(application({"type": "lifespan"}, life.asked.get, life.told.put))  # type: ignore[arg-type]
    await life.expect("startup")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application), base_url=ROOT) as client:
        yield client
    await life.expect("shutdown")
    await running


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(tmp_path, ROOT) as opened:
        yield opened


async def test_an_issuer_with_a_path_is_served_under_it(tmp_path: Path) -> None:
    issuer = ROOT + "/cong/dinh-danh"
    async with served(tmp_path, issuer) as client:
        for address in (
            f"{issuer}/.well-known/openid-configuration",
            f"{ROOT}/.well-known/oauth-authorization-server/cong/dinh-danh",
            f"{ROOT}/.well-known/openid-configuration/cong/dinh-danh",
            f"{ROOT}/.well-known/openid-configuration",  # a proxy that strips the path
        ):
            document = (await client.get(address)).json()
            assert document["issuer"] == issuer, address
        for name, address in document.items():
            if name.endswith(("_endpoint", "_uri")):
                assert address.startswith(issuer + "/")
                assert (await client.get(address)).status_code in {200, 400, 401, 405}, name
        refused = (await client.post(f"{issuer}/token")).json()
        assert refused["error_uri"].startswith(f"{issuer}/errors/GW-")
        assert (await client.get(refused["error_uri"])).status_code == 200
        page = await client.get(issuer)
        assert page.status_code == 200
        for link in page.text.split('href="')[1:]:
            local = link.partition('"')[0].partition("#")[0]
            if local.startswith("/"):
                assert local.startswith("/cong/dinh-danh/"), local
        assert (await client.get(ROOT + "/cong/dinh-danhx/jwks")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "DELETE", "BREW"])
@pytest.mark.parametrize(
    ("path", "taken"),
    [
        *((path, {"POST"}) for path in ("/token", "/par", "/introspect", "/revoke", "/device_authorization")),
        ("/upstream/vneid/backchannel-logout", {"POST"}),
        ("/userinfo", {"GET", "HEAD", "POST"}),
        *((path, {"GET", "HEAD"}) for path in ("/jwks", "/.well-known/openid-configuration")),
        ("/.well-known/oauth-authorization-server", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_an_oauth_error(
    client: httpx2.AsyncClient, path: str, taken: set[str], method: str
) -> None:
    answer = await client.request(method, path)
    if method in taken:
        assert answer.status_code != 405
        return
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == taken
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_uri"] == f"{ROOT}/errors/GW-1802"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_host_header_decides_nothing(client: httpx2.AsyncClient) -> None:
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    for path in ("/", "/.well-known/openid-configuration", "/authorize", "/logout", "/userinfo", "/errors/GW-1001"):
        answer = await client.get(path, headers=headers)
        assert "evil.example" not in answer.text + str(answer.headers), path


async def test_no_caller_can_add_a_label_to_the_metrics(client: httpx2.AsyncClient) -> None:
    for path in ("/none/1", "/none/2", "/interaction/a", "/interaction/b", "/%00", "/é", "/token/x", "//token"):
        for method in ("GET", "POST", "BREW", "BREW2"):
            await client.request(method, path)
    labels = [sample.labels for metric in REGISTRY.collect() for sample in metric.samples if "route" in sample.labels]
    assert {one["method"] for one in labels if "method" in one} <= {"GET", "POST", "PUT", "OPTIONS", "DELETE", "other"}
    assert all(one["route"].rpartition("/")[2] != "a" for one in labels)
    assert {one["route"] for one in labels if "interaction" in one["route"]} == {"/interaction/{attempt_id}"}
    assert not {one["route"] for one in labels if one["route"].startswith("/none")}


async def boom(request: Request) -> Response:
    raise ValueError("bí mật")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/boom/{part}", "application/problem+json"), ("/boom/{part}", "text/html; charset=utf-8")],
)
async def test_a_bug_behind_a_path_with_a_parameter_has_the_same_face_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    monkeypatch.setattr(assembly, "public_routes", lambda *_: [Route(path, boom)])
    async with served(tmp_path, ROOT) as client:
        answer = await client.get(path.replace("{part}", "x"))
    assert (answer.status_code, answer.headers["content-type"]) == (500, kind)
    assert "GW-9001" in answer.text
    assert "bí mật" not in answer.text
