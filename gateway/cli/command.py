"""The command `gate06`: joins the verbs, and turns whatever goes wrong into one sentence and an exit code."""

import importlib
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from gateway.cli.exit_codes import MEANINGS, Exit, exit_of
from gateway.cli.output import talk
from gateway.vocabulary.failure import Failure

if TYPE_CHECKING:
    from gateway.cli.audit import OpenedLog

_VERBS = {
    "serve": "serving",
    "demo": "demo",
    "simulate": "simulating",
    "doctor": "doctor",
    "login": "login",
    "logout": "login",
    "whoami": "login",
}
"""Verbs without a noun, and the module that holds each under its own name."""
_NOUNS = {
    **{noun: noun for noun in ("key", "portal")},
    "config": "configuration",
    **{noun: noun for noun in ("audit", "policy", "match", "verify", "parse", "connector", "dossier", "indicator")},
    **{noun: noun for noun in ("areas", "approval", "report", "province")},
}
"""Nouns, and the module that brings an `app` of its own."""


def _root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an unexpected error.")] = False,
) -> None:
    """Read what stands before the noun; `main` looks at `--debug` itself."""


def explain_topic(topic: Annotated[str, typer.Argument(help="exit-codes")] = "exit-codes") -> None:
    """Explain a topic: exit-codes."""
    if topic != "exit-codes":
        talk(f"unknown topic `{topic}`, did you mean `exit-codes`?")
        raise typer.Exit(Exit.NOT_FOUND)
    for code, meaning in MEANINGS.items():
        typer.echo(f"{int(code):>3}  {meaning}")


@asynccontextmanager
async def open_log(store: str | None, redis: str | None, configs: list[Path]) -> AsyncIterator["OpenedLog"]:
    """Open the evidence log of a stack for the `audit` verbs."""
    from gateway.audit.checkpoint import NoteVerifier, origin_of
    from gateway.audit.log import Log
    from gateway.cli.audit import OpenedLog
    from gateway.cli.connection import opened_ring, opened_storage, settings_of

    settings = settings_of(store, redis, configs)
    async with opened_storage(settings, migrate=False) as storage:
        ring = await opened_ring(settings, storage)
        log = Log(storage.journal, storage.tree, storage.checkpoints, storage.leases)
        yield OpenedLog(log=log, verifier=NoteVerifier(origin_of(settings.issuer), [ring.log_public_key()]))


def complete_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command with the verb or noun that the arguments name, or else with every one that is built.

    A command starts in half the time when the others' modules are left alone.
    """
    asked = next((word for word in arguments if not word.startswith("-")), "")
    wanted = {asked} if asked in {*_VERBS, *_NOUNS} else {*_VERBS, *_NOUNS}
    app = typer.Typer(
        name="gate06",
        help="Gate06: identity-linked e-services gateway of a province. `gate06 demo` shows all of it.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for verb in (one for one in _VERBS if one in wanted):
        app.command(verb)(getattr(importlib.import_module(f"gateway.cli.{_VERBS[verb]}"), verb))
    app.command("help")(explain_topic)
    for noun in (one for one in _NOUNS if one in wanted):
        name = f"gateway.cli.{_NOUNS[noun]}"
        if importlib.util.find_spec(name) is not None:
            module = importlib.import_module(name)
            app.add_typer(module.create_app(open_log) if noun == "audit" else module.app, name=noun)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(given)
    except (typer.Abort, KeyboardInterrupt):
        code = Exit.INTERRUPTED
    except typer.Exit as leaving:
        code = leaving.exit_code
    except Failure as failure:
        code = _say_failure(failure)
    except Exception as bug:  # the edge of the program: nothing may leave as a trace
        code = _say_bug(bug, debug="--debug" in given)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        answer: Any = complete_app(arguments)(args=arguments, standalone_mode=False)
    except TyperException as mistake:
        mistake.show()  # type: ignore[attr-defined]
        return Exit.USAGE
    return answer if isinstance(answer, int) else Exit.OK


def _say_failure(failure: Failure) -> int:
    from gateway.settings.tree import ConfigurationRefused

    if isinstance(failure, ConfigurationRefused):
        for problem in failure.problems:
            talk(f"{failure.code}: {problem}")
    else:
        talk(f"{failure.code}: {failure.detail or failure.title}")
    talk(f"fix: {failure.fix}")
    return exit_of(failure)


def _say_bug(bug: Exception, *, debug: bool) -> int:
    # the text of an unknown exception may hold a citizen's value: its class and place are all that is told
    frame = traceback.extract_tb(bug.__traceback__)[-1] if bug.__traceback__ else None
    place = f" at {Path(frame.filename).name}:{frame.lineno}" if frame else ""
    talk(f"gate06 has a bug: {type(bug).__name__}{place}; run again with --debug before the noun for the trace")
    if debug:
        traceback.print_exception(bug)
    return Exit.BUG
