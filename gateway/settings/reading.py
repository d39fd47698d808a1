"""Reads the tree: files, environment, flags; says where a value came from and what is wrong with it."""

import difflib
import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ValidationError,
)

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.openid_provider.client_rules import unsafe_members
from gateway.settings.tree import ConfigurationRefused, ConnectorsSettings, Settings

_PREFIX = "GATE06_"
_SHORT_NAMES = {
    "ISSUER": "issuer",
    "PROFILE": "profile",
    "GATEWAY_PORT": "server.port",
    "METRICS_PORT": "metrics.port",
    "VNEID_PORT": "demo.vneid_port",
    "SOURCES_PORT": "demo.sources_port",
    "PORTAL_PORT": "demo.portal_port",
}
_SOURCES = ("CONFIG", "PORTALS")  # name files, and are no settings themselves
_TABLES = ("portal", "resource", "identity_provider", "office")
_WEAK_SECRETS = frozenset({"", "secret", "changeme", "password", "demo", "test"})


def read_settings(
    *,
    files: Sequence[Path] | None = None,
    portals: Sequence[Path] = (),
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the tree once. `files` in place of `GATE06_CONFIG` or `./gate06.toml`; `portals` are further seed files;
    `flags` maps dotted keys to values (None is passed over). Raises ConfigurationRefused."""
    environ = os.environ if environ is None else environ
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for file in _named_files(environ, "CONFIG", Path("gate06.toml")) if files is None else files:
        _merge(tree, _read_file(file), str(file), origins)
        for seed in sorted((file.parent / "portals").glob("*.toml")):
            _merge(tree, _read_portals(seed), str(seed), origins)
    for seed in (*_named_files(environ, "PORTALS", None), *portals):
        _merge(tree, _read_portals(seed), str(seed), origins)
    for dotted, value, name in _from_environment(environ):
        _set(tree, dotted, value, name, origins)
    for dotted, given in (flags or {}).items():
        if given is not None:
            _set(tree, dotted, given, f"flag for {dotted}", origins)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as trouble:
        raise ConfigurationRefused([_explain(error, origins) for error in trouble.errors()]) from None
    settings._origins.update(origins)
    if problems := _unsafe(settings):
        raise ConfigurationRefused(problems)
    return settings


def keys_of_tree() -> Iterator[tuple[str, str, str]]:
    """Yield (dotted key, description, default) of every plain setting, for `config explain` and its nearest name."""
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            for inner, member in section.model_fields.items():
                default = "" if member.default is None else str(member.default)
                yield f"{name}.{inner}", member.description or "", default
        else:
            yield name, field.description or f"tables [[{name}]]", str(field.default)


def _named_files(environ: Mapping[str, str], name: str, fallback: Path | None) -> list[Path]:
    if named := environ.get(_PREFIX + name):
        return [Path(part) for part in named.split(os.pathsep) if part]
    return [fallback] if fallback is not None and fallback.exists() else []


def _read_file(file: Path) -> dict[str, Any]:
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except OSError as trouble:
        raise ConfigurationRefused([f"`{file}` cannot be read: {trouble.strerror or 'unreadable'}"]) from trouble
    except ValueError as trouble:
        raise ConfigurationRefused([f"`{file}` is not TOML: {str(trouble).lower()}"]) from trouble
    _anchor(tree, file.resolve().parent)
    return tree


def _read_portals(file: Path) -> dict[str, Any]:
    """Read a seed file: `[[portal]]` tables (and others), or the members of one portal."""
    tree = _read_file(file)
    # `profile` is a word of both; no other is, and a portal with every name misspelt is still one
    of_settings = tree.keys() & (Settings.model_fields.keys() - {"profile"})
    return {"portal": [tree]} if tree and not of_settings else tree


def _anchor(tree: dict[str, Any], folder: Path) -> None:
    """Make paths absolute: in a file they are relative to the file."""
    for key, value in tree.items():
        if key == "secret_files" and isinstance(value, dict):
            tree[key] = {name: str(folder / str(file)) for name, file in value.items()}
        elif isinstance(value, dict):
            _anchor(value, folder)
        elif isinstance(value, list) and key != "path":
            for one in value:
                if isinstance(one, dict):
                    _anchor(one, folder)
        elif (key.endswith("_file") or key == "folder") and isinstance(value, str):
            tree[key] = str(folder / value)
        elif key == "path":
            tree[key] = [str(folder / str(one)) for one in (value if isinstance(value, list) else [value])]


def _merge(tree: dict[str, Any], more: Mapping[str, Any], origin: str, origins: dict[str, str], at: str = "") -> None:
    for key, value in more.items():
        dotted = f"{at}{key}"
        if not at and key in _TABLES and isinstance(value, list):
            rows = tree.setdefault(key, [])
            origins.update({f"{key}.{len(rows) + n}": origin for n in range(len(value))})
            rows.extend(value)
        elif isinstance(value, Mapping) and isinstance(tree.setdefault(key, {}), dict):
            _merge(tree[key], value, origin, origins, f"{dotted}.")
        elif key == "path" and isinstance(value, list) and isinstance(tree.get(key), list):
            tree[key] += [one for one in value if one not in tree[key]]  # each file adds its folders
            origins[dotted] = origin
        else:
            tree[key], origins[dotted] = value, origin


def _set(tree: dict[str, Any], dotted: str, value: object, origin: str, origins: dict[str, str]) -> None:
    *folders, leaf = dotted.split(".")
    for folder in folders:
        tree = tree.setdefault(folder, {})
    tree[leaf], origins[dotted] = value, origin
    # a secret given one way replaces the same secret given the other way further down
    twin = leaf.removesuffix("_file") if leaf.endswith("_file") else f"{leaf}_file"
    if twin in tree and ("key" in leaf or "secret" in leaf):
        del tree[twin]


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(environ):
        rest = name.removeprefix(_PREFIX)
        if rest == name or rest in _SOURCES:
            continue
        if "__" in rest:
            yield rest.lower().replace("__", "."), environ[name], name
        elif rest in _SHORT_NAMES:
            yield _SHORT_NAMES[rest], environ[name], name
        else:
            known = [*_SHORT_NAMES, *_SOURCES, *(key.upper().replace(".", "__") for key, _, _ in keys_of_tree())]
            raise ConfigurationRefused([f"`{name}` in the environment: unknown key{_nearest(rest, known, _PREFIX)}"])


def _nearest(name: str, known: Sequence[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name, known, 1, 0.5)
    return f", did you mean `{prefix}{close[0]}`?" if close else f"; known here: {', '.join(sorted(known)[:30])}"


def _explain(error: Any, origins: Mapping[str, str]) -> str:
    dotted = ".".join(str(part) for part in error["loc"])
    parts = dotted.split(".")
    prefixes = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    within = (origins[name] for name in origins if name.startswith(f"{dotted}."))
    place = next((origins[prefix] for prefix in prefixes if prefix in origins), next(within, "the defaults"))
    if error["type"] == "extra_forbidden":
        known = _names_at(error["loc"][:-1])
        parent = ".".join(str(part) for part in error["loc"][:-1])
        return f"`{dotted}` in {place}: unknown key{_nearest(parts[-1], known, f'{parent}.' if parent else '')}"
    if len(error["loc"]) == 2 and error["loc"][0] == "connectors" and error["loc"][1] not in {"path", "unpublished"}:
        return f"`{dotted}` in {place}: unknown key{_nearest(parts[-1], ['path', 'unpublished'], 'connectors.')}"
    return f"`{dotted}` in {place}: {str(error['msg']).removeprefix('Value error, ')}"


def _names_at(location: Sequence[object]) -> list[str]:
    """The member names of the model that stands at a place of the tree."""
    model: type[BaseModel] = Settings
    for part in location:
        field = model.model_fields.get(str(part)) if not isinstance(part, int) else None
        if model is ConnectorsSettings and field is None:
            model = ConnectorSettings
        for kind in (field.annotation, *get_args(field.annotation)) if field is not None else ():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return list(model.model_fields)


def _unsafe(settings: Settings) -> list[str]:
    """What may not be: for everybody first, then for production."""
    problems = [
        f"`{table}` names `{name}` twice"
        for table, names in (
            ("portal", [portal.client_id for portal in settings.portal]),
            ("resource", [resource.identifier for resource in settings.resource]),
            ("identity_provider", [provider.alias for provider in settings.identity_provider]),
            ("office", [office.code for office in settings.office]),
        )
        for name, count in Counter(names).items()
        if count > 1
    ]
    problems += _issuer_problems(settings.issuer)
    if settings.dev:
        return problems
    if settings.issuer.startswith("http:"):
        problems.append("`issuer` is http, which needs GATE06_PROFILE=dev")
    if settings.store.master_key is None and settings.store.master_key_file is None:
        problems.append("`store.master_key_file` is missing (GATE06_STORE__MASTER_KEY_FILE)")
    if settings.connectors.unpublished == "allow":
        problems.append("`connectors.unpublished = allow` asks through what nobody approved; it needs the profile dev")
    if settings.egress.portals == "lab":
        problems.append("`egress.portals = lab` lets portals name addresses of this machine; it needs the profile dev")
    if any(network.prefixlen == 0 for network in settings.proxy.trusted):
        problems.append("`proxy.trusted` believes everybody; name the proxy's own address")
    for provider in settings.identity_provider:
        secret = provider.client_secret.get_secret_value() if provider.client_secret is not None else None
        if secret is not None and (secret in _WEAK_SECRETS or len(secret) < 8):
            problems.append(f"`client_secret` of identity provider `{provider.alias}` is a well-known or short word")
        if provider.issuer.startswith("http:"):
            problems.append(f"`issuer` of identity provider `{provider.alias}` must be https")
    return problems + [problem for portal in settings.portal for problem in unsafe_members(portal)]


def _issuer_problems(text: str) -> list[str]:
    try:
        issuer = urlsplit(text)
        named = issuer.scheme in {"http", "https"} and issuer.hostname and issuer.port != 0
    except ValueError:
        return ["`issuer` is no address (GATE06_ISSUER)"]
    if not named or issuer.query or issuer.fragment or issuer.username is not None:
        return ["`issuer` must be an https address without query and fragment (GATE06_ISSUER)"]
    if text.endswith("/"):
        return ["`issuer` must not end with a slash: every address is derived from it"]
    return []
