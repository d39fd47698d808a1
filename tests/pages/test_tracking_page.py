"""The page of public progress in a real browser, over a real store: found, not found, in both languages, on a phone."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette

from gateway.audit.record import Evidence
from gateway.dossiers.intake import Intake, Sender
from gateway.dossiers.tracking import Tracking
from gateway.dossiers.unit_file import COLUMNS, parse_units
from gateway.dossiers.unit_list import store_units
from gateway.pages.public.tracking import TrackingPage
from gateway.pages.routes import public_routes
from gateway.pages.tracking_routes import tracking_routes
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.dossiers.told import CODE, NOW, NUMBER, START, event, vietnam, whole
from tests.pages.browser import axe_source, barriers, overflows, press
from tests.pages.page_samples import make_layout, make_public_pages, read_status, serving
from tests.services import MASTER_KEY

pytestmark = pytest.mark.browser

UNITS = (
    f"{','.join(COLUMNS)}\nH99,Tỉnh Mẫu,,province,,2000-01-01,,,\nH99.40,Xã An Bình,An Binh,commune,H99,2000-01-01,,,\n"
)
TITLES = {"1.004222": {"vi": "Đăng ký thường trú", "en": "Permanent residence"}}
RIGHT, WRONG = NUMBER[-4:], "9999"


def make_application(folder: Path) -> Starlette:
    """Return the page over a store that knows one dossier, which waits for papers."""
    layout, clock = make_layout(), SettableClock(NOW)

    @asynccontextmanager
    async def opened(application: Starlette) -> AsyncIterator[None]:
        url = f"sqlite:///{folder}/store.db"
        storage = await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())
        intake = Intake(
            storage.store, storage.index, Evidence(clock, SystemRandomness(), storage.keys), clock, storage.journal
        )
        province = Sender(client_id="truc", units=None, actor=("portal", "truc"))
        asked = event("supplement_requested", START + timedelta(hours=1), HanBoSung=vietnam(NOW))
        await intake.take(province, intake.read("truc", "whole", [whole()], START))
        await intake.take(province, intake.read("truc", "event", [asked]))
        await store_units(storage.store, parse_units(UNITS.encode(), "units.csv"), [], now=NOW)
        page = TrackingPage(Tracking(storage.store, storage.index, clock), layout, TITLES.get)
        application.router.routes.extend(tracking_routes(page))
        yield
        await storage.close()

    return Starlette(routes=public_routes(make_public_pages(layout), read_status), lifespan=opened)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("tracking")
    with serving(make_application(folder)) as url:
        yield url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
    yield context.new_page()
    context.close()


def ask(page: Page, address: str, number: str, check: str, language: str = "vi") -> None:
    page.goto(f"{address}/tracking?ui_locales={language}")
    page.fill("#code", number)
    page.fill("#check", check)
    press(page, "#show")


def fits(page: Page) -> None:
    assert overflows(page) <= 0
    assert barriers(page, axe_source()) == []


def test_the_first_page_leads_here_and_the_boxes_lead_to_the_way_of_a_dossier(page: Page, address: str) -> None:
    page.goto(f"{address}/?ui_locales=vi")
    press(page, "#tracking")
    fits(page)
    page.fill("#code", CODE.lower())
    page.focus("#check")
    page.keyboard.type(RIGHT)
    press(page, "#check", "Enter")
    shown = page.inner_text("#progress")
    for words in (
        CODE,
        "Chờ người nộp bổ sung giấy tờ",
        "Đăng ký thường trú (1.004222)",
        "Xã An Bình (H99.40)",
        "Hạn bổ sung",
    ):
        assert words in shown
    assert page.locator(".steps li").count() == 2
    assert page.input_value("#check") == ""
    assert not [value for value in (NUMBER, "BƯỞI") if value in page.content()]
    assert page.url == f"{address}/tracking"
    fits(page)


def test_in_english_the_same_is_said_in_english(page: Page, address: str) -> None:
    ask(page, address, CODE, RIGHT, "en")
    assert "Waiting for papers you have to add" in page.inner_text("#status")
    assert "An Binh (H99.40)" in page.inner_text("#office")
    fits(page)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_not_shown_has_one_sentence_and_the_code(page: Page, address: str, language: str) -> None:
    said = []
    for number in (CODE, "H99.40-261105-0777"):
        ask(page, address, number, WRONG, language)
        said.append(page.inner_text("#trouble"))
        assert page.input_value("#code") == number
    assert said[0] == said[1]
    assert "DS-130" in said[0]
    fits(page)
    ask(page, address, "ho-so", WRONG, language)
    assert "DS-131" in page.inner_text("#trouble")
    fits(page)
