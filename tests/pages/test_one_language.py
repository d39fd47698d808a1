"""A name that exists in one language stands on every page as what it is (WCAG 3.1.2)."""

from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.openid_provider.screens import PortalFace
from gateway.pages.screens import PageScreens
from tests.pages.own_page_samples import OWN_VIEWS
from tests.pages.page_samples import VIEWS, make_layout

NAME, AGENCY = "Cổng Thử", "Sở Thử"
ALL = {**VIEWS, **OWN_VIEWS}
VOID = {"meta", "link", "input", "br", "img", "hr", "wbr"}


class Marks(HTMLParser):
    """Collects each piece of text with the language of the innermost element that says one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.said: list[tuple[str | None, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("lang")))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(tag == "title" for tag, _ in self.open):
            self.said.append((next((lang for _, lang in reversed(self.open) if lang), None), data))


def renamed(view: Any, name: dict[str, str], agency: dict[str, str]) -> Any:
    """Return a view with every portal in it called so."""
    if isinstance(view, tuple):
        return tuple(renamed(one, name, agency) for one in view)
    if not is_dataclass(view) or isinstance(view, type):
        return view
    changes = {one.name: renamed(getattr(view, one.name), name, agency) for one in fields(view) if one.init}
    if type(view).__name__ in {"NamedPortal", "PortalFace"}:
        changes |= {"name": name, "agency": agency and changes["agency"] and agency}
    if changes.get("recipient"):
        changes["recipient"] = agency
    return replace(view, **changes)


def marks(view: Any, language: str, name: dict[str, str], agency: dict[str, str]) -> set[tuple[str | None, str]]:
    html = PageScreens(make_layout()).show(renamed(view, name, agency), languages=language).body.decode()
    said = Marks(html).said
    return {(lang, one) for lang, text in said for one in (NAME, AGENCY) if one in text}


@pytest.mark.parametrize("name", ALL)
def test_an_english_page_marks_the_vietnamese_name_of_a_portal(name: str) -> None:
    found = marks(ALL[name], "en", {"vi": NAME}, {"vi": AGENCY})
    assert {lang for lang, _ in found} <= {"vi"}, found
    assert {lang for lang, _ in marks(ALL[name], "vi", {"vi": NAME}, {"vi": AGENCY})} <= {"vi"}


@pytest.mark.parametrize("name", ALL)
def test_a_vietnamese_page_marks_the_english_name_of_a_portal(name: str) -> None:
    found = marks(ALL[name], "vi", {"en": NAME}, {"en": AGENCY})
    assert {lang for lang, _ in found} <= {"en"}, found


def test_the_pages_that_name_a_portal_are_looked_at() -> None:
    named = {name for name in ALL if marks(ALL[name], "en", {"vi": NAME}, {"vi": AGENCY})}
    assert {"sign_in", "notice", "consent", "logout", "logged_out", "my_usage", "my_connections", "my_report"} <= named
    assert PortalFace(name={"vi": NAME}).agency == {}
