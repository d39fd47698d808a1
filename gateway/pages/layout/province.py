"""Whose gateway this is, and where a person finds a human being: the words of the header and the help block."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Text = Mapping[str, str]


def _front_name() -> Text:
    return {"vi": "Cổng định danh dịch vụ công", "en": "Public services sign-in"}


def _desk() -> Text:
    return {
        "vi": "Bộ phận Một cửa của xã, phường nơi gần nhất",
        "en": "The one-stop desk of the nearest commune or ward",
    }


def _hours() -> Text:
    return {
        "vi": "7:00–11:30 và 13:30–17:00, thứ Hai đến thứ Sáu",
        "en": "7:00–11:30 and 13:30–17:00, Monday to Friday",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """What a province writes on its pages. `hotline` is a telephone number as people read it."""

    service: Text = field(default_factory=_front_name)
    name: Text = field(default_factory=dict)
    hotline: str = "1900 0368"
    desk: Text = field(default_factory=_desk)
    hours: Text = field(default_factory=_hours)
