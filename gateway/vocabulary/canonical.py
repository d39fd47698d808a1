"""The canonical form of a value: two notations of one value give the same bytes, two values never do.

Design.md §7, RFC 8785 (JSON Canonicalization Scheme). Vectors in every language's reach: `docs/canonical.json`.

text     NFC, runs of white space one space, trimmed, case kept (codes and e-mail addresses too)
date     `YYYY[-MM[-DD]]`, read from that or day first (`d/m/yyyy`, `d-m-yyyy`, `d.m.yyyy`), never month first
number   digits without spaces, dots and invisible characters (phone numbers too)
address  an object of scheme, the codes of country, province, district and commune, and the detail as text; a member
         that no address has is something nobody told, so such an object has no canonical form
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, cast

import orjson

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import strip_grouping

_UNITS = ("province", "district", "commune")
_OF_AN_ADDRESS = frozenset({"scheme", *_UNITS, "detail", "country", "as_received", "candidates"})
_OF_A_CANDIDATE = frozenset({"scheme", *_UNITS})
_OF_A_UNIT = frozenset({"code", "name"})
_NO_PLAIN_TEXT = frozenset({"address", "date", "number", "phone"})


class NotCanonical(ValueError):
    """A value that has no canonical form in its type. The value itself is never repeated."""


def canonical_bytes(kind: str, value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value of an attribute type (`text`, `date`, `number`, `address`, `code` …).

    `value` is what a form carries in JSON, or our own PartialDate and Address. Raises NotCanonical.
    """
    if kind not in _NO_PLAIN_TEXT and isinstance(value, str):  # nearly every value
        return _json(" ".join(unicodedata.normalize("NFC", value).split()))
    return _json(canonical_value(kind, value))


def canonical_value(kind: str, value: Any) -> str | dict[str, str | None]:
    """Return the value whose RFC 8785 form is the canonical one. Raises NotCanonical."""
    if kind == "address":
        return _own_address(value) if isinstance(value, Address) else _address(value)
    if kind == "date":
        return _date(value)
    text = _plain(value)
    return strip_grouping(text) if kind in {"number", "phone"} else canonical_text(text)


def canonical_text(text: str) -> str:
    """Return `text` in NFC with white space runs as one space, trimmed; case and letters untouched."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def canonical_beside(value: Any) -> dict[str, bytes]:
    """Return the RFC 8785 bytes of what an address carries beside its canonical form, by part; only what is there.

    Codes decide, but people read names: a form that shows the names of the units, the text as it was received or
    the candidates of today has to show those that were told.
    """
    if isinstance(value, Address):
        names = [_own(unit and unit.name) for unit in (value.province, value.district, value.commune)]
        received, candidates = value.as_received, [one.wire() for one in value.candidates]
    elif isinstance(value, Mapping):
        names = [_name(value.get(unit)) for unit in _UNITS]
        received, candidates = _plain(value.get("as_received") or ""), value.get("candidates") or []
    else:
        return {}
    beside: dict[str, Any] = {"names": names, "as_received": canonical_text(received)}
    if candidates:
        beside["candidates"] = _candidates(candidates)
    return {part: _json(found) for part, found in beside.items() if any(found)}


def _candidates(listed: Any) -> list[list[str | None]]:
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise NotCanonical("not a list of candidates")
    for one in listed:
        _require_known(one, _OF_A_CANDIDATE)
    return [
        [_plain(one.get("scheme") or ""), *(part(one.get(unit)) for unit in _UNITS for part in (_code, _name))]
        for one in listed
    ]


def _plain(value: Any) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        raise NotCanonical("not a text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotCanonical("not a Unicode text") from None
    return text


def _date(value: Any) -> str:
    if isinstance(value, PartialDate):
        return str(value)
    try:
        return str(PartialDate.parse(unicodedata.normalize("NFKC", _plain(value))))
    except ValueError as trouble:
        raise NotCanonical("not a date") from trouble


def _own_address(address: Address) -> dict[str, str | None]:
    """The same as `_address` of its wire form, without building that."""
    province, district, commune = address.province, address.district, address.commune
    return {
        "province": _own(province and province.code),
        "district": _own(district and district.code),
        "commune": _own(commune and commune.code),
        "scheme": address.scheme,
        "country": canonical_text(address.country or "VN"),
        "detail": canonical_text(address.detail),
    }


def _address(members: Any) -> dict[str, str | None]:
    if not isinstance(members, Mapping) or members.get("scheme") not in {"pre2025", "post2025"}:
        raise NotCanonical("not an address of a known scheme")
    _require_known(members, _OF_AN_ADDRESS)
    found: dict[str, str | None] = {unit: _code(members.get(unit)) for unit in _UNITS}
    found["scheme"] = cast(str, members["scheme"])
    found["country"] = canonical_text(_plain(members.get("country") or "VN"))
    found["detail"] = canonical_text(_plain(members.get("detail") or ""))
    return found


def _code(unit: Any) -> str | None:
    """Return the code of a unit, given as an object or as the bare code."""
    if isinstance(unit, Mapping):
        _require_known(unit, _OF_A_UNIT)
        unit = unit.get("code")
    code = unit
    return canonical_text(_plain(code)) if code not in {None, ""} else None


def _require_known(members: Mapping[Any, Any], known: frozenset[str]) -> None:
    if not known.issuperset(members):
        raise NotCanonical("an address has no such member")


def _own(text: str | None) -> str | None:
    return canonical_text(text) if text else None


def _name(unit: Any) -> str | None:
    name = unit.get("name") if isinstance(unit, Mapping) else None
    return canonical_text(_plain(name)) if name else None


def _json(value: Any) -> bytes:
    """Return the RFC 8785 bytes of texts, nulls, lists and objects with ASCII names: for these sorted compact JSON
    is the canonical form. The tests hold it against the `rfc8785` package, which is slower by far.

    Raises NotCanonical for a text that is not Unicode (a lone surrogate)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise NotCanonical("not a Unicode text") from None
