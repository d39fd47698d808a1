"""What a verb says when its act waits for a second person."""

from typing import NoReturn

import typer

from gateway.cli.approval import approval_row
from gateway.cli.output import say_json
from gateway.staff.approval import Approval
from gateway.staff.failure import SecondPersonNeeded


def say_waiting(approval: Approval, as_json: bool, *, said: bool = False) -> NoReturn:
    """Say which approval waits and end with it (exit 8). `said`: its data was written already.

    Raises SecondPersonNeeded, which says how it goes on.
    """
    if as_json and not said:
        say_json({"schema": "gate06.approval/1", **approval_row(approval)})
    elif not said:
        typer.echo(approval.id)
    raise SecondPersonNeeded(
        f"`{approval.verb} {approval.object}` waits for a second person: gate06 approval approve {approval.id}"
    )
