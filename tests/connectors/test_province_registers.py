"""The province's own registers, each manifest against its simulator over real HTTP, and the view in a real database."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from connectors.business_registration import simulator as business_registration
from connectors.dossier_store import simulator as dossier_store
from connectors.land import simulator as land
from connectors.social_insurance import simulator as social_insurance
from connectors.social_protection import register as social_protection
from gateway.cli.simulate import SOURCES, create_simulator
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Absent, Answer, Found, Question, Refused, Unavailable
from gateway.connector_runtime.contract.simulator_people import SEED, generate_people
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.folders import BUILT_IN, read_folder
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona, personas
from gateway.vocabulary.register_persona import entries_of
from tests.connectors.conftest import Source, make_question, serving
from tests.connectors.register_samples import SAYS, answer_about, samples_of
from tests.services import postgresql_server

pytestmark = pytest.mark.anyio


class Face(NamedTuple):
    """A register's simulator, what proves who asks, and a secret's name in its manifest."""

    create: Callable[..., Any]
    secret: str
    secret_ref: str
    path: str
    canary: str


FACES: Mapping[str, Face] = {
    "social_insurance": Face(
        social_insurance.create_application,
        social_insurance.DEMO_SECRET,
        "social-insurance-client",
        "",
        social_insurance.CANARY,
    ),
    "land": Face(land.create_application, land.DEMO_KEY, "land-key", land.PATH, land.CANARY),
    "business_registration": Face(
        business_registration.create_application,
        business_registration.DEMO_SECRET,
        "business-registration-password",
        business_registration.PATH,
        business_registration.CANARY,
    ),
    "dossier_store": Face(
        dossier_store.create_application, dossier_store.DEMO_KEY, "dossier-store-key", "", dossier_store.CANARY
    ),
}
PEOPLE = [one for one in personas() if one.personal_number is not None]


class Asking:
    """One register of this machine, and the connector that asks it."""

    def __init__(self, name: str, source: Source, registry: ConnectorRegistry) -> None:
        self.name, self.source, self._registry = name, source, registry

    async def about(self, index: Any, **changes: Any) -> Answer:
        """Ask for everything the register gives."""
        known = {"attributes": read_folder(BUILT_IN / self.name).provides} | changes
        question: Question = make_question(index, **known)
        return (await self._registry.ask({self.name: question}))[self.name]


@pytest.fixture
def asking(tmp_path: Path) -> Callable[..., Any]:
    """Return what starts a register, by name: an async context of `Asking`."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def start(name: str, *, keys: Mapping[str, Any] | None = None, **changes: Any) -> AsyncIterator[Asking]:
        face = FACES[name]
        async with serving(face.create(count=60), name) as source:
            files = {face.secret_ref: tmp_path / "secret"}
            files[face.secret_ref].write_text(face.secret, "ascii")
            if name == "dossier_store":
                files["dossier-store-keys"] = tmp_path / "keys"
                files["dossier-store-keys"].write_text(json.dumps(keys or await source.told("_keys")), "ascii")
            known: dict[str, Any] = {
                "url": source.url + face.path,
                "zone": "lab",
                "token_url": source.url + social_insurance.TOKEN_PATH,
                "officer": "999080000200",
                "secret_files": files,
            }
            made = ConnectorRegistry.load(
                {name: ConnectorSettings(**known | changes)}, egress=EgressSettings(), clock=SystemClock()
            )
            source.registries.append(made)
            yield Asking(name, source, made)

    return start


@pytest.mark.parametrize("source", SAYS)
def test_the_samples_are_what_the_simulators_write_today(source: str) -> None:
    written = dict(samples_of(source))
    assert {file.name for file in (BUILT_IN / source / "samples").iterdir()} == {file.name for file in written}
    for file, body in written.items():
        assert file.read_bytes() == body, file.name


@pytest.mark.parametrize("source", SAYS)
def test_every_field_is_in_the_catalogue_with_this_source(source: str) -> None:
    manifest, bundle = read_folder(BUILT_IN / source), PolicyBundle.load()
    held = {name for name, attribute in bundle.attributes.items() if source in attribute.sources}
    assert manifest.provides == held
    assert source in bundle.sources
    assert not list((BUILT_IN / source).glob("connector.py")), "a manifest says it all"
    sensitive = {name for name in held if bundle.attributes[name].sensitivity == "sensitive"}
    assert manifest.legal.data_class == ("sensitive" if sensitive else "basic")


@pytest.mark.parametrize("source", FACES)
async def test_every_persona_is_told_as_the_register_has_them(asking, source) -> None:
    async with asking(source) as register:
        for one in PEOPLE:
            answer = await register.about(one)
            wanted = answer_about(source, one)
            assert {name: getattr(got, "value", got) for name, got in answer.items()} == {
                name: getattr(got, "value", got) for name, got in wanted.items()
            }, one.index
            for got in answer.values():
                if isinstance(got, Found):
                    assert got.provenance.source == source
            assert FACES[source].canary not in repr(answer)
        assert (await register.source.calls())["count"] == len(PEOPLE)


@pytest.mark.parametrize("source", FACES)
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("down", Unavailable(reason="unreachable")),
        ("malformed", Unavailable(reason="malformed")),
        ("html200", Unavailable(reason="malformed")),
        ("oversize", Unavailable(reason="oversize")),
        ("document_type", Unavailable(reason="malformed")),
        ("denied_procedure", Refused("purpose_denied")),
        ("other_person", Refused("other_person")),
        ("ambiguous", Absent("ambiguous")),
    ],
)
async def test_every_fault_is_told_apart(asking, source, fault, outcome) -> None:
    async with asking(source) as register:
        await register.source.order(target=3, fault=fault)
        answer = dict(await register.about(3))
    if (source, fault) == ("dossier_store", "ambiguous"):
        # it names one owner always; of two papers of one kind none is taken, and the other kind stands
        assert isinstance(answer.pop("land_certificate_number"), Found)
        outcome = Unavailable(reason="malformed")
    reasons = {(type(one), getattr(one, "reason", None)) for one in answer.values()}
    assert reasons == {(type(outcome), outcome.reason)}


@pytest.mark.parametrize("source", FACES)
async def test_a_wrong_secret_tells_nothing(asking, source, tmp_path) -> None:
    async with asking(source) as register:
        await register.source.order(target="*", fault="unauthorised")
        answer = await register.about(3)
    assert not any(isinstance(one, Found) for one in answer.values())


async def test_a_month_stays_a_month_and_a_year_a_year(asking) -> None:
    async with asking("social_insurance") as register:
        told = [(await register.about(index))["social_insurance_since"] for index in (3, 7)]
    assert [one.value for one in told] == [PartialDate(2016, 3), PartialDate(2008)]


async def test_twins_are_told_apart_by_their_number_alone(asking) -> None:
    async with asking("social_insurance") as register:
        told = [(await register.about(index))["social_insurance_number"] for index in (11, 12)]
    assert [one.value for one in told] == ["9900000011", "9900000012"]


async def test_the_land_register_keeps_a_year_and_answers_no_parcel_for_the_first_of_several(asking) -> None:
    async with asking("land") as register:
        old = await register.about(1)
        assert old["land_certificate_date"].value == PartialDate(2004)
        assert set((await register.about(2)).values()) == {Absent("no_match")}


@pytest.mark.parametrize(
    ("changes", "requester"),
    [
        ({}, "999175000003"),
        ({"requester_number": "999070000105", "requester_name": "Nông Văn Thắng"}, "999070000105"),
        ({"officer_ref": "CB-0007"}, "CB-0007"),
    ],
)
async def test_the_store_is_told_the_owner_and_whoever_asks(asking, changes, requester) -> None:
    async with asking("dossier_store") as register:
        answer = await register.about(3, **changes)
        (call,) = (await register.source.calls())["last"]
    assert answer["land_certificate_number"].value == "ZZ 000003"
    assert call["number_hash"] == sha256(b"999175000003").hexdigest()
    assert call["requester_hash"] == sha256(requester.encode()).hexdigest()


async def test_an_answer_that_another_key_signed_is_dropped_whole(asking) -> None:
    async with asking("dossier_store", keys=dossier_store.Signer(None).jwks()) as register:
        answer = await register.about(3)
    assert set(answer.values()) == {Unavailable(reason="malformed")}


async def test_keys_that_are_none_stop_the_gateway_before_it_starts(asking) -> None:
    with pytest.raises(ConnectorFailure) as refused:
        async with asking("dossier_store", keys={"keys": []}):
            pass
    assert refused.value.code == "CN-180"


async def test_all_registers_are_played_on_one_port_by_their_names() -> None:
    async with serving(create_simulator(SOURCES, {}), "sources") as played:
        for name in ("population", "civil_status", *FACES):
            assert (await played.told(f"{name}/_calls"))["count"] == 0
        assert (await played.told("land/land/v1/health")) == {"status": "up"}
        await played.order(target=3, fault="down")
        assert (await played.told("population/_faults"))["faults"] != []
        assert (await played.told("land/_faults"))["faults"] == []


async def test_the_view_of_the_department_answers_one_row_and_nothing_else(tmp_path) -> None:
    server = postgresql_server()
    url = server.empty()
    database = urlsplit(url).path.lstrip("/")
    role = f"reader_{database}"[:40]
    await server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'reads-one-view'")
    await server.execute("".join(social_protection.statements(count=60, role=role)), database)
    (tmp_path / "role").write_text("reads-one-view", "ascii")
    settings = ConnectorSettings(
        url=server.url(database, role), zone="lab", secret_files={"social-protection-role": tmp_path / "role"}
    )
    registry = ConnectorRegistry.load({"social_protection": settings}, egress=EgressSettings(), clock=SystemClock())
    known = {"attributes": read_folder(BUILT_IN / "social_protection").provides}
    try:
        for one in [*PEOPLE, *generate_people(SEED, 60)]:
            if one.personal_number is None:
                continue
            (answer,) = (await registry.ask({"social_protection": make_question(one, **known)})).values()
            wanted = answer_about("social_protection", one)
            assert {name: getattr(got, "value", got) for name, got in answer.items()} == {
                name: getattr(got, "value", got) for name, got in wanted.items()
            }, one.index
            assert social_protection.CANARY not in repr(answer)
        await server.execute(f"GRANT INSERT ON beneficiary TO {role}", database)
        await registry.close()
        again = ConnectorRegistry.load({"social_protection": settings}, egress=EgressSettings(), clock=SystemClock())
        (refused,) = (await again.ask({"social_protection": make_question(3, **known)})).values()
        assert not any(isinstance(one, Found) for one in refused.values()), "the role can write"
        await again.close()
    finally:
        await registry.close()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = ("".join(social_protection.statements(count=140)) for _ in range(2))
    assert first == second
    entries = [entries_of(one) for one in generate_people(SEED, 140)]
    assert entries == [entries_of(one) for one in generate_people(SEED, 140)]
    for name in ("insurance", "parcel", "business", "protection"):
        held = [getattr(one, name) for one in entries]
        assert any(held), name
        assert not all(held), name


def test_every_entry_is_in_the_range_of_invented_numbers() -> None:
    for one in [*personas(), *generate_people(SEED, 140)]:
        held = entries_of(one)
        if held.insurance:
            assert held.insurance.number.startswith("99")
            assert len(held.insurance.number) == 10
        if held.business:
            assert held.business.code.startswith("99")
        if held.parcel:
            assert held.parcel.certificate.startswith("ZZ ")
    assert entries_of(persona(14)).insurance is None
