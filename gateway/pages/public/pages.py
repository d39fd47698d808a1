"""The public pages as values: each method returns a rendered page in the language asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.openid_provider.screens import Page
from gateway.pages.layout.frame import Layout
from gateway.pages.public.errors import Entry, explain_cause, find_failure, list_entries
from gateway.pages.public.finding import found_at
from gateway.pages.public.status import StatusReport
from gateway.vocabulary.collation import find, person_key

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaHint:
    """A made-up person the demo offers: number, name, what is special about them."""

    index: int
    name: str
    note: Text


class PublicPages:
    """What anybody may read. `personas` and `portal_url` are given in the demo only."""

    def __init__(
        self, layout: Layout, *, personas: tuple[PersonaHint, ...] = (), portal_url: str | None = None
    ) -> None:
        self.layout = layout
        self._personas = tuple(sorted(personas, key=lambda one: person_key(one.name)))
        self._portal_url = portal_url

    def home(self, language: str) -> Page:
        """Return the first page: what this place is."""
        return self._show("home", language, switch="/", personas=self._personas, portal_url=self._portal_url)

    def errors(self, language: str, query: str = "") -> Page:
        """Return the list of all codes, or of those whose code, title or sentences have the words of a query."""
        entries = [one for one in list_entries() if find(query, [one], _words_of)]
        return self._show("errors", language, switch=found_at("/errors", query), families=entries, query=query)

    def error(self, code: str, language: str, *, receipt: str | None = None) -> Page:
        """Return the page of one code, or the 404 page for a code that does not exist."""
        failure = find_failure(code)
        if failure is None:
            return self.missing(language)
        return self._show(
            "error", language, switch=f"/errors/{code}", entry=failure, why=explain_cause(failure), receipt=receipt
        )

    def status(self, report: StatusReport, language: str) -> Page:
        """Return the status page."""
        return self._show("status", language, switch="/status", report=report)

    def missing(self, language: str) -> Page:
        """Return the 404 page."""
        return self._show("missing", language, switch="", http_status=404)

    def not_offered(self, language: str) -> Page:
        """Return the 405 page: the address exists and does not take what was sent this way."""
        return self._show("not_offered", language, switch="", http_status=405)

    def broken(self, language: str, *, trace_id: str | None = None) -> Page:
        """Return the 500 page: constant words and a support code, nothing of what went wrong."""
        return self._show("broken", language, http_status=500, trace_id=trace_id)

    def _show(
        self, name: str, language: str, *, switch: str | None = None, http_status: int = 200, **values: Any
    ) -> Page:
        # an empty address is this very one, whatever it is: nothing of what was asked for is repeated in the page
        address = self.layout.base_path + switch if switch else switch
        return self.layout.render(f"public/{name}.html", language, status=http_status, switch=address, **values)


def _words_of(entry: Entry) -> str:
    """Return what an entry is found by: its code, its title, its sentences."""
    failure = entry.failure
    return " ".join((failure.code, failure.title, failure.vi, failure.en))
