"""What a probe proves of a secret: something only where the source takes the new one and refuses a random one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase, digits
from tempfile import TemporaryDirectory
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.cli.connector_table import ConnectorTable, probe
from gateway.connector_exam.certificate import unvouched_pair
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import Reference, references_of
from gateway.connector_runtime.manifest import Manifest
from gateway.vocabulary.clock import Randomness, SystemRandomness, text_token

_OF_A_QUESTION = ("operations.lookup", "signature.", "envelope_signature.")
_PAIR = ("certificate_file", "certificate_key_file")

Judged = Literal["checked", "unchecked", "undecided"]
"""`checked`: the source refuses a random one; `unchecked`: it takes that, too; `undecided`: it stopped answering."""


def beyond_a_probe(manifest: Manifest, settings: ConnectorSettings, names: Collection[str]) -> tuple[str, ...]:
    """Return the secrets that a source's probe never carries: those of a question, of its message, of answers."""
    message = manifest.transport is None and manifest.auth.kind.startswith("wss_")
    silent = (*_OF_A_QUESTION, "auth.") if message else _OF_A_QUESTION
    known = list(references_of(manifest, settings))
    heard = {one.name for one in known if not one.member.startswith(silent)}
    return tuple(name for name in names if name not in heard)


async def judge_by_random_ones(
    table: ConnectorTable, changed: ConnectorSettings, secrets: Iterable[str]
) -> dict[str, Judged]:
    """Return for each secret of a changed table, which its source takes, whether the source looks at it at all.

    The same probe goes out once more with a random secret of the same kind and shape in its place. A source that does
    not answer `up` then has refused it, or went away at that moment: the good one is shown again to tell the two.
    """
    judged: dict[str, Judged] = {}
    for secret in secrets:
        if await _takes_a_random(table, changed, secret):
            judged[secret] = "unchecked"
        else:
            judged[secret] = "checked" if (await probe(table, changed)).state == "up" else "undecided"
    return judged


async def _takes_a_random(table: ConnectorTable, changed: ConnectorSettings, secret: str) -> bool:
    known = {reference.name: reference for reference in references_of(table.manifest, changed)}
    with TemporaryDirectory() as folder:
        # a key and its certificate go together: either alone could not even be shown
        files = {name: Path(folder) / str(place) for place, name in enumerate(_PAIR if secret in _PAIR else (secret,))}
        _write_random(files, known[secret])
        return (await probe(table, replace(table, one=changed).tried(files))).state == "up"


def _write_random(files: Mapping[str, Path], reference: Reference) -> None:
    """Write what stands in the place of a secret, or of a key and its certificate: of its kind, known to nobody."""
    certificate, key = unvouched_pair()
    octets = {
        "password": _random_text(reference),
        "private_key": _private_key(reference.algorithm),
        "certificates": certificate,
        "jwks": b'{"keys":[]}',
    }
    made = (octets[reference.kind],) if len(files) == 1 else (certificate, key)
    for place, written in zip(files.values(), made, strict=True):
        place.touch(0o600)
        place.write_bytes(written)


def _random_text(reference: Reference) -> bytes:
    """Return a random text of the shape of the secret it stands for: a source that only looks at length or letters
    takes it. A digit stays a digit, a letter a letter of its case (of `a-f` where all are), a sign itself."""
    text = "" if reference.file is None else reference.file.read_text("utf-8", "replace").strip()
    letters = {one for one in text if one.isalpha()}
    chance = SystemRandomness()
    small = "abcdef" if letters <= set("abcdefABCDEF") else ascii_lowercase
    while True:
        made = "".join(_like(one, small, chance) for one in text)
        if made != text:
            return made.encode()
        if not any(one.isalnum() for one in text):
            return text_token(chance).encode()


def _like(sign: str, small: str, chance: Randomness) -> str:
    if sign.isdigit():
        return digits[chance.octets(1)[0] % len(digits)]
    if not sign.isalpha():
        return sign
    drawn = small[chance.octets(1)[0] % len(small)]
    return drawn.upper() if sign.isupper() else drawn


def _private_key(algorithm: str) -> bytes:
    made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm.startswith(("RS", "PS")):
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
