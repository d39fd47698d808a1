"""`gate06 connector try`: one question about an invented person: the request, the answer, and the fields of it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, ZoneName
from gateway.connector_runtime.contract import Answer, Found, OutboundReply, Question, SourceTrouble, Unavailable
from gateway.connector_runtime.failure import why
from gateway.connector_runtime.folders import MANIFEST, read_folder
from gateway.connector_runtime.kinds.build import Ways, build_connector, require_sound
from gateway.connector_runtime.kinds.declared import DeclaredConnector
from gateway.connector_runtime.kinds.samples import write_outcome
from gateway.connector_runtime.kinds.sqlview import ViewConnector
from gateway.connector_runtime.making import make_transport
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import CredentialsRefused
from gateway.connector_runtime.outbound import ZoneClient
from gateway.vocabulary.clock import SystemClock, SystemRandomness, text_token
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona

_SHOWN = 4_000
_REFUSED = (401, 403)


@dataclass
class Trial:
    """What one question came to: the request without credentials, the answer as it came, and every field; `silent`
    when the source gave no answer one could read."""

    request: str = ""
    reply: str = ""
    body: bytes = b""
    answer: Answer = field(default_factory=dict)
    trouble: str = ""
    silent: bool = False


def try_it(
    folder: Annotated[Path, typer.Argument(help="The connector's folder.")],
    number: Annotated[int, typer.Option("--persona", help="Which invented person is asked about.")] = 3,
    url: Annotated[str | None, typer.Option("--url", help="Another address of the source.")] = None,
    config: Config = None,
    secret: Annotated[
        list[str] | None, typer.Option("--secret-file", help="NAME=FILE of a secret; the folder's `toy.key` otherwise.")
    ] = None,
    *,
    zone: Annotated[str, typer.Option("--zone", help="The egress zone: lab, gov-wan or internet.")] = "lab",
    record: Annotated[bool, typer.Option("--record", help="Keep answer and fields as a sample.")] = False,
    as_json: Json = False,
) -> None:
    """Ask the source about one invented person. Exit 6 when it does not answer, 7 when no field has a value.

    With --config the connector's table and the egress zones of these settings count, as they do for the gateway.
    """
    try:
        one = persona(number)
    except LookupError as error:
        raise typer.BadParameter(str(error), param_hint="--persona") from None
    manifest = read_folder(folder)
    require_sound(manifest, f"{folder.resolve().name}/{MANIFEST}")
    egress = EgressSettings()
    if config:
        whole = settings_of(None, None, config)
        table = whole.connectors.by_name().get(manifest.id)
        if table is None:
            talk(f"these settings have no table `[connectors.{manifest.id}]`")
            raise typer.Exit(Exit.NOT_FOUND)
        settings, egress = table, whole.egress
    else:
        settings = _settings(folder, manifest, {"url": url or "", "zone": zone}, secret or [])
    trial = asyncio.run(run_trial(manifest, settings, egress, one))
    if as_json:
        say_json(_wire(trial))
    else:
        _say(manifest, trial)
    if record and trial.answer:
        _record(folder, manifest, number, trial)
    if trial.silent:
        raise typer.Exit(Exit.REMOTE)
    raise typer.Exit(Exit.OK if any(isinstance(one, Found) for one in trial.answer.values()) else Exit.CHECK_FAILED)


async def run_trial(manifest: Manifest, settings: ConnectorSettings, egress: EgressSettings, one: Persona) -> Trial:
    """Ask once, step by step, and keep what each step gave. Raises a ConnectorFailure when it cannot be set up."""
    client, clock = ZoneClient(settings.zone, egress), SystemClock()
    transport = make_transport(manifest.id, manifest, settings, client, clock) if manifest.transport else None
    policy = AddressPolicy(settings.zone, egress)
    ways = Ways(client=client, policy=policy, clock=clock, transport=transport)
    connector, opened = build_connector(manifest.id, manifest, settings, ways)
    question = question_about(one, manifest.provides)
    trial = Trial()
    try:
        await _ask(connector, question, trial)
    except SourceTrouble as failed:
        said = why(failed.outcome)
        trial.silent = isinstance(failed.outcome, Unavailable)
        trial.trouble = f"{said.code if said else ''} {failed.operator_detail}".strip()
        if trial.reply[:3] in map(str, _REFUSED) and "manifest" not in failed.operator_detail:
            trial.trouble = (
                f"{CredentialsRefused.code} the source refused the credentials; settings and network are in order"
            )
    finally:
        await client.close()
        if opened is not None:
            await opened.close()
    return trial


def question_about(one: Persona, attributes: frozenset[str]) -> Question:
    """Return the question a trial asks about a persona."""
    return Question(
        attributes=attributes,
        personal_number=one.personal_number,
        old_number=one.old_number,
        full_name=one.full_name,
        birth_date=PartialDate.parse(one.birth_date),
        procedure="1.004222",
        purpose="trial",
        request_id=text_token(SystemRandomness())[:26],
        deadline_at=SystemClock().now() + timedelta(seconds=10),
    )


async def _ask(connector: DeclaredConnector | ViewConnector, question: Question, trial: Trial) -> None:
    if isinstance(connector, ViewConnector):
        values = connector.bind(question)
        trial.request = f"{len(values)} values bound, read only, at most two rows"
        rows = await connector.rows(values, question)
        trial.body = json.dumps(rows, ensure_ascii=False, indent=1).encode()
        trial.reply = trial.body.decode()
        trial.answer = connector.read(rows, question)
        return
    written = connector.write(question)
    shown = connector.show(question)
    headers = "".join(f"\n{name}: {value}" for name, value in shown.headers.items())
    body = "" if shown.body is None else "\n\n" + shown.body.decode()
    trial.request = f"{shown.method} {shown.path}{headers}\n(credentials: ***){body}"
    carried = await connector.send(written, question)
    trial.body = carried.reply.body
    trial.reply = _shown(carried.reply)
    trial.answer = connector.read(carried, question)


def _shown(reply: OutboundReply) -> str:
    text = reply.body.decode("utf-8", "replace")
    more = f"\n… {len(text) - _SHOWN} characters more" if len(text) > _SHOWN else ""
    return f"{reply.status}\n{text[:_SHOWN]}{more}"


def _settings(folder: Path, manifest: Manifest, members: dict[str, str], secrets: Sequence[str]) -> ConnectorSettings:
    files = dict(one.partition("=")[::2] for one in secrets)
    reference = manifest.auth.secret_ref
    if reference and reference not in files and (folder / "toy.key").is_file():
        files[reference] = str(folder / "toy.key")
    zone: Any = members["zone"]
    if zone not in ZoneName.__args__:  # type: ignore[attr-defined]
        raise typer.BadParameter(f"`{zone}` is none of lab, gov-wan, internet", param_hint="--zone")
    return ConnectorSettings(
        url=members["url"],
        zone=zone,
        secret_files={name: Path(file) for name, file in files.items()},
        timeout_for=5.0,
        officer="gate06.trial",
        agency_code="H00.00.00",
    )


def _say(manifest: Manifest, trial: Trial) -> None:
    for title, text in (("request", trial.request), ("answer", trial.reply)):
        typer.echo(f"── {title} " + "─" * (70 - len(title)))
        typer.echo(text or "(none)")
    typer.echo("── fields " + "─" * 64)
    rows = {row.to: row for row in manifest.fields}
    for name, outcome in trial.answer.items():
        row = rows[name]
        came = write_outcome(outcome)
        told = came if isinstance(came, str) else json.dumps(came, ensure_ascii=False)
        typer.echo(f"{name:32} {row.source or row.expr or ' + '.join(row.from_parts):28} {told}")
    if trial.trouble:
        talk(f"no field: {trial.trouble}")


def _wire(trial: Trial) -> dict[str, Any]:
    return {
        "request": trial.request,
        "answer": trial.reply,
        "fields": {name: write_outcome(outcome) for name, outcome in trial.answer.items()},
        "trouble": trial.trouble or None,
    }


def _record(folder: Path, manifest: Manifest, number: int, trial: Trial) -> None:
    """Keep the answer as a sample. The person is invented: what the source says of them may stand in a file."""
    place = folder / "samples" / f"persona_{number:02d}"
    place.parent.mkdir(exist_ok=True)
    suffix = ".xml" if manifest.kind == "soap" else ".json"
    place.with_suffix(suffix).write_bytes(trial.body)
    expected = {name: write_outcome(outcome) for name, outcome in trial.answer.items()}
    days = {one.provenance.as_of for one in trial.answer.values() if isinstance(one, Found)}
    if manifest.record is not None and manifest.record.as_of and len(days) == 1:
        expected["_as_of"] = days.pop().isoformat()
    text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
    place.with_name(f"{place.name}.expected.json").write_text(text, "utf-8")
    talk(f"kept samples/{place.name}{suffix} and what is expected of it: read it before you believe it")
