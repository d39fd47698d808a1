"""What a provider of the staff realm says of a member of staff: number, agency, roles. All of it or no sign-in.

A code for registers (`MaCanBo`) may be said, too. It is at most 20 characters of a code, not a name: one that no
message to a register could carry refuses the sign-in, since it would refuse every form at the desk.
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.exchange import read_text
from gateway.vocabulary.officer import STAFF_ROLES, StaffAccount, StaffRole

_LONGEST = 64
_MOST_ROLES = 100
_REGISTER_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,19}")


def read_staff(settings: IdentityProviderSettings, claims: Mapping[str, Any]) -> StaffAccount:
    """Return the staff account. A role that is not ours, nor mapped to one of ours, gives nothing.

    Raises UpstreamAnswerInvalid naming the claim missing or malformed.
    """
    names = settings.claims
    return StaffAccount(
        number=read_text("claims", claims, names.staff_number, longest=_LONGEST),
        agency=read_text("claims", claims, names.agency, longest=_LONGEST),
        roles=_read_roles(settings, claims.get(names.roles)),
        register_code=_read_register_code(names.register_code, claims),
        code_by_reference=settings.register_code_from_reference,
    )


def _read_register_code(name: str, claims: Mapping[str, Any]) -> str | None:
    told = claims.get(name) if name else None
    if told is None:
        return None
    if not isinstance(told, str) or not _REGISTER_CODE.fullmatch(told):
        raise UpstreamAnswerInvalid(operator_detail=f"claims: `{name}` is no code of at most 20 characters")
    return told


def _read_roles(settings: IdentityProviderSettings, told: object) -> tuple[StaffRole, ...]:
    """Read a list of names, or names between spaces; in the order of our own list, each once."""
    spoken = told.split() if isinstance(told, str) else told
    if not isinstance(spoken, list) or len(spoken) > _MOST_ROLES or not all(isinstance(one, str) for one in spoken):
        raise UpstreamAnswerInvalid(operator_detail=f"claims: `{settings.claims.roles}` missing or malformed")
    held = {settings.roles.get(one) for one in spoken} if settings.roles else set(spoken)
    return tuple(role for role in STAFF_ROLES if role in held)
