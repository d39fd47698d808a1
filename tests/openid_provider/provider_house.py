"""A provider with everything real but the identity provider and the form: stores, keys, policy, pages, HTTP."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import orjson
from starlette.applications import Starlette

from gateway.assurance.sign_in import MatchFigures, RegisterMatch
from gateway.audit.checkpoint import NoteSigner, origin_of
from gateway.audit.journal import Journal
from gateway.audit.log import Log
from gateway.audit.record import Evidence
from gateway.audit.sequencer import Pace, Sequencer
from gateway.connector_runtime.contract import Outcome, Question
from gateway.identity_providers.contract import Authentication, Begin, Callback, Departure
from gateway.openid_provider.allowance import Allowance
from gateway.openid_provider.clients import ClientRegistry, Portal, Resource, ResourceRegistry
from gateway.openid_provider.endpoints import provider_routes
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.endpoints import own_routes
from gateway.openid_provider.profiles import Lifetimes
from gateway.openid_provider.staff_realm.command import command_client
from gateway.openid_provider.staff_realm.endpoints import staff_routes
from gateway.pages.layout.frame import Layout
from gateway.pages.operator.reports import report_page_routes
from gateway.pages.screens import PageScreens
from gateway.policy.bundle import PolicyBundle
from gateway.storage.open import open_storage
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.form_preview import FormAsk, FormPreview
from gateway.vocabulary.officer import StaffAccount
from gateway.vocabulary.partial_date import PartialDate

ISSUER = "http://127.0.0.1:8000"
CALLBACK = "http://127.0.0.1:8003/callback"
SECRET = "s3cr:t%+ /ü-of-the-portal-with-odd-letters"
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
POLICY = PolicyBundle.load()

PORTALS = (
    Portal.model_validate(
        {
            "client_id": "portal",
            "client_secret": SECRET,
            "redirect_uris": [CALLBACK, "http://127.0.0.1:8003/other?x=1"],
            "post_logout_redirect_uris": ["http://127.0.0.1:8003/bye"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile offline_access report:read",
            "procedures": ["1.004222"],
            "client_name": "Cổng thử",
            "client_uri": "http://127.0.0.1:8003/",
        }
    ),
    Portal.model_validate(
        {
            "client_id": "app",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1:8005/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
        }
    ),
    Portal.model_validate(
        {
            "client_id": "old",
            "client_secret": "old-secret",
            "token_endpoint_auth_method": "client_secret_post",
            "profile": "legacy",
            "legacy_until": "2027-06-30",
            "redirect_uris": ["http://127.0.0.1:8006/callback"],
            "id_token_signed_response_alg": "RS256",
            "sector": "old.example",
            "id_token_claims": ["name"],
        }
    ),
    Portal.model_validate(
        {
            "client_id": "strict",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1:8007/callback"],
            "match": "required",
        }
    ),
    Portal.model_validate(
        {
            "client_id": "desk",
            "client_secret": SECRET,
            "client_name": "Phần mềm một cửa",
            "redirect_uris": ["http://127.0.0.1:8009/callback"],
            "post_logout_redirect_uris": ["http://127.0.0.1:8009/bye"],
            "grant_types": ["authorization_code", "client_credentials"],
            "procedures": ["1.004222"],
            "id_token_claims": ["agency_code"],
            "realm": "staff",
        }
    ),
)
RESOURCES = (
    Resource.model_validate(
        {"identifier": "https://reports.example", "token_format": "jwt", "scopes": ["report:read"], "lifetime_s": 120}
    ),
)


def person(**changes: object) -> Authentication:
    """Return a sign-in of the person that most tests are about."""
    members: dict[str, object] = {
        "provider": "fake",
        "issuer": "https://idp.example",
        "subject": "person-3",
        "full_name": "TRẦN THỊ BƯỞI",
        "personal_number": "999175000003",
        "birth_date": PartialDate(1975, 5, 12),
        "sex": "female",
        "account_level": 2,
        "acr": "urn:gate06:vneid:2",
        "vouches_for_number": True,
    }
    return Authentication(**{**members, **changes})  # type: ignore[arg-type]


@dataclass
class ScriptedProvider:
    """An identity provider whose next answer the test writes."""

    alias: str = "fake"
    label: Mapping[str, str] = field(default_factory=lambda: {"vi": "Thử", "en": "Trial"})
    realm: str = "citizen"
    reauthenticates: bool = True
    answer: Authentication | Exception = field(default_factory=person)
    begun: list[Begin] = field(default_factory=list)

    async def begin(self, request: Begin) -> Departure:
        self.begun.append(request)
        return Departure(f"https://idp.example/authorize?state={request.state}", {"kept": 1})

    async def complete(self, callback: Callback) -> Authentication:
        assert callback.memory == {"kept": 1}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class ForgetfulProvider(ScriptedProvider):
    """One that cannot be asked to authenticate anew, but whose session can be ended."""

    alias: str = "forgetful"
    reauthenticates: bool = False
    ended: list[str] = field(default_factory=list)

    def sign_out_url(self, *, id_token: str | None, return_to: str, state: str) -> str | None:
        self.ended.append(state)
        return f"https://idp.example/logout?to={return_to}&state={state}"


@dataclass
class ScriptedRegister:
    """A population register whose next answer the test writes; it keeps what it was asked."""

    answer: Mapping[str, Outcome] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    async def ask(self, questions: Mapping[str, Question]) -> Mapping[str, Mapping[str, Outcome]]:
        self.asked += questions.values()
        return dict.fromkeys(questions, self.answer)


def officer(**changes: object) -> Authentication:
    """Return a sign-in of a member of staff: a security officer, unless `staff` says otherwise."""
    staff = StaffAccount(number="999180000101", agency="H55.01", roles=("security_officer",))
    members: dict[str, object] = {
        "provider": "staff",
        "issuer": "https://staff.example",
        "subject": "cb-1",
        "full_name": "Đinh Thị Hoà",
        "staff": staff,
    }
    return Authentication(**{**members, **changes})  # type: ignore[arg-type]


class EmptyForms:
    """A form without fields: what a form looks like is not this folder's business."""

    async def prepare(self, ask: FormAsk) -> FormPreview:
        title = {"vi": "Đăng ký thường trú", "en": "Permanent residence"}
        return FormPreview(procedure=ask.procedure, title=title, legal_basis=(), basis="law", fields=(), kept_for=title)


@dataclass
class Provider:
    """The house, its clock, its scripted upstream, and a browser-like client."""

    house: House
    clock: SettableClock
    upstream: ScriptedProvider
    forgetful: ForgetfulProvider
    register: ScriptedRegister
    journal: Journal
    staff: ScriptedProvider
    http: httpx2.AsyncClient
    application: Starlette

    @asynccontextmanager
    async def another_browser(self) -> AsyncIterator["Provider"]:
        """Yield the same house as another browser sees it."""
        transport = httpx2.ASGITransport(app=self.application)
        async with httpx2.AsyncClient(transport=transport, base_url=self.house.issuer) as http:
            yield replace(self, http=http)

    async def sequence(self) -> None:
        """Take every stored event into the tree and sign a checkpoint."""
        signer = NoteSigner(origin_of(self.house.issuer), self.house.keys.log_key())
        sequencer = Sequencer(self.house.log, signer, self.clock, "test", Pace(checkpoint_for=0))
        while await sequencer.work():
            pass

    async def get(self, url: str, **members: object) -> httpx2.Response:
        return await self.http.get(url, **members)  # type: ignore[arg-type]


@asynccontextmanager
async def open_provider(
    folder: Path,
    store_url: str | None = None,
    *,
    issuer: str = ISSUER,
    portals: Sequence[Portal] = PORTALS,
    develop: bool = True,
) -> AsyncIterator[Provider]:
    """Yield a provider on a fresh store."""
    randomness, clock = SystemRandomness(), SettableClock(START)
    storage = await open_storage(
        store_url or f"sqlite:///{folder}/store.db", None, master_key=b"m" * 32, randomness=randomness
    )
    keys = await KeyRing.open(
        storage.store,
        storage.store,
        clock,
        randomness,
        publish_for=timedelta(seconds=600),
        retire_for=timedelta(seconds=3600),
    )
    upstream, forgetful, register = ScriptedProvider(), ForgetfulProvider(), ScriptedRegister()
    staff = ScriptedProvider(alias="staff", realm="staff", answer=officer())
    house = House(
        issuer=issuer,
        clients=ClientRegistry(portals, built_in=[command_client()]),
        resources=ResourceRegistry(RESOURCES),
        identity_providers={"fake": upstream, "forgetful": forgetful, "staff": staff},  # type: ignore[dict-item]
        policy=POLICY,
        store=storage.store,
        listing=storage.store,
        index=storage.index,
        evidence=Evidence(clock, randomness, storage.keys),
        log=Log(storage.journal, storage.tree, storage.checkpoints, storage.leases),
        keys=keys,
        forms=EmptyForms(),
        strangers=Allowance(clock),
        matching=RegisterMatch(register, clock, randomness, MatchFigures()),
        screens=PageScreens(Layout()),
        clock=clock,
        randomness=randomness,
        lifetimes=Lifetimes(),
        pairwise_secret=keys.pairwise_key(),
        refresh_secret=b"r" * 32,
        develop=develop,
    )
    routes = [*provider_routes(house), *own_routes(house), *staff_routes(house), *report_page_routes(house, Layout())]
    application = Starlette(routes=routes)
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url=issuer) as http:
        yield Provider(house, clock, upstream, forgetful, register, storage.journal, staff, http, application)
    await storage.close()


async def events_of(provider: Provider) -> list[dict[str, object]]:
    """Return every event stored so far, oldest first."""
    return [orjson.loads(event.leaf) for event in await provider.journal.pending(10_000)]
