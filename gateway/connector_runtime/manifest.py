"""What a connector says about itself: `connectors/<source>/manifest.toml`.

A key nobody knows is an error that names the nearest known one, since a misspelt limit is no limit.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator

from gateway.connector_runtime.configuration import ConnectorSettings, TransportName
from gateway.connector_runtime.failure import InvalidManifest, UnknownManifestKey
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.manifest_parts import (
    Auth,
    CodeList,
    Endpoint,
    EnvelopeSignatureRow,
    FieldRow,
    Name,
    Operations,
    OutcomeRow,
    RecordRow,
    Sentence,
    SignatureRow,
    Table,
    Texts,
)
from gateway.connector_runtime.manifest_place import Places, write_key
from gateway.connector_runtime.manifest_quality import Quality
from gateway.vocabulary.correction import CorrectionStart

__all__ = ["FieldRow", "Legal", "Manifest", "Notice", "Option", "Owner", "Sandbox", "Texts", "read_manifest"]

_ASKED_BY = {
    "code": ("transport",),
    "rest": ("operations", "record"),
    "soap": ("operations", "record"),
    "sqlview": ("endpoint", "operations", "record"),
}


class Owner(Table):
    """Who answers for the source; at least two ways to reach them."""

    org: Sentence
    contacts: Annotated[tuple[str, ...], Field(min_length=2, strict=False)]


class Legal(Table):
    """On what basis the source is asked, for which purposes, and how long answers may be kept (`none`, `grant`)."""

    basis: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    data_class: Literal["basic", "sensitive"]
    retention: Literal["none", "grant"]


class Option(Table):
    """A setting of this connector alone: the values it may take and the one it has unless an operator says more."""

    name: Name
    values: Annotated[tuple[str, ...], Field(strict=False)] = ()
    default: str
    meaning: Texts


class Sandbox(Table):
    """Which people the simulator knows."""

    personas: Annotated[tuple[int, ...], Field(strict=False)] = ()


class Notice(Table):
    """What people read while the source is down."""

    unavailable: Texts


class Manifest(Table):
    """The whole file. `kind` code means that a class behind the entry point does the reading.

    `transport` is the bus it is asked through unless an operator chooses one of `other_transports`; a connector
    without code and without one has an `endpoint` of its own. `operations`, `record`, `outcomes` and `code_lists` say
    how the kinds rest, soap and sqlview ask and read, `signature` and `envelope_signature` what a rest or a soap source
    signs. `assumptions` says what was
    not read at the source and has to be checked before the connector goes live; `quality` is what the exam and its
    tiers are told.
    """

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    id: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    kind: Literal["code", "rest", "soap", "sqlview"]
    transport: TransportName | None = None
    other_transports: Annotated[tuple[TransportName, ...], Field(strict=False)] = ()
    lifecycle: Literal["draft", "tested", "submitted", "approved", "published", "suspended", "retired"]
    name: Texts
    summary: Texts
    owner: Owner
    legal: Legal
    notice: Notice
    inputs: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    fields: Annotated[tuple[FieldRow, ...], Field(min_length=1, strict=False)]
    options: Annotated[tuple[Option, ...], Field(strict=False)] = ()
    limits: Limits = Limits()
    sandbox: Sandbox = Sandbox()
    assumptions: Annotated[tuple[Texts, ...], Field(strict=False)] = ()
    endpoint: Endpoint | None = None
    auth: Auth = Auth()
    operations: Operations | None = None
    record: RecordRow | None = None
    signature: SignatureRow | None = None
    envelope_signature: EnvelopeSignatureRow | None = None
    outcomes: Annotated[tuple[OutcomeRow, ...], Field(strict=False)] = ()
    code_lists: dict[str, CodeList] = {}
    quality: Quality = Quality()
    correction: CorrectionStart | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        missing = [name for name in _ASKED_BY[self.kind] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"kind `{self.kind}` needs `{missing[0]}`")
        if self.kind in {"rest", "soap"} and self.endpoint is None and self.transport is None:
            raise ValueError(f"kind `{self.kind}` needs `endpoint`, or a `transport` that carries it")
        if self.kind == "code" and any(not field.source for field in self.fields):
            raise ValueError("kind `code` names `from` for every field")
        return self

    def choose_transport(self, wanted: TransportName | None) -> TransportName:
        """Return the transport to use. Raises InvalidManifest for one this connector does not speak."""
        offered = (*((self.transport,) if self.transport else ()), *self.other_transports)
        chosen = wanted or self.transport
        if chosen is None or chosen not in offered:
            known = ", ".join(f"`{one}`" for one in offered) or "none: it is asked at its own endpoint"
            raise InvalidManifest(f"`connectors.{self.id}.transport` must be one of {known}")
        return chosen

    @property
    def provides(self) -> frozenset[str]:
        """The attributes the source can be asked for."""
        return frozenset(field.to for field in self.fields)

    def limits_under(self, settings: ConnectorSettings) -> Limits:
        """Return the figures its calls run under, the operator's over its own.

        Raises InvalidManifest where something would be kept that may not be, or is not there to keep.
        """
        limits = settings.limits_over(self.limits)
        if limits.fresh_for and self.legal.retention == "none":
            raise InvalidManifest(f"`{self.id}:limits.fresh_for` keeps values, and `legal.retention` is `none`")
        for name in sorted(limits.fresh_for.keys() - self.provides):
            raise InvalidManifest(f"`{self.id}:limits.fresh_for.{name}` is not one of the attributes in `fields`")
        return limits

    def fill_options(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return every declared option, the given value or the default.

        Raises UnknownManifestKey for an option that is not declared, InvalidManifest for a value outside its list.
        """
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                raise UnknownManifestKey(_unknown(f"connectors.{self.id}.options.{name}", name, list(known)))
            if known[name].values and value not in known[name].values:
                allowed = ", ".join(f"`{one}`" for one in known[name].values)
                raise InvalidManifest(f"`connectors.{self.id}.options.{name}` must be one of {allowed}")
        return {name: given.get(name, option.default) for name, option in known.items()}


def read_manifest(text: str, file: str) -> Manifest:
    """Read a manifest; `file` is how messages call it.

    Raises UnknownManifestKey naming file, line, key and the nearest known key, InvalidManifest for everything else.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"`{file}` is not TOML: {error}") from None
    places = Places(text)
    for key, known in _unknown_keys(Manifest, document):
        raise UnknownManifestKey(_unknown(place_of(file, places, key), str(key[-1]), known))
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = _located(document, first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise InvalidManifest(f"`{place_of(file, places, key)}`: {said[0].lower()}{said[1:]}") from None


def place_of(file: str, places: Places, key: Sequence[str | int]) -> str:
    """Return `file:line:key`, `file:1` for the file as a whole."""
    return f"{file}:{places.line(tuple(key))}" + (f":{write_key(key)}" if key else "")


def _located(document: Any, location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the part of a location that is in the document, and one missing key; pydantic adds names of types."""
    found: list[str | int] = []
    for part in location:
        found.append(part)
        there = isinstance(document, dict) and part in document
        if not there and not (isinstance(document, list) and isinstance(part, int) and part < len(document)):
            break
        document = document[part]
    return tuple(found)


def _unknown(place: str, name: str, known: Sequence[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.4)
    return f"`{place}` is not a known key" + (f"; did you mean `{nearest[0]}`" if nearest else "")


def _unknown_keys(
    model: type[BaseModel], table: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], list[str]]]:
    """Yield every key that the model does not have and the keys known there, also in nested tables."""
    if not isinstance(table, dict):
        return
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in table.items():
        if key not in fields:
            yield (*path, key), list(fields)
            continue
        nested, many = _nested_model(fields[key].annotation)
        if nested is None:
            continue
        rows: Any = [((), value)]
        if many and isinstance(value, list):
            rows = [((index,), row) for index, row in enumerate(value)]
        elif many and isinstance(value, dict):
            rows = [((name,), row) for name, row in value.items()]
        for further, row in rows:
            yield from _unknown_keys(nested, row, (*path, key, *further))


def _nested_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model a member holds, and whether it holds many of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _nested_model(inner[0])
    if origin in {Union, UnionType}:
        return next((found for found in map(_nested_model, inner) if found[0] is not None), (None, False))
    if origin is tuple:
        return _nested_model(inner[0])[0], True
    if origin is dict:
        return _nested_model(inner[1])[0], True
    return None, False
