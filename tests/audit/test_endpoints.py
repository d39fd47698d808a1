"""The log over HTTP."""

import json
from base64 import b64decode

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.audit.endpoints import LogDesk, parse_tile_path
from gateway.audit.event import FormRefused
from gateway.audit.failure import CallerUnknown, TileUnknown
from gateway.audit.journal import TileAddress
from gateway.audit.openapi import log_operations
from gateway.audit.receipt import ReceiptDesk, refuse
from gateway.audit.record import Evidence
from gateway.cli.verify_merkle import check_merkle
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.operation import PROBLEM as OF_A_PROBLEM
from gateway.vocabulary.operation import named
from tests.audit.grown_log import NOON, SIGNER, grow, make_event, receipt_of
from tests.audit.log_in_memory import MemoryLog
from tests.audit.test_receipt import ISSUER, PortalTooCurious, RecordsInMemory, SignerInTests

pytestmark = pytest.mark.anyio

PROBLEM = "application/problem+json"


class ClientsInTests:
    """`Bearer p1` is p1."""

    async def client_id(self, presented):
        authorization = presented.authorization
        assert (presented.method, presented.url.startswith(ISSUER + "/v1/")) == ("GET", True)
        if len(authorization) != 1 or not authorization[0].startswith("Bearer p"):
            raise CallerUnknown(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return authorization[0].removeprefix("Bearer ")


def client_of(memory, records=None):
    receipts = ReceiptDesk(records or RecordsInMemory(), memory, SignerInTests(), ISSUER)
    application = Starlette(routes=LogDesk(memory.log(), receipts, ClientsInTests(), ISSUER).routes())
    transport = httpx2.ASGITransport(app=application)
    return httpx2.AsyncClient(transport=transport, base_url="http://somewhere.else")


@pytest.fixture
async def memory():
    return await grow(700, (100, 256, 300))


@pytest.fixture
async def client(memory):
    async with client_of(memory) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/v1/log/checkpoint", "/log/checkpoint"])
async def test_the_latest_checkpoint_is_a_signed_note(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert SIGNER.verifier().open(answer.text).size == 700


async def test_an_inclusion_answer_is_what_verify_merkle_reads(client, memory):
    answer = (await client.get("/v1/log/inclusion", params={"receipt": receipt_of(280)})).json()
    assert (answer["index"], answer["size"], "leaf" in answer) == (280, 300, False)
    assert check_merkle(answer) == ({"valid": True, "rule": None}, True)
    checkpoint = SIGNER.verifier().open(answer["checkpoint"])
    assert (checkpoint.size, checkpoint.root) == (300, b64decode(answer["root"]))


@pytest.mark.parametrize(("size", "signed"), [(281, 300), (299, 300), (300, 300), (301, 700), (700, 700)])
async def test_a_proof_can_be_had_for_the_size_somebody_else_keeps(client, size, signed):
    query = {"receipt": receipt_of(280), "size": size}
    answer = (await client.get("/v1/log/inclusion", params=query)).json()
    assert (answer["index"], answer["size"]) == (280, size)
    assert check_merkle(answer) == ({"valid": True, "rule": None}, True)
    assert SIGNER.verifier().open(answer["checkpoint"]).size == signed


async def test_the_leaf_goes_to_the_client_concerned_only(client, memory):
    concerned = memory.events[280].client_id
    for caller in ("p0", "p1", "p2"):
        answer = await client.get(
            "/v1/log/inclusion", params={"receipt": receipt_of(280)}, headers={"Authorization": f"Bearer {caller}"}
        )
        assert ("leaf" in answer.json()) is (caller == concerned)
    answer = await client.get(
        "/v1/log/inclusion", params={"receipt": receipt_of(280)}, headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 401


async def test_a_consistency_answer_is_what_verify_merkle_reads(client):
    for params in ({"from": 100}, {"from": 100, "to": 256}, {"from": 3, "to": 299}, {"from": 700, "to": 700}):
        answer = (await client.get("/v1/log/consistency", params=params)).json()
        assert check_merkle(answer) == ({"valid": True, "rule": None}, True)
        assert answer["size1"] == params["from"]


@pytest.mark.parametrize(
    "query",
    [
        "consistency",
        "consistency?to=5",
        "consistency?from=",
        "consistency?from=0&to=5",
        "consistency?from=-1&to=5",
        "consistency?from=6&to=5",
        "consistency?from=1&to=701",
        "consistency?from=1&to=99999999999999999999999999999",
        "consistency?from=1.5&to=5",
        "consistency?from=٣&to=5",
        "consistency?from=1&from=2&to=5",
        "consistency?from=%00&to=5",
        "consistency?from=0x1&to=5",
        "inclusion",
        "inclusion?receipt=",
        "inclusion?receipt=rc_1",
        "inclusion?receipt=%00%ff",
        "inclusion?receipt=' OR 1=1 --",
        "inclusion?receipt=" + "rc_" + "a" * 5000,
        "inclusion?receipt=" + receipt_of(1) + "&receipt=" + receipt_of(2),
        f"inclusion?receipt={receipt_of(280)}&size=280",
        f"inclusion?receipt={receipt_of(280)}&size=701",
        f"inclusion?receipt={receipt_of(280)}&size=0",
        f"inclusion?receipt={receipt_of(280)}&size=300&size=300",
    ],
)
async def test_a_malformed_question_is_a_400_and_never_a_500(client, query):
    answer = await client.get(f"/v1/log/{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "GW-1701"
    assert answer.json()["refused_by"] == "gateway"


async def test_what_is_not_there_is_a_404_with_a_name(client, memory):
    unknown = await client.get("/v1/log/inclusion", params={"receipt": receipt_of(700)})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "GW-1702")
    memory.store(make_event(700))
    waiting = await client.get("/v1/log/inclusion", params={"receipt": receipt_of(700)})
    assert (waiting.status_code, waiting.json()["code"], waiting.headers["retry-after"]) == (404, "GW-1703", "1")
    async with client_of(MemoryLog()) as nobody:
        for path in ("/v1/log/checkpoint", "/v1/log/consistency?from=1", "/log/checkpoint"):
            missing = await nobody.get(path)
            assert (missing.status_code, missing.json()["code"]) == (404, "GW-1706")
        assert (await nobody.get("/log/tile/0/000.p/1")).status_code == 404


async def test_a_damaged_log_says_so_without_details(client, memory):
    memory.events[5] = make_event(5, outcome="forged")
    answer = await client.get("/v1/log/inclusion", params={"receipt": receipt_of(5)})
    assert (answer.status_code, answer.json()["code"]) == (503, "GW-9201")
    assert "entry 5" not in answer.text


async def test_only_get_is_answered(client):
    for path in ("/v1/log/checkpoint", "/v1/log/inclusion", "/v1/receipts/rc_1", "/log/tile/0/000"):
        assert (await client.post(path)).status_code == 405


async def test_tiles_have_the_paths_and_contents_of_the_specification(client, memory):
    full = await client.get("/log/tile/0/001")
    assert (full.status_code, full.content) == (200, memory.held[TileAddress(0, 1)])
    assert "immutable" in full.headers["cache-control"]
    partial = await client.get("/log/tile/0/002.p/188")
    assert partial.content == memory.held[TileAddress(0, 2)]
    assert (await client.get("/log/tile/0/002.p/3")).content == memory.held[TileAddress(0, 2)][:96]
    assert (await client.get("/log/tile/1/000.p/2")).content == memory.held[TileAddress(1, 0)]
    assert full.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "0/002", "0/002.p/189", "0/002.p/0", "0/002.p/256", "0/002.p/01", "0/003.p/1", "1/000", "2/000.p/1", "00/000",
        "0/0", "0/0001", "0/x000/001", "64/000.p/1", "entries/000", "0/x999/x999/x999/x999/x999/x999/999", "a/000",
        "0/000/", "-1/000", "0/٠٠١", "", "0", "0/001.p/", "0/x001/x234/067", "0/001%00",
    ],
)  # fmt: skip
async def test_a_path_that_names_no_tile_is_a_404(client, path):
    answer = await client.get(f"/log/tile/{path}")
    assert answer.status_code == 404


def test_large_tile_numbers_are_read_as_written():
    assert parse_tile_path("0/x001/x234/067") == (TileAddress(0, 1234067), 256)
    assert parse_tile_path("3/x001/234.p/7") == (TileAddress(3, 1234), 7)
    for wrong in ("0/x000/x234/067", "0/x000/067", "0/x01/067"):
        with pytest.raises(TileUnknown):
            parse_tile_path(wrong)


async def test_a_receipt_is_for_the_client_concerned(memory):
    records = RecordsInMemory()
    evidence = Evidence(SettableClock(NOON), SystemRandomness(), None)
    record, event = await refuse(
        PortalTooCurious(excess=["sex"]), evidence=evidence, kind=FormRefused, issuer=ISSUER, client_id="p1"
    )
    records.records[record.address] = record
    memory.store(event)
    async with client_of(memory, records) as client:
        own = await client.get(f"/v1/receipts/{record.key}", headers={"Authorization": "Bearer p1"})
        assert (own.status_code, own.headers["content-type"], own.json()) == (200, PROBLEM, record.body["problem"])
        assert own.headers["cache-control"] == "no-store"
        signed = await client.get(f"/v1/receipts/{receipt_of(4)}", headers={"Authorization": "Bearer p1"})
        assert (signed.status_code, signed.headers["content-type"]) == (200, "application/json")
        assert json.loads(signed.json()["jws"])["claims"]["jti"] == receipt_of(4)
        for receipt in (record.key, receipt_of(4)):
            foreign = await client.get(f"/v1/receipts/{receipt}", headers={"Authorization": "Bearer p2"})
            assert (foreign.status_code, foreign.json()["code"]) == (403, "GW-1704")
            assert "jws" not in foreign.json()
            nobody = await client.get(f"/v1/receipts/{receipt}")
            assert (nobody.status_code, nobody.json()["code"]) == (401, "GW-1707")
            assert nobody.headers["www-authenticate"] == "Bearer"
            wrong = await client.get(f"/v1/receipts/{receipt}", headers={"Authorization": "Bearer x"})
            assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        for receipt in ("rc_1", "rf_" + "a" * 26, "%00", "rc_" + "a" * 3000):
            unknown = await client.get(f"/v1/receipts/{receipt}", headers={"Authorization": "Bearer p1"})
            assert (unknown.status_code, unknown.json()["code"]) == (404, "GW-1702")


async def test_a_refusal_is_told_in_the_callers_language(client):
    vietnamese = await client.get("/v1/log/inclusion")
    english = await client.get("/v1/log/inclusion", headers={"Accept-Language": "en"})
    assert vietnamese.json()["detail"] == vietnamese.json()["messages"]["vi"]
    assert english.json()["detail"] == english.json()["messages"]["en"]
    assert (vietnamese.headers["content-language"], english.headers["content-language"]) == ("vi", "en")


async def test_the_promise_in_openapi_is_kept(client, memory):
    promised = log_operations()
    routes = LogDesk(memory.log(), None, ClientsInTests(), ISSUER).routes()
    assert set(promised) == {route.path.replace(":path}", "}") for route in routes}
    token = {"Authorization": "Bearer p1"}
    asked = [
        ("/v1/log/checkpoint", "/v1/log/checkpoint", {}),
        ("/log/checkpoint", "/log/checkpoint", {}),
        ("/v1/log/inclusion", f"/v1/log/inclusion?receipt={receipt_of(280)}", {}),
        ("/v1/log/inclusion", f"/v1/log/inclusion?receipt={receipt_of(280)}", token),
        ("/v1/log/inclusion", f"/v1/log/inclusion?receipt={receipt_of(280)}", {"Authorization": "x"}),
        ("/v1/log/inclusion", f"/v1/log/inclusion?receipt={receipt_of(999)}", {}),
        ("/v1/log/inclusion", "/v1/log/inclusion", {}),
        ("/v1/log/consistency", "/v1/log/consistency?from=5", {}),
        ("/v1/log/consistency", "/v1/log/consistency?from=x", {}),
        ("/v1/receipts/{receipt}", f"/v1/receipts/{receipt_of(1)}", token),
        ("/v1/receipts/{receipt}", f"/v1/receipts/{receipt_of(2)}", token),
        ("/v1/receipts/{receipt}", "/v1/receipts/rc_1", token),
        ("/v1/receipts/{receipt}", f"/v1/receipts/{receipt_of(1)}", {}),
        ("/log/tile/{path}", "/log/tile/0/000", {}),
        ("/log/tile/{path}", "/log/tile/9/000", {}),
    ]
    seen = set()
    for path, url, headers in asked:
        answer = await client.get(url, headers=headers)
        promise = promised[path]["get"]["responses"][str(answer.status_code)]["content"]
        media_type = answer.headers["content-type"].partition(";")[0]
        schema = promise[media_type]["schema"]
        if media_type == PROBLEM:
            assert schema == named("Problem")
            schema = OF_A_PROBLEM
        if schema["type"] == "object":
            assert set(schema["required"]) <= set(answer.json()) <= set(schema["properties"])
        seen.add((path, answer.status_code))
    assert len(seen) == len(asked) - 1  # all but one ask for another answer
