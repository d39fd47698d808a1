"""The error catalogue: one entry for each failure class, as pages and as `docs/errors.md`.

The classes have to be imported before (`application` and the command import every folder that defines some).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from inspect import cleandoc

from gateway.vocabulary.failure import Failure, catalogue

_FAMILIES = {
    "GW": "Sign-in and OAuth",
    "PF": "Prefill and policy",
    "CR": "Calls to sources",
    "CN": "Connector authoring",
    "DS": "Dossiers",
}
_HEAD = """\
# Error catalogue

Generated from the failure classes by `gate06`; a stale copy fails `make check`. Every refusal carries its code in
the answer (problem JSON `code`, OAuth `error_uri`) and on the page people see; `/errors/{code}` shows the entry.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A failure class with the family its code belongs to."""

    family: str
    failure: type[Failure]


def _ours() -> Iterator[type[Failure]]:
    # a class somebody defined in passing (a test, a connector of another package) is not ours to document
    return (failure for failure in catalogue() if failure.__module__.partition(".")[0] in {"gateway", "connectors"})


def list_entries() -> list[Entry]:
    """Return the entries of all known failure classes, ordered by code."""
    return [Entry(failure.code.partition("-")[0], failure) for failure in _ours()]


def find_failure(code: str) -> type[Failure] | None:
    """Return the class with this code, or None."""
    return next((failure for failure in _ours() if failure.code == code), None)


def explain_cause(failure: type[Failure]) -> str:
    """Return why a failure happens: its class's own docstring, on one line."""
    return " ".join(cleandoc(failure.__doc__ or failure.title).split())


def render_error_catalogue(failures: Iterable[type[Failure]] | None = None) -> str:
    """Return `docs/errors.md`: a section for each code with cause, both sentences, wire form and fix."""
    parts = [_HEAD]
    family = ""
    for failure in _ours() if failures is None else sorted(failures, key=lambda entry: entry.code):
        prefix = failure.code.partition("-")[0]
        if prefix != family:
            family = prefix
            parts.append(f"## {family}: {_FAMILIES.get(family, family)}\n")
        parts.append(_section(failure))
    return "\n".join(parts)


def _section(failure: type[Failure]) -> str:
    wire = f"HTTP {failure.http_status}" + (f", `error={failure.oauth_error}`" if failure.oauth_error else "")
    return (
        f"### {failure.code} {failure.title}\n\n"
        f"{explain_cause(failure)}\n\n"
        f"- On the wire: {wire}; refused by {failure.refused_by.replace('_', ' ')}\n"
        f"- vi: {failure.vi}\n"
        f"- en: {failure.en}\n"
        f"- Fix: {failure.fix}\n"
    )
