"""Receipts and refusals."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit.event import FormRefused, FormReleased
from gateway.audit.failure import ReceiptNotYours, ReceiptUnknown
from gateway.audit.merkle import leaf_hash
from gateway.audit.receipt import RECEIPT_TYPE, ReceiptDesk, is_issued_receipt, is_receipt, receipt_claims, refuse
from gateway.audit.record import Evidence
from gateway.tokens.jose import RECEIPT
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Kind
from tests.audit.grown_log import receipt_of
from tests.audit.log_in_memory import MemoryLog

pytestmark = pytest.mark.anyio

ISSUER = "https://dvc.example.vn"


class PortalTooCurious(Failure):
    code = "PF-007"
    title = "attributes beyond the procedure"
    http_status = 403
    refused_by = "policy"
    vi = "Hệ thống xin nhiều hơn mức thủ tục cho phép."
    en = "The portal asks for more than the procedure allows."
    fix = "Ask for less."


class SignerInTests:
    """Signs nothing: shows what it was asked to sign."""

    def sign(self, claims, *, typ, alg):
        return json.dumps({"claims": claims, "typ": typ, "alg": alg})


class RecordsInMemory:
    """A store of refusal records."""

    def __init__(self):
        self.records = {}

    async def load(self, *addresses):
        return tuple(self.records.get(address) for address in addresses)


@pytest.fixture
def evidence():
    return Evidence(SettableClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC)), SystemRandomness(), None)


@pytest.fixture
def memory():
    return MemoryLog()


@pytest.fixture
def records():
    return RecordsInMemory()


@pytest.fixture
def desk(memory, records):
    return ReceiptDesk(records, memory, SignerInTests(), ISSUER)


async def make_refusal(evidence, failure=None, **members):
    failure = failure or PortalTooCurious("`sex` is not in 1.004222", excess=["sex"], missing=["consent"])
    failure.trace_id = "t1"
    record, event = await refuse(
        failure, evidence=evidence, kind=FormRefused, issuer=ISSUER, client_id="p1", procedure="1.004222", **members
    )
    return failure, record, event


async def test_a_refusal_says_who_and_what_and_how_to_mend_it(evidence):
    failure, record, event = await make_refusal(evidence)
    assert failure.receipt == event.receipt == record.key
    assert record.key.startswith("rf_")
    assert record.kind is Kind.RECEIPT
    assert record.body["client_id"] == "p1"
    assert record.expires_at == event.at + timedelta(days=90)
    problem = record.body["problem"]
    assert (problem["code"], problem["status"], problem["refused_by"]) == ("PF-007", 403, "policy")
    assert (problem["excess"], problem["missing"], problem["trace_id"]) == (["sex"], ["consent"], "t1")
    assert problem["receipt"] == record.key
    assert record.key in problem["fix"]
    told = json.loads(event.leaf)
    assert (told["event"], told["outcome"], told["refused_by"]) == ("FormRefused", "PF-007", "policy")
    assert (told["actor"], told["excess"], told["trace_id"]) == ({"kind": "portal", "ref": "p1"}, ["sex"], "t1")
    assert event.client_id == "p1"


async def test_a_refusal_speaks_the_callers_language(evidence):
    _, record, _ = await make_refusal(evidence, language="en")
    assert record.body["problem"]["detail"] == PortalTooCurious.en


@pytest.mark.parametrize("number", ["999041000001", "9990 4100 0001", "099999003", "999-041-000-001"])
async def test_a_number_that_slipped_into_a_detail_is_struck_out(evidence, number):
    _, record, event = await make_refusal(evidence, PortalTooCurious(f"`{number}` is not a procedure"))
    assert number not in json.dumps(record.body)
    assert number not in event.leaf.decode()
    assert record.body["problem"]["reason"] == "`…` is not a procedure"


async def test_the_client_concerned_reads_its_refusal_and_nobody_else_does(evidence, desk, memory, records):
    _, record, event = await make_refusal(evidence)
    records.records[record.address] = record
    memory.store(event)
    assert await desk.find(record.key, "p1") == record.body["problem"]
    with pytest.raises(ReceiptNotYours):
        await desk.find(record.key, "p2")


async def test_a_refusal_whose_text_is_gone_is_still_in_the_log(evidence, desk, memory):
    _, record, event = await make_refusal(evidence)
    memory.store(event)
    found = await desk.find(record.key, "p1")
    assert (found["event"], found["receipt"]) == ("FormRefused", record.key)
    with pytest.raises(ReceiptNotYours):
        await desk.find(record.key, "p2")


async def test_a_receipt_is_a_dated_promise_of_inclusion(evidence, desk, memory):
    event = await evidence.tell(FormReleased, outcome="done", actor_kind="gateway", portal="p1")
    memory.store(event)
    found = await desk.find(event.receipt, "p1")
    signed = json.loads(found["jws"])
    claims = signed["claims"]
    assert (signed["typ"], signed["alg"]) == (RECEIPT_TYPE, "ES256")
    assert RECEIPT.types == {RECEIPT_TYPE}, "`gate06 verify jws` judges receipts by the type they are issued with"
    assert RECEIPT.required <= claims.keys()
    assert claims == receipt_claims(event, ISSUER)
    assert (claims["iss"], claims["aud"], claims["jti"]) == (ISSUER, "p1", event.receipt)
    assert b64decode(claims["leaf_hash"]) == leaf_hash(event.leaf)
    assert claims["included_by"] - claims["iat"] == 3600
    assert found["index"] is None
    with pytest.raises(ReceiptNotYours):
        await desk.find(event.receipt, "p2")


@pytest.mark.parametrize("receipt", ["", "rc_", "rx_" + "a" * 26, "rc_" + "a" * 26, "rf_" + "a" * 26, "rc_ü" * 9])
async def test_an_unknown_receipt_is_unknown(desk, receipt):
    with pytest.raises(ReceiptUnknown):
        await desk.find(receipt, "p1")


@pytest.mark.parametrize(
    ("text", "shaped"),
    [
        (receipt_of(3), True),
        ("rf_" + "a" * 26, True),
        ("rc_short", False),
        ("rc_" + "a" * 80, False),
        ("rc_a b", False),
    ],
)
def test_the_shape_of_a_receipt(text, shaped):
    assert is_receipt(text) is shaped


async def test_what_is_issued_is_known_by_its_form_and_nothing_else_is(evidence):
    told = await evidence.tell(FormReleased, outcome="released", actor_kind="portal")
    assert is_issued_receipt(told.receipt)
    for strange in ("rf_" + "a" * 26, told.receipt[:-1], told.receipt + "0", told.receipt.upper(), told.receipt + "\n"):
        assert not is_issued_receipt(strange)
