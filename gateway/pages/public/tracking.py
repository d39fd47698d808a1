"""The page of public progress: two boxes, and below a right pair the way of the dossier; nothing of its owner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.dossiers.dossier import DossierStatus, Supplement
from gateway.dossiers.failure import DossierNotShown, TrackingMalformed
from gateway.dossiers.status_words import STATUS_WORDS
from gateway.dossiers.tracking import Progress, Tracking
from gateway.openid_provider.screens import Page
from gateway.pages.layout.frame import Layout
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import StorageUnavailable

Text = Mapping[str, str]
Titles = Callable[[str], Text | None]
"""Returns what a procedure is called, by its code; None for one that nobody named."""

_TEMPLATE = "public/tracking.html"
_TROUBLES: Mapping[type[Failure], str] = {
    DossierNotShown: "not_found",
    TrackingMalformed: "malformed",
    StorageUnavailable: "busy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingView:
    """What the page shows. `number` is the dossier's number as it was typed; the digits are never repeated. `trouble`
    is the key of a sentence, `code` the catalogue's."""

    number: str = ""
    progress: Progress | None = None
    title: Text | None = None
    office: Mapping[str, Any] | None = None
    wanted: Supplement | None = None
    trouble: str | None = None
    code: str = ""
    words: Mapping[DossierStatus, Text] = field(default_factory=lambda: STATUS_WORDS)


class TrackingPage:
    """Makes the page."""

    def __init__(self, tracking: Tracking, layout: Layout, titles: Titles) -> None:
        self._tracking = tracking
        self._layout = layout
        self._titles = titles

    def empty(self, language: str) -> Page:
        """Return the page before anything was asked."""
        return self._show(TrackingView(), language)

    async def answer(self, number: str, check: str, language: str) -> Page:
        """Return the page with a dossier's progress, or with one sentence that says why there is none."""
        try:
            progress = await self._tracking.look(number, check.strip())
        except tuple(_TROUBLES) as failure:
            view = TrackingView(number=number, trouble=_TROUBLES[type(failure)], code=failure.code)
            return self._show(view, language, failure.http_status)
        return self._show(view_of(progress, self._titles), language)

    def _show(self, view: TrackingView, language: str, status: int = 200) -> Page:
        # an answer cannot be asked for again in the other language: its digits are not in the page
        switch = None if view.progress else f"{self._layout.base_path}/tracking"
        return self._layout.render(_TEMPLATE, language, status=status, has_form=True, switch=switch, view=view)


def view_of(progress: Progress, titles: Titles) -> TrackingView:
    """Return what is shown of a dossier's progress."""
    dossier = progress.dossier
    waiting = [one for one in dossier.supplements if one.answered_at is None]
    return TrackingView(
        number=dossier.code,
        progress=progress,
        title=None if dossier.procedure is None else titles(dossier.procedure),
        office=progress.office(dossier.handling_unit or dossier.receiving_unit, dossier.updated_at),
        wanted=waiting[-1] if waiting else None,
    )
