"""`gate06 verify …`: the pure checks of what the gateway signs and proves (design.md §15)."""

import typer

from gateway.cli.verify_jws import dpop, jws
from gateway.cli.verify_manifest import manifest
from gateway.cli.verify_merkle import merkle

app = typer.Typer(help="Check signatures and proofs read from stdin.", no_args_is_help=True)


app.command("merkle")(merkle)
app.command("manifest")(manifest)
app.command("jws")(jws)
app.command("dpop")(dpop)
