"""Who sends: the facts behind an access token, as intake needs them, and the right to send at all.

The OpenID provider lives on the same floor and is not known here; `application` joins them by this protocol.
"""

from dataclasses import dataclass
from typing import Protocol

from gateway.dossiers.failure import DossierScopeMissing
from gateway.dossiers.intake import Sender
from gateway.vocabulary.presented import Presented

WRITE_SCOPE = "dossier:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client that calls: the scopes of its token, the units its settings let it speak for (`dossier_units`), the
    portals whose forms it may verify (`verifies`), and whether it calls for itself (client_credentials) or somebody
    signed in stands behind the token."""

    client_id: str
    scopes: frozenset[str]
    units: frozenset[str]
    verifies: frozenset[str]
    alone: bool


class CallerReader(Protocol):
    """Reads and checks the access token of a request."""

    async def read(self, presented: Presented) -> Caller:
        """Return the caller. Raises a Failure with status 401 and a `WWW-Authenticate` header otherwise."""
        ...


def require_sender(caller: Caller) -> Sender:
    """Return the sender that a caller is. Raises DossierScopeMissing."""
    if not caller.alone or WRITE_SCOPE not in caller.scopes:
        raise DossierScopeMissing(f"the token is no client's own with the scope `{WRITE_SCOPE}`")
    actor = ("portal", caller.client_id)
    return Sender(client_id=caller.client_id, units=caller.units, actor=actor, verifies=caller.verifies)
