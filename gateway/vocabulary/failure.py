"""Failures as classes: a class is its entry in the error catalogue (`docs/errors.md` is generated from them).

Inner code raises a `Failure`; only an edge (an endpoint, a page, a command) turns it into OAuth JSON, problem
JSON or a page. Two voices are kept apart: `detail` may be read by the caller, `operator_detail` goes to the log
only. Neither ever holds a value of a citizen.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

RefusedBy = Literal["portal", "gateway", "policy", "connector", "source", "citizen", "identity_provider"]


class Failure(Exception):
    """Something that could not be done, and says what, who refused, and how to mend it.

    Class members are the catalogue entry: `code` (family-number), `title` (English, short), `http_status`,
    `oauth_error` (RFC 6749, 6750, 9126, 9396 … error code, or None where no OAuth endpoint raises it),
    `vi` and `en` (one plain sentence for the person), `fix` (what the developer or operator does).
    """

    code: ClassVar[str]
    title: ClassVar[str]
    http_status: ClassVar[int] = 400
    oauth_error: ClassVar[str | None] = None
    refused_by: RefusedBy = "gateway"
    vi: ClassVar[str]
    en: ClassVar[str]
    fix: ClassVar[str]

    def __init__(
        self,
        detail: str = "",
        *,
        operator_detail: str = "",
        refused_by: RefusedBy | None = None,
        missing: Sequence[str] = (),
        excess: Sequence[str] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.operator_detail = operator_detail
        if refused_by is not None:
            self.refused_by = refused_by
        self.missing = tuple(missing)
        self.excess = tuple(excess)
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.receipt: str | None = None
        self.trace_id: str | None = None


def catalogue() -> Iterator[type[Failure]]:
    """Yield every failure class that has a code, ordered by code (import the modules that define them first)."""
    found: dict[str, type[Failure]] = {}
    waiting = [Failure]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if "code" in child.__dict__:
                found[child.code] = child
    yield from (found[code] for code in sorted(found))


def recalled(code: str, detail: str) -> Failure | None:
    """Return a failure that was told before, to tell it again; None for a code that this version does not know."""
    kind = next((one for one in catalogue() if one.code == code), None)
    if kind is None:
        return None
    again = kind.__new__(kind)
    # a class's own constructor may want what only the first telling knew
    Failure.__init__(again, detail)
    return again
