"""A place from the parts a source gives: codes keep the list they belong to, names are put beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.contract.values import REFORM
from gateway.connector_runtime.manifest_parts import CodeList
from gateway.connector_runtime.mapping.readers import text_of
from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import AreaLists

_LENGTHS = {"province": 2, "district": 3, "commune": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What reading rests on beside the record: lists of units, the source's own code lists, its words for unknown."""

    lists: AreaLists
    code_lists: Mapping[str, CodeList]
    unknown: frozenset[str]


def address_reader(scheme: str, basis: Basis) -> Callable[[Mapping[str, Any], date], Address | None]:
    """Return the reader of the plain parts of a place and the date the record is true of."""

    def read(parts: Mapping[str, Any], as_of: date) -> Address | None:
        told = {name: _known(value, basis.unknown) for name, value in parts.items()}
        codes = {name: _code(told.get(name), length) for name, length in _LENGTHS.items()}
        detail = told.get("detail")
        if not any(codes.values()) and detail is None:
            return None
        former = scheme == "pre2025" or (scheme == "by_date" and (bool(codes["district"]) or as_of < REFORM))
        if codes["district"] and not former:
            raise Unreadable("a district in a place of the present list")
        country = told.get("country") or ("VN" if any(codes.values()) else "")
        return basis.lists.address(
            scheme="pre2025" if former else "post2025",
            province=codes["province"],
            district=codes["district"],
            commune=codes["commune"],
            text=detail or "",
            country=country,
        )

    return read


def _known(value: Any, unknown: frozenset[str]) -> str | None:
    if value is None:
        return None
    text = text_of(value)
    return None if not text or text in unknown else text


def _code(text: str | None, length: int) -> str | None:
    if text is not None and not (text.isascii() and text.isdigit() and len(text) == length):
        raise Unreadable("a unit code that is no code")
    return text
