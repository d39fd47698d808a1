"""Account levels and the `acr` that stands for them: the level a procedure demands, never more.

Source: design.md §3 “Levels”; Decree 69/2024 (account levels 01 and 02). Signing in again never raises a level.
"""

_PREFIX = "urn:gate06:vneid:"


def acr_of(account_level: int | None) -> str | None:
    """Return the `acr` of an account level, None for an account without one (organisations)."""
    return None if account_level is None else f"{_PREFIX}{account_level}"


def level_of(acr: str) -> int | None:
    """Return the account level an `acr` of ours stands for, None for any other."""
    digit = acr.removeprefix(_PREFIX)
    return int(digit) if acr.startswith(_PREFIX) and digit in {"1", "2"} else None


def reaches(account_level: int | None, demanded: int) -> bool:
    """Tell whether an account is at the level a procedure demands; no level reaches none above zero."""
    return (account_level or 0) >= demanded
