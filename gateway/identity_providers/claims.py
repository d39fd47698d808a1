"""From an upstream's claims to our words: names, dates, numbers, sex, type and level of the account.

A value that is there but not what its name promises refuses the sign-in and names the claim, never the value:
a guess about a person here would be believed by everything above.
"""

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import category, normalize

from gateway.identity_providers.configuration import ClaimNames, IdentityProviderSettings
from gateway.identity_providers.contract import Authentication, UpstreamAnswerInvalid
from gateway.vocabulary.assurance_level import LEVEL_BY_ACR
from gateway.vocabulary.citizen import AccountType
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate

_SEX: Mapping[str, str] = {
    "male": "male",
    "nam": "male",
    "m": "male",
    "1": "male",
    "female": "female",
    "nữ": "female",
    "nu": "female",
    "f": "female",
    "2": "female",
    "other": "other",
    "khác": "other",
    "3": "other",
}
# `LoaiTaiKhoan` of the national portal (1 citizen, 2 business, 3 organisation) and the words of the direct dialect
_ACCOUNT_TYPES: Mapping[str, AccountType] = {
    "citizen": "citizen",
    "1": "citizen",
    "foreigner": "foreigner",
    "organisation": "organisation",
    "organization": "organisation",
    "business": "organisation",
    "2": "organisation",
    "3": "organisation",
}
_BUSINESS = frozenset({"2", "business"})
_TAX_CODE = re.compile(r"[0-9]{10}|[0-9]{12,13}")  # a household business has its holder's personal number
_UNKNOWN_DAY = re.compile(r"0{1,2}[/.\-]0{1,2}[/.\-](\d{4})|(\d{4})(?:-00-00|0000)")
_UNKNOWN_DAY_OF_MONTH = re.compile(r"0{1,2}[/.\-](\d{1,2})[/.\-](\d{4})|(\d{4})-(\d{2})-00")
_LONGEST_TEXT = 255


def read_account(
    settings: IdentityProviderSettings, claims: Mapping[str, Any], *, upstream_acr: object = None
) -> Authentication:
    """Read the account and its holder. Raises UpstreamAnswerInvalid naming the claim missing or malformed."""
    names = settings.claims
    account_type = _read_account_type(claims, names)
    number, old_number = _read_numbers(claims, names)
    if settings.vouches_for_number and names.personal_number and account_type == "citizen" and number is None:
        raise _malformed("personal_number")
    level, acr = _read_level(settings, claims, upstream_acr)
    if account_type == "organisation":
        level, acr = None, None  # accounts of organisations have no level (Decree 69/2024)
    return Authentication(
        provider=settings.alias,
        issuer=settings.issuer,
        subject=_read_subject(claims, names),
        full_name=_read_name(claims, names),
        account_type=account_type,
        personal_number=number,
        old_number=old_number,
        passport_number=_text(claims, names.passport_number, "passport_number"),
        birth_date=_read_birth_date(claims, names),
        sex=_read_sex(claims, names),
        account_level=level,
        acr=acr,
        vouches_for_number=settings.vouches_for_number,
        organisation=_read_organisation(claims, names) if account_type == "organisation" else None,
    )


def _read_organisation(claims: Mapping[str, Any], names: ClaimNames) -> Organisation:
    """Read whom the account acts for: without a name and a tax code nobody could tell it from the person's own."""
    name = _text(claims, names.organisation_name, "organisation_name")
    if name is None:
        raise _malformed("organisation_name")
    tax_code = (_text(claims, names.tax_code, "tax_code") or "").replace("-", "")
    if not _TAX_CODE.fullmatch(tax_code):
        raise _malformed("tax_code")
    kind = _code(claims, names.account_type, "account_type") or ""
    return Organisation(
        kind="business" if kind.casefold() in _BUSINESS else "organisation",
        name=name,
        tax_code=tax_code,
        business_code=_text(claims, names.business_code, "business_code"),
    )


def _read_subject(claims: Mapping[str, Any], names: ClaimNames) -> str:
    subject = claims.get(names.subject)
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_TEXT or not subject.isprintable():
        raise _malformed("subject")
    return subject


def _text(claims: Mapping[str, Any], name: str, ours: str) -> str | None:
    """Return a text of one line in NFC, None when it is absent or blank. An int is a code, never a number plate."""
    value = claims.get(name) if name else None
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise _malformed(ours)
    text = normalize("NFC", value).strip()
    if any(category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise _malformed(ours)
    return text or None


def _code(claims: Mapping[str, Any], name: str, ours: str) -> str | None:
    value = claims.get(name) if name else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(claims, name, ours)


def _read_name(claims: Mapping[str, Any], names: ClaimNames) -> str:
    full_name = _text(claims, names.full_name, "full_name")
    if full_name is None:
        raise _malformed("full_name")
    return full_name


def _read_numbers(claims: Mapping[str, Any], names: ClaimNames) -> tuple[str | None, str | None]:
    """Return (personal number, old number). Nine digits where twelve are expected are the old number;
    eleven are a spreadsheet's lost zero and are not padded."""
    number = _digits(claims, names.personal_number, "personal_number")
    old_number = _digits(claims, names.old_number, "old_number")
    if number is not None and len(number) == 9:
        number, old_number = None, number
    if number is not None and len(number) != 12:
        raise _malformed("personal_number")
    if old_number is not None and len(old_number) not in (9, 12):
        raise _malformed("old_number")
    return number, old_number


def _digits(claims: Mapping[str, Any], name: str, ours: str) -> str | None:
    text = _text(claims, name, ours)
    if text is None:
        return None
    digits = re.sub(r"[ .]", "", normalize("NFKC", text))
    if not digits.isascii() or not digits.isdigit():
        raise _malformed(ours)
    return digits


def _read_birth_date(claims: Mapping[str, Any], names: ClaimNames) -> PartialDate | None:
    text = _code(claims, names.birth_date, "birth_date")
    if text is None or text.startswith("0000"):  # OpenID Connect Core §5.1: 0000 says that the year is withheld
        return None
    if match := _UNKNOWN_DAY.fullmatch(text):
        text = match[1] or match[2]
    elif match := _UNKNOWN_DAY_OF_MONTH.fullmatch(text):
        text = f"{match[2] or match[3]}-{int(match[1] or match[4]):02d}"
    try:
        return PartialDate.parse(text)
    except ValueError:
        raise _malformed("birth_date") from None


def _read_sex(claims: Mapping[str, Any], names: ClaimNames) -> str | None:
    code = _code(claims, names.sex, "sex")
    return None if code is None else _SEX.get(code.casefold())


def _read_account_type(claims: Mapping[str, Any], names: ClaimNames) -> AccountType:
    code = _code(claims, names.account_type, "account_type")
    if code is None:
        return "citizen"
    found = _ACCOUNT_TYPES.get(code.casefold())
    if found is None:
        raise _malformed("account_type")
    return found


def _read_level(
    settings: IdentityProviderSettings, claims: Mapping[str, Any], upstream_acr: object
) -> tuple[int | None, str | None]:
    """Return (account level, our acr). Only mapped levels become ours; of two that differ the lower counts."""
    said = _code(claims, settings.claims.account_level, "account_level")
    plain = None if said is None else said.lstrip("0")
    spelled = [one for one in (said, plain, upstream_acr) if isinstance(one, str)]
    mapped = sorted({settings.acr[one] for one in spelled if one in settings.acr})
    acr = mapped[0] if mapped else None
    levels = [int(plain)] if plain in ("1", "2") else []
    levels += [LEVEL_BY_ACR[one] for one in mapped if one in LEVEL_BY_ACR]
    return (min(levels) if levels else None), acr


def _malformed(claim: str) -> UpstreamAnswerInvalid:
    return UpstreamAnswerInvalid(operator_detail=f"claims: `{claim}` missing or malformed")
