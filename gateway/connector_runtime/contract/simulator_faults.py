"""The ways a register's simulator can be made to fail: on demand (`PUT /_faults`) and by magic numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from gateway.vocabulary.persona import personas

FaultName = Literal[
    "slow",
    "down",
    "malformed",
    "html200",
    "denied_procedure",
    "denied_officer",
    "oversize",
    "other_person",
    "no_match",
    "ambiguous",
    "soap_fault",
    "document_type",
    "unauthorised",
    "deceased",
]
NAMES: tuple[FaultName, ...] = tuple(name for name in get_args(FaultName) if name != "deceased")
"""What every register can be made to do; saying that somebody died is for one that knows."""

# The last six digits of a number choose a fault: hundreds from 900000 on (the connectors' README.md hold the table).
_MAGIC: dict[int, FaultName] = {
    9000: "no_match",
    9001: "denied_procedure",
    9002: "denied_officer",
    9003: "soap_fault",
    9004: "down",
    9005: "malformed",
    9006: "html200",
    9007: "oversize",
    9008: "other_person",
    9009: "ambiguous",
    9010: "slow",
    9011: "document_type",
}
_SLOW_BY_NUMBER = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault for one number or for `*`; `seconds` for slow; `times` left, None for ever."""

    target: str
    name: FaultName
    seconds: float = 15.0
    times: int | None = None


class FaultRefused(ValueError):
    """A fault order that makes no sense; the text says what to write instead."""


def read_fault(order: Any, names: Sequence[str] = NAMES) -> Fault:
    """Read `{target, fault, seconds?, times?}`; `names` are those this register knows. Raises FaultRefused."""
    if not isinstance(order, Mapping):
        raise FaultRefused("send a JSON object with `target` and `fault`")
    for key in order:
        if key not in {"target", "fault", "seconds", "times"}:
            raise FaultRefused("known members are `target`, `fault`, `seconds`, `times`")
    name: Any = order.get("fault")
    if name not in names:
        raise FaultRefused("`fault` must be one of " + ", ".join(f"`{one}`" for one in names))
    seconds, times = order.get("seconds", 15.0), order.get("times")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 120:
        raise FaultRefused("`seconds` must be a number from 0 to 120")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise FaultRefused("`times` must be a whole number from 1 on")
    return Fault(target=_target(order.get("target")), name=name, seconds=float(seconds), times=times)


def magic_fault(number: str) -> Fault | None:
    """Return the fault that a number asks for by itself."""
    name = _MAGIC.get(int(number[-6:]) // 100) if len(number) == 12 else None
    return Fault(target=number, name=name, seconds=_SLOW_BY_NUMBER) if name else None


class FaultBoard:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def put(self, fault: Fault) -> None:
        """Add a fault; the same fault for the same target is replaced."""
        self._faults = [one for one in self._faults if (one.target, one.name) != (fault.target, fault.name)] + [fault]

    def clear(self) -> None:
        """Forget all of them."""
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Return what is in force, as `PUT` takes it; numbers are told as the persona's index."""
        index = {one.personal_number: one.index for one in personas()}
        return [
            {
                "target": index.get(one.target, "*" if one.target == "*" else "number"),
                "fault": one.name,
                "seconds": one.seconds,
                "times": one.times,
            }
            for one in self._faults
        ]

    def strike(self, number: str) -> list[Fault]:
        """Return the faults for a number and count them as used."""
        struck = [one for one in self._faults if one.target in {"*", number}]
        left = [
            one if one not in struck or one.times is None else replace(one, times=one.times - 1) for one in self._faults
        ]
        self._faults = [one for one in left if one.times is None or one.times > 0]
        magic = magic_fault(number)
        return [*struck, magic] if magic else struck


def _target(target: Any) -> str:
    """Return `*` or a number. Raises FaultRefused for a persona without one and for a number outside 999."""
    text = str(target)
    if text == "*":
        return text
    for one in personas():
        if text == str(one.index):
            if one.personal_number is None:
                raise FaultRefused(f"persona `{one.index}` has no number: this source is never asked about them")
            return one.personal_number
    if len(text) in {9, 12} and text.isascii() and text.isdigit() and invented(text):
        return text
    raise FaultRefused("`target` must be a persona's index, an invented number (999…) or `*`")


def invented(number: str) -> bool:
    """Tell whether a number lies in the ranges of invented people: 999… or, of nine digits, 099…."""
    return number.startswith("999") if len(number) == 12 else number.startswith("099")
