"""Signs of an answer: what a status or a member of the body means, by the manifest's table and the house's defaults.

An error is never an empty answer: 404 is nobody only where the manifest says so, and a page is no answer at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.connector_runtime.contract import Absent, OutboundReply, Refused, SourceTrouble, Unavailable
from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.manifest_parts import OutcomeRow, OutcomeWord
from gateway.connector_runtime.mapping.path import Shape, Step, parse_path
from gateway.connector_runtime.mapping.tree import MEMBERS, plain, walk
from gateway.connector_runtime.transports.reply import wait_or_go

Read = Callable[[], Any]
Judge = Callable[[OutboundReply, Read], None]

_MEANINGS: Mapping[OutcomeWord, Absent | Refused | Unavailable] = {
    "not_found": Absent("no_match"),
    "ambiguous": Absent("ambiguous"),
    "conflict": Absent("ambiguous"),
    "denied": Refused("purpose_denied"),
    "officer_denied": Refused("officer_denied"),
    "bad_request": Refused("bad_request"),
    "fatal": Unavailable(reason="fault"),
}


class Signs:
    """The compiled table; `otherwise` judges an answer that no row fits. Raises PathInvalid for an unreadable path."""

    def __init__(self, rows: Sequence[OutcomeRow], shape: Shape, otherwise: Judge) -> None:
        self._otherwise = otherwise
        self._members = MEMBERS[shape]
        self._rows = [(row, parse_path(row.path, shape) if row.path else ()) for row in rows]

    def judge(self, reply: OutboundReply, read: Read) -> None:
        """Let an answer pass that may hold a record. Raises SourceTrouble for every other one.

        `read` gives the body as a tree, and raises SourceTrouble when it is none; it is called only where a row asks.
        """
        for row, steps in self._rows:
            if self._fits(row, steps, reply, read):
                if row.meaning == "found":
                    return
                told = f"outcome `{row.meaning}` by the manifest"
                if row.meaning == "transient":
                    raise wait_or_go(reply, "unreachable", told)
                raise SourceTrouble(_MEANINGS[row.meaning], told)
        self._otherwise(reply, read)

    def _fits(self, row: OutcomeRow, steps: tuple[Step, ...], reply: OutboundReply, read: Read) -> bool:
        if row.status is not None and not _is_status(row.status, reply.status):
            return False
        if not steps:
            return True
        try:
            value = plain(walk(read(), steps, self._members))
        except SourceTrouble:
            return False
        except Unreadable:
            return not row.equals  # a structure stands there, and that something does is the sign
        if value is None or value == "":
            return False
        text = str(value).lower() if isinstance(value, bool) else str(value).strip()
        # a fault's code is a qualified name (SOAP 1.1 §4.4), and its prefix is whatever the service calls it today
        local = text.rpartition(":")[2] if steps[-1].name == "faultcode" else text
        return not row.equals or text in row.equals or local in row.equals


def _is_status(pattern: str, status: int) -> bool:
    return pattern == str(status) or (pattern.endswith("xx") and pattern[0] == str(status)[0])
