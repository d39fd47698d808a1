"""What is examined: a connector's folder as its department hands it in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from gateway.connector_exam.attributes import read_attributes
from gateway.connector_runtime.contract import Connector, Equipment
from gateway.connector_runtime.folders import MANIFEST, read_folder
from gateway.connector_runtime.kinds.samples import Sample, read_samples
from gateway.connector_runtime.manifest import Manifest, place_of
from gateway.connector_runtime.manifest_place import Places
from gateway.connector_runtime.package_digest import Package
from gateway.policy.catalogue import Attribute

MakeConnector = Callable[[Equipment], Connector]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A folder that was read: its manifest and samples, the catalogue it is held against, and for the kind `code`
    what makes the connector, and the package it comes in. `samples_sha256` is one hash over all samples and what is
    expected of them."""

    folder: Path
    text: str
    manifest: Manifest
    samples: Sequence[Sample]
    samples_sha256: str
    attributes: Mapping[str, Attribute]
    books: Sequence[Path]
    make: MakeConnector | None = field(default=None, repr=False)
    package: Package | None = None

    @property
    def manifest_sha256(self) -> str:
        """How approvals name the manifest: the SHA-256 of its UTF-8 octets, as hex."""
        return sha256(self.text.encode()).hexdigest()

    def place(self, *key: str | int) -> str:
        """Return `file:line:key` of a key of the manifest."""
        return place_of(f"{self.folder.resolve().name}/{MANIFEST}", Places(self.text), key)

    def index_of(self, attribute: str) -> int:
        """Return which field row gives an attribute."""
        return next(index for index, row in enumerate(self.manifest.fields) if row.to == attribute)


def read_candidate(
    folder: Path,
    books: Sequence[Path] = (),
    make: MakeConnector | None = None,
    package: Package | None = None,
) -> Candidate:
    """Read a folder. Raises the failures of `read_folder`, InvalidManifest for a sample, PolicyInvalid for a book."""
    manifest = read_folder(folder)
    own = [folder / "book"] if (folder / "book").is_dir() else []
    return Candidate(
        folder=folder,
        text=(folder / MANIFEST).read_text("utf-8"),
        manifest=manifest,
        samples=read_samples(folder),
        samples_sha256=_hash_samples(folder / "samples"),
        attributes=read_attributes([*own, *books]),
        books=[*own, *books],
        make=make,
        package=package,
    )


def _hash_samples(folder: Path) -> str:
    whole = sha256()
    for file in sorted(folder.glob("*")):
        if file.is_file():
            whole.update(file.name.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return whole.hexdigest()
