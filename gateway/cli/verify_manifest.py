"""`gate06 verify manifest`: whether a prefill manifest is signed, of the right kind, alive and of an audience."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict

from gateway.cli.pure_check import run_check
from gateway.prefill.manifest import verify_manifest
from gateway.vocabulary.clock import Clock, SettableClock, SystemClock


class ManifestAsked(BaseModel):
    """A manifest and the public keys it may be signed with; without `audience` anybody's is right."""

    model_config = ConfigDict(frozen=True)

    manifest: str
    jwks: dict[str, Any]
    audience: str | None = None


def manifest_check(clock: Clock) -> Callable[[Mapping[str, Any]], tuple[dict[str, Any], bool]]:
    """Return the check at the clock's time: {valid, rule} for {manifest, jwks, audience?}."""

    def check(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        read = ManifestAsked.model_validate(asked)
        valid, rule = verify_manifest(read.manifest, read.jwks, now=clock.now(), audience=read.audience)
        return {"valid": valid, "rule": rule}, valid

    return check


def read_time(text: str | None) -> datetime:
    """Return the time to judge at: RFC 3339, UTC without an offset; the present without a text.

    Raises typer.BadParameter (exit 2) for anything else.
    """
    if text is None:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a time as `2026-11-23T03:00:00Z`") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_clock(text: str | None) -> Clock:
    """Return what tells the time to judge at: the one given, or else the present of each line, however long a batch
    goes on. Raises typer.BadParameter (exit 2)."""
    return SystemClock() if text is None else SettableClock(read_time(text))


def manifest(
    batch: Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")] = False,
    at: Annotated[str | None, typer.Option("--at", help="The time to judge at, RFC 3339; now without it.")] = None,
) -> None:
    """Check a prefill manifest: {"manifest", "jwks", "audience"?} in, {"valid", "rule"} out."""
    run_check(manifest_check(read_clock(at)), batch=batch)
