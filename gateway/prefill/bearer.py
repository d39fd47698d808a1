"""Who calls prefill: the facts behind an access token, as prefill needs them.

The OpenID provider lives on the same floor and is not known here; `application` joins them by this protocol.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.representation import DeskOfficer
from gateway.vocabulary.store import Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """The caller. `citizen` is None for a client_credentials token and for an `officer` of the staff realm, who asks
    about somebody at the desk. `session_alive` tells whether the session the grant was made in still lives; `dossier`
    is what was named at sign-in; `granted_at` when the grant was made and `auth_time` when the
    person authenticated; `bound` whether the token is bound to a key; `consent_id` the consent it rests on, None where
    the law is the basis; `beside` the records that were asked for along with the token, empty when none were."""

    client_id: str
    scopes: frozenset[str]
    procedures: frozenset[str] = frozenset()
    portal_procedures: frozenset[str] = frozenset()
    portal_attributes: frozenset[str] | None = None
    verifies: frozenset[str] = frozenset()
    grant_id: str | None = None
    subject: str | None = None
    citizen: Citizen | None = None
    dossier: str | None = None
    session_alive: bool = False
    granted_at: datetime | None = None
    auth_time: datetime | None = None
    bound: bool = False
    officer: DeskOfficer | None = None
    consent_id: str | None = None
    beside: tuple[Record | None, ...] = ()


class BearerReader(Protocol):
    """Reads and checks the access token of a request."""

    async def read(self, presented: Presented, *, beside: Callable[[str], Sequence[RecordKey]] | None = None) -> Bearer:
        """Return the caller behind what a request shows. A citizen's caller brings the records at the addresses that
        `beside` names for the id of the grant, from the same round trip.

        Raises a Failure with status 401 and a `WWW-Authenticate` header otherwise.
        """
        ...
