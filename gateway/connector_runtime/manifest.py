"""What a connector says about itself: `connectors/<source>/manifest.toml`.

A key nobody knows is an error that names the nearest known one, since a misspelt limit is no limit.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.connector_runtime.configuration import ConnectorSettings, TransportName
from gateway.connector_runtime.failure import InvalidManifest, UnknownManifestKey
from gateway.connector_runtime.limits import Limits

_Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,40}$")]
_Attribute = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
_Sentence = Annotated[str, Field(min_length=1, max_length=400)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Texts(_Table):
    """A sentence or label in both languages."""

    vi: _Sentence
    en: _Sentence


class Owner(_Table):
    """Who answers for the source; at least two ways to reach them."""

    org: _Sentence
    contacts: Annotated[tuple[str, ...], Field(min_length=2, strict=False)]


class Legal(_Table):
    """On what basis the source is asked, for which purposes, and how long answers may be kept (`none`, `grant`)."""

    basis: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    data_class: Literal["basic", "sensitive"]
    retention: Literal["none", "grant"]


class FieldRow(_Table):
    """One attribute: our name, where the source has it, and what kind of value comes out."""

    to: _Attribute
    source: Annotated[str, Field(alias="from")]
    type: Literal["text", "date", "number", "code", "sex", "address"]
    precision: Literal["day", "from_source"] | None = None
    codes: str | None = None


class Option(_Table):
    """A setting of this connector alone: the values it may take and the one it has unless an operator says more."""

    name: _Id
    values: Annotated[tuple[str, ...], Field(strict=False)] = ()
    default: str
    meaning: Texts


class Sandbox(_Table):
    """Which people the simulator knows."""

    personas: Annotated[tuple[int, ...], Field(strict=False)] = ()


class Notice(_Table):
    """What people read while the source is down."""

    unavailable: Texts


class Manifest(_Table):
    """The whole file. `kind` code means that a class behind the entry point does the reading.

    `transport` is the bus it is asked through unless an operator chooses one of `other_transports`. `assumptions`
    says what was not read at the source and has to be checked before the connector goes live.
    """

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    id: _Id
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    kind: Literal["code", "rest", "soap", "sqlview"]
    transport: TransportName
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

    def choose_transport(self, wanted: TransportName | None) -> TransportName:
        """Return the transport to use. Raises InvalidManifest for one this connector does not speak."""
        offered = (self.transport, *self.other_transports)
        if wanted is not None and wanted not in offered:
            known = ", ".join(f"`{one}`" for one in offered)
            raise InvalidManifest(f"`connectors.{self.id}.transport` must be one of {known}")
        return wanted or self.transport

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

    Raises UnknownManifestKey naming file, key and the nearest known key, InvalidManifest for everything else.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"`{file}` is not TOML: {error}") from None
    for path, name, known in _unknown_keys(Manifest, document):
        raise UnknownManifestKey(_unknown(f"{file}:{path}", name, known))
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidManifest(f"`{file}:{place}`: {first['msg'].lower()}") from None


def _unknown(place: str, name: str, known: Sequence[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.4)
    return f"`{place}` is not a known key" + (f"; did you mean `{nearest[0]}`" if nearest else "")


def _unknown_keys(model: type[BaseModel], table: Any, path: str = "") -> Iterator[tuple[str, str, list[str]]]:
    """Yield place, key and known keys of every key that the model does not have, also in nested tables."""
    if not isinstance(table, dict):
        return
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in table.items():
        if key not in fields:
            yield f"{path}{key}", key, list(fields)
            continue
        nested = _nested_model(fields[key].annotation)
        if nested is None:
            continue
        rows = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, row in rows:
            place = f"{path}{key}" if index is None else f"{path}{key}[{index}]"
            yield from _unknown_keys(nested, row, f"{place}.")


def _nested_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is tuple:
        return _nested_model(get_args(annotation)[0])
    return None
