"""One of each page, with names that try to break out of HTML, and a small server that shows them."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.identity_providers.contract import (
    AccountClosed,
    AccountLevelTooLow,
    AccountLocked,
    AccountNotActivated,
    AccountOnOtherPhone,
    ClocksDiffer,
    IdentityProviderUnavailable,
    SignInCancelled,
    SignInNotConfirmed,
    UpstreamAnswerInvalid,
)
from gateway.openid_provider.failure import AttemptFinished, AttemptLost, InvalidRedirect, PortalClosed
from gateway.openid_provider.screens import (
    DeviceCodeEntry,
    DeviceConfirm,
    DeviceDone,
    FailurePage,
    FormPost,
    LoggedOut,
    LogoutConfirm,
    NoticePage,
    PortalFace,
    ProviderButton,
    SignInChoice,
    View,
)
from gateway.pages.evidence_routes import evidence_routes
from gateway.pages.layout.frame import Layout
from gateway.pages.layout.province import Province
from gateway.pages.public.evidence import Outside
from gateway.pages.public.pages import PersonaHint, PublicPages
from gateway.pages.public.status import StatusReport, StatusRow
from gateway.pages.routes import page_language, page_response, public_routes
from gateway.pages.screens import PageScreens
from gateway.pages.slip_routes import slip_routes
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import FormPreview, PreviewField
from gateway.vocabulary.officer import STAFF_ROLES
from gateway.vocabulary.persona import personas
from tests.pages.own_page_samples import OWN_VIEWS

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PORTAL = PortalFace(
    name={"vi": "Cổng dịch vụ công tỉnh", "en": "Provincial services portal"},
    agency={"vi": "Văn phòng UBND tỉnh", "en": "Provincial people's office"},
    home="https://portal.example/home",
)
HOSTILE = PortalFace(name={"vi": "<script>alert(1)</script>", "en": '"><img src=x onerror=alert(1)>'}, home=None)
POPULATION = {"vi": "CSDL quốc gia về dân cư", "en": "National population database"}
PROVIDERS = (
    ProviderButton(
        alias="vneid",
        label={
            "vi": "Đăng nhập bằng tài khoản định danh điện tử",
            "en": "Sign in with the electronic identity account",
        },
    ),
    ProviderButton(
        alias="national", label={"vi": "Tài khoản Cổng Dịch vụ công quốc gia", "en": "National portal account"}
    ),
)


def _field(
    name: str, vi: str, en: str, masked: str | None, shown: str | None, status: str = "verified"
) -> PreviewField:
    return PreviewField(
        id=name,
        label={"vi": vi, "en": en},
        status=status,
        source_label=POPULATION,
        as_of=date(2026, 11, 22) if shown is not None else None,
        masked=masked,
        shown=shown,
    )


ENDS_AT = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
"""10:30 in Vietnam."""

FIELDS = (
    _field("applicant.full_name", "Họ, chữ đệm và tên", "Full name", "T••• T•• B•••", "Trần Thị Bưởi"),
    _field("applicant.birth_date", "Ngày sinh", "Date of birth", "••/••/1975", "12/05/1975"),
    _field("applicant.sex", "Giới tính", "Sex", "Nữ", "Nữ", "conflict"),
    _field("applicant.personal_number", "Số định danh cá nhân", "Personal number", "999•••••0003", "999175000003"),
    _field("applicant.residence", "Nơi thường trú", "Residence", "••• xã Trà Hồ", "Tổ 7, xã Trà Hồ", "stale"),
    PreviewField(
        id="head.full_name",
        label={"vi": "Họ tên chủ hộ", "en": "Head of household"},
        status="unavailable",
        source_label=POPULATION,
        why={"vi": "Nguồn chưa trả lời. Ông/bà tự điền.", "en": "The source has not answered. Fill it in yourself."},
    ),
    _field("head.relation", "Quan hệ với chủ hộ", "Relation to the head", None, None, "not_applicable"),
    _field("applicant.phone", "Số điện thoại", "Telephone", None, None, "self_declared"),
    _field("head.personal_number", "Số định danh chủ hộ", "Number of the head", None, None, "withheld"),
)
FORM = FormPreview(
    procedure="1.004222",
    title={"vi": "Đăng ký thường trú", "en": "Registration of permanent residence"},
    legal_basis=({"vi": "Luật Cư trú 2020, Điều 22", "en": "Law on Residence 2020, Article 22"},),
    basis="law",
    fields=FIELDS,
    kept_for={"vi": "10 phút sau khi đăng nhập", "en": "10 minutes after the sign-in"},
)
_LACKED = ("applicant.residence", "head.full_name", "head.relation", "applicant.phone", "head.personal_number")
QUESTION = replace(
    FORM,
    basis="consent",
    purpose={"vi": "Điền sẵn phần của ông/bà trong tờ khai", "en": "To fill in your part of the declaration"},
    other="S••",
    fields=tuple(
        replace(
            row,
            status="not_asked" if place < 6 else row.status,
            as_of=None,
            **({"masked": None, "shown": None} if row.id in _LACKED else {}),
            sources=("population",) if place < 6 else (),
            attributes=(row.id.partition(".")[2],) if place < 6 else (),
            required=place < 4,
        )
        for place, row in enumerate(FIELDS)
    ),
)
"""What a consent page asks: four items the form needs, two that it does not, three that come from nowhere."""

PERSON = (
    ({"vi": "Họ tên", "en": "Name"}, "T••• T•• B•••", "Trần Thị Bưởi"),
    ({"vi": "Số định danh", "en": "Number"}, "999•••••0003", "999175000003"),
)


def failing(kind: type[Failure], **members: object) -> FailurePage:
    """Return the page of a failure class with a support code and both ways on."""
    failure = kind()
    failure.trace_id, failure.receipt = "4bf92f3577b34da6", "rf_0123456789"
    known = {"portal": PORTAL, "return_url": "https://portal.example/cb?error=x&state=s", "retry_url": "/again"}
    return FailurePage(failure=failure, **(known | members))  # type: ignore[arg-type]


CAUSES: dict[str, type[Failure]] = {
    "cancelled": SignInCancelled,
    "not_confirmed": SignInNotConfirmed,
    "not_activated": AccountNotActivated,
    "old_phone": AccountOnOtherPhone,
    "clocks_differ": ClocksDiffer,
    "locked": AccountLocked,
    "closed": AccountClosed,
    "unavailable": IdentityProviderUnavailable,
    "answer_invalid": UpstreamAnswerInvalid,
    "level": AccountLevelTooLow,
}
VIEWS: dict[str, View] = {
    "sign_in": SignInChoice(portal=PORTAL, providers=PROVIDERS, action="/view/sign_in", csrf="c-1", ends_at=ENDS_AT),
    "notice": NoticePage(
        portal=PORTAL,
        person=PERSON,
        claims=(),
        form=FORM,
        action="/view/notice",
        csrf="c-2",
        ends_at=ENDS_AT,
        changed=True,
        offers_trust=True,
    ),
    "consent": NoticePage(
        portal=PORTAL,
        person=PERSON,
        claims=({"vi": "Mã riêng tại dịch vụ này", "en": "A code for this service"}, {"vi": "Họ tên", "en": "Name"}),
        form=QUESTION,
        action="/view/consent",
        csrf="c-3",
        ends_at=ENDS_AT,
        mode="consent",
        notice="0f" * 32,
        recipient=PORTAL.agency,
        ticked=frozenset({"trust"}),
        offers_trust=True,
    ),
    "claims": NoticePage(
        portal=PORTAL,
        person=PERSON,
        claims=({"vi": "Họ tên", "en": "Name"}, {"vi": "Mức độ tài khoản", "en": "Account level"}),
        form=None,
        action="/view/claims",
        csrf="c-4",
        ends_at=ENDS_AT,
    ),
    "staff_sign_in": SignInChoice(
        portal=PORTAL, providers=PROVIDERS, action="/view/staff_sign_in", csrf="c-6", ends_at=AT, staff=True
    ),
    "device_code": DeviceCodeEntry(action="/view/device_code", again="/view/device_code", typed="BCDF-GHJK"),
    "device_wrong": DeviceCodeEntry(
        action="/view/device_wrong", again="/view/device_wrong", csrf="c-7", typed='"><script>', wrong=True
    ),
    "device_confirm": DeviceConfirm(
        action="/view/device_confirm",
        csrf="c-8",
        client=PORTAL,
        officer="H'Ƀil <b>Niê</b> & Kđăm",
        agency="H55.01",
        roles=STAFF_ROLES,
        code="BCDF-GHJK",
        machine="quan-tri-cong-dinh-danh@may-chu-so-mot.trung-tam-du-lieu.tinh.ex",
        address="2001:db8:85a3::8a2e:370:7334",
        asked_at=AT,
        lasts_minutes=30,
        ends_at=AT,
    ),
    "device_done": DeviceDone(allowed=True, officer="Đinh Thị Hoà", action="/view/device_done", csrf="c-9"),
    "device_denied": DeviceDone(allowed=False, officer="Đinh Thị Hoà", action="/view/device_done", csrf="c-9"),
    "logout": LogoutConfirm(portal=PORTAL, action="/view/logout", csrf="c-5", again="/view/logout"),
    "logout_lost": LogoutConfirm(
        portal=PORTAL,
        action="/view/logout",
        csrf="c-5",
        developer=(
            ("received post_logout_redirect_uri", "https://portal.ex\u0430mple/bye"),
            ("registered post_logout_redirect_uri", "https://portal.example/bye"),
        ),
    ),
    "logged_out": LoggedOut(portal=PORTAL, again="/view/logged_out"),
    "stayed": LoggedOut(portal=None, stayed=True),
    "form_post": FormPost(action="https://portal.example/cb", parameters=(("code", 'a"b'), ("state", "<s>"))),
    "redirect": FailurePage(
        failure=InvalidRedirect(),
        developer=(
            ("registered redirect_uri 1", "https://portal.example/other/path"),
            ("registered redirect_uri 2", "https://portal.example/callback"),
            ("received redirect_uri", "https://portal.example/callback/"),
        ),
    ),
    "hostile": NoticePage(
        portal=HOSTILE,
        person=(({"vi": "Họ tên", "en": "Name"}, "H•••", "H'Ƀil <b>Niê</b> & Kđăm"),),
        claims=({"vi": "{họ} <i>tên</i>", "en": "{name} <i>x</i>"},),
        form=None,
        action="/view/hostile",
        csrf='"><script>',
        ends_at=ENDS_AT,
    ),
    "elsewhere": failing(AttemptLost, retry_url=None, return_url="https://portal.example/"),
    "done": failing(AttemptFinished, retry_url=None, return_url="https://portal.example/", onward_url="/interaction/a"),
    "again": failing(AttemptFinished, retry_url=None, here="/view/again"),
    "blocked": failing(PortalClosed, retry_url=None, unblock_url="/me/connections"),
    **{name: failing(kind) for name, kind in CAUSES.items()},
    **OWN_VIEWS,
}


async def read_status() -> StatusReport:
    """Return three parts, one in each state."""
    return StatusReport(
        checked_at=AT,
        rows=(
            StatusRow(id="gateway", name={"vi": "Cổng định danh", "en": "Gateway"}, state="up", since=AT),
            StatusRow(id="population", name=POPULATION, state="degraded", since=AT),
            StatusRow(id="vneid", name={"vi": "VNeID"}, state="down"),
        ),
    )


def make_layout(*, trial: bool = False, base_path: str = "") -> Layout:
    """Return the frame the samples are shown in."""
    province = Province(name={"vi": "Tỉnh Trà Hồ", "en": "Trà Hồ province"})
    return Layout(province, base_path=base_path, trial=trial)


def make_public_pages(layout: Layout) -> PublicPages:
    """Return the public pages with three of the demo's people."""
    hints = tuple(
        PersonaHint(index=one.index, name=one.full_name, note={"vi": one.note_vi, "en": one.note_en})
        for one in personas()
    )
    return PublicPages(layout, personas=hints, portal_url="http://127.0.0.1:8003/")


OUTSIDE = Outside(
    log_key="gateway.example/log+0a1b2c3d+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh",
    witness_url="https://witness.example/seen/checkpoint",
    witness_key="witness.example/1+4d3c2b1a+BAIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh",
)


def make_application(*, trial: bool = False) -> Starlette:
    """Return an application that shows each sample under `/view/{name}` beside the public pages."""
    layout = make_layout(trial=trial)
    screens = PageScreens(layout)
    pages = make_public_pages(layout)

    async def show(request: Request) -> Response:
        view = VIEWS[request.path_params["name"]]
        return page_response(screens.show(view, languages=page_language(request)))

    async def broken(request: Request) -> Response:
        return page_response(pages.broken(page_language(request), trace_id="4bf92f3577b34da6"))

    return Starlette(
        routes=[
            *public_routes(pages, read_status),
            *evidence_routes(layout, OUTSIDE),
            *slip_routes(PolicyBundle.load(), pages, SettableClock(AT)),
            Route("/view/{name}", show, methods=["GET", "POST"]),
            Route("/broken", broken),
        ]
    )


@contextlib.contextmanager
def serving(application: Starlette | Callable[[str], Starlette]) -> Iterator[str]:
    """Serve an application on a free port of 127.0.0.1 in a thread; give its address.

    An application that has to know its own address is given as a function of it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if not isinstance(application, Starlette):
        application = application(address)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="on", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
