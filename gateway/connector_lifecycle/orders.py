"""The bodies of steps: one frozen model each, for the API, the pages and the command alike."""

from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.connector_lifecycle.failure import StepMalformed
from gateway.vocabulary.strict_json import JsonRefused, parse_json

LONGEST_TEXT = 262_144
_Reason = Annotated[str, Field(max_length=500)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Sentence = Annotated[str, Field(min_length=1, max_length=400)]
_Package = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}==[A-Za-z0-9.+!_-]{1,40}$")]


class Order(BaseModel):
    """What every step may say: why."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    reason: _Reason = ""


class DraftOrder(Order):
    """The text of `manifest.toml`."""

    manifest: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class TestOrder(Order):
    """The report of `gate06 connector test --json`."""

    __test__ = False

    report: dict[str, Any]


class SubmitOrder(Order):
    """`package` (`name==version`) for a code connector, and for no other."""

    package: _Package | None = None


class ApproveOrder(Order):
    """What was seen, by its hashes, and the package of a code connector."""

    manifest_sha256: _Digest
    report_sha256: _Digest
    package: _Package | None = None


class ReasonOrder(Order):
    """A step that needs nothing but its reason."""


class PublishOrder(Order):
    """`share` percent of the questions for `minutes` where an older version of the major is in service; 100: all."""

    share: Annotated[int, Field(ge=1, le=100)] = 5
    minutes: Annotated[int, Field(ge=1, le=10_080)] = 60


class Notice(BaseModel):
    """What people read in the place of the value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    vi: _Sentence
    en: _Sentence


class SuspendOrder(Order):
    """The words people read while it is suspended."""

    notice: Notice


class RetireOrder(Order):
    """`on` is the first day without it (today when left out); `force` goes over the head of the impact list."""

    on: date | None = None
    force: bool = False


_Order = TypeVar("_Order", bound=Order)


def read_order(model: type[_Order], members: Any) -> _Order:
    """Return the order of a body that was parsed. Raises StepMalformed naming the member, never its value."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise StepMalformed(f"`{place}`: {first['msg'].lower()}") from None


def read_body(model: type[_Order], octets: bytes) -> _Order:
    """Return the order of a body as it came. Raises StepMalformed."""
    try:
        return read_order(model, parse_json(octets))
    except JsonRefused as refused:
        raise StepMalformed(f"the body is not JSON with unique members (`{refused.rule}`)") from None
