"""The views of the OpenID provider as pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.openid_provider.screens import (
    ConsentView,
    DeviceCodeEntry,
    DeviceConfirm,
    DeviceDone,
    FailurePage,
    FormPost,
    LoggedOut,
    LogoutConfirm,
    NoticePage,
    Page,
    SignInChoice,
    View,
)
from gateway.pages.citizen.consent_receipt import print_receipt
from gateway.pages.citizen.difference import explain_rows
from gateway.pages.layout.frame import Layout
from gateway.vocabulary.problem import preferred_language


class PageScreens:
    """Shows a view as a page (implements `gateway.openid_provider.screens.Screens`).

    The language link of a page with a form leads to the form's `action` by GET, where the same view is shown
    again; a failure, which cannot be asked for again, links to its public catalogue page instead.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def show(self, view: View, *, languages: str, status: int = 200) -> Page:
        """Return the page. `languages` is `ui_locales` or Accept-Language; Vietnamese without one."""
        language = _language(languages)
        if isinstance(view, FailurePage):
            return self._failure(view, language, status)
        if isinstance(view, LoggedOut):
            explained = explain_rows(view.developer)
            return self._layout.render(
                "citizen/logged_out.html", language, status=status, view=view, explained=explained
            )
        more: dict[str, Any] = {}
        if isinstance(view, FormPost):
            more["host"] = urlsplit(view.action).netloc
        if isinstance(view, LogoutConfirm):
            more["explained"] = explain_rows(view.developer)
        return self._layout.render(
            _template_of(view), language, status=status, switch=_again(view), has_form=True, view=view, **more
        )

    def print(self, view: ConsentView, *, languages: str) -> Page:
        """Return the receipt of a consent as a PDF on A4."""
        return print_receipt(view, _language(languages))

    def _failure(self, view: FailurePage, language: str, status: int) -> Page:
        failure = view.failure
        return self._layout.render(
            "citizen/failure.html",
            language,
            status=status,
            switch=f"{self._layout.base_path}/errors/{failure.code}",
            view=view,
            # trying again with a locked or closed account would only end here again
            retry_url=view.retry_url if getattr(failure, "retryable", True) else None,
            explained=explain_rows(view.developer),
        )


_TEMPLATES: Mapping[type[View], str] = {
    ConsentView: "citizen/consent_record.html",
    LogoutConfirm: "citizen/logout.html",
    FormPost: "citizen/form_post.html",
    DeviceCodeEntry: "operator/device_code.html",
    DeviceConfirm: "operator/device_confirm.html",
    DeviceDone: "operator/device_done.html",
}


def _template_of(view: View) -> str:
    if isinstance(view, SignInChoice):
        return "operator/sign_in.html" if view.staff else "citizen/sign_in.html"
    if isinstance(view, NoticePage):
        return f"citizen/{'consent' if view.mode == 'consent' else 'notice'}.html"
    return _TEMPLATES[type(view)]


def _again(view: View) -> str | None:
    """Return where the same page is shown again by GET, for the language link."""
    if isinstance(view, LogoutConfirm | DeviceCodeEntry):
        return view.again
    if isinstance(view, ConsentView):
        return view.address
    return view.action if isinstance(view, SignInChoice | NoticePage | DeviceConfirm) else None


def _language(languages: str) -> str:
    # ui_locales is parted by spaces, Accept-Language by commas
    return preferred_language(languages if "," in languages else languages.replace(" ", ","))
