"""Where connectors without code are found: folders with a `manifest.toml`, named as the connector is.

`connectors/` beside the gateway, and the folders of `[connectors] path`; each is such a folder or holds several.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from gateway.connector_runtime.failure import InvalidManifest, UnknownConnector
from gateway.connector_runtime.manifest import Manifest, place_of, read_manifest
from gateway.connector_runtime.manifest_place import Places

BUILT_IN = Path(__file__).resolve().parents[2] / "connectors"
MANIFEST = "manifest.toml"


def find_folders(paths: Sequence[Path]) -> dict[str, Path]:
    """Return every folder with a manifest by its name; of two with one name the first counts, the built-in one last."""
    found: dict[str, Path] = {}
    for path in (*paths, BUILT_IN):
        several = sorted(path.iterdir()) if path.is_dir() else []
        for folder in (path, *several):
            if (folder / MANIFEST).is_file():
                found.setdefault(folder.name, folder)
    return found


def read_folder(folder: Path) -> Manifest:
    """Read the manifest of a folder. Raises UnknownConnector, UnknownManifestKey, InvalidManifest."""
    return read_hashed(folder)[0]


def read_hashed(folder: Path) -> tuple[Manifest, str]:
    """Read the manifest of a folder with the SHA-256 of exactly the text it was read from, in hexadecimal: what an
    approval names. Raises as `read_folder` does.

    The file is read once: between two readings somebody might change it, and approved would be what is not asked.
    """
    try:
        text = (folder / MANIFEST).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownConnector(f"`{folder.name}/{MANIFEST}` cannot be read: {type(error).__name__}") from None
    manifest = read_manifest(text, f"{folder.name}/{MANIFEST}")
    if manifest.id != folder.resolve().name:
        name = folder.resolve().name
        place = place_of(f"{name}/{MANIFEST}", Places(text), ("id",))
        raise InvalidManifest(f"`{place}`: the folder is called `{name}`: give it that id")
    return manifest, sha256(text.encode()).hexdigest()


def address_of(source: str, folder: Path | None, paths: Sequence[Path]) -> str:
    """Return the address in the manifest of a connector without code; `folder` where its settings name one.

    Raises UnknownConnector, UnknownManifestKey, InvalidManifest.
    """
    found = folder or find_folders(paths).get(source)
    if found is None:
        raise UnknownConnector(f"no connector `{source}` is found in a folder")
    manifest = read_folder(found)
    if manifest.endpoint is None:
        raise InvalidManifest(f"`connectors.{source}.url` is missing: the service's address at the bus")
    return manifest.endpoint.url
