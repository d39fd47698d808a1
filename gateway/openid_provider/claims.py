"""Identity claims (OpenID Connect Core §5.1) from the identity snapshot of the sign-in; unknown ones are left out."""

from collections.abc import Iterable
from typing import Any

from gateway.openid_provider.grant import Grant
from gateway.openid_provider.profiles import CLAIMS_OF_SCOPE
from gateway.vocabulary.citizen import Citizen


def profile_claims(citizen: Citizen, updated_at: int) -> dict[str, Any]:
    """Return the claims of scope `profile`. A one-word name has no `family_name`; a birth date that is known to
    the month only is told as its year, since OpenID Connect has no form for a month (§5.1 `birthdate`)."""
    claims: dict[str, Any] = {"name": citizen.full_name}
    words = citizen.full_name.split()
    if len(words) > 1:
        claims["family_name"] = words[0]
    if len(words) > 2:
        claims["middle_name"] = " ".join(words[1:-1])
    claims["given_name"] = words[-1] if words else citizen.full_name
    if citizen.birth_date is not None:
        known = citizen.birth_date
        claims["birthdate"] = str(known) if known.precision == "day" else f"{known.year:04d}"
    if citizen.sex in {"male", "female"}:
        claims["gender"] = citizen.sex
    claims |= {"zoneinfo": "Asia/Ho_Chi_Minh", "locale": "vi-VN", "updated_at": updated_at}
    return claims


def claims_of(grant: Grant, scopes: Iterable[str]) -> dict[str, Any]:
    """Return every claim that the scopes cover."""
    if not set(CLAIMS_OF_SCOPE).intersection(scopes):
        return {}
    return profile_claims(grant.citizen, int(grant.auth_time.timestamp()))


def claims_in_id_token(grant: Grant, names: Iterable[str]) -> dict[str, Any]:
    """Return the claims that this portal gets in its ID token (client setting), never beyond its scopes."""
    wanted = set(names)
    return {name: value for name, value in claims_of(grant, grant.scopes).items() if name in wanted}
