"""`gate06 connector test`: the exam of a connector's folder, and the report whose hash is approved."""

import asyncio
import json
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk
from gateway.connector_exam.candidate import Candidate, MakeConnector, read_candidate
from gateway.connector_exam.report import Report
from gateway.connector_exam.running import ServiceAddress
from gateway.connector_exam.sitting import sit_exam
from gateway.connector_exam.tiers import LABELS
from gateway.connector_lifecycle.report import examined_live
from gateway.connector_runtime.configuration import ZoneName
from gateway.connector_runtime.folders import read_folder
from gateway.connector_runtime.making import GROUP
from gateway.connector_runtime.package_digest import Package, installed_package
from gateway.policy.failure import PolicyInvalid
from gateway.vocabulary.clock import SystemClock

_MARKS = {"passed": "ok", "failed": "FAIL", "skipped": "off"}


def examine(
    folder: Annotated[Path, typer.Argument(help="The connector's folder.")],
    service: Annotated[
        str | None, typer.Option("--service", help="Address of the running service; `own` is the manifest's.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="The service's egress zone: lab, gov-wan or internet.")] = "lab",
    secret: Annotated[
        list[str] | None, typer.Option("--secret-file", help="NAME=FILE of a secret; the folder's `toy.key` otherwise.")
    ] = None,
    config: Config = None,
    *,
    token_url: Annotated[
        str | None, typer.Option("--token-url", help="Where the service's Bearer tokens come from.")
    ] = None,
    book: Annotated[list[Path] | None, typer.Option("--book", help="Further folders of the policy book.")] = None,
    report: Annotated[Path | None, typer.Option("--json", help="Write the report here; `-` prints it.")] = None,
) -> None:
    """Take the 24 checks of the exam. Exit 7 when any of them fails.

    With --config the service is asked with the connector's table and the egress zones of these settings, as the gateway
    asks it: token address, certificates, keys of signatures.
    """
    try:
        candidate = read_candidate(folder, book or [], *_made_by(folder))
    except PolicyInvalid as invalid:
        talk(f"the policy book cannot be read: {invalid.problems[0]}")
        raise typer.Exit(Exit.CONFIGURATION) from None
    address = None
    if config:
        address = _address_of(candidate, "" if service in {None, "own"} else service or "", config)
    elif service is not None:
        address = replace(_address(candidate, service, zone, secret or []), token_url=token_url)
    found = asyncio.run(sit_exam(candidate, SystemClock(), address))
    if report is not None:
        text = json.dumps(found.wire(), ensure_ascii=False, indent=1) + "\n"
        if str(report) == "-":
            typer.echo(text, nl=False)
        else:
            report.write_text(text, "utf-8")
    _say(found, folder)
    raise typer.Exit(Exit.OK if found.passed else Exit.CHECK_FAILED)


def _made_by(folder: Path) -> tuple[MakeConnector | None, Package | None]:
    """Return the installed class of a connector with code and its package, None for one without."""
    manifest = read_folder(folder)
    if manifest.kind != "code":
        return None, None
    for point in entry_points(group=GROUP):
        if point.name == manifest.id:
            made: MakeConnector = point.load()
            return made, installed_package(point)
    talk(f"no installed package offers connector `{manifest.id}` (entry point group `{GROUP}`)")
    raise typer.Exit(Exit.NOT_FOUND)


def _address(candidate: Candidate, service: str, zone: str, secrets: list[str]) -> ServiceAddress:
    if zone not in ZoneName.__args__:  # type: ignore[attr-defined]
        raise typer.BadParameter(f"`{zone}` is none of lab, gov-wan, internet", param_hint="--zone")
    known: Any = zone
    files = {name: Path(file) for name, _, file in (one.partition("=") for one in secrets)}
    reference = candidate.manifest.auth.secret_ref
    if reference and reference not in files and (candidate.folder / "toy.key").is_file():
        files[reference] = candidate.folder / "toy.key"
    return ServiceAddress(url="" if service == "own" else service, zone=known, secret_files=files)


def _address_of(candidate: Candidate, url: str, config: list[Path]) -> ServiceAddress:
    """Return the service as the settings of a gateway reach it."""
    whole = settings_of(None, None, config)
    table = whole.connectors.by_name().get(candidate.manifest.id)
    if table is None:
        talk(f"these settings have no table `[connectors.{candidate.manifest.id}]`")
        raise typer.Exit(Exit.NOT_FOUND)
    return ServiceAddress(url=url, settings=table, egress=whole.egress)


def _say(found: Report, folder: Path) -> None:
    for one in found.results:
        talk(f"{_MARKS[one.verdict]:5}{one.check.id:25}{one.check.sentence['vi']}")
        if one.note:
            talk(f"       {one.note}")
        if one.verdict == "skipped":
            talk(f"       {one.reason} ({one.until})")
        for fault in one.faults:
            talk(f"       what:  {fault.what}")
            talk(f"       where: {fault.where}")
            talk(f"       why:   {one.check.why['en']}")
            talk(f"       fix:   {fault.fix}")
    failed = len(found.failed)
    talk(f"{len(found.results) - failed} of {len(found.results)} checks; tier: {LABELS[found.tier.name]}")
    for missing in found.tier.missing[:8]:
        talk(f"       for the next tier: {missing}")
    talk(f"report sha256 {found.digest}")
    talk(_next_step(found, folder))


def _next_step(found: Report, folder: Path) -> str:
    if not found.passed:
        return "next: mend what failed, and run it again"
    if examined_live(found.candidate.manifest) and not found.service_asked:
        return "next: run it again with --service URL; approval wants a report for which the running service was asked"
    return f"next: gate06 connector submit {folder} --report FILE"
