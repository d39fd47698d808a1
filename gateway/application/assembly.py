"""Putting the house together: settings in, one ASGI application out. Nothing below knows who else lives here."""

import asyncio
import hmac
import os
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from gateway.application.connector_desk import TokenOperators, connect
from gateway.application.deliveries import deliver, make_outbox
from gateway.application.dossier_desk import dossier_routes
from gateway.application.joints import NoticingStore, TokenBearers, TokenClients, documents_by
from gateway.application.logs import configure_logs
from gateway.application.operations import Operations, operational_routes
from gateway.application.requirements import permit_seeds, require_matchable, require_permitted
from gateway.application.seeds import keep_seeds_fresh, leave_word
from gateway.application.shell import Shell
from gateway.application.troubles import broken_answer, error_handlers
from gateway.application.upkeep import keep_clients_fresh, keep_purging, probe_providers, settle_memory
from gateway.assurance.life import DEATH
from gateway.assurance.sign_in import MatchFigures, RegisterMatch
from gateway.audit.checkpoint import NoteSigner, origin_of, verifier_key
from gateway.audit.endpoints import LogDesk
from gateway.audit.log import Log
from gateway.audit.receipt import ReceiptDesk
from gateway.audit.record import Evidence
from gateway.audit.sequencer import Sequencer
from gateway.connector_lifecycle.endpoints import ConnectorDesk, connector_routes
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.quarantine import Quarantine
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.identity_providers.contract import IdentityProvider
from gateway.identity_providers.registry import build
from gateway.openid_provider.allowance import Allowance
from gateway.openid_provider.client_keys import ClientKeys
from gateway.openid_provider.clients import ClientRegistry, ResourceRegistry
from gateway.openid_provider.endpoints import provider_routes
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.endpoints import own_routes
from gateway.openid_provider.profiles import Lifetimes
from gateway.openid_provider.staff_realm.command import command_client
from gateway.openid_provider.staff_realm.endpoints import staff_routes
from gateway.pages.evidence_routes import evidence_routes
from gateway.pages.layout.frame import Layout
from gateway.pages.operator.connectors import connector_page_routes
from gateway.pages.operator.reports import report_page_routes
from gateway.pages.public.attributes import attribute_page_routes
from gateway.pages.public.evidence import Outside
from gateway.pages.public.pages import PersonaHint, PublicPages
from gateway.pages.routes import public_routes
from gateway.pages.screens import PageScreens
from gateway.pages.slip_routes import slip_routes
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.endpoints import prefill_routes
from gateway.prefill.house import Desk, Figures, Prefill
from gateway.settings import ConfigurationRefused, Settings, read_settings
from gateway.staff.office import names_of
from gateway.storage.open import Storage, open_storage
from gateway.tokens.dpop_nonce import NonceSteps
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import Clock, Randomness, SystemClock, SystemRandomness, text_token
from gateway.vocabulary.persona import personas

log = structlog.get_logger()


def create_application() -> ASGIApp:
    """Return the gateway as an ASGI application, set up by the environment (the server calls this in each worker).

    Raises ConfigurationRefused for settings that cannot be served with.
    """
    return application_of(read_settings())


def application_of(settings: Settings, clock: Clock | None = None) -> ASGIApp:
    """Return the gateway for these settings; storage and keys are opened when the server starts it."""
    time, chance = clock or SystemClock(), SystemRandomness()
    configure_logs(settings, time)
    pages = make_pages(settings)

    async def open_house() -> Running:
        return await assemble(settings, pages, time, chance)

    def broken(scope: Scope, trace_id: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        return broken_answer(pages, settings.issuer, scope, trace_id)

    return Shell(open_house, chance, broken, urlsplit(settings.issuer).path)


@dataclass(frozen=True, slots=True)
class Opened:
    """What has to be closed again."""

    storage: Storage
    connectors: ConnectorRegistry
    upstream: ZoneClient
    portals: ZoneClient


class Running:
    """The house at work: its routes, and the tasks that run beside them."""

    def __init__(self, application: FastAPI, opened: Opened) -> None:
        self.application: ASGIApp = application
        self.quick: Mapping[str, Route] = fixed_routes(application)
        routes = [route for route in application.router.routes if isinstance(route, Route)]
        self.templates: Mapping[object, str] = {route.endpoint: route.path for route in routes}
        self._opened = opened
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the requests until the house closes."""
        self._tasks.append(asyncio.create_task(work, name=name))

    async def close(self) -> None:
        """End the tasks, then close connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._opened.connectors.close()
        await self._opened.upstream.close()
        await self._opened.portals.close()
        await self._opened.storage.close()


def make_pages(settings: Settings) -> PublicPages:
    """Return the pages; in dev they show the personas to sign in as."""
    layout = Layout(base_path=urlsplit(settings.issuer).path, trial=settings.dev)
    hints = (
        [
            PersonaHint(index=one.index, name=one.full_name, note={"vi": one.note_vi, "en": one.note_en})
            for one in personas()
        ]
        if settings.dev
        else []
    )
    portal_url = f"http://127.0.0.1:{settings.demo.portal_port}" if settings.dev else None
    return PublicPages(layout, personas=tuple(hints), portal_url=portal_url)


async def open_store(settings: Settings, chance: Randomness) -> Storage:
    """Open the storage. Raises ConfigurationRefused: production does not take a Redis that forgets."""
    storage = await open_storage(
        settings.store.url,
        settings.store.redis or None,
        master_key=settings.master_key_bytes(),
        randomness=chance,
    )
    durability = await storage.durability()
    if durability is not None and not durability.append_only and not settings.dev:
        await storage.close()
        raise ConfigurationRefused(["`store.redis` has no append-only file: set `appendonly yes`"])
    return storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The lower floors, opened: where records, keys and evidence are, and the time and chance they are made with."""

    storage: Storage
    store: NoticingStore
    keys: KeyRing
    shelf: Log
    sequencer: Sequencer
    evidence: Evidence
    clock: Clock
    chance: Randomness


async def lay_ground(settings: Settings, clock: Clock, chance: Randomness) -> Ground:
    """Open storage, keys and the log. Raises StorageUnavailable, ConfigurationRefused."""
    storage = await open_store(settings, chance)
    keys = await KeyRing.open(
        storage.store,
        storage.store,
        clock,
        chance,
        publish_for=timedelta(seconds=settings.keys.publish_seconds),
        retire_for=timedelta(seconds=settings.keys.retire_seconds),
    )
    shelf = Log(storage.journal, storage.tree, storage.checkpoints, storage.leases)
    signer = NoteSigner(origin_of(settings.issuer), keys.log_key())
    sequencer = Sequencer(shelf, signer, clock, holder=f"{os.getpid()}-{text_token(chance, 64)}")
    return Ground(
        storage=storage,
        store=NoticingStore(storage.store, sequencer.notify),
        keys=keys,
        shelf=shelf,
        sequencer=sequencer,
        evidence=Evidence(clock, chance, storage.keys),
        clock=clock,
        chance=chance,
    )


async def assemble(settings: Settings, pages: PublicPages, clock: Clock, chance: Randomness) -> Running:
    """Open everything and join it."""
    ground = await lay_ground(settings, clock, chance)
    quarantine = Quarantine(ground.store, ground.evidence, clock)
    connected = await connect(settings, ground.store, ground.evidence, clock, chance, on_drift=quarantine.report)
    connectors = connected.registry
    upstream = ZoneClient(settings.egress.identity_providers, settings.egress)
    policy = PolicyBundle.load(settings.policies.path, starts=connectors.correction_starts())
    has_staff = any(provider.realm == "staff" for provider in settings.identity_provider)
    clients = ClientRegistry(settings.portal, built_in=[command_client()] if has_staff else ())
    await clients.refresh(ground.storage.store)
    # only what this start brings: a portal registered earlier must not stop it, the policy refuses it when it asks
    require_permitted(policy, ClientRegistry(settings.portal))
    prefill = make_prefill(settings, ground, policy, connectors)
    providers = build(settings.identity_provider, upstream, ground.keys, clock, chance, http_allowed=settings.dev)
    require_matchable(settings, connectors)
    matching = make_matching(settings, ground, connectors)
    screens = PageScreens(pages.layout)
    portals = ZoneClient(settings.egress.portals, settings.egress)
    house = make_house(
        *(settings, ground, prefill, clients, screens),
        providers=providers,
        matching=matching,
        client_keys=ClientKeys(documents_by(portals), clock),
    )
    receipts = ReceiptDesk(ground.storage.store, ground.storage.journal, ground.keys, settings.issuer)
    desk = LogDesk(ground.shelf, receipts, TokenClients(house), settings.issuer)
    operations = operational_routes(ground.storage, connectors, house, ground.sequencer)
    sources = connected.desk(policy, clients, settings.issuer)
    others = [
        *desk.routes(),
        *connector_routes(sources, TokenOperators(house)),
        *operator_routes(house, sources, pages.layout),
        *evidence_routes(pages.layout, outside_of(settings, ground)),
    ]
    opened = Opened(ground.storage, connectors, upstream, portals)
    running = Running(join_routes(house, prefill, pages, operations, others), opened)
    running.begin("sequencer", ground.sequencer.run())
    running.begin("keys", ground.keys.keep_fresh())
    running.begin("quarantine", quarantine.run(connectors))
    running.begin("portals", keep_clients_fresh(clients, ground.storage))
    await (tell := partial(leave_word, ground.storage.store, clock))(settings)
    running.begin("seeds", keep_seeds_fresh(clients, partial(permit_seeds, policy), tell))
    running.begin("connectors", connected.run(ground.storage.store))
    running.begin("purge", keep_purging(ground.storage, clock))
    running.begin("probes", probe_providers(providers))
    running.begin("deliveries", deliver(settings, house, ground.storage.store, portals))
    settle_memory()
    log.info("started", worker=os.getpid(), policy_bundle=policy.bundle_id)
    return running


def outside_of(settings: Settings, ground: Ground) -> Outside:
    """Return what people are told who check the log from outside."""
    return Outside(
        log_key=verifier_key(origin_of(settings.issuer), ground.keys.log_public_key()),
        witness_url=settings.witness.url,
        witness_key=settings.witness.key,
    )


def operator_routes(house: House, sources: ConnectorDesk, layout: Layout) -> list[Route]:
    """Return the pages of operators, and the public one of attributes."""
    return [
        *connector_page_routes(house, sources, layout),
        *report_page_routes(house, layout),
        *attribute_page_routes(house, sources, layout),
    ]


def make_prefill(settings: Settings, ground: Ground, policy: PolicyBundle, connectors: ConnectorRegistry) -> Prefill:
    """Return what fills forms."""
    desk = Desk(
        store=ground.store,
        index=ground.storage.index,
        keys=ground.storage.keys,
        evidence=ground.evidence,
        clock=ground.clock,
        randomness=ground.chance,
    )
    figures = Figures(
        issuer=settings.issuer,
        deadline_for=timedelta(milliseconds=settings.prefill.deadline_ms),
        connected=frozenset(connectors.sources()),
    )
    return Prefill(policy, connectors, desk, ground.keys, figures)


def make_matching(settings: Settings, ground: Ground, connectors: ConnectorRegistry) -> RegisterMatch:
    """Return what compares sign-ins with the population register."""
    knows = [source for source, attributes in connectors.sources().items() if DEATH in attributes]
    figures = MatchFigures(
        source=settings.match.source,
        by=settings.match.by,
        life_source=knows[0] if knows else None,
        procedure=settings.match.procedure,
        deadline_for=timedelta(milliseconds=settings.prefill.deadline_ms),
    )
    return RegisterMatch(connectors, ground.clock, ground.chance, figures)


def make_house(
    settings: Settings,
    ground: Ground,
    prefill: Prefill,
    clients: ClientRegistry,
    screens: PageScreens,
    *,
    providers: Mapping[str, IdentityProvider],
    matching: RegisterMatch,
    client_keys: ClientKeys,
) -> House:
    """Return what the OpenID provider works with."""
    pairwise_secret = ground.keys.pairwise_key()
    return House(
        issuer=settings.issuer,
        clients=clients,
        resources=ResourceRegistry(settings.resource),
        identity_providers=providers,
        policy=prefill.policy,
        store=ground.store,
        listing=ground.store,
        index=ground.storage.index,
        evidence=ground.evidence,
        log=ground.shelf,
        keys=ground.keys,
        forms=prefill,
        matching=matching,
        strangers=Allowance(ground.clock, enabled=settings.limits.enabled),
        screens=screens,
        clock=ground.clock,
        randomness=ground.chance,
        # a developer's command waits a second between its questions, not five
        lifetimes=Lifetimes(device_interval=timedelta(seconds=1)) if settings.dev else Lifetimes(),
        pairwise_secret=pairwise_secret,
        refresh_secret=hmac.digest(pairwise_secret, b"refresh-token-successor", "sha256"),
        develop=settings.dev,
        working_days=settings.working_days(),
        offices=names_of(settings.office),
        client_keys=client_keys,
        replays=ground.storage,
        nonces=nonces_of(settings, pairwise_secret),
        outbox=make_outbox(settings, ground.chance),
    )


def nonces_of(settings: Settings, secret: bytes) -> NonceSteps:
    """Return the nonces of proofs of possession: the same on every node that shares the keys."""
    wanted = settings.dpop.nonce_profiles if settings.dpop.nonce == "on" else ()
    return NonceSteps(hmac.digest(secret, b"dpop-nonce-steps", "sha256"), wanted)


def fixed_routes(application: FastAPI) -> dict[str, Route]:
    """Return the awaited routes whose path has no parameter; of two with one path the first counts, as always."""
    found: dict[str, Route] = {}
    for route in application.router.routes:
        if isinstance(route, Route) and "{" not in route.path and iscoroutinefunction(route.endpoint):
            found.setdefault(route.path, route)
    return found


def join_routes(
    house: House, prefill: Prefill, pages: PublicPages, operations: Operations, others: Sequence[Route]
) -> FastAPI:
    """Return the routes of all floors in one application, the hot ones first."""
    application = FastAPI(
        title="Gate06",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        exception_handlers=error_handlers(pages, house.issuer),
        # FastAPI's own telemetry exports query strings: `code`, `state` and hints would leave the house
        telemetry={"tracing": False, "logs": False, "metrics": False, "operation_spans": False},
    )
    application.router.redirect_slashes = False
    application.router.routes.extend(
        [
            *provider_routes(house),
            *own_routes(house),
            *staff_routes(house),
            *prefill_routes(prefill, TokenBearers(house)),
            *dossier_routes(house, pages.layout),
            *others,
            *operations.routes,
            *public_routes(pages, operations.read_status),
            *slip_routes(house.policy, pages, house.clock),
        ]
    )
    return application
