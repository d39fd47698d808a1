"""Static files with addresses that name their content, so that a browser may keep them for ever.

The address of a file carries the first 12 hex digits of its SHA-256; a changed file has a new address, and an
address with another hash is not found. Styles name fonts and pictures as `url(name)`; the names are replaced by
the addresses when the files are read, once at start.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".txt": "text/plain"}
_LINK = re.compile(r"url\(([a-z0-9.-]+)\)")


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file: its address below the mount, its bytes, and the bytes compressed when that is worth it."""

    path: str
    content_type: str
    content: bytes
    compressed: bytes | None


class Assets:
    """All static files, read once. `prefix` is the address of the mount, such as `/static`."""

    def __init__(self, prefix: str = "/static", folder: Path = FOLDER) -> None:
        self._prefix = prefix
        self._by_name: dict[str, Asset] = {}
        # styles last: they name the others
        for file in sorted(folder.iterdir(), key=lambda file: (file.suffix == ".css", file.name)):
            if file.suffix in _TYPES:
                self._by_name[file.name] = self._read(file)
        self._by_path = {asset.path: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """Return the address of a file. Raises KeyError for an unknown one."""
        return f"{self._prefix}/{self._by_name[name].path}"

    def content(self, name: str) -> bytes:
        """Return the bytes served for a file."""
        return self._by_name[name].content

    async def serve(self, request: Request) -> Response:
        """Answer `GET {prefix}/{path}`; 404 for anything but an exact address."""
        asset = self._by_path.get(request.path_params["path"])
        if asset is None:
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Type": asset.content_type,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Content-Security-Policy": "default-src 'none'",
        }
        if asset.compressed is None:
            return Response(asset.content, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, headers=headers | {"Content-Encoding": "gzip"})
        return Response(asset.content, headers=headers)

    def _read(self, file: Path) -> Asset:
        content = file.read_bytes()
        if file.suffix == ".css":
            content = _LINK.sub(lambda link: f"url({self.url(link[1])})", content.decode()).encode()
        digest = hashlib.sha256(content).hexdigest()[:12]
        compressed = None if file.suffix == ".woff2" else gzip.compress(content, mtime=0)
        return Asset(f"{digest}/{file.name}", _TYPES[file.suffix], content, compressed)
