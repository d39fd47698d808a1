"""`gate06 connector new|check|try|test`: a department's connector, from the first folder to a passed exam."""

import typer

from gateway.cli.connector_check import check
from gateway.cli.connector_examine import examine
from gateway.cli.connector_new import new
from gateway.cli.connector_try import try_it

app = typer.Typer(help="Make, check, try and examine connectors.", no_args_is_help=True)
app.command("new")(new)
app.command("check")(check)
app.command("try")(try_it)
app.command("test")(examine)
