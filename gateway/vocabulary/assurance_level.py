"""Account levels and their names on the wire: `acr` is the account level, and signing in again never raises it.

Source: Decree 69/2024 (accounts of level 1 and 2; organisations have none), OpenID Connect Core §2 `acr`,
OpenID Connect Unmet Authentication Requirements 1.0, design.md §3.
"""

from collections.abc import Sequence
from typing import Literal

from gateway.vocabulary.failure import Failure, RefusedBy

AccountLevel = Literal[1, 2]

ACR_BY_LEVEL: dict[int, str] = {1: "urn:gate06:vneid:1", 2: "urn:gate06:vneid:2"}
LEVEL_BY_ACR: dict[str, AccountLevel] = {"urn:gate06:vneid:1": 1, "urn:gate06:vneid:2": 2}
ACR_VALUES: tuple[str, ...] = tuple(ACR_BY_LEVEL.values())


def reaches(level: int | None, minimum: int) -> bool:
    """Tell whether an account level is at least `minimum`. No level reaches nothing."""
    return level is not None and level >= minimum


def acr_meeting(wanted: Sequence[str], reached: str | None) -> str | None:
    """Return the `acr` to state for what was reached: itself where nothing in particular is wanted, else the highest
    of those wanted that it meets; None when it meets none."""
    if not wanted or reached in wanted:
        return reached
    level = LEVEL_BY_ACR.get(reached or "")
    met = [acr for acr in wanted if acr in LEVEL_BY_ACR and reaches(level, LEVEL_BY_ACR[acr])]
    return max(met, key=LEVEL_BY_ACR.__getitem__, default=None)


class LevelTooLow(Failure):
    """The account's level is below what the request or the procedure demands."""

    code = "GW-1203"
    title = "account level too low"
    http_status = 403
    oauth_error = "unmet_authentication_requirements"
    refused_by: RefusedBy = "policy"
    vi = (
        "Dịch vụ này cần tài khoản định danh điện tử mức độ 2. "
        "Ông/bà mang thẻ căn cước đến công an xã, phường để nâng mức độ tài khoản."
    )
    en = "This service needs an e-identification account of level 2. Bring your identity card to the commune police."
    fix = (
        "Ask for `acr_values=urn:gate06:vneid:2` at sign-in and explain how to reach level 2; "
        "signing in again does not raise the level."
    )
