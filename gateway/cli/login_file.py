"""Where a command keeps its sign-in: one file of the user's own, for each issuer its token and when it ends."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from gateway.staff.failure import SignInFileUnsafe


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in as it is kept."""

    token: str
    expires_at: datetime


def login_path() -> Path:
    """Return where it is: in the user's configuration folder (XDG Base Directory Specification)."""
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(folder) / "gate06" / "login.json"


def read_login(issuer: str) -> Login | None:
    """Return the sign-in at an issuer, None without one. Raises SignInFileUnsafe for a file that others can read."""
    kept = _read().get(issuer)
    if kept is None:
        return None
    try:
        return Login(str(kept["token"]), datetime.fromtimestamp(float(kept["expires_at"]), UTC))
    except (KeyError, TypeError, ValueError) as trouble:
        raise SignInFileUnsafe(f"`{login_path()}` is not one of ours") from trouble


def keep_login(issuer: str, login: Login) -> None:
    """Keep a sign-in, whole or not at all, for the user's eyes only. Raises SignInFileUnsafe."""
    _write({**_read(), issuer: {"token": login.token, "expires_at": login.expires_at.timestamp()}})


def forget_login(issuer: str) -> None:
    """Forget the sign-in at an issuer. Raises SignInFileUnsafe."""
    kept = _read()
    if kept.pop(issuer, None) is not None:
        _write(kept)


def _read() -> dict[str, Any]:
    path = login_path()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return {}
    except OSError as trouble:
        raise SignInFileUnsafe(f"`{path}` cannot be read: {trouble.strerror}") from trouble
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise SignInFileUnsafe(f"`{path}` is not yours alone")
        try:
            kept = orjson.loads(stream.read())
        except ValueError:
            kept = None
    if not isinstance(kept, dict):
        raise SignInFileUnsafe(f"`{path}` is not one of ours")
    return kept


def _write(kept: dict[str, Any]) -> None:
    path = login_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(orjson.dumps(kept))
    waiting.replace(path)
