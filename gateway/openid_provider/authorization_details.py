"""Rich authorization requests (RFC 9396), of one type: `prefill` asks for the form of a procedure.

    [{"type": "prefill", "procedure": "1.004222", "dossier": "H56.26.000123"}]

`dossier` is optional: the portal's own name for its case, opaque to us. A form named so keeps its dossier for the
life of the grant, which is what lets a portal read it after the session (design.md §7).
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from gateway.openid_provider.failure import InvalidAuthorizationDetails
from gateway.openid_provider.parameters import Parameters
from gateway.vocabulary.strict_json import JsonRefused, parse_json

PREFILL = "prefill"
REPRESENTED_ORGANISATION = "represented_organisation"
"""Stands in answers beside what was asked for, when the person signed in with an organisation's account: `kind`,
`name`, `tax_code` and, where there is one, `business_code`. Nobody can ask for it."""
AUTHORIZATION_DETAILS_TYPES = (PREFILL,)
"""What metadata announces as `authorization_details_types_supported` (RFC 9396 §10)."""

ProcedureCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}\.[0-9]{6}$")]
Dossier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class _PrefillDetail(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    type: Literal["prefill"]
    procedure: ProcedureCode
    dossier: Dossier = ""  # absent: `null` is refused like every other type


@dataclass(frozen=True, slots=True)
class AskedForm:
    """The form that a request names, and the portal's dossier it is for."""

    procedure: str
    dossier: str | None = None

    def detail(self) -> dict[str, str]:
        """Return it as an authorization detail, as it goes into answers (RFC 9396 §7)."""
        told = {"type": PREFILL, "procedure": self.procedure}
        return told if self.dossier is None else {**told, "dossier": self.dossier}


def read_asked_form(parameters: Parameters) -> AskedForm | None:
    """Return the form that `authorization_details` names, None without the parameter.

    Raises InvalidAuthorizationDetails: not an array of one object, another type, a member that is unknown, missing
    or not what it must be (RFC 9396 §5). The text names the member and repeats nothing that was sent.
    """
    text = parameters.get("authorization_details")
    if text is None:
        return None
    try:
        details = parse_json(text.encode("utf-8", "surrogatepass"))
    except JsonRefused as refused:
        said = "holds a member twice" if refused.rule == "duplicate" else "is not JSON"
        raise InvalidAuthorizationDetails(f"`authorization_details` {said}") from None
    if not isinstance(details, list) or len(details) != 1:
        raise InvalidAuthorizationDetails("`authorization_details` must be an array of one object: one form at a time")
    try:
        asked = _PrefillDetail.model_validate(details[0])
    except ValidationError as trouble:
        raise InvalidAuthorizationDetails(_said(trouble)) from None
    return AskedForm(asked.procedure, asked.dossier or None)


_WANTED = {
    "type": "`type` must be `prefill`",
    "procedure": "`procedure` must be the code of a procedure, such as `1.004222`",
    "dossier": "`dossier` must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -",
}


def _said(trouble: ValidationError) -> str:
    wrong: dict[str, Any] = {str(error["loc"][0]): None for error in trouble.errors() if error["loc"]}
    known = next((_WANTED[name] for name in _WANTED if name in wrong), None)
    if known is not None:
        return known
    return "a detail holds an unknown member" if wrong else "a detail must be an object"
