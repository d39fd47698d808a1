"""The views of the OpenID provider as pages."""

from typing import Any
from urllib.parse import urlsplit

from gateway.openid_provider.screens import (
    ConsentView,
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
        match view:
            case FormPost():
                return self._form("citizen/form_post.html", view, language, status, host=urlsplit(view.action).netloc)
            case LoggedOut():
                explained = explain_rows(view.developer)
                return self._layout.render(
                    "citizen/logged_out.html", language, status=status, view=view, explained=explained
                )
            case FailurePage():
                return self._failure(view, language, status)
            case SignInChoice():
                template, switch = "citizen/sign_in.html", view.action
            case NoticePage():
                name = "consent" if view.mode == "consent" else "notice"
                template, switch = f"citizen/{name}.html", view.action
            case LogoutConfirm():
                explained = explain_rows(view.developer)
                return self._form("citizen/logout.html", view, language, status, switch=view.again, explained=explained)
            case ConsentView():
                template, switch = "citizen/consent_record.html", view.address
        return self._form(template, view, language, status, switch=switch)

    def print(self, view: ConsentView, *, languages: str) -> Page:
        """Return the receipt of a consent as a PDF on A4."""
        return print_receipt(view, _language(languages))

    def _form(
        self, template: str, view: View, language: str, status: int, *, switch: str | None = None, **more: Any
    ) -> Page:
        return self._layout.render(template, language, status=status, switch=switch, has_form=True, view=view, **more)

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


def _language(languages: str) -> str:
    # ui_locales is parted by spaces, Accept-Language by commas
    return preferred_language(languages if "," in languages else languages.replace(" ", ","))
