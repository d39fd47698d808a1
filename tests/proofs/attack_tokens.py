"""Every way a signed token can be bent: one list, made anew from a good token wherever one is taken.

RFC 8725 §2 and §3 name most of them; the rest is what readers of tokens were caught by.
"""

import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jws import JWSRegistry

from gateway.tokens.key_material import generate_private_jwk, import_public_key, import_signing_key, public_jwk
from tests.possession import CHANCE, b64

Way = Callable[["Good", str], Iterator[tuple[str, str]]]
"""A family of bends: yields the name and the token of each. The text is an address nobody may ask for a key."""

STRANGER = generate_private_jwk("ES256", "stranger", CHANCE)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MEGABYTE = 1_000_000
KIDS: Mapping[str, Any] = {
    "kid: path": "../../../../../../../../dev/null",
    "kid: file": "/proc/self/environ",
    "kid: SQL": "x' OR '1'='1",
    "kid: union": "x' UNION SELECT 'AAAA' --",
    "kid: command": "|/bin/true;`id`",
    "kid: NUL": "k\0",
    "kid: number": 7,
    "kid: list": ["k"],
    "kid: object": {"k": 1},
    "kid: empty": "",
    "kid: address": "http://127.0.0.1:1/key",
    "kid: 1 MB": "k" * MEGABYTE,
}
TIMES: Mapping[str, bytes] = {
    "text": b'"9999999999"',
    "NaN": b"NaN",
    "infinite": b"Infinity",
    "negative": b"-1",
    "zero": b"0",
    "1e400": b"1e400",
    "a thousand digits": b"9" * 1000,
    "true": b"true",
    "null": b"null",
    "list": b"[9999999999]",
    "object": b'{"at":9999999999}',
}


@dataclass(frozen=True)
class Good:
    """A token that would be taken: its header, its claims, and who signs it. `time` is the claim that its reader judges
    first, `brings_key` whether the header carries the key (a proof of possession)."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: Mapping[str, str]
    time: str = "exp"
    brings_key: bool = False

    def signed(self, *, without: str = "", header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Sign it, with changes; `without` leaves a claim out."""
        said = {name: value for name, value in {**self.claims, **claims}.items() if name != without}
        return signed_octets(_json({**self.header, **(header or {})}), _json(said), self.key)

    def by(self, key: Mapping[str, str]) -> "Good":
        """Return the same token of another key, that keeps its header."""
        alg = {"alg": key["alg"]} if key["alg"] != self.header["alg"] else {}
        return replace(self, key=key, header={**self.header, **alg})


def signed_octets(header: bytes, payload: bytes, key: Mapping[str, str]) -> str:
    """Return a compact token of exactly these octets."""
    signing = import_signing_key(dict(key))
    said = f"{b64(header)}.{b64(payload)}"
    return f"{said}.{b64(JWSRegistry.algorithms[signing.alg].sign(said.encode(), signing.native))}"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _unsigned(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    body, tail = b64(_json(good.claims)), good.signed().rpartition(".")[2]
    for name in ("none", "None", "NONE", "nOnE"):
        head = b64(_json({**good.header, "alg": name}))
        yield f"{name}, no signature", f"{head}.{body}."
        yield f"{name}, old signature", f"{head}.{body}.{tail}"
    for name, alg in {"null": None, "list": [good.header["alg"]], "small": "es256", "empty": ""}.items():
        yield f"alg: {name}", signed_octets(_json({**good.header, "alg": alg}), _json(good.claims), good.key)
    kept = {name: value for name, value in good.header.items() if name != "alg"}
    yield "alg: missing", signed_octets(_json(kept), _json(good.claims), good.key)


def _confused(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    """What everybody may read, used as a secret (RFC 8725 §2.1)."""
    public = public_jwk(dict(good.key))
    native = import_public_key(public).native.public_key
    form = PublicFormat.SubjectPublicKeyInfo
    secrets = {
        "PEM": native.public_bytes(Encoding.PEM, form),
        "DER": native.public_bytes(Encoding.DER, form),
        "JWK": _json(public),
        "nothing": b"",
    }
    for (name, secret), alg in zip(secrets.items(), ("HS256", "HS384", "HS512", "HS256"), strict=True):
        said = f"{b64(_json({**good.header, 'alg': alg}))}.{b64(_json(good.claims))}"
        yield f"{alg} with the public key as {name}", f"{said}.{b64(hmac.digest(secret, said.encode(), _hash(alg)))}"


def _hash(alg: str) -> str:
    return hashlib.new(f"sha{alg[2:]}").name


def _foreign_keys(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    stranger = public_jwk(STRANGER)
    if good.brings_key:
        yield "jwk: none", _without(good, "jwk")
        yield "jwk: of another", good.signed(header={"jwk": stranger})
        yield "jwk: private", good.signed(header={"jwk": {**good.header["jwk"], "d": good.key["d"]}})
        yield "jwk: symmetric", good.signed(header={"jwk": {"kty": "oct", "k": "AAAA"}})
        yield "jwk: text", good.signed(header={"jwk": "key"})
    else:
        by_stranger = good.by({**STRANGER, "kid": good.key["kid"]})
        yield "another's key under this id", by_stranger.signed()
        yield "another's key, embedded", by_stranger.signed(header={"jwk": stranger})
        yield "own key, embedded", good.signed(header={"jwk": public_jwk(dict(good.key))})
        yield "another's key by jku", by_stranger.signed(header={"jku": f"{outside}/jwks.json"})
        yield "another's key by x5u", by_stranger.signed(header={"x5u": f"{outside}/chain.pem"})
    yield "jku", good.signed(header={"jku": f"{outside}/jwks.json"})
    yield "jku without id", _without(good, "kid", jku=f"{outside}/jwks.json")
    yield "jku by name", good.signed(header={"jku": "http://keys.example/jwks.json"})
    yield "jku as file", good.signed(header={"jku": "file:///etc/passwd"})
    yield "x5u", good.signed(header={"x5u": f"{outside}/chain.pem"})


def _without(good: Good, name: str, **more: Any) -> str:
    kept = {one: value for one, value in good.header.items() if one != name}
    return signed_octets(_json({**kept, **more}), _json(good.claims), good.key)


def _key_ids(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    for name, kid in KIDS.items():
        yield name, good.signed(header={"kid": kid})


def _extensions(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    yield "crit", good.signed(header={"crit": ["exp"], "exp": 1})
    yield "crit: empty", good.signed(header={"crit": []})
    yield "crit: unknown", good.signed(header={"crit": ["x-gate"], "x-gate": True})
    yield "b64: false", good.signed(header={"crit": ["b64"], "b64": False})
    yield "typ: another", good.signed(header={"typ": "something+jwt"})
    yield "typ: list", good.signed(header={"typ": ["JWT"]})


def _twice(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    """Two readers must not see two tokens (RFC 7515 §4, RFC 7519 §4)."""
    head, body = _json(good.header), _json(good.claims)
    for name in sorted(good.header):
        again = b'{"%s":%s,' % (name.encode(), _json(good.header[name])) + head[1:]
        yield f"header twice: {name}", signed_octets(again, body, good.key)
    for name in sorted(good.claims):
        again = b'{"%s":%s,' % (name.encode(), _json(good.claims[name])) + body[1:]
        yield f"claim twice: {name}", signed_octets(head, again, good.key)
    yield "member twice, deep", signed_octets(head, body[:-1] + b',"x":{"y":1,"y":2}}', good.key)


def _encrypted(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    """Nobody here takes an encrypted token, so that none of these may cost anything."""
    bomb = _bomb()
    slow = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAA", "cty": "JWT"}
    direct = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "cty": "JWT"}
    agreed = {"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF", "epk": public_jwk(STRANGER)}
    yield "p2c", f"{b64(_json(slow))}.{b64(bytes(40))}.{b64(bytes(12))}.{b64(bytes(64))}.{b64(bytes(16))}"
    for name, header in (("dir", direct), ("agreed", agreed)):
        yield f"zip bomb, {name}", f"{b64(_json(header))}..{b64(bytes(12))}.{b64(bomb)}.{b64(bytes(16))}"
    yield "zip bomb, signed", signed_octets(_json({**good.header, "zip": "DEF"}), bomb[:24_000], good.key)
    yield "p2c, signed", good.signed(header={"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1, "p2s": "AAAA"})


@cache
def _bomb() -> bytes:
    """Return 50 MB of nothing, small."""
    return zlib.compress(bytes(50 * MEGABYTE), 9)


def _signatures(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    said = good.signed().rpartition(".")[0]
    n = ORDER.to_bytes(32)
    tails = {
        "r=s=0": bytes(64),
        "r=s=n": n + n,
        "r=0": bytes(32) + b"\1" * 32,
        "s=0": b"\1" * 32 + bytes(32),
        "DER": b"\x30\x06\x02\x01\x00\x02\x01\x00",
        "one octet": b"\1",
        "one too many": b"\1" * 65,
        "1 MB": bytes(MEGABYTE),
    }
    for name, octets in tails.items():
        yield f"signature: {name}", f"{said}.{b64(octets)}"
    yield "signature: none", f"{said}."
    yield "signature: cut off", said


def _times(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    name, head = good.time, _json(good.header)
    for told, value in TIMES.items():
        body = _json({**good.claims, name: "@"}).replace(b'"@"', value)
        yield f"{name}: {told}", signed_octets(head, body, good.key)
    yield f"{name}: missing", good.signed(without=name)
    made_at = min(int(good.claims[name]), int(good.claims["iat"]))
    yield f"{name}: a day ago", good.signed(**{name: made_at - 86_400})
    later = {claim: int(good.claims[claim]) + 86_400 for claim in ("iat", "nbf", "exp") if claim in good.claims}
    yield "from tomorrow", good.signed(**later)


def _audiences(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    ours = good.claims.get("aud")
    if not isinstance(ours, str):
        return
    wrong = {
        "part": ours[:-1],
        "more": f"{ours}x",
        "capitals": ours.upper() if ours.upper() != ours else ours.lower(),
        "several in one": f"{ours} https://other.example",
        "another": "https://other.example",
        "list of another": ["https://other.example"],
        "list of parts": [ours[:-1], ours[1:]],
        "list in a list": [[ours]],
        "empty": "",
        "empty list": [],
        "object": {"aud": ours},
        "number": 1,
        "null": None,
        "pattern": "*",
    }
    for name, value in wrong.items():
        yield f"aud: {name}", good.signed(aud=value)
    yield "aud: missing", good.signed(without="aud")


def _sizes(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    yield "header of 1 MB", good.signed(header={"pad": "x" * MEGABYTE})
    yield "header of 6 KB", good.signed(header={"pad": "x" * 6000})
    yield "claims of 1 MB", good.signed(pad="x" * MEGABYTE)
    deep = b'{"x":' + b"[" * 9000 + b"]" * 9000 + b"}"
    yield "claims 9000 deep", signed_octets(_json(good.header), deep, good.key)
    yield (
        "header 900 deep",
        signed_octets(_json(good.header)[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}", b"{}", good.key),
    )


def _forms(good: Good, outside: str) -> Iterator[tuple[str, str]]:
    whole = good.signed()
    head, body, tail = whole.split(".")
    yield "form: one part", head
    yield "form: two parts", f"{head}.{body}"
    yield "form: four parts", f"{whole}.{tail}"
    yield "form: padded", f"{head}=.{body}.{tail}"
    yield "form: dots", ".."
    yield "form: JSON serialisation", json.dumps({"protected": head, "payload": body, "signature": tail})
    yield "claims: a list", signed_octets(_json(good.header), _json([good.claims]), good.key)
    yield "claims: not UTF-8", signed_octets(_json(good.header), b'{"sub":"\xff"}', good.key)
    yield "claims: with a mark", signed_octets(_json(good.header), b"\xef\xbb\xbf" + _json(good.claims), good.key)
    yield "claims: changed", f"{head}.{b64(_json({**good.claims, 'sub': 'somebody', 'jti': 'other'}))}.{tail}"


WAYS: tuple[Way, ...] = (
    *(_unsigned, _confused, _foreign_keys, _key_ids, _extensions, _twice, _encrypted),
    *(_signatures, _times, _audiences, _sizes, _forms),
)
