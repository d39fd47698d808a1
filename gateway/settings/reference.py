"""The reference of settings, made from the tree: `docs/settings.md` is this text."""

import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date
from inspect import cleandoc
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.limits import Limits
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.openid_provider.clients import Portal, Resource
from gateway.settings.reserved import RESERVED
from gateway.settings.tree import Settings
from gateway.staff.office import Office

_TABLES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("portal", "[[portal]]", Portal),
    ("resource", "[[resource]]", Resource),
    ("identity_provider", "[[identity_provider]]", IdentityProviderSettings),
    ("office", "[[office]]", Office),
    ("connectors.NAME", "[connectors.NAME]", ConnectorSettings),
    ("connectors.NAME.limits", "[connectors.NAME.limits]", Limits),
)
_NOTES = {
    "portal": "A secret comes as `client_secret` or `client_secret_file`; what is kept is `client_secret_sha256`.\n"
    "`client_name#vi` and `client_name#en` name it by language.\n",
}
_HEAD = """\
# Settings

Made from the settings tree (`gateway/settings`); do not edit. Files (`gate06.toml`, or what `GATE06_CONFIG` or
`--config` name) come first, the environment wins over files, a flag wins over both. An unknown key ends the program
with 3 and the nearest name. `gate06 config show --origin` says where each value came from; `gate06 config explain KEY`
explains one. Paths in a file are relative to the file; lists in the environment are parts between commas.

**Reserved** means: read and checked, without effect in this version.
"""
_NAMES: Mapping[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    SecretStr: "secret",
    date: "date",
    Path: "path",
    IPv4Network: "network",
    IPv6Network: "network",
}


def render_settings() -> str:
    """Return `docs/settings.md`."""
    parts = [_HEAD, _table("## The tree", ("Key", "Environment", "Kind", "Default", "Meaning"), _plain_rows())]
    for prefix, title, model in _TABLES:
        rows = _member_rows(prefix, model)
        parts.append(f"## `{title}`\n\n{cleandoc(model.__doc__ or '')}\n")
        if prefix in _NOTES:
            parts.append(_NOTES[prefix])
        parts.append(_table("", ("Member", "Kind", "Default"), rows))
    return "\n".join(parts)


def _plain_rows() -> Iterator[tuple[str, ...]]:
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            for inner, member in section.model_fields.items():
                yield _plain_row(f"{name}.{inner}", member)
        elif name not in {prefix for prefix, _, _ in _TABLES}:
            yield _plain_row(name, field)


def _plain_row(dotted: str, field: Any) -> tuple[str, ...]:
    variable = f"GATE06_{dotted.upper().replace('.', '__')}"
    meaning = field.description or ""
    reserved = "**Reserved.** " if dotted in RESERVED else ""
    return f"`{dotted}`", f"`{variable}`", _kind(field.annotation), _default(field), reserved + meaning


def _member_rows(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if field.exclude:  # derived when a table is read, never written by anybody
            continue
        shown = f"`{name}`" + (" (**reserved**)" if f"{prefix}.{name}" in RESERVED else "")
        yield shown, _kind(field.annotation), "needed" if field.is_required() else _default(field)


def _kind(annotation: Any) -> str:
    """Return a type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    kind = _NAMES.get(annotation, "text")
    if origin is Literal:
        kind = ", ".join(f"`{one}`" for one in arguments)
    elif origin is typing.Annotated:
        kind = _kind(arguments[0])
    elif origin in {typing.Union, types.UnionType}:
        kind = " or ".join(dict.fromkeys(_kind(one) for one in arguments if one is not type(None)))
    elif origin is tuple:
        kind = f"list of {_kind(arguments[0])}"
    elif origin in {dict, Mapping} or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        kind = "table"
    return kind


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return "–"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [title, ""] if title else []
    lines += [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"
