"""`gate06 connector new|check|try`: a department's connector, from the first folder to the first mapped field."""

import typer

from gateway.cli.connector_check import check
from gateway.cli.connector_new import new
from gateway.cli.connector_try import try_it

app = typer.Typer(help="Make, check and try connectors.", no_args_is_help=True)
app.command("new")(new)
app.command("check")(check)
app.command("try")(try_it)
