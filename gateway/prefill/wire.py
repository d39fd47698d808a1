"""What portals send, as models: parsed before anything is asked, and refused member by member without a value."""

import unicodedata
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from gateway.prefill.failure import NumberUnreadable, RequestMalformed
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import NumberRefused, OldNumber, parse_any_number
from gateway.vocabulary.representation import Represented
from gateway.vocabulary.strict_json import JsonRefused, parse_json

Model = TypeVar("Model", bound=BaseModel)

FieldId = Annotated[str, Field(min_length=1, max_length=120)]
DossierId = Annotated[str, Field(min_length=1, max_length=100)]
ConditionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ProcedureCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]{2,39}$")]
NumberAsWritten = Annotated[
    str,
    Field(max_length=60, description="12 digits, or 9 at an officer's desk; spaces, dots and dashes may group them"),
]

_NUMBER_REFUSED = "number_refused"


class RepresentedBody(BaseModel):
    """The person somebody else's form is about, by the key that registers ask for. The number may be grouped as people
    write it; an old one of nine digits serves an officer's desk. A date has the precision of the paper: `YYYY`,
    `YYYY-MM` or `YYYY-MM-DD`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    personal_number: NumberAsWritten
    full_name: Annotated[str, Field(min_length=1, max_length=200)]
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]

    @field_validator("personal_number")
    @classmethod
    def _number(cls, value: str) -> str:
        try:
            return str(parse_any_number(value))
        except NumberRefused as refused:
            raise PydanticCustomError(_NUMBER_REFUSED, str(refused)) from None

    @field_validator("full_name")
    @classmethod
    def _name(cls, value: str) -> str:
        name = unicodedata.normalize("NFC", " ".join(value.split()))
        if not any(letter.isalpha() for letter in name) or any(not letter.isprintable() for letter in name):
            raise ValueError("a name is made of letters")
        return name

    @field_validator("birth_date")
    @classmethod
    def _date(cls, value: str) -> str:
        try:
            return str(PartialDate.parse(value))
        except ValueError:
            raise ValueError("there is no such date") from None

    def person(self) -> Represented:
        """Return whom it names."""
        number = parse_any_number(self.personal_number)
        return Represented(
            personal_number=None if isinstance(number, OldNumber) else number.digits,
            old_number=number.digits if isinstance(number, OldNumber) else None,
            full_name=self.full_name,
            birth_date=PartialDate.parse(self.birth_date),
        )


class PrefillBody(BaseModel):
    """POST /v1/prefill. `dossier` is the one named at sign-in; `fields` asks for these fields only.

    `represented` asks for the form of somebody else: of a minor, by their parent or legal representative who signed
    in, or of the person at an officer's desk; an officer names the `dossier` they work on.

    `conditions` answers what only the person knows, by the ids that a form's own `conditions` lists; what is left out
    stays open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    procedure: ProcedureCode
    dossier: DossierId | None = None
    fields: Annotated[list[FieldId], Field(min_length=1, max_length=200)] | None = None
    represented: RepresentedBody | None = None
    conditions: Annotated[dict[ConditionId, bool], Field(max_length=20)] | None = None


class VerifyBody(BaseModel):
    """POST /v1/prefill/verify. `values` maps field ids to what is submitted, in the notation of the form.

    `procedure`, `dossier`, `form` and `subject` are optional: when given, a manifest that says otherwise is foreign.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    manifest: Annotated[str, Field(min_length=1, max_length=262_144)]
    values: Annotated[dict[FieldId, Any], Field(max_length=500)]
    procedure: ProcedureCode | None = None
    dossier: DossierId | None = None
    form: Annotated[str, Field(max_length=100)] | None = None
    subject: Annotated[str, Field(max_length=255)] | None = None

    def expected(self) -> dict[str, str]:
        """Return what the manifest has to say, by the name of its claim."""
        claims = {"procedure": self.procedure, "dossier": self.dossier, "form": self.form, "sub": self.subject}
        return {name: value for name, value in claims.items() if value is not None}


def read_body(model: type[Model], body: bytes) -> Model:
    """Read a JSON body. Raises RequestMalformed whose `errors` name each wrong member and repeat no value, and
    NumberUnreadable where nothing but a person's number is wrong.

    A member that stands twice is refused at any depth: the portal's reader may have kept the other one.
    """
    try:
        return model.model_validate(parse_json(body))
    except JsonRefused as refused:
        said = "a member stands twice" if refused.rule == "duplicate" else "is not JSON"
        raise RequestMalformed(f"`body`: {said}") from None
    except ValidationError as trouble:
        errors = trouble.errors(include_url=False, include_input=False, include_context=False)
        found = [(_name(model, error["loc"]), error["type"], error["msg"]) for error in errors]
        missing = [name for name, kind, _ in found if kind == "missing"]
        said = "; ".join(f"`{name}`: {message[:1].lower()}{message[1:]}" for name, _, message in found)
        if all(kind == _NUMBER_REFUSED for _, kind, _ in found):
            raise NumberUnreadable(said) from None
        raise RequestMalformed(said, missing=missing) from None


def _name(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Return where a fault is. Keys below our own members are the portal's and may be anything: not repeated."""
    if not location:
        return "body"
    first, *inner = location
    known = str(first) if first in model.model_fields else "unknown member"
    if known == "represented" and inner:
        return f"{known}.{inner[0] if inner[0] in RepresentedBody.model_fields else 'unknown member'}"
    return f"{known}[{inner[0]}]" if inner and isinstance(inner[0], int) else known
