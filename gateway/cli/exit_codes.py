"""Exit codes of the command, one meaning each (design.md §12)."""

from enum import IntEnum

from gateway.settings import ConfigurationRefused
from gateway.vocabulary.failure import Failure


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    BUG = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    REMOTE = 6
    CHECK_FAILED = 7
    NEEDS_APPROVAL = 8
    PARTLY_DONE = 9
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.BUG: "a bug in gate06",
    Exit.USAGE: "the command was written wrongly",
    Exit.CONFIGURATION: "the configuration cannot be used",
    Exit.NOT_FOUND: "what was named does not exist",
    Exit.NOT_ALLOWED: "refused by a rule",
    Exit.REMOTE: "a store or another system does not answer",
    Exit.CHECK_FAILED: "a check found something wrong",
    Exit.NEEDS_APPROVAL: "needs an approval, or conflicts with another change",
    Exit.PARTLY_DONE: "done in part",
    Exit.INTERRUPTED: "interrupted",
}

_BY_STATUS = {400: Exit.NOT_ALLOWED, 401: Exit.NOT_ALLOWED, 403: Exit.NOT_ALLOWED, 404: Exit.NOT_FOUND}
_CONFLICTS = frozenset(
    {"GW-1812", "GW-9103", "GW-9104", "GW-9108", "GW-2413", "GW-2414", "GW-2416"}
    | {"CN-202", "CN-203", "CN-207", "CN-208", "CN-209", "CN-210", "CN-212"}
)
_CHECKS = frozenset({"CN-204", "CN-205", "CN-213"})
_OF_THE_HOUSE = ("GW-90", "CN-1", "DS-301")  # settings, stores, keys, connectors and formulas that do not fit


def exit_of(failure: Failure) -> Exit:
    """Return the exit code of a failure."""
    if isinstance(failure, ConfigurationRefused):
        return Exit.CONFIGURATION
    if failure.code in _CONFLICTS:
        return Exit.NEEDS_APPROVAL
    if failure.code in _CHECKS:
        return Exit.CHECK_FAILED
    if failure.http_status in {502, 503, 504}:
        return Exit.REMOTE
    if failure.http_status >= 500 and failure.code.startswith(_OF_THE_HOUSE):
        return Exit.CONFIGURATION
    return _BY_STATUS.get(failure.http_status, Exit.NOT_ALLOWED if failure.http_status < 500 else Exit.BUG)
