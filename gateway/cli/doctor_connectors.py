"""`gate06 doctor`, a line per connector: does its address answer, is what is installed what was approved, does anything
keep it from being asked. Nobody is asked about anybody."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.cli.doctor_row import Row
from gateway.connector_lifecycle.quarantine import Finding, findings
from gateway.connector_lifecycle.release import Release, release_of
from gateway.connector_lifecycle.standing import Why, stand
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_lifecycle.tier import tier_of
from gateway.connector_runtime.folders import address_of
from gateway.connector_runtime.making import Installed, carried_by
from gateway.settings import Settings
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Kind

_CALL_FOR = 3.0
_MOST = 10_000
_MENDS: Mapping[Why, str] = {
    "unpublished": "hand in, approve and publish this version; see docs/connector_guide.md",
    "changed": "install what was approved again, or have this content approved under another number",
    "suspended": "gate06 connector resume NAME VERSION --reason …, when its owner says so",
    "retired": "take its table out of the settings, or install a version in service",
}


@dataclass(frozen=True, slots=True)
class Approved:
    """What is stored about connectors: their versions, and the quarantines nobody ended."""

    releases: Sequence[Release] = ()
    quarantined: Sequence[Finding] = ()


@dataclass(slots=True)
class _Seen:
    """What was seen of one connector: sentences, whether all is in order, and the first remedy."""

    told: list[str] = field(default_factory=list)
    in_order: bool = True
    fix: str = ""

    def add(self, sentence: str, fix: str = "") -> None:
        self.told.append(sentence)
        if fix:
            self.in_order, self.fix = False, self.fix or fix


async def read_approved(storage: Storage) -> Approved:
    """Return what is stored. Raises StorageUnavailable; a version this gateway cannot read is left out, as it is when
    sources are asked."""
    releases = []
    for record in await storage.store.select(Kind.CONNECTOR_RELEASE, limit=_MOST):
        try:
            releases.append(release_of(record))
        except Failure:
            continue
    return Approved(releases, await findings(storage.store))


async def check_connectors(settings: Settings, approved: Approved | None) -> list[Row]:
    """Return a row per connector of the settings; without `approved` (no database) its address alone is looked at."""
    return list(await asyncio.gather(*(_check(name, settings, approved) for name in settings.connectors.by_name())))


async def _check(name: str, settings: Settings, approved: Approved | None) -> Row:
    one = settings.connectors.by_name()[name]
    try:
        carried = carried_by(name, one, settings.connectors.path)
        url = one.url or address_of(name, one.folder, settings.connectors.path)
    except Failure as failure:
        return Row(f"connector {name}", False, failure.detail, failure.fix)
    seen = _Seen()
    await _knock(url, seen)
    if approved is not None:
        _compare(name, carried, approved, settings, seen)
    return Row(f"connector {name}", seen.in_order, "; ".join(seen.told), seen.fix)


async def _knock(url: str, seen: _Seen) -> None:
    """Open a connection and close it."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "postgresql": 5432}.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(_CALL_FOR):
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        seen.add(f"{parts.hostname}:{port} does not answer", "check the network zone and the address")
    else:
        seen.add(f"{parts.hostname}:{port} answers")


def _compare(name: str, carried: Installed, approved: Approved, settings: Settings, seen: _Seen) -> None:
    """Say which version is installed, how it stands, and whether its answers drifted."""
    facts, manifest = Facts(now=SystemClock().now()), carried.manifest
    standing = stand({name: carried}, approved.releases, facts, unpublished_allowed=False)[name]
    known = [one for one in approved.releases if one.name == f"{manifest.id} {manifest.version}"]
    tier = tier_of(known[0]) if known else None
    why = standing.why
    spared = why in {"unpublished", "changed"} and settings.unpublished_allowed
    said = f"version {manifest.version} {why or 'published'}{f', tier {tier}' if tier else ''}"
    if known and why == "retired" and known[0].may_return(facts.now):
        until = known[0].back_until
        seen.add(f"{said}, superseded; leave its table until {until:%Y-%m-%d %H:%M} UTC, it can be resumed so long")
    elif why is None or spared:
        seen.add(f"{said}, asked all the same by this developer's gateway" if spared else said)
    else:
        seen.add(said, _MENDS[why])
    if why is None and known and known[0].trial is not None and known[0].trial.prolonged_at is not None:
        seen.add(
            f"its trial was over on {known[0].trial.until:%Y-%m-%d %H:%M} UTC, and too few good answers came",
            f"gate06 connector publish {manifest.id} {manifest.version} --share 50, or 100 when it is known to be good",
        )
    for one in approved.quarantined:
        if (one.source, one.version) == (name, manifest.version):
            what = " ".join(part for part in (one.sign, one.attribute) if part)
            seen.add(
                f"quarantined since {one.since.isoformat(timespec='seconds')} ({what})",
                f'have it mended under another number, or gate06 connector release {name} --reason "…"',
            )
