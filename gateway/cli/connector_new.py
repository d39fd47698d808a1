"""`gate06 connector new`: a connector's folder from the sample of its kind, sound before any edit."""

import re
import zlib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

import typer

from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk
from gateway.connector_runtime.folders import BUILT_IN
from gateway.connector_runtime.manifest_schema import SCHEMA_FILE, render_schema

Kind = Literal["rest", "soap", "sqlview"]

_SAMPLE = "the_sample"
_CODE = "9.990001"
_URLS = {
    "rest": "http://127.0.0.1:8010",
    "soap": "http://127.0.0.1:8010",
    "sqlview": "postgresql://gate06_reader@127.0.0.1:5432/library",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


def new(
    name: Annotated[str, typer.Argument(help="The connector's id for good: small letters, digits, `_`.")],
    kind: Annotated[str, typer.Option("--kind", help="rest, soap or sqlview.")] = "rest",
    folder: Annotated[Path, typer.Option("--in", help="Where the folder is made.")] = Path(),
    url: Annotated[
        str | None, typer.Option("--url", help="The source's address; the toy register's without one.")
    ] = None,
) -> None:
    """Make a connector's folder that passes its own check and answers from the toy register."""
    if kind not in _URLS:
        raise typer.BadParameter(f"`{kind}` is none of rest, soap, sqlview", param_hint="--kind")
    target = require_free(folder / name)
    write_folder(target, name, kind, url)
    talk(f"made {target}: {len(list(target.rglob('*.*')))} files")
    talk(f"next: gate06 connector check {target}")


def require_free(target: Path) -> Path:
    """Return a folder that may be made: its name is an id, and nothing is there yet. Ends the command otherwise."""
    name = target.name
    if not _NAME.fullmatch(name):
        advice = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_0123456789")
        talk(f"`{name}` is no id: small letters, digits and `_`, as the catalogue writes it; try `{advice or 'land'}`")
        raise typer.Exit(Exit.USAGE)
    if target.exists():
        talk(f"`{target}` is there already; nothing was changed")
        raise typer.Exit(Exit.NEEDS_APPROVAL)
    return target


def write_folder(target: Path, name: str, kind: str, url: str | None) -> None:
    """Copy the sample of a kind under another name, with its book and its trial settings."""
    url = None if url is None else _spelt(url)
    code = f"9.{zlib.crc32(name.encode()) % 1_000_000:06d}"
    for source in (BUILT_IN / "sample" / kind, BUILT_IN / "sample" / "shared"):
        for file in sorted(source.rglob("*")):
            if not file.is_file():
                continue
            place = str(file.relative_to(source)).replace(_SAMPLE, name).replace(_CODE, code)
            text = file.read_text("utf-8").replace(_SAMPLE, name).replace(_CODE, code)
            if file.name == "manifest.toml" and url is not None:
                text = _with_address(text.replace(_URLS[kind], url), url)
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            (target / place).write_text(text, "utf-8")
    (target / SCHEMA_FILE).write_text(render_schema(), "utf-8")


def _with_address(text: str, url: str) -> str:
    host = urlsplit(url).hostname or ""
    return text.replace('allowed_hosts = ["127.0.0.1"]', f'allowed_hosts = ["{host}"]')


def _spelt(url: str) -> str:
    """Return an address with scheme and host in small letters, as they are compared (RFC 3986 §6.2.2.1)."""
    parts = urlsplit(url)
    role, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{role}{at}{place.lower()}"))
