"""Rendering: one template, one language, one page."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, meta
from markupsafe import Markup

from gateway.audit.canonical import canonical_bytes
from gateway.openid_provider.screens import Page
from gateway.pages.layout.assets import Assets
from gateway.pages.layout.headers import page_headers
from gateway.pages.layout.mask import spell_mask
from gateway.pages.layout.province import Province
from gateway.pages.layout.words import Words, read_phrases

_PAGES = Path(__file__).parent.parent
_SHARED = (
    "layout/base",
    "layout/time",
    "layout/developer",
    "layout/find",
    "citizen/my_frame",
    "citizen/my_parts",
    "operator/connector_parts",
    "operator/report_parts",
    "citizen/answer_parts",
    "citizen/slip_parts",
)
_OTHER = {"vi": "en", "en": "vi"}


def make_environment() -> Environment:
    """Return the template environment: escapes everything, refuses a name that was not given."""
    environment = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["spell_mask"] = spell_mask
    return environment


@cache
def _phrases(template: str) -> dict[str, dict[str, str]]:
    return read_phrases(*(_PAGES / f"{name}.toml" for name in _SHARED), (_PAGES / template).with_suffix(".toml"))


class Layout:
    """The frame all pages share.

    `base_path` is the path part of the issuer (empty for most), put before our own addresses. `trial` shows the
    band "trial environment" on every page; it cannot be hidden there.
    """

    def __init__(self, province: Province | None = None, *, base_path: str = "", trial: bool = False) -> None:
        self.base_path = base_path.rstrip("/")
        self.trial = trial
        self.assets = Assets(f"{self.base_path}/static")
        self._environment = make_environment()
        self._environment.globals.update(
            province=province or Province(), trial=trial, base_path=self.base_path, asset=self.assets.url
        )

    def words(self, template: str, language: str) -> Words:
        """Return the words of a page, for what is no page of it."""
        return Words(_phrases(template), language)

    def edition(self, template: str, language: str) -> str:
        """Return the SHA-256 (hexadecimal) of what a page is made of in a language: its markup, with every template it
        draws on, and its words. The same edition says the same about the same things."""
        markup = {name: self._source(name) for name in self._drawn_on(template)}
        words = {key: text[language] for key, text in _phrases(template).items()}
        return sha256(canonical_bytes({"markup": markup, "words": words})).hexdigest()

    def _drawn_on(self, template: str) -> set[str]:
        """Return the names of a template and of those it draws on."""
        found, waiting = {template}, [template]
        while waiting:
            referenced = meta.find_referenced_templates(self._environment.parse(self._source(waiting.pop())))
            more = {name for name in referenced if name is not None} - found
            found |= more
            waiting += more
        return found

    def _source(self, template: str) -> str:
        return (_PAGES / template).read_text("utf-8")

    def render(
        self,
        template: str,
        language: str,
        *,
        status: int = 200,
        switch: str | None = None,
        switch_form: str | None = None,
        has_form: bool = False,
        **values: Any,
    ) -> Page:
        """Return the page. `template` is `folder/name.html`, its phrases stand in `folder/name.toml`.

        `switch` is the address that shows the same page again, to which `ui_locales` is added for the other
        language; None leaves the link out (an answer to a post cannot be asked for again). `switch_form` is the id of a
        form that is posted with `ui_locales` instead, so that what was ticked in it is not lost.
        """
        words = Words(_phrases(template), language)
        html = self._environment.get_template(template).render(
            t=words,
            language=language,
            other=_OTHER[language],
            switch_url=_switch_url(switch, _OTHER[language]),
            switch_form=switch_form,
            **values,
        )
        return Page(html.encode(), status, page_headers(language, has_form=has_form))


def _switch_url(address: str | None, language: str) -> Markup | str | None:
    if address is None:
        return None
    return f"{address}{'&' if '?' in address else '?'}ui_locales={language}"
