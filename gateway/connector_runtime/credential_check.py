"""Which secrets a connector needs, where each reference points, and whether what is there can be used.

Nothing of a secret is ever part of a finding: its kind and strength, its days, and who may read its file.
"""

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import Certificate

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.kinds.secret_files import REASONS
from gateway.connector_runtime.kinds.secret_slots import secret_names
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_parts import Auth
from gateway.tokens.jose import FixedKeys
from gateway.tokens.key_material import KeyRefused
from gateway.tokens.pem import PublicKey, public_key_of, read_certificates, read_private_key, read_signing_key

Kind = Literal["password", "private_key", "certificates", "jwks"]
State = Literal["in_order", "soon", "wrong"]

_ENDS_SOON = timedelta(days=30)
_SHORT = 16
_LARGEST = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A secret that is needed: `member` is the key that names it (of the manifest or of the settings), `name` what it
    is called, `what` what it is for. `file` is None where the settings hold the value itself, or nothing."""

    member: str
    name: str
    what: str
    kind: Kind
    file: Path | None
    is_value: bool = False
    algorithm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen of one secret. `seen` is its kind and strength, `ends_at` when its certificate ends, `wrong` what
    has to be mended."""

    reference: Reference
    state: State
    seen: str = ""
    ends_at: datetime | None = None
    wrong: str = ""


def references_of(manifest: Manifest, settings: ConnectorSettings) -> Iterator[Reference]:
    """Yield every secret that a connector needs as it is set up, those of a bus, of the endpoint and of answers."""
    if manifest.transport is not None:
        yield from _of_the_bus(manifest, settings)
    else:
        yield from _of_the_endpoint(manifest.auth, settings)
    for name in secret_names(manifest):
        yield _named("operations.lookup", name, "secret that the question itself holds", "password", settings)
    if manifest.signature is not None:
        name = manifest.signature.keys_ref
        yield _named("signature.keys_ref", name, "public keys the answers are signed with", "jwks", settings)
    if manifest.envelope_signature is not None:
        name, what = manifest.envelope_signature.certificates_ref, "certificates the answers are signed with"
        yield _named("envelope_signature.certificates_ref", name, what, "certificates", settings)
    for member, what, kind in _OF_TLS:
        file: Path | None = getattr(settings, member)
        if file is not None:
            yield Reference(member=member, name=member, what=what, kind=kind, file=file)


def inspect(reference: Reference, now: datetime) -> Finding:
    """Look at one secret."""
    if reference.is_value:
        return _told(reference, "a value in the settings; a file can be replaced and kept from others")
    if reference.file is None:
        where = "`secret_files`" if "." in reference.member else f"`{reference.member}_file`"
        return _wrong(reference, f"the settings hold no {where} for it")
    try:
        exposed = _exposed(reference, reference.file)
        return _wrong(reference, exposed) if exposed else _read(reference, reference.file, now)
    except KeyRefused as refused:
        return _wrong(reference, REASONS.get(refused.rule, "cannot be used"))
    except OSError as error:
        return _wrong(reference, f"cannot be read: {error.strerror or type(error).__name__}")


def inspect_all(manifest: Manifest, settings: ConnectorSettings, now: datetime) -> tuple[Finding, ...]:
    """Return a finding for every secret; a certificate that does not belong to its key is wrong."""
    found = [inspect(one, now) for one in references_of(manifest, settings)]
    return tuple(_paired(one, found) for one in found)


def _of_the_endpoint(auth: Auth, settings: ConnectorSettings) -> Iterator[Reference]:
    if auth.kind == "none":
        return
    party = settings.user or auth.user
    algorithm = auth.algorithm if auth.kind in {"jwt", "oauth2_jwt"} else ""
    what = _WHAT[auth.kind].format(party=f"`{party}`" if party else "the gateway", header=auth.header)
    kind: Kind = "private_key" if auth.kind in {"jwt", "oauth2_jwt", "wss_certificate"} else "password"
    yield replace(_named("auth.secret_ref", auth.secret_ref or "", what, kind, settings), algorithm=algorithm)
    if auth.kind == "wss_certificate":
        what = "certificate that goes with the key"
        yield _named("auth.certificate_ref", auth.certificate_ref or "", what, "certificates", settings)


def _of_the_bus(manifest: Manifest, settings: ConnectorSettings) -> Iterator[Reference]:
    bus = settings.transport or manifest.transport
    wanted = [("secret", f"secret of `{settings.user}` at `{bus}`", True)]
    wanted += [("api_key", "API key of the bus", bool(settings.api_key or settings.api_key_file))]
    wanted += [("key_secret", f"secret of the officer's account `{settings.key_user}`", bus == "lgsp_wrapper")]
    wanted += [("desk_secret", f"secret of `{settings.desk_user}`, for officers at a desk", bool(settings.desk_user))]
    for member, what, is_needed in wanted:
        if is_needed:
            value, file = getattr(settings, member), getattr(settings, f"{member}_file")
            yield Reference(
                member=member, name=member, what=what, kind="password", file=file, is_value=value is not None
            )


def _named(member: str, name: str, what: str, kind: Kind, settings: ConnectorSettings) -> Reference:
    return Reference(member=member, name=name, what=what, kind=kind, file=settings.secret_files.get(name))


def _read(reference: Reference, file: Path, now: datetime) -> Finding:
    with file.open("rb") as opened:
        return _READERS[reference.kind](reference, opened.read(_LARGEST), now)


def _exposed(reference: Reference, file: Path) -> str:
    """Return why the permissions of a file are wrong: public keys may be read by everybody and written by nobody."""
    mode, is_secret = file.stat().st_mode, reference.kind in {"password", "private_key"}
    if not stat.S_ISREG(mode):
        return "is no file"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write it (mode {stat.S_IMODE(mode):o}); `chmod {'600' if is_secret else '644'}` it"
    # whoever cannot enter the folder does not reach the file: a mount for one program often looks so
    reached = file.resolve().parent.stat().st_mode & stat.S_IXOTH
    if is_secret and mode & stat.S_IROTH and reached:
        return f"everybody on this machine may read it (mode {stat.S_IMODE(mode):o}); `chmod 600` it"
    return ""


def _password(reference: Reference, octets: bytes, now: datetime) -> Finding:
    try:
        length = len(octets.decode("utf-8").strip())
    except UnicodeDecodeError:
        return _wrong(reference, "is no text")
    if not length:
        return _wrong(reference, "is empty")
    if length < _SHORT:
        return Finding(reference=reference, state="soon", seen=f"short: fewer than {_SHORT} characters")
    return _told(reference, f"{_SHORT} characters or more")


def _private_key(reference: Reference, octets: bytes, now: datetime) -> Finding:
    if reference.algorithm:
        read_signing_key(octets, reference.algorithm)
    return _told(reference, _strength(read_private_key(octets).public_key()))


def _certificates(reference: Reference, octets: bytes, now: datetime) -> Finding:
    found = read_certificates(octets)
    # of several the one that holds longest decides: the old one stays beside the next while they change
    last = max(found, key=lambda one: one.not_valid_after_utc)
    seen = f"{_strength(public_key_of(last))}, {len(found)} in the file"
    return Finding(
        reference=reference,
        state=_state_of(last, now),
        seen=seen,
        ends_at=last.not_valid_after_utc,
        wrong=_over(last, now),
    )


def _jwks(reference: Reference, octets: bytes, now: datetime) -> Finding:
    try:
        count = len(FixedKeys.of_jwks(orjson.loads(octets), strict=True))
    except (ValueError, AttributeError):
        return _wrong(reference, "is no JWK Set")
    except KeyRefused:
        return _wrong(reference, "is no JWK Set of public keys of a kind and strength that is used")
    return _told(reference, f"{count} public keys") if count else _wrong(reference, "holds no key")


def _state_of(one: Certificate, now: datetime) -> State:
    if _over(one, now):
        return "wrong"
    return "soon" if one.not_valid_after_utc - now < _ENDS_SOON else "in_order"


def _over(one: Certificate, now: datetime) -> str:
    if now > one.not_valid_after_utc:
        return f"ended on {one.not_valid_after_utc.date()}"
    return f"holds only from {one.not_valid_before_utc.date()}" if now < one.not_valid_before_utc else ""


def _paired(finding: Finding, found: list[Finding]) -> Finding:
    """Return a finding of a certificate of ours that is wrong when the key beside it is another."""
    beside = _PAIRS.get(finding.reference.member)
    other = next((one for one in found if one.reference.member == beside), None)
    if beside is None or other is None or "wrong" in {finding.state, other.state}:
        return finding
    assert finding.reference.file is not None
    assert other.reference.file is not None
    certificate = read_certificates(finding.reference.file.read_bytes())[0]
    key = read_private_key(other.reference.file.read_bytes())
    if public_key_of(certificate) == key.public_key():
        return finding
    return _wrong(finding.reference, f"does not belong to the key of `{beside}`")


def _strength(key: PublicKey) -> str:
    return f"RSA of {key.key_size} bits" if isinstance(key, rsa.RSAPublicKey) else "P-256"


def _told(reference: Reference, seen: str) -> Finding:
    return Finding(reference=reference, state="in_order", seen=seen)


def _wrong(reference: Reference, wrong: str) -> Finding:
    return Finding(reference=reference, state="wrong", wrong=wrong)


_WHAT: Mapping[str, str] = {
    "basic": "password of {party}",
    "apikey": "key for the header {header}",
    "oauth2": "secret of the client {party}",
    "oauth2_jwt": "key that signs the statements of {party} at the token endpoint",
    "jwt": "key that signs the statements of {party}",
    "wss_password": "password of {party} (WS-Security)",
    "wss_certificate": "key that signs messages (WS-Security)",
}
_OF_TLS: tuple[tuple[str, str, Kind], ...] = (
    ("certificate_file", "certificate shown to the source (mTLS)", "certificates"),
    ("certificate_key_file", "key of that certificate", "private_key"),
    ("authorities_file", "authorities of the source's own certificate", "certificates"),
)
_PAIRS = {"certificate_file": "certificate_key_file", "auth.certificate_ref": "auth.secret_ref"}
_READERS: Mapping[Kind, Callable[[Reference, bytes, datetime], Finding]] = {
    "password": _password,
    "private_key": _private_key,
    "certificates": _certificates,
    "jwks": _jwks,
}
