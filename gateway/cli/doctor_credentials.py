"""`gate06 doctor`, a line per connector: how it proves itself, and whether what it needs for that can be used."""

from gateway.cli.connector_credentials import proof_of
from gateway.cli.doctor_row import Row
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import inspect_all
from gateway.connector_runtime.credential_files import leftovers_of
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.failure import Failure


def check_credentials(name: str, one: ConnectorSettings, settings: Settings) -> list[Row]:
    """Say how a connector proves itself and whether what it needs for that can be used."""
    from gateway.connector_runtime.making import manifest_of

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
    return [Row(check, not wrong, said, fix if wrong else ""), *_leftovers(name, one)]


def _leftovers(name: str, one: ConnectorSettings) -> list[Row]:
    """Say what stands beside the secrets: the way back of a day, and what should not be there any more."""
    now, rows = SystemClock().now(), []
    for left in leftovers_of(one):
        if not left.over(now):
            said = f"{left.file} is the way back until {left.until:%Y-%m-%d %H:%M} UTC"
        elif left.is_next:
            said = f"{left.file} was never put into service"
        else:
            said = f"{left.file} is a secret nobody uses any more"
        rows.append(Row(f"secret beside those of {name}", not left.over(now), said, f"delete {left.file}"))
    return rows
