"""Receipts of filled forms: proof that a dossier was filed with values of the registers, where a flag only says so.

A receipt is good when the log holds the release it names, when the form went to the sender itself or to a portal whose
manifests it may verify, and when it was used for no other dossier: one form is not a thousand dossiers.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.event import FormReleased, LateFieldsReleased
from gateway.audit.journal import FoundEvent, Journal
from gateway.dossiers.codes import DossierCode
from gateway.dossiers.failure import ReceiptProvesNothing
from gateway.dossiers.statement import Statement
from gateway.vocabulary.store import Change, Insert, Kind, Record, RecordKey

_RELEASES = frozenset({FormReleased.name, LateFieldsReleased.name})


@dataclass(frozen=True, slots=True)
class Proofs:
    """What is known of the receipts of a message: the portals their forms went to (None: no form did), and the dossiers
    they are used for."""

    portals: Mapping[str, str | None]
    used: dict[str, str]

    def require(self, receipts: Iterable[str], code: DossierCode, portals: frozenset[str] | None) -> None:
        """Refuse a receipt that proves nothing for a dossier told of by a sender who may show those of `portals` (None:
        of all), and remember what the others are used for. Raises ReceiptProvesNothing."""
        listed = list(receipts)
        for receipt in listed:
            portal = self.portals.get(receipt)
            if portal is None or not (portals is None or portal in portals):
                raise ReceiptProvesNothing(f"`{receipt}`: is no release of a form to the sender")
            if self.used.get(receipt, code.text) != code.text:
                raise ReceiptProvesNothing(f"`{receipt}`: was used for another dossier")
        self.used.update(dict.fromkeys(listed, code.text))

    def changes(self, before: Mapping[str, str]) -> list[Change]:
        """Return what stores the uses that are new since `before`."""
        return [
            Insert(Record(kind=Kind.RECEIPT_USE, key=receipt, body={"code": code}))
            for receipt, code in self.used.items()
            if receipt not in before
        ]


def receipts_in(statements: Iterable[Any]) -> list[str]:
    """Return the receipts that statements name; what is no statement names none."""
    named = (one.members.get("receipts", ()) for one in statements if isinstance(one, Statement))
    return list(dict.fromkeys(receipt for receipts in named for receipt in receipts))


def use_address(receipt: str) -> RecordKey:
    """Return where it is kept which dossier a receipt was used for."""
    return RecordKey(Kind.RECEIPT_USE, receipt)


async def find_portals(journal: Journal, receipts: Sequence[str]) -> dict[str, str | None]:
    """Return the portals that the forms of receipts went to; None for what is no form's. Raises StorageUnavailable."""
    found = await asyncio.gather(*(journal.find(receipt) for receipt in receipts))
    return {receipt: _portal(event) for receipt, event in zip(receipts, found, strict=True)}


def _portal(event: FoundEvent | None) -> str | None:
    told = None if event is None else orjson.loads(event.leaf)
    return None if told is None or told["event"] not in _RELEASES else told["portal"]
