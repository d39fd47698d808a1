"""`gate06 connector credentials`: the secrets a connector needs, whether they can be used, and how each is replaced."""

import asyncio
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.connector_secret_try import try_secrets
from gateway.cli.connector_table import find_table
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import Finding, Reference, inspect_all
from gateway.connector_runtime.manifest import Manifest
from gateway.vocabulary.clock import SystemClock

_STATES = {"in_order": "ok", "soon": "SOON", "wrong": "WRONG"}


def credentials(
    connector: Annotated[str, typer.Argument(help="The connector's name in the settings.")],
    trial: Annotated[
        list[str] | None,
        typer.Option("--try", help="NAME=FILE: show the source another file and change nothing; repeat it."),
    ] = None,
    *,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show which secrets a connector needs and whether each can be used; no value is ever shown.

    Exit 7 when something is wrong, 4 for a connector without a table. Of `--try`: 0 the source takes the file and
    refuses a random one, 6 it refuses it, 8 the folder is not what was approved, 9 it takes a random one, too.
    """
    table = find_table(settings_of(store, redis, config), connector)
    manifest, one = table.manifest, table.one
    if trial:
        raise typer.Exit(asyncio.run(try_secrets(table, trial, as_json=as_json)))
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
