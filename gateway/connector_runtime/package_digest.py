"""Which code answers: the installed package of a code connector, by name, version and the octets of its files.

A version number is what a package calls itself; two packages can carry the same one. What was examined and approved is
therefore named by a digest over the files as they lie on this machine, not over what the package's own list (RECORD)
claims. Left out is what an installation writes by itself and differs from machine to machine: metadata, compiled files,
start scripts, the pointers of an editable installation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path, PurePosixPath

_OURS = "gate06"


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: `name` is `name==version`, `sha256` the digest of its files, in hexadecimal."""

    name: str
    sha256: str


def installed_package(point: EntryPoint) -> Package:
    """Return the package behind an entry point whose module is loaded. Raises OSError when a file cannot be read.

    The files are all of its distribution; of a connector that comes with the gateway, and in an editable installation,
    those of the connector's own folder.
    """
    dist = point.dist
    name = f"{dist.name}=={dist.version}" if dist is not None else "unpacked==0"
    found = dict(_of_folder(point))
    if dist is not None and dist.name != _OURS:
        for one in dist.files or ():
            place = PurePosixPath(one.as_posix())
            if _counts(place):
                found[str(place)] = Path(str(dist.locate_file(one)))
    whole = sha256()
    for path, file in sorted(found.items()):
        whole.update(path.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return Package(name, whole.hexdigest())


def _of_folder(point: EntryPoint) -> Iterator[tuple[str, Path]]:
    package = point.module.rpartition(".")[0]
    if not package:
        return
    folder = Path(str(files(package)))
    for file in folder.rglob("*"):
        place = PurePosixPath(package.replace(".", "/"), file.relative_to(folder).as_posix())
        if file.is_file() and _counts(place):
            yield str(place), file


def _counts(place: PurePosixPath) -> bool:
    parts = place.parts
    return not (
        ".." in parts
        or "__pycache__" in parts
        or place.suffix == ".pyc"
        or parts[0].endswith(".dist-info")
        or parts[0].startswith("__editable__")
    )
