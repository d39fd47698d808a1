"""LGSP types 1 and 2 (domain.md §5.3) and the name kept for NDOP: the same people on every bus, every proof checked."""

import json
from dataclasses import replace

import aiohttp
import pytest
from pydantic import SecretStr

from connectors.population import simulator
from connectors.population.simulator import create_application
from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.contract import Absent, Found, OutboundReply, Refused, SourceTrouble, Unavailable
from gateway.connector_runtime.failure import InvalidManifest, TransportUnset
from gateway.connector_runtime.folders import BUILT_IN
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.making import make_transport
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.manifest_failure import TransportReserved
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.connector_runtime.transports.lgsp_wrapper import Partner, open_wrapper
from gateway.vocabulary.clock import SettableClock, SystemClock
from gateway.vocabulary.outcome_parts import encode_outcome
from gateway.vocabulary.persona import personas
from tests.connectors.conftest import Source, serving

pytestmark = pytest.mark.anyio
TYPES = ("lgsp_wrapper", "lgsp_json")
BOTH = pytest.mark.parametrize("bus", TYPES)
QUICK = [one for one in personas() if not one.population.slow_seconds]
FAULTS = {
    "down": Unavailable(reason="unreachable"),
    "malformed": Unavailable(reason="malformed"),
    "html200": Unavailable(reason="malformed"),
    "oversize": Unavailable(reason="oversize"),
    "soap_fault": Unavailable(reason="fault"),
    "document_type": Unavailable(reason="malformed"),
    "unauthorised": None,
    "denied_procedure": Refused("purpose_denied"),
    "denied_officer": Refused("officer_denied"),
    "other_person": Refused("other_person"),
    "ambiguous": Absent("ambiguous"),
    "no_match": Absent("no_match"),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def played(anyio_backend: str):
    """One register behind every bus for all tests of this file; each clears its faults."""
    async with serving(create_application(count=14), "population") as source:
        yield source


async def ask(source: Source, bus: str, question, clock=None, **changes):
    source.transport = bus
    registry = source.registry(clock, limits={"retries": 0}, **changes)
    return (await registry.ask({"population": question}))["population"]


async def test_every_bus_tells_the_same_of_everybody(played, question_about) -> None:
    clock = SettableClock(SystemClock().now())
    found = 0
    for person in QUICK:
        told = {
            bus: json.dumps({name: encode_outcome(one) for name, one in sorted(answer.items())})
            for bus in ("ndxp", *TYPES)
            if (answer := await ask(played, bus, question_about(person), clock))
        }
        assert len(set(told.values())) == 1, person.index
        found += isinstance(answer["full_name"], Found)
    assert found == 12  # everybody but the slow one and the foreign resident


@BOTH
@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_every_fault_is_told_as_on_the_other_buses(played, question_about, bus: str, fault: str) -> None:
    await played.order(target="*", fault=fault, times=1)
    answer = await ask(played, bus, question_about(3))
    if fault == "unauthorised":  # a refused token is fetched anew once, and then all is well
        assert isinstance(answer["full_name"], Found)
        return
    (came,) = set(answer.values())
    wanted = FAULTS[fault]
    if isinstance(came, Unavailable) and isinstance(wanted, Unavailable):
        came, wanted = came.reason, wanted.reason
    assert came == wanted


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [{"secret": SecretStr("x")}, {"user": "somebody"}, {"key_user": "somebody"}],
    ids=lambda one: next(iter(one)),
)
async def test_a_wrong_proof_gets_nothing(played, question_about, bus: str, wrong) -> None:
    (came,) = set((await ask(played, bus, question_about(3), **wrong)).values())
    assert came.reason == "fault"


@pytest.mark.parametrize("wrong", [{"key_secret": SecretStr("x")}, {"partner_code": "x"}, {"application": "x"}])
async def test_every_part_of_the_wrapper_is_looked_at(played, question_about, wrong) -> None:
    (came,) = set((await ask(played, "lgsp_wrapper", question_about(3), **wrong)).values())
    assert came == Unavailable(reason="fault")


async def test_an_officer_at_a_desk_is_told_to_the_bus(question_about) -> None:
    application = create_application(count=14)
    async with serving(application, "population") as source:
        question = question_about(3, officer_ref="999080000201")
        desk = {"desk_user": "desk", "desk_secret": SecretStr("of the desk")}
        (came,) = set((await ask(source, "lgsp_wrapper", question, **desk)).values())
        assert came == Unavailable(reason="fault")  # the bus knows no such account
        citizen = await ask(source, "lgsp_wrapper", question_about(3), **desk)
        assert isinstance(citizen["full_name"], Found)


async def test_the_flat_question_names_no_operation_so_nothing_but_the_look_up_is_asked(played, question_about) -> None:
    played.transport = "lgsp_json"
    registry = played.registry()
    assert await registry.verify("population", question_about(3)) == Refused("bad_request")
    played.transport = "lgsp_wrapper"
    assert await played.registry().verify("population", question_about(3)) is True


@BOTH
async def test_a_bus_is_probed_without_a_message(played, bus: str) -> None:
    played.transport = bus
    assert (await played.registry().check_all())["population"].state == "up"
    down = await played.registry(token_url="http://127.0.0.1:9/token").check_all()
    assert down["population"].state == "down"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"data": {"a": 1}}',
        b'{"data": " "}',
        b'["data"]',
        b'{"data": "a", "data": "b"}',
        b"<a/>",
        b"[" * 100_000,
    ],
)
def test_an_answer_without_its_wrapper_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceTrouble) as caught:
        open_wrapper(OutboundReply(200, {}, body))
    assert caught.value.outcome == Unavailable(reason="malformed")


def test_what_is_missing_is_said_before_anybody_is_asked(source_settings) -> None:
    for name in ("application", "partner_code", "key_user", "token_url"):
        with pytest.raises(TransportUnset, match=name):
            load(source_settings(name, "lgsp_wrapper"))
    with pytest.raises(TransportUnset, match="token_url"):
        load(source_settings("token_url", "lgsp_json"))


@pytest.fixture
def source_settings():
    return lambda unset, bus: replace(Source("http://127.0.0.1:9"), transport=bus).settings(**{unset: ""})


def load(settings) -> ConnectorRegistry:
    return ConnectorRegistry.load({"population": settings}, egress=EgressSettings(), clock=SystemClock())


def test_a_partner_is_not_shown(source_settings) -> None:
    assert "demo" not in repr(Partner.of(source_settings("road_client", "lgsp_wrapper")))


def test_the_name_of_the_platform_to_come_is_kept_and_refused_with_a_sentence(source_settings) -> None:
    text = (BUILT_IN / "population/manifest.toml").read_text("utf-8")
    manifest = read_manifest(text.replace('transport = "ndxp"', 'transport = "ndop"', 1), "x")
    settings = source_settings("road_client", "ndxp").model_copy(update={"transport": "ndop"})
    with pytest.raises(TransportReserved, match="kept for a bus not yet published"):
        make_transport("population", manifest, settings, None, SystemClock())
    with pytest.raises(InvalidManifest, match="must be one of"):  # nor does a manifest that never heard of it take it
        load(settings)


def test_a_manifest_of_a_kind_over_the_platform_to_come_is_told_so() -> None:
    text = (BUILT_IN / "sample/rest/manifest.toml").read_text("utf-8")
    manifest = read_manifest(text.replace('kind = "rest"', 'kind = "rest"\ntransport = "ndop"', 1), "x")
    assert TransportReserved in {one.failure for one in lint(manifest)}
    assert simulator.PARTNER


async def test_the_token_endpoint_of_a_partner_wants_the_header(played) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{played.url}/lgsp1/token") as reply:
        assert reply.status == 401
