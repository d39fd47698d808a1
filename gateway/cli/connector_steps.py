"""`gate06 connector submit|approve|reject|publish|suspend|resume|retire`: the steps of a version.

Each is taken by whoever is signed in. They act on the store, as other verbs do: the running gateway takes them over
within two seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.operating import Operating, operating
from gateway.cli.output import say_json, talk
from gateway.connector_lifecycle.failure import StepMalformed
from gateway.connector_lifecycle.figures import Figures
from gateway.connector_lifecycle.lifecycle import Lifecycle
from gateway.connector_lifecycle.orders import (
    ApproveOrder,
    DraftOrder,
    Notice,
    Order,
    PublishOrder,
    ReasonOrder,
    RetireOrder,
    SubmitOrder,
    SuspendOrder,
    TestOrder,
    read_order,
)
from gateway.connector_lifecycle.release import Release, StepName
from gateway.connector_lifecycle.steps import APPROVALS_NEEDED
from gateway.connector_lifecycle.wire import release_row
from gateway.settings import ConfigurationRefused, Settings
from gateway.vocabulary.strict_json import JsonRefused, parse_json

Connector = Annotated[str, typer.Argument(help="The connector's id, as in its manifest.")]
Version = Annotated[str, typer.Argument(help="The version, as in its manifest.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it names no citizen.")]
Package = Annotated[str | None, typer.Option("--package", help="Of a code connector: NAME==VERSION.")]


def add_steps(app: typer.Typer) -> None:
    """Add the verbs to the noun."""
    for verb in (submit, approve, reject, publish, suspend, resume, retire):
        app.command(verb.__name__)(verb)


def lifecycle_of(desk: Operating) -> Lifecycle:
    """Return the lifecycle over an opened stack."""
    store = desk.storage.store
    return Lifecycle(store, desk.evidence, desk.clock, Figures(store, desk.clock))


def submit(
    folder: Annotated[Path, typer.Argument(help="The connector's folder; its manifest.toml is handed in.")],
    *,
    report: Annotated[Path, typer.Option("--report", help="What `gate06 connector test --json` wrote.")],
    reason: Why = "",
    package: Package = None,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Hand in a folder's manifest with its exam's report and ask for approval: two other people give it."""
    text, document = read_manifest_file(folder), _read_report(report)

    async def act(desk: Operating) -> Release:
        lifecycle = lifecycle_of(desk)
        drafted = await lifecycle.draft(desk.operator, read_order(DraftOrder, {"manifest": text, "reason": reason}))
        where = (drafted.connector, drafted.manifest.version)
        await lifecycle.take("test", desk.operator, *where, read_order(TestOrder, {"report": document}))
        order = read_order(SubmitOrder, {"reason": reason, "package": package})
        return await lifecycle.take("submit", desk.operator, *where, order)

    release = _run(settings_of(store, redis, config), act, as_json)
    talk(f"`{release.name}` waits for {APPROVALS_NEEDED} approvals; each of the two runs:")
    hashes = f"--manifest-sha256 {release.manifest_sha256} --report-sha256 {release.report_sha256}"
    named = "" if package is None else f" --package {package}"
    talk(f"gate06 connector approve {release.connector} {release.manifest.version} {hashes}{named}")


def approve(
    connector: Connector,
    version: Version,
    *,
    manifest_sha256: Annotated[str, typer.Option("--manifest-sha256", help="Of the manifest you read.")],
    report_sha256: Annotated[str, typer.Option("--report-sha256", help="Of the report you read.")],
    package: Package = None,
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Agree to exactly the content with these hashes; the second person's yes makes it approved."""
    members = {
        "manifest_sha256": manifest_sha256,
        "report_sha256": report_sha256,
        "package": package,
        "reason": reason,
    }
    order = read_order(ApproveOrder, members)
    release = _take("approve", (connector, version), order, settings_of(store, redis, config), as_json=as_json)
    talk(f"`{release.name}` has {len(release.approvals())} of {APPROVALS_NEEDED} approvals")


def reject(
    connector: Connector,
    version: Version,
    *,
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Refuse a version: it is a draft again, and whoever submitted it reads why."""
    order = read_order(ReasonOrder, {"reason": reason})
    _take("reject", (connector, version), order, settings_of(store, redis, config), as_json=as_json)


def publish(
    connector: Connector,
    version: Version,
    *,
    share: Annotated[int, typer.Option("--share", help="Percent of the questions beside an older version.")] = 5,
    minutes: Annotated[int, typer.Option("--minutes", help="How long it is on trial.")] = 60,
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put an approved version into service: on trial first where an older one of its major is there, else whole."""
    order = read_order(PublishOrder, {"share": share, "minutes": minutes, "reason": reason})
    release = _take("publish", (connector, version), order, settings_of(store, redis, config), as_json=as_json)
    trial = release.trial
    if trial is not None:
        talk(f"`{release.name}` answers {trial.share} % until {trial.until.isoformat(timespec='seconds')}")


def suspend(
    connector: Connector,
    version: Version,
    *,
    notice_vi: Annotated[str, typer.Option("--notice-vi", help="What people read meanwhile, in Vietnamese.")],
    notice_en: Annotated[str, typer.Option("--notice-en", help="The same in English.")],
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take a version out of service for a while; people read the notice in the place of its values."""
    _require_words(notice_vi, notice_en)
    order = SuspendOrder(reason=reason, notice=Notice(vi=notice_vi, en=notice_en))
    _take("suspend", (connector, version), order, settings_of(store, redis, config), as_json=as_json)


def resume(
    connector: Connector,
    version: Version,
    *,
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put a suspended version back into service."""
    order = read_order(ReasonOrder, {"reason": reason})
    _take("resume", (connector, version), order, settings_of(store, redis, config), as_json=as_json)


def retire(
    connector: Connector,
    version: Version,
    *,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The first day without it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also when it is still needed.")] = False,
    reason: Why = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """End a version for good, now or on a day; see `gate06 connector impact` before."""
    order = read_order(RetireOrder, {"on": None if on is None else on.date(), "force": force, "reason": reason})
    _take("retire", (connector, version), order, settings_of(store, redis, config), as_json=as_json)


def read_manifest_file(folder: Path) -> str:
    """Return the text of a folder's manifest. Raises ConfigurationRefused."""
    file = folder / "manifest.toml"
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as trouble:
        raise ConfigurationRefused([f"`{file}` cannot be read"]) from trouble


def _read_report(file: Path) -> Any:
    try:
        return parse_json(file.read_bytes())
    except OSError as trouble:
        raise ConfigurationRefused([f"`{file}` cannot be read"]) from trouble
    except JsonRefused as refused:
        raise StepMalformed(f"`{file}` is not JSON with unique members (`{refused.rule}`)") from None


def _require_words(*words: str) -> None:
    if any(not 1 <= len(word) <= 400 for word in words):
        raise StepMalformed("a notice has 1 to 400 characters in each language")


def _take(name: StepName, where: tuple[str, str], order: Order, settings: Settings, *, as_json: bool) -> Release:
    async def act(desk: Operating) -> Release:
        return await lifecycle_of(desk).take(name, desk.operator, *where, order)

    return _run(settings, act, as_json)


def _run(settings: Settings, act: Callable[[Operating], Awaitable[Release]], as_json: bool) -> Release:
    async def acted() -> Release:
        async with operating(settings) as desk:
            return await act(desk)

    release = asyncio.run(acted())
    if as_json:
        say_json({"schema": "gate06.connector-version/1", **release_row(release)})
    else:
        typer.echo(release.state)
    return release
