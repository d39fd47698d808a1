"""What a verb says when its act waits for a second person."""

from typing import NoReturn

import typer

from gateway.cli.approval import approval_row
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.staff.approval import Approval


def say_waiting(approval: Approval, as_json: bool, *, said: bool = False) -> NoReturn:
    """Say which approval waits, how it goes on, and leave with 8. `said`: its data was written already."""
    talk(f"`{approval.id}` waits for a second person: {approval.verb} {approval.object}")
    talk(f"they run: gate06 approval approve {approval.id}")
    if as_json and not said:
        say_json({"schema": "gate06.approval/1", **approval_row(approval)})
    elif not said:
        typer.echo(approval.id)
    raise typer.Exit(Exit.NEEDS_APPROVAL)
