"""Identity claims (OpenID Connect Core §5.1) from the identity snapshot of the sign-in; unknown ones are left out."""

from collections.abc import Iterable
from typing import Any

from gateway.openid_provider.grant import Grant
from gateway.openid_provider.profiles import CLAIMS_OF_SCOPE
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.family_names import name_parts


def profile_claims(citizen: Citizen, updated_at: int) -> dict[str, Any]:
    """Return the claims of scope `profile`. The parts of a name are told where they are sure (`name_parts`); a birth
    date that is known to the month only is told as its year, since OpenID Connect has no form for a month (§5.1
    `birthdate`)."""
    claims: dict[str, Any] = {"name": citizen.full_name, **name_parts(citizen.full_name)}
    if citizen.birth_date is not None:
        known = citizen.birth_date
        claims["birthdate"] = str(known) if known.precision == "day" else f"{known.year:04d}"
    if citizen.sex in {"male", "female"}:
        claims["gender"] = citizen.sex
    claims |= {"zoneinfo": "Asia/Ho_Chi_Minh", "locale": "vi-VN", "updated_at": updated_at}
    return claims


def claims_of(grant: Grant, scopes: Iterable[str]) -> dict[str, Any]:
    """Return every claim that the scopes cover, and those asked of userinfo by name."""
    if set(CLAIMS_OF_SCOPE).intersection(scopes):
        return _profile(grant)
    return _named(grant, grant.claims_userinfo)


def _profile(grant: Grant) -> dict[str, Any]:
    return profile_claims(grant.citizen, int(grant.auth_time.timestamp()))


def _named(grant: Grant, names: Iterable[str]) -> dict[str, Any]:
    wanted = set(names)
    return {name: value for name, value in _profile(grant).items() if name in wanted} if wanted else {}


def claims_in_id_token(grant: Grant, names: Iterable[str]) -> dict[str, Any]:
    """Return the claims that this portal gets in its ID token: those of its registration, never beyond its scopes, and
    those it asked for by name."""
    covered = names if set(CLAIMS_OF_SCOPE).intersection(grant.scopes) else ()
    return _named(grant, (*covered, *grant.claims_id_token))
