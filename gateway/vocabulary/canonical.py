"""The canonical form of a value: two notations of one value give the same bytes, two values never do.

Design.md §7, RFC 8785 (JSON Canonicalization Scheme). Vectors in every language's reach: `docs/canonical.json`.

text     NFC, runs of white space one space, trimmed, case kept (codes and e-mail addresses too)
date     `YYYY[-MM[-DD]]`, read from that or day first (`d/m/yyyy`, `d-m-yyyy`, `d.m.yyyy`), never month first
number   digits without spaces, dots and invisible characters (phone numbers too)
address  an object of scheme, the codes of country, province, district and commune, and the detail as text
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, cast

import rfc8785

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import strip_grouping

_UNITS = ("province", "district", "commune")


class NotCanonical(ValueError):
    """A value that has no canonical form in its type. The value itself is never repeated."""


def canonical_bytes(kind: str, value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value of an attribute type (`text`, `date`, `number`, `address`, `code` …).

    `value` is what a form carries in JSON, or our own PartialDate and Address. Raises NotCanonical.
    """
    return rfc8785.dumps(canonical_value(kind, value))


def canonical_value(kind: str, value: Any) -> str | dict[str, str | None]:
    """Return the value whose RFC 8785 form is the canonical one. Raises NotCanonical."""
    if kind == "address":
        return _address(value.wire() if isinstance(value, Address) else value)
    if kind == "date":
        return _date(value)
    text = _plain(value)
    return strip_grouping(text) if kind in {"number", "phone"} else canonical_text(text)


def canonical_text(text: str) -> str:
    """Return `text` in NFC with white space runs as one space, trimmed; case and letters untouched."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def canonical_names(value: Any) -> bytes | None:
    """Return the RFC 8785 bytes of the unit names an address carries beside its codes, None when it has none.

    Codes decide, but people read names: a form that shows names must show those that were released.
    """
    members = value.wire() if isinstance(value, Address) else value
    if not isinstance(members, Mapping):
        return None
    names = [_name(members.get(unit)) for unit in _UNITS]
    return rfc8785.dumps(names) if any(names) else None


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise NotCanonical("not a text")
    text = str(value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NotCanonical("not a Unicode text")
    return text


def _date(value: Any) -> str:
    if isinstance(value, PartialDate):
        return str(value)
    try:
        return str(PartialDate.parse(unicodedata.normalize("NFKC", _plain(value))))
    except ValueError as trouble:
        raise NotCanonical("not a date") from trouble


def _address(members: Any) -> dict[str, str | None]:
    if not isinstance(members, Mapping) or members.get("scheme") not in {"pre2025", "post2025"}:
        raise NotCanonical("not an address of a known scheme")
    found: dict[str, str | None] = {unit: _code(members.get(unit)) for unit in _UNITS}
    found["scheme"] = cast(str, members["scheme"])
    found["country"] = canonical_text(_plain(members.get("country") or "VN"))
    found["detail"] = canonical_text(_plain(members.get("detail") or ""))
    return found


def _code(unit: Any) -> str | None:
    """Return the code of a unit, given as an object or as the bare code."""
    code = unit.get("code") if isinstance(unit, Mapping) else unit
    return canonical_text(_plain(code)) if code not in {None, ""} else None


def _name(unit: Any) -> str | None:
    name = unit.get("name") if isinstance(unit, Mapping) else None
    return canonical_text(_plain(name)) if name else None
