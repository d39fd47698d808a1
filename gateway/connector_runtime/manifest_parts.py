"""The tables of a manifest that say how a source is asked and read without code (kinds rest, soap and sqlview)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.connector_runtime.mapping.readers import DateFormat, DatePart
from gateway.connector_runtime.mapping.transforms import TRANSFORMS

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,40}$")]
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Path = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[tuple[str, ...], Field(strict=False)]

TransformName = Literal[
    "collapse_spaces", "given_name_first", "lower", "upper", "without_leading_zeros", "without_separators"
]
assert set(TransformName.__args__) == set(TRANSFORMS)  # type: ignore[attr-defined]

ValueType = Literal["text", "date", "number", "code", "sex", "address"]
Clock = Literal["vietnam"]
AuthKind = Literal["none", "basic", "apikey", "oauth2", "oauth2_jwt", "jwt", "wss_password", "wss_certificate"]
SignaturePolicy = Literal["required", "when_present"]
AnswerBinding = Literal["relates_to", "signature_confirmation", "subject"]
OutcomeWord = Literal[
    "found", "not_found", "ambiguous", "conflict", "denied", "officer_denied", "bad_request", "transient", "fatal"
]


class Table(BaseModel):
    """A table of a manifest: frozen, and a key that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)


class Texts(Table):
    """A sentence or label in both languages."""

    vi: Sentence
    en: Sentence


class AddressParts(Table):
    """Where the parts of a place stand, from the place on; `scheme` is the list its codes belong to.

    `by_date`: the former list when the record is older than 1 July 2025 or a district stands there.
    """

    scheme: Literal["pre2025", "post2025", "by_date"]
    province: Path | None = None
    district: Path | None = None
    commune: Path | None = None
    detail: Path | None = None
    country: Path | None = None


class CodeList(Table):
    """Codes of the source on the left, ours on the right. `list` and `version` name the source's own list.

    `others` says what becomes of a code that is not here: `refused` (the field is unavailable) or `kept`.
    """

    list: Sentence
    version: Sentence
    values: dict[str, str]
    others: Literal["refused", "kept"] = "refused"


class FieldRow(Table):
    """One attribute: our name, where the source has it, and what kind of value comes out.

    Exactly one of `from` (a path), `from_parts` (paths whose texts are joined by a space) and `expr` (JMESPath, JSON
    only) in a connector without code. `precision` `from_source` lets a year stand alone; `precision_from` is the path
    of the source's own word for it and `precision_codes` what the word means. `clock` `vietnam` says that a time beside
    a date, where the source writes one without its offset, is Vietnam's. `lengths` are those of a number.
    """

    to: AttributeName
    source: Annotated[str, Field(alias="from")] = ""
    from_parts: Words = ()
    expr: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    type: ValueType
    precision: Literal["day", "from_source"] | None = None
    precision_from: Path | None = None
    precision_codes: dict[str, DatePart] = {}
    format: DateFormat | None = None
    clock: Clock | None = None
    codes: str | None = None
    transforms: Annotated[tuple[TransformName, ...], Field(strict=False)] = ()
    lengths: Annotated[tuple[int, ...], Field(strict=False)] = ()
    address: AddressParts | None = None


class Endpoint(Table):
    """Where the source is: an https address (http on this machine only), or `postgresql://ROLE@HOST/DATABASE`.

    An operator may set another one; its host must be one of `allowed_hosts` either way. `description_hash` is of the
    description (OpenAPI, WSDL with its schemas) that the manifest was made from: `gate06 connector check --description`
    compares a newer copy with it.
    """

    url: Annotated[str, Field(min_length=8, max_length=500)]
    allowed_hosts: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    description_hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None


class Auth(Table):
    """How the gateway proves itself. `secret_ref` is the name of a secret in the operator's settings, never a secret.

    `user` is the account (basic, oauth2, wss_password) or who states it (oauth2_jwt, jwt), `header` the name of the
    header (apikey). `oauth2_jwt` proves the client at the token endpoint by a signed statement (RFC 7523 §2.2), `jwt`
    sends one with every call; `secret_ref` names the private key then (PEM), `algorithm` is how it signs, `key_id` its
    name at the source (its RFC 7638 thumbprint without one), `audience` who is spoken to (the token endpoint where
    `oauth2_jwt` says nothing) and `lifetime_for` how many seconds a statement holds. SOAP: `wss_password` is a
    UsernameToken of WS-Security, whose password is `sent_as` a digest, or as text over TLS; `wss_certificate` signs
    Body and Timestamp with the key of `secret_ref` and sends the certificate of `certificate_ref` (PEM).
    """

    kind: AuthKind = "none"
    secret_ref: Annotated[str, Field(max_length=200)] | None = None
    user: str = ""
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")] = "X-Api-Key"
    algorithm: Literal["ES256", "RS256"] = "ES256"
    key_id: Annotated[str, Field(max_length=200)] = ""
    audience: Annotated[str, Field(max_length=500)] = ""
    lifetime_for: Annotated[int, Field(ge=10, le=300)] = 60
    sent_as: Literal["digest", "text"] = "digest"
    certificate_ref: Annotated[str, Field(max_length=200)] | None = None


class LookUp(Table):
    """The one question about one person. Texts are templates: `{personal_number}` stands for an input.

    rest: `method`, `path`, `query`, `headers`, `body` (a table, sent as JSON). soap: `path`, `query`, `headers`, `body`
    (the XML inside the envelope's body), `header` (elements inside its header), `action`. sqlview: `view`, and `where`
    (column on the left, template on the right).
    """

    method: Literal["GET", "POST"] = "GET"
    path: Annotated[str, Field(pattern=r"^(/.*)?$", max_length=500)] = ""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str | dict[str, Any] | None = None
    header: str | None = None
    action: str = ""
    view: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$")] | None = None
    where: dict[str, str] = {}


class Probe(Table):
    """A harmless question by which the source shows that it is there; nobody is asked about."""

    path: Annotated[str, Field(pattern=r"^(/[^{}]*)?$", max_length=500)] = ""
    accept: Annotated[tuple[int, ...], Field(strict=False)] = (200, 204, 404, 405)


class Operations(Table):
    """What the source can be asked."""

    lookup: LookUp
    check: Probe = Probe()


class RecordRow(Table):
    """Where the person's record stands (`at`; `.` is the whole answer), and whom it is about.

    `about` names the members that say so, compared with the question before anything is read: an answer about
    somebody else is dropped whole. `as_of` is the date the record is true of, of today without one; `as_of_clock` as
    `clock` of a field. `unknown` are the
    texts by which the source says that it does not know. `missing` says what it means when the place of the record is
    there and the record is not, or nothing stands in it. A null, a list of none and an `xsi:nil` are nobody either way.
    """

    at: Path = "."
    about: dict[Literal["personal_number", "old_number", "full_name", "birth_date"], Path]
    as_of: Path | None = None
    as_of_format: DateFormat | None = None
    as_of_clock: Clock | None = None
    unknown: Words = ("",)
    missing: Literal["malformed", "not_found"] = "malformed"


class SignatureRow(Table):
    """What a JSON source signs of its answer: a detached JWS (RFC 7515 Appendix F) at `at` over the RFC 8785 bytes of
    the object at `over`. `keys_ref` names the file of its JWK Set in the operator's settings.

    `policy` `required` drops an answer without a signature, `when_present` lets one pass; a wrong one never passes.
    """

    at: Path
    over: Path
    keys_ref: Name
    policy: SignaturePolicy = "required"


class EnvelopeSignatureRow(Table):
    """What a SOAP source signs of its answer: Body and Timestamp by WS-Security. `certificates_ref` names the PEM file
    of the certificates it may sign with in the operator's settings; one that an answer brings is not believed.

    `policy` as in `[signature]`. `bound_by` is how an answer says under its signature to which question it belongs:
    `relates_to` (WS-Addressing: the question has a MessageID), `signature_confirmation` (WS-Security 1.1 §8.5: the
    question is signed), or `subject` (nothing but whom its record is about). `fresh_for` is how many seconds ago an
    answer may have been made, by its Timestamp.
    """

    certificates_ref: Name
    policy: SignaturePolicy = "required"
    bound_by: AnswerBinding = "subject"
    fresh_for: Annotated[int, Field(ge=10, le=900)] = 300


class OutcomeRow(Table):
    """One sign of the answer and what it means: a status (`404`, `4xx`), or a member of the body and its values.

    The first row that fits decides. `path` is followed from the root of the answer; without `equals` it is enough
    that something stands there.
    """

    meaning: Annotated[OutcomeWord, Field(alias="is")]
    status: Annotated[str, Field(pattern=r"^[1-5]([0-9]{2}|xx)$")] | None = None
    path: Path | None = None
    equals: Words = ()


__all__ = [
    "AddressParts",
    "AttributeName",
    "Auth",
    "CodeList",
    "Endpoint",
    "EnvelopeSignatureRow",
    "FieldRow",
    "LookUp",
    "Name",
    "Operations",
    "OutcomeRow",
    "OutcomeWord",
    "Path",
    "Probe",
    "RecordRow",
    "Sentence",
    "SignatureRow",
    "Table",
    "Texts",
    "ValueType",
    "Words",
]
