"""Reading parameters without I/O: repeated, oversized and malformed ones die here (RFC 6749 §3.1, §3.2)."""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, overload
from urllib.parse import unquote_plus, urlsplit

from gateway.openid_provider.failure import InvalidRequest

MAX_BYTES = 32_768
MAX_VALUE = 8_192
MAX_FIELDS = 100
Other = TypeVar("Other")
_LONG_NUMBER = re.compile(r"[0-9]{6,}")
_MAY_REPEAT = frozenset({"resource"})


class Parameters(Mapping[str, str]):
    """Decoded parameters: one value each. An empty value counts as not sent (RFC 6749 §3.1)."""

    __slots__ = ("_values", "resources")

    def __init__(self, values: Mapping[str, str], resources: Sequence[str] = ()) -> None:
        self._values = values
        self.resources = tuple(resources)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str | Other) -> str | Other: ...
    def get(self, name: str, default: str | Other | None = None) -> str | Other | None:
        """Return a parameter, or `default`: a dozen optional ones are looked for in each request."""
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def required(self, name: str) -> str:
        """Return a parameter. Raises InvalidRequest that names it when it was not sent."""
        value = self._values.get(name)
        if value is None:
            raise InvalidRequest(f"`{name}` is missing")
        return value


def same_secret(given: str, expected: str) -> bool:
    """Compare a value that came from outside with a secret, in constant time and whatever letters it holds."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8"))


def split_pairs(text: str) -> list[tuple[str, str]]:
    """Return names and values in order, as `urllib.parse.parse_qsl` does with blank values kept, at a third of the
    cost: most parameters of a protocol hold nothing that is encoded. Raises ValueError: too many, not UTF-8."""
    fields = text.split("&")
    if len(fields) > MAX_FIELDS:
        raise ValueError("too many fields")
    pairs = []
    for field in fields:
        if field:
            name, _, value = field.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def parse_form(octets: bytes) -> Parameters:
    """Read `application/x-www-form-urlencoded` octets. Raises InvalidRequest: repeated, oversized, not UTF-8."""
    if len(octets) > MAX_BYTES:
        raise InvalidRequest(f"the parameters are larger than {MAX_BYTES} bytes")
    try:
        pairs = split_pairs(octets.decode("ascii"))
    except (UnicodeError, ValueError) as error:
        raise InvalidRequest("the parameters are not form-encoded UTF-8") from error
    values: dict[str, str] = {}
    resources: list[str] = []
    seen: set[str] = set()
    for name, value in pairs:
        if name in _MAY_REPEAT:
            resources.append(value)
            continue
        if name in seen:
            raise InvalidRequest(f"`{_shown(name)}` is sent more than once")
        seen.add(name)
        if len(value) > MAX_VALUE:
            raise InvalidRequest(f"`{_shown(name)}` is longer than {MAX_VALUE} characters")
        if "\x00" in value:
            raise InvalidRequest(f"`{_shown(name)}` holds a NUL character")
        if value:
            values[name] = value
    return Parameters(values, resources)


def is_resource_uri(text: str) -> bool:
    """Tell whether a text may name a resource: an absolute URI without a fragment (RFC 8707 §2)."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in text


def _shown(name: str) -> str:
    """Return a parameter's name as far as an error text may repeat it: a long number may be a person's."""
    plain = "".join(letter for letter in name[:40] if letter.isascii() and (letter.isalnum() or letter in "_-.#"))
    return _LONG_NUMBER.sub("*", plain)
