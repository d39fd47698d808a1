"""`gate06 doctor`, a line per connector: how it proves itself, and whether what it needs for that can be used."""

from gateway.cli.connector_credentials import proof_of
from gateway.cli.doctor_row import Row
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import inspect_all
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure


def check_credentials(name: str, one: ConnectorSettings, settings: Settings) -> list[Row]:
    """Say how a connector proves itself and whether what it needs for that can be used."""
    from gateway.connector_runtime.registry import manifest_of

    check, fix = f"credentials of {name}", f"gate06 connector credentials {name}"
    try:
        manifest = manifest_of(name, one, settings.connectors.path)
    except Failure:
        return []  # the connector's own row says so
    found = inspect_all(manifest, one, SystemClock().now())
    wrong = [f"`{finding.reference.name}` {finding.wrong}" for finding in found if finding.state == "wrong"]
    soon = [
        f"`{finding.reference.name}` ends on {finding.ends_at.date()}"
        if finding.ends_at
        else f"`{finding.reference.name}` is short"
        for finding in found
        if finding.state == "soon"
    ]
    said = "; ".join([proof_of(manifest, one), *(wrong or soon or [f"{len(found)} secrets in order"])])
    return [Row(check, not wrong, said, fix if wrong else "")]
