"""What in a manifest is more likely a secret than a name or a word, wherever it stands outside `auth`.

What a text itself says is in `secret_signs`; here every place of a manifest is looked at. Slots are no literals:
`{personal_number}` under `key` is a question.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from lxml import etree

from gateway.connector_runtime.kinds.finding import Key, Problem
from gateway.connector_runtime.kinds.secret_signs import (
    SLOTS,
    holds_a_proof,
    is_random,
    looks_like_a_secret,
    means_a_secret,
    says_a_secret,
    tells_a_login,
)
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import InlineSecret

_INLINE = "what proves who asks is told by `auth`; where the service wants it here, write `{secret:NAME}`"
_NAMES = frozenset(
    {("record", "at"), ("record", "as_of"), ("signature", "at"), ("signature", "over"), ("inputs",), ("auth",)}
)
_NAMING = frozenset({"name", "key", "id", "ten", "khoa"})
_VALUES = frozenset({"value", "val", "text", "giatri", "gia_tri"})


def secret_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield every place of a manifest that holds what is likely a secret."""
    yield from _of_the_address(manifest)
    if manifest.operations is not None:
        look_up, probe = manifest.operations.lookup, manifest.operations.check
        at = ("operations", "lookup")
        yield from _of_a_path((*at, "path"), look_up.path)
        yield from _of_a_path((*at, "action"), look_up.action)
        for table in ("query", "headers", "where"):
            yield from _of_members((*at, table), getattr(look_up, table))
        if isinstance(look_up.body, str):
            yield from _of_xml((*at, "body"), look_up.body)
        else:
            yield from _of_members((*at, "body"), look_up.body)
        yield from _of_xml((*at, "header"), f"<header>{look_up.header or ''}</header>")
        yield from _of_a_path(("operations", "check", "path"), probe.path)
    if tells_a_login("user", manifest.auth.user) or looks_like_a_secret(manifest.auth.user):
        yield Problem(
            InlineSecret, ("auth", "user"), "`user` is a name alone; its secret is named by `auth.secret_ref`"
        )
    yield from _of_words(manifest)


def _of_the_address(manifest: Manifest) -> Iterator[Problem]:
    if manifest.endpoint is None:
        return
    key: Key = ("endpoint", "url")
    try:
        parts = urlsplit(manifest.endpoint.url)
    except ValueError:
        return
    if parts.password is not None or (parts.username is not None and manifest.kind != "sqlview"):
        yield Problem(InlineSecret, key, "the address holds a password; name it by `auth.secret_ref`")
    elif parts.fragment and (means_a_secret("key", parts.fragment) or looks_like_a_secret(parts.fragment)):
        yield Problem(InlineSecret, key, f"what follows `#` in the address looks like a secret; {_INLINE}")
    yield from _of_a_path(key, parts.path + (f"?{parts.query}" if parts.query else ""))


def _of_a_path(key: Key, path: str) -> Iterator[Problem]:
    before, _, query = path.partition("?")
    if holds_a_proof(unquote(before)) or any(is_random(step) for step in SLOTS.sub(" ", before).split("/")):
        yield Problem(InlineSecret, key, f"a step of the path looks like a secret; {_INLINE}")
    # parameters of a step (RFC 3986 §3.3) are members as those of the query are
    parameters = [one.partition("=") for step in before.split("/") for one in step.split(";")[1:]]
    for name, text in [*((name, text) for name, _, text in parameters), *parse_qsl(query, keep_blank_values=True)]:
        yield from _of_a_member(key, name, text)


def _of_members(at: Key, table: Any) -> Iterator[Problem]:
    if isinstance(table, Mapping):
        named = _named((name, inner) for name, inner in table.items() if isinstance(inner, str))
        for name, inner in table.items():
            if isinstance(inner, str | int | float) and not isinstance(inner, bool):
                yield from _of_a_member((*at, name), named if named and _is_value(name) else name, str(inner))
            else:
                yield from _of_members((*at, name), inner)
    elif isinstance(table, list):
        for index, inner in enumerate(table):
            yield from _of_members((*at, index), inner if not isinstance(inner, str) else {str(at[-1]): inner})


def _of_a_member(key: Key, name: str, text: str) -> Iterator[Problem]:
    if looks_like_a_secret(text):
        yield Problem(InlineSecret, key, f"this looks like a secret; {_INLINE}")
    elif means_a_secret(name, text, in_header="headers" in key):
        yield Problem(InlineSecret, key, f"`{name[:40]}` means a secret and holds one; {_INLINE}")
    elif tells_a_login(name, text):
        yield Problem(InlineSecret, key, f"this is a login with its proof; {_INLINE}")


def _of_xml(key: Key, text: str) -> Iterator[Problem]:
    try:
        root = etree.fromstring(text.strip().encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return  # told as a template that cannot be read
    for element in root.iter():
        if not isinstance(element.tag, str):
            if says_a_secret(element.text or ""):  # a comment is sent, too
                yield Problem(InlineSecret, key, f"a comment says a secret; {_INLINE}")
        else:
            for name, found in _pairs(element):
                yield from _of_a_member(key, name, found)


def _pairs(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield what an element says, each text under the name that tells what it means: `<P name="pin">…</P>` is a pin."""
    attributes = [(_local(name), str(text)) for name, text in element.attrib.items()]
    own = _local(element.tag)
    above = element.getparent()
    beside = [] if above is None else [(_local(one.tag), one.text or "") for one in above if isinstance(one.tag, str)]
    named = _named(attributes)
    yield named or (_named(beside) if _is_value(own) else "") or own, element.text or ""
    yield "", element.tail or ""
    for name, text in attributes:
        yield named if named and _is_value(name) else name, text


def _local(name: Any) -> str:
    return etree.QName(str(name)).localname


def _is_value(name: str) -> bool:
    return name.casefold() in _VALUES


def _named(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the name that a pair of name and value gives its value, where it means a secret; empty where none does."""
    return next((text for name, text in pairs if name.casefold() in _NAMING and means_a_secret(text, "word")), "")


def _of_words(manifest: Manifest) -> Iterator[Problem]:
    """Everything people read, and every other text: what a generator made, and what is said to be a secret."""
    for key, text in _leaves(manifest.model_dump(by_alias=True, exclude_unset=True)):
        if key[0] in {"auth", "operations", "endpoint", "fields", "inputs", "limits"} or key[-2:] in _NAMES:
            continue
        if key[:2] == ("record", "about") or (key[0] == "outcomes" and key[-1] == "path"):
            continue
        if says_a_secret(text) or any(is_random(word) for word in re.split(r"[\s/]+", text)):
            yield Problem(InlineSecret, key, "this looks like a secret; a manifest names secrets and holds none")


def _leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*key, index))
