"""Who calls prefill: the facts behind an access token, as prefill needs them.

The OpenID provider lives on the same floor and is not known here; `application` joins them by this protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.representation import DeskOfficer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """The caller. `citizen` is None for a client_credentials token and for an `officer` of the staff realm, who asks
    about somebody at the desk. `session_alive` tells whether the session the grant was made in still lives; `dossier`
    is what was named at sign-in; `granted_at` when the grant was made; `consent_id` the consent it rests on, None where
    the law is the basis."""

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
    officer: DeskOfficer | None = None
    consent_id: str | None = None


class BearerReader(Protocol):
    """Reads and checks the access token of a request."""

    async def read(self, authorization: Sequence[str], *, method: str, url: str) -> Bearer:
        """Return the caller behind the `Authorization` header values of a request to `url`.

        Raises a Failure with status 401 and a `WWW-Authenticate` header otherwise.
        """
        ...
