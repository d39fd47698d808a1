"""What a probe proves of a secret: something only where the source takes the new one and refuses a random one."""

from collections.abc import Collection, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.cli.connector_credentials import in_place, probe
from gateway.connector_exam.certificate import unvouched_pair
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import Reference, references_of
from gateway.connector_runtime.making import Installed
from gateway.connector_runtime.manifest import Manifest
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemRandomness, text_token

_OF_A_QUESTION = ("operations.lookup", "signature.", "envelope_signature.")
_PAIR = ("certificate_file", "certificate_key_file")


def beyond_a_probe(manifest: Manifest, settings: ConnectorSettings, names: Collection[str]) -> tuple[str, ...]:
    """Return the secrets that a source's probe never carries: those of a question, of its message, of answers."""
    message = manifest.transport is None and manifest.auth.kind.startswith("wss_")
    silent = (*_OF_A_QUESTION, "auth.") if message else _OF_A_QUESTION
    known = list(references_of(manifest, settings))
    heard = {one.name for one in known if not one.member.startswith(silent)}
    return tuple(name for name in names if name not in heard)


async def taken_with_anything(
    name: str, one: ConnectorSettings, carried: Installed, secrets: Iterable[str], settings: Settings
) -> tuple[str, ...]:
    """Return the secrets of a table in whose place the source's probe takes a random one of the same kind, too."""
    known = {reference.name: reference for reference in references_of(carried.manifest, one)}
    taken: list[str] = []
    for secret in secrets:
        with TemporaryDirectory() as folder:
            changed = one
            # a key and its certificate go together: either alone could not even be shown
            for other in _PAIR if secret in _PAIR else (secret,):
                changed = changed.model_copy(update=in_place(known[other], Path(folder) / other, changed))
            _write_random(Path(folder), known[secret])
            if (await probe(name, changed, settings, carried)).state == "up":
                taken.append(secret)
    return tuple(taken)


def _write_random(folder: Path, reference: Reference) -> None:
    """Write what stands in the place of a secret: of its kind, and known to nobody."""
    certificate, key = unvouched_pair()
    made = {
        "password": text_token(SystemRandomness()).encode(),
        "private_key": _private_key(reference.algorithm),
        "certificates": certificate,
        "jwks": b'{"keys":[]}',
    }[reference.kind]
    pair = dict(zip(_PAIR, (certificate, key), strict=True))
    for file, octets in (pair if reference.name in _PAIR else {reference.name: made}).items():
        place = folder / file
        place.touch(0o600)
        place.write_bytes(octets)


def _private_key(algorithm: str) -> bytes:
    made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm.startswith(("RS", "PS")):
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
