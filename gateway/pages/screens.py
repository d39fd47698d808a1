"""The views of the OpenID provider as pages."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from markupsafe import Markup

from gateway.openid_provider.own_pages.views import (
    MisuseDone,
    MisuseForm,
    MyConnections,
    MyNotices,
    MyRecord,
    MyUsage,
    OwnFrame,
)
from gateway.openid_provider.screens import (
    ConsentView,
    DeviceCodeEntry,
    DeviceConfirm,
    DeviceDone,
    Edition,
    FailurePage,
    FormPost,
    LoggedOut,
    LogoutConfirm,
    NoticePage,
    Page,
    SignInChoice,
    View,
)
from gateway.pages.citizen.consent_paper import paper_of
from gateway.pages.citizen.consent_receipt import print_receipt
from gateway.pages.citizen.difference import explain_rows
from gateway.pages.layout.frame import Layout
from gateway.pages.layout.headers import with_script
from gateway.vocabulary.problem import preferred_language


class PageScreens:
    """Shows a view as a page (implements `gateway.openid_provider.screens.Screens`).

    The language link of a page with a form leads to the form's `action` by GET, where the same view is shown
    again; a failure that no address shows again links to its public catalogue page instead.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def show(self, view: View, *, languages: str, status: int = 200) -> Page:
        """Return the page. `languages` is `ui_locales` or Accept-Language; Vietnamese without one."""
        language = _language(languages)
        if isinstance(view, FailurePage):
            return self._failure(view, language, status)
        if isinstance(view, FormPost):
            return self._post(view, language, status)
        explained = explain_rows(view.developer if isinstance(view, LoggedOut | LogoutConfirm) else ())
        if isinstance(view, LoggedOut):
            return self._layout.render(
                "citizen/logged_out.html", language, status=status, switch=view.again, view=view, explained=explained
            )
        return self._layout.render(
            _template_of(view),
            language,
            status=status,
            switch=_again(view),
            switch_form="answer" if isinstance(view, NoticePage) else None,
            has_form=not isinstance(view, MisuseDone) or view.frame is not None,
            view=view,
            explained=explained,
            **({"paper": paper_of(view, language)} if isinstance(view, ConsentView) else {}),
        )

    def consent_edition(self, languages: str) -> Edition:
        """Return the edition of the consent page that `languages` gets."""
        language = _language(languages)
        return Edition(_CONSENT.removesuffix(".html"), language, self._layout.edition(_CONSENT, language))

    def print(self, view: ConsentView, *, languages: str) -> Page:
        """Return the receipt of a consent as a PDF on A4."""
        return print_receipt(view, _language(languages))

    def _post(self, view: FormPost, language: str, status: int) -> Page:
        """Return the one page with a script: it presses the page's button, and pressing it by hand does the same."""
        page = self._layout.render(
            "citizen/form_post.html",
            language,
            status=status,
            has_form=True,
            view=view,
            host=urlsplit(view.action).netloc,
            script=Markup(POST_AT_ONCE),  # noqa: S704  a constant
        )
        return replace(page, headers=with_script(page.headers, POST_AT_ONCE))

    def _failure(self, view: FailurePage, language: str, status: int) -> Page:
        failure = view.failure
        return self._layout.render(
            "citizen/failure.html",
            language,
            status=status,
            switch=view.here or f"{self._layout.base_path}/errors/{failure.code}",
            view=view,
            # trying again with a locked or closed account would only end here again
            retry_url=view.retry_url if getattr(failure, "retryable", True) else None,
            explained=explain_rows(view.developer),
        )


POST_AT_ONCE = "document.getElementById('answer').submit()"
"""All the script there is in pages: what OAuth 2.0 Form Post Response Mode §2 has a page do (decision 0064)."""

_CONSENT = "citizen/consent.html"
_TEMPLATES: Mapping[type[View], str] = {
    LogoutConfirm: "citizen/logout.html",
    ConsentView: "citizen/consent_record.html",
    MyRecord: "citizen/my_record.html",
    MyUsage: "citizen/my_usage.html",
    MyConnections: "citizen/my_connections.html",
    MyNotices: "citizen/my_notices.html",
    MisuseForm: "citizen/my_report.html",
    MisuseDone: "citizen/my_report_done.html",
    DeviceCodeEntry: "operator/device_code.html",
    DeviceConfirm: "operator/device_confirm.html",
    DeviceDone: "operator/device_done.html",
}


def _template_of(view: View) -> str:
    if isinstance(view, SignInChoice):
        return "operator/sign_in.html" if view.staff else "citizen/sign_in.html"
    if isinstance(view, NoticePage):
        return _CONSENT if view.mode == "consent" else "citizen/notice.html"
    return _TEMPLATES[type(view)]


def _again(view: View) -> str | None:
    """Return where the same page is shown again by GET, for the language link."""
    if isinstance(view, LogoutConfirm | DeviceCodeEntry):
        return view.again
    if isinstance(view, SignInChoice | NoticePage | DeviceConfirm):
        return view.action
    if isinstance(view, ConsentView):
        return f"{view.address}?undone=on" if view.undone else view.address
    frame = getattr(view, "frame", None)
    return frame.here if isinstance(frame, OwnFrame) else None


def _language(languages: str) -> str:
    # ui_locales is parted by spaces, Accept-Language by commas
    return preferred_language(languages if "," in languages else languages.replace(" ", ","))
