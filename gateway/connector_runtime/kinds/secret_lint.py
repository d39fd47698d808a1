"""What in a manifest is more likely a secret than a name or a word, wherever it stands outside `auth`.

Two signs: a text that looks as if it came from a generator, and a literal under a name that means a secret
(`password`, `MatKhau`, `apikey`). Slots are no literals: `{personal_number}` under `key` is a question.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from gateway.connector_runtime.kinds.finding import Key, Problem
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import InlineSecret

_RANDOM = re.compile(r"[A-Za-z0-9+/=_.-]{20,}")
_UNBROKEN = 32
_TURNS = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_MANY_TURNS = 3
_SLOTS = re.compile(r"\{[^{}]*\}")

# words of a name, or neighbours among them; the last ones also as endings, since `wspassword` is cut nowhere
_WORDS = frozenset(
    {
        "pass",
        "mk",
        "pw",
        "pin",
        "auth",
        "authorization",
        "cookie",
        "sig",
        "signature",
        "signatures",
        "chiakhoa",
        "baomat",
    }
)
_ENDINGS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "matkhau", "bimat"),
    *("secret", "secretkey", "apikey", "appkey", "accesskey", "privatekey", "authkey", "subscriptionkey"),
    *("token", "credential", "credentials"),
)
_MAYBE = frozenset({"key", "khoa"})  # also a column's, also a hospital's department
_ABOUT = frozenset(
    {"type", "kind", "alg", "algorithm", "method", "format", "mode", "level", "version", "user", "username"}
)
_GRADES = frozenset({"muc", "cap"})
_CUTS = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
_HARMLESS = frozenset({"", "0", "1", "true", "false", "yes", "no", "null", "none"})
_MIXED = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])\S{5,}")

_INLINE = "what proves who asks is told by `auth`; where the service wants it here, write `{secret:NAME}`"
_NAMES = frozenset(
    {("record", "at"), ("record", "as_of"), ("signature", "at"), ("signature", "over"), ("inputs",), ("auth",)}
)


def looks_like_a_secret(text: str) -> bool:
    """Tell whether a literal text is more likely a secret than a name: long, unbroken, letters and digits mixed, or a
    UUID. Namespaces of a body are no texts and are not looked at."""
    if _UUID.search(_SLOTS.sub(" ", text)):
        return True
    for word in _RANDOM.findall(_SLOTS.sub(" ", text)):
        kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        if kinds == 3 or (len(word) >= _UNBROKEN and kinds > 1 and not re.search(r"[._/-]", word)):
            return True
    return False


def means_a_secret(name: str, text: str) -> bool:
    """Tell whether a literal stands under a name that means a secret; a `key` may hold a word, but no mixture."""
    literal = _SLOTS.sub("", text).strip()
    if literal.casefold() in _HARMLESS:
        return False
    words = _words(name)
    if not words or words[-1] in _ABOUT or words[0] in _GRADES:
        return False
    joined = [first + second for first, second in pairwise(words)]
    if any(one in _WORDS or one.endswith(_ENDINGS) for one in (*words, *joined, "".join(words))):
        return True
    return not _MAYBE.isdisjoint(words) and bool(_MIXED.fullmatch(literal))


def _words(name: str) -> list[str]:
    """Cut a name at signs, capitals and digits; numbers and a version's `v` say nothing."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(one for one in plain if one.isascii())
    return [one.casefold() for one in _CUTS.split(plain) if one and one.casefold() != "v"]


def secret_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield every place of a manifest that holds what is likely a secret."""
    yield from _of_the_address(manifest)
    if manifest.operations is not None:
        look_up, probe = manifest.operations.lookup, manifest.operations.check
        at = ("operations", "lookup")
        yield from _of_a_path((*at, "path"), look_up.path)
        for table in ("query", "headers", "where"):
            yield from _of_members((*at, table), getattr(look_up, table))
        if isinstance(look_up.body, str):
            yield from _of_xml((*at, "body"), look_up.body)
        else:
            yield from _of_members((*at, "body"), look_up.body)
        yield from _of_xml((*at, "header"), f"<header>{look_up.header or ''}</header>")
        yield from _of_a_path(("operations", "check", "path"), probe.path)
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
    yield from _of_a_path(key, parts.path + (f"?{parts.query}" if parts.query else ""))


def _of_a_path(key: Key, path: str) -> Iterator[Problem]:
    before, _, query = path.partition("?")
    if any(_is_random(step) for step in _SLOTS.sub(" ", before).split("/")):
        yield Problem(InlineSecret, key, f"a step of the path looks like a secret; {_INLINE}")
    for name, text in parse_qsl(query, keep_blank_values=True):
        yield from _of_a_member(key, name, text)


def _of_members(at: Key, table: Any) -> Iterator[Problem]:
    if isinstance(table, Mapping):
        for name, inner in table.items():
            if isinstance(inner, str | int | float) and not isinstance(inner, bool):
                yield from _of_a_member((*at, name), name, str(inner))
            else:
                yield from _of_members((*at, name), inner)
    elif isinstance(table, list):
        for index, inner in enumerate(table):
            yield from _of_members((*at, index), inner if not isinstance(inner, str) else {str(at[-1]): inner})


def _of_a_member(key: Key, name: str, text: str) -> Iterator[Problem]:
    if looks_like_a_secret(text):
        yield Problem(InlineSecret, key, f"this looks like a secret; {_INLINE}")
    elif means_a_secret(name, text):
        yield Problem(InlineSecret, key, f"`{name[:40]}` means a secret and holds one; {_INLINE}")


def _of_xml(key: Key, text: str) -> Iterator[Problem]:
    try:
        root = etree.fromstring(text.strip().encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return  # told as a template that cannot be read
    for element in root.iter():
        if isinstance(element.tag, str):
            pairs = [(element.tag, element.text), ("", element.tail), *element.attrib.items()]
            for name, found in pairs:
                yield from _of_a_member(key, etree.QName(str(name)).localname if name else "", str(found or ""))


def _of_words(manifest: Manifest) -> Iterator[Problem]:
    """Everything people read, and every other text: only what a generator made is told from words there."""
    for key, text in _leaves(manifest.model_dump(by_alias=True, exclude_unset=True)):
        if key[0] in {"auth", "operations", "endpoint", "fields", "inputs", "limits"} or key[-2:] in _NAMES:
            continue
        if key[:2] == ("record", "about") or (key[0] == "outcomes" and key[-1] == "path"):
            continue
        if any(_is_random(word) for word in re.split(r"[\s/]+", text)):
            yield Problem(InlineSecret, key, "this looks like a secret; a manifest names secrets and holds none")


def _is_random(word: str) -> bool:
    """Tell a generator's text from the words of an address: letters and digits take turns in it."""
    return bool(_UUID.search(word)) or (looks_like_a_secret(word) and len(_TURNS.findall(word)) >= _MANY_TURNS)


def _leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*key, index))
