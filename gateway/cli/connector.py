"""`gate06 connector`: registers and their way into service."""

import typer

from gateway.cli.connector_steps import add_steps
from gateway.cli.connector_views import add_views

app = typer.Typer(help="Hand in, approve, publish, suspend, retire and look at connectors.", no_args_is_help=True)
add_views(app)
add_steps(app)
