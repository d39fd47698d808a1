"""The faults a test or a visitor can switch on in a played identity provider, for one persona or for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.identity_providers.simulator_people import Person
from gateway.vocabulary.clock import Clock

FaultName = Literal["cancelled", "locked", "level1", "silent", "not_activated", "old_phone", "sso", "closed", "stalled"]
FAULTS: Mapping[str, str] = {
    "cancelled": "người dùng không tiếp tục",
    "locked": "tài khoản bị khóa",
    "closed": "tài khoản đã đóng",
    "not_activated": "tài khoản chưa kích hoạt",
    "old_phone": "đang dùng trên điện thoại khác",
    "level1": "tài khoản mức độ 1",
    "silent": "ứng dụng không xác nhận",
    "sso": "phiên trình duyệt còn sống",
    "stalled": "máy chủ không trả lời",
}
# of these `seconds` says how long the wait is, of all others how long they stay
_WAITS = frozenset({"silent", "stalled"})


class FaultOrder(BaseModel):
    """The body of `PUT /_faults`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Annotated[int, Field(ge=1)] | Literal["*"]
    fault: FaultName
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None


@dataclass(slots=True)
class _Fault:
    order: FaultOrder
    ends_at: datetime | None
    left: int | None


class FaultSwitch:
    """The faults in force."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: list[_Fault] = []

    def put(self, order: FaultOrder) -> None:
        """Switch a fault on; the same fault for the same target is replaced."""
        self._faults = [
            one for one in self._faults if (one.order.target, one.order.fault) != (order.target, order.fault)
        ]
        stays = None if order.fault in _WAITS else order.seconds
        ends_at = None if stays is None else self._clock.now() + timedelta(seconds=stays)
        self._faults.append(_Fault(order, ends_at, order.times))

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def take(self, person: Person, *, only: str | None = None) -> dict[str, float | None]:
        """Return the faults that meet this person now, with their seconds, and count them as met."""
        now = self._clock.now()
        met: dict[str, float | None] = {}
        for one in self._faults:
            in_force = (one.ends_at is None or now < one.ends_at) and one.left != 0
            if in_force and one.order.target in ("*", person.index) and only in (None, one.order.fault):
                met[one.order.fault] = one.order.seconds
                one.left = None if one.left is None else one.left - 1
        return met

    def listed(self) -> list[dict[str, Any]]:
        """Return what is in force, as `PUT` took it."""
        return [one.order.model_dump() for one in self._faults]
