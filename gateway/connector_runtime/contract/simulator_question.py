"""A question as a register's simulator reads it: names and order of its members, and the three-way key."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.connector_runtime.contract import Speech
from gateway.connector_runtime.contract.document import (
    Malformed,
    Unreadable,
    child,
    descendants,
    local_name,
    read_document,
    read_object,
    text_of,
)
from gateway.connector_runtime.contract.simulator_faults import invented
from gateway.connector_runtime.contract.values import read_birth_date
from gateway.vocabulary.partial_date import PartialDate

_ORDER = (
    "MaYeuCau",
    "MaDVC",
    "MaTichHop",
    "MaDonVi",
    "MaCanBo",
    "TaiKhoan",
    "SoDienThoai",
    "SoDinhDanh",
    "SoCMND",
    "HoVaTen",
    "NgayThangNamSinh",
)
_REQUIRED = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "HoVaTen", "NgayThangNamSinh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it arrived."""

    operation: str
    request_id: str
    procedure: str
    number: str
    name: str
    born: PartialDate


class Refusal(Exception):
    """The call cannot be answered as it is; becomes a fault with this text."""


def read_question(body: bytes, operations: Sequence[str], speech: Speech = "soap") -> Asked:
    """Read a question about one of `operations` and check names and order of its members. Raises Refusal."""
    try:
        tree = read_document(body) if speech == "soap" else read_object(body)
        if speech == "camel":
            tree = _named(tree, operations[0])
        found = {name: next(descendants(tree, name.lower()), None) for name in operations}
        operation = next((name for name, element in found.items() if element is not None), None)
        element = found[operation] if operation else None
        if operation is None or element is None:
            raise Refusal("the body holds no " + " or ".join(operations))
        _check_order(element)
        texts = {name: text_of(child(element, name.lower())) for name in _ORDER}
        born = read_birth_date(child(element, "ngaythangnamsinh"))
    except (Malformed, Unreadable) as error:
        raise Refusal(str(error)) from None
    required = _REQUIRED[:-1] if speech != "camel" else [name for name in _REQUIRED[:-1] if name != "MaTichHop"]
    missing = [name for name in required if not texts[name]] + ([] if born else ["NgayThangNamSinh"])
    number = texts["SoDinhDanh"] or texts["SoCMND"]
    if missing or born is None or not number:
        raise Refusal("missing: " + ", ".join(missing or ["SoDinhDanh or SoCMND"]))
    if texts["SoCMND"] and len(texts["SoCMND"]) != 9:
        raise Refusal("SoCMND has nine digits")
    if not (number.isascii() and number.isdigit() and invented(number)):
        raise Refusal("this simulator knows invented people only: numbers that start with 999 (nine digits: 099)")
    return Asked(
        operation=operation,
        request_id=texts["MaYeuCau"],
        procedure=texts["MaDVC"],
        number=number,
        name=texts["HoVaTen"],
        born=born,
    )


def _named(tree: etree._Element, operation: str) -> etree._Element:
    """Return a flat question as the one that names its operation."""
    if local_name(tree) != "response":
        raise Refusal("the members stand in no object of their own here")
    tree.tag = operation.lower()
    for element in tree.iterchildren("ngaythangnam"):
        element.tag = "ngaythangnamsinh"
    return tree


def _check_order(operation: etree._Element) -> None:
    places = {name.lower(): place for place, name in enumerate(_ORDER)}
    last = -1
    for element in operation:
        name = local_name(element)
        if name not in places:
            raise Refusal(f"unknown element {name}")
        if places[name] <= last:
            raise Refusal(f"element {_ORDER[places[name]]} stands in the wrong place")
        last = places[name]
