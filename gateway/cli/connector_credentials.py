"""`gate06 connector credentials`: the secrets a connector needs, whether they can be used, and how each is replaced."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health
from gateway.connector_runtime.credential_check import Finding, Reference, inspect_all, references_of
from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.making import Installed
from gateway.connector_runtime.manifest import Manifest
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock

_STATES = {"in_order": "ok", "soon": "SOON", "wrong": "WRONG"}


def credentials(
    connector: Annotated[str, typer.Argument(help="The connector's name in the settings.")],
    trial: Annotated[
        list[str] | None,
        typer.Option(
            "--try", help="NAME=FILE: ask the source's probe with another file, and change nothing; repeat it."
        ),
    ] = None,
    config: Config = None,
    *,
    as_json: Json = False,
) -> None:
    """Show which secrets a connector needs and whether each can be used; no value is ever shown.

    Exit 7 when something is wrong, 4 for a connector without a table, 6 when the source refuses the file of `--try`.
    """
    from gateway.connector_runtime.making import manifest_of

    settings = settings_of(None, None, config)
    one = settings.connectors.by_name().get(connector)
    if one is None:
        known = ", ".join(f"`{name}`" for name in sorted(settings.connectors.by_name())) or "none"
        talk(f"the settings have no table `connectors.{connector}`; they have {known}")
        raise typer.Exit(Exit.NOT_FOUND)
    manifest = manifest_of(connector, one, settings.connectors.path)
    if trial:
        raise typer.Exit(_try(connector, manifest, one, settings, trial))
    found = inspect_all(manifest, one, SystemClock().now())
    if as_json:
        say_json(
            {
                "schema": "gate06.connector-credentials/1",
                "connector": connector,
                "proof": proof_of(manifest, one),
                "secrets": [_wire(finding) for finding in found],
            }
        )
    else:
        _say(manifest, one, found)
    raise typer.Exit(Exit.CHECK_FAILED if any(finding.state == "wrong" for finding in found) else Exit.OK)


def proof_of(manifest: Manifest, settings: ConnectorSettings) -> str:
    """Return how a connector proves itself: the bus, or the kind of `auth`, and a certificate of the connection."""
    proof = str(settings.transport or manifest.transport or f"auth {manifest.auth.kind}")
    return f"{proof}, mTLS" if settings.certificate_file is not None else proof


def steps_of(reference: Reference) -> list[str]:
    """Return how a secret is replaced without an outage, in order."""
    if reference.kind in {"certificates", "jwks"} and reference.member not in {
        "auth.certificate_ref",
        "certificate_file",
    }:
        return [
            "the owner announces the next one: write both into a new file",
            f"gate06 connector replace-credentials NAME {reference.name}=FILE --unproven; both are believed then",
            "when the owner has changed over, replace it once more by a file without the old one",
        ]
    made = _MADE[reference.kind]
    return [
        made,
        "write it into a new file: umask 077",
        f"gate06 connector credentials NAME --try {reference.name}=FILE, until the source takes it; a key and its "
        "certificate in one command, with --try twice",
        f"gate06 connector replace-credentials NAME {reference.name}=FILE: tested again, swapped, taken over by every "
        "worker within two seconds; the old one stays for 24 hours",
        "gate06 doctor; then have the owner withdraw the old one",
    ]


_MADE = {
    "password": "ask the owner for a second one that holds beside the first",
    "private_key": "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 (RS256: -algorithm RSA "
    "-pkeyopt rsa_keygen_bits:3072); give the owner the public half",
    "certificates": "have the next certificate issued for a new key; key and certificate change together",
    "jwks": "",
}


def _try(name: str, manifest: Manifest, one: ConnectorSettings, settings: Settings, trials: Sequence[str]) -> Exit:
    """Ask the source's probe with other files in the place of some; a key and its certificate change together."""
    known = {reference.name: reference for reference in references_of(manifest, one)}
    changed = one
    for trial in trials:
        secret, _, file = trial.partition("=")
        if not file or secret not in known:
            said = ", ".join(f"`{other}`" for other in known) or "none"
            raise typer.BadParameter(f"write NAME=FILE with one of {said}", param_hint="--try")
        changed = changed.model_copy(update=in_place(known[secret], Path(file), changed))
    wrong = [found for found in inspect_all(manifest, changed, SystemClock().now()) if found.state == "wrong"]
    for found in wrong:
        talk(f"{found.reference.name} ({_place(found.reference)}): {found.wrong}")
    if wrong:
        return Exit.CHECK_FAILED
    health = asyncio.run(probe(name, changed, settings))
    talk(f"{name} with {' and '.join(trials)}: {health.state}{f', {health.detail}' if health.detail else ''}")
    if manifest.auth.kind.startswith("wss_") and manifest.transport is None:
        talk("its probe holds no message, so it proves nothing: ask about a test person with `gate06 connector try`")
    return Exit.OK if health.state == "up" else Exit.REMOTE


async def probe(name: str, one: ConnectorSettings, settings: Settings, carried: Installed | None = None) -> Health:
    """Show a source the secrets of a table, through its real transport; nobody is asked about.

    Raises InvalidManifest before anything is sent where the folder holds something else than `carried`.
    """
    from gateway.connector_runtime.registry import ConnectorRegistry

    registry = ConnectorRegistry.load(
        {name: one}, egress=settings.egress, clock=SystemClock(), folders=settings.connectors.path
    )
    try:
        if carried is not None and registry.installed[name] != carried:
            raise InvalidManifest(f"connector `{name}` was changed while its secrets were being replaced")
        return (await registry.check_all())[name]
    finally:
        await registry.close()


def in_place(reference: Reference, file: Path, one: ConnectorSettings) -> Mapping[str, Any]:
    """Return the members of a table that put another file in the place of a secret."""
    if "." in reference.member:
        return {"secret_files": {**one.secret_files, reference.name: file}}
    if reference.member.endswith("_file"):
        return {reference.member: file}
    return {reference.member: None, f"{reference.member}_file": file}


def _say(manifest: Manifest, one: ConnectorSettings, found: tuple[Finding, ...]) -> None:
    talk(f"{manifest.id} proves itself by: {proof_of(manifest, one)}")
    if not found:
        talk("it needs no secret")
        return
    say_table(
        ("secret", "state", "file", "what", "seen"),
        [
            (
                finding.reference.name,
                _STATES[finding.state],
                _place(finding.reference),
                finding.reference.what,
                finding.wrong
                or (f"{finding.seen}, until {finding.ends_at.date()}" if finding.ends_at else finding.seen),
            )
            for finding in found
        ],
    )
    for finding in found:
        talk(f"to replace {finding.reference.name} (`{finding.reference.member}`):")
        for number, step in enumerate(steps_of(finding.reference), 1):
            talk(f"  {number}. {step}")


def _place(reference: Reference) -> str:
    return "(value)" if reference.is_value else str(reference.file or "(none)")


def _wire(finding: Finding) -> dict[str, Any]:
    reference = finding.reference
    return {
        "name": reference.name,
        "member": reference.member,
        "what": reference.what,
        "kind": reference.kind,
        "place": _place(reference),
        "state": finding.state,
        "seen": finding.seen,
        "ends_at": finding.ends_at.isoformat() if finding.ends_at else None,
        "wrong": finding.wrong,
        "steps": steps_of(reference),
    }
