"""`gate06 connector`: a department's register, from the first folder to service and retirement."""

import typer

from gateway.cli.connector_check import check
from gateway.cli.connector_credentials import credentials
from gateway.cli.connector_examine import examine
from gateway.cli.connector_import import import_openapi, import_wsdl
from gateway.cli.connector_new import new
from gateway.cli.connector_release import release
from gateway.cli.connector_replace import replace_credentials, restore_credentials
from gateway.cli.connector_steps import add_steps
from gateway.cli.connector_try import try_it
from gateway.cli.connector_views import add_views

app = typer.Typer(
    help="Make, check, try and examine connectors; hand in, approve, publish, suspend, retire and look at them.",
    no_args_is_help=True,
)
app.command("new")(new)
app.command("import-openapi")(import_openapi)
app.command("import-wsdl")(import_wsdl)
app.command("check")(check)
app.command("try")(try_it)
app.command("test")(examine)
app.command("release")(release)
app.command("credentials")(credentials)
app.command("replace-credentials")(replace_credentials)
app.command("restore-credentials")(restore_credentials)
add_views(app)
add_steps(app)
