"""`gate06 policy check|eval|explain|matrix`: the release policy for those who write it and those who sign it.

The functions return their answer; the verbs print it. Which folders and which portals count is decided by whoever
mounts the verbs: `create_app(open_book)`; by default the built-in book and the files named on the command line.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt

from gateway.cli.connection import files_of
from gateway.cli.pure_check import run_check
from gateway.policy.bundle import BUILT_IN, PolicyBundle
from gateway.policy.cases import check_book, report_wire
from gateway.policy.decide import PortalFacts, ReleaseDecision, ReleaseRequest
from gateway.policy.explain import explain, explain_procedure
from gateway.policy.failure import PolicyInvalid, UnknownProcedure
from gateway.policy.matrix import compare, read_snapshot, release_matrix, write_snapshot


@dataclass(frozen=True, slots=True)
class OpenedBook:
    """The folders of the book, the built-in one first, and the portals that may be named by their id."""

    folders: tuple[Path, ...]
    portals: Mapping[str, PortalFacts]

    def bundle(self) -> PolicyBundle:
        """Read the book. Raises PolicyInvalid."""
        return PolicyBundle.load(self.folders[1:], built_in=self.folders[0])


OpenBook = Callable[[Sequence[Path], Sequence[Path]], OpenedBook]
"""Opens the book named by `--config` files and `--portal` files. Raises PolicyInvalid."""


class PortalAsked(BaseModel):
    """A portal described in the question itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = "portal"
    procedures: list[str] = []
    attributes: list[str] | None = None

    def facts(self) -> PortalFacts:
        """Return it as the policy knows it."""
        listed = None if self.attributes is None else frozenset(self.attributes)
        return PortalFacts(client_id=self.client_id, procedures=frozenset(self.procedures), attributes=listed)


class Asked(BaseModel):
    """The question of `policy eval` (design.md §15). A member left out is absent, and absent refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Any = None
    portal: PortalAsked | str
    procedure: str
    attributes: list[str]
    level: StrictInt | None = None
    basis: str | None = None
    consent: StrictBool | None = None
    relation: str | None = None
    party: StrictInt = 1

    def request(self, portals: Mapping[str, PortalFacts]) -> ReleaseRequest:
        """Return the request; a portal named by an id nobody knows is registered for nothing."""
        if isinstance(self.portal, str):
            unknown = PortalFacts(client_id=self.portal, procedures=frozenset())
            facts = portals.get(self.portal, unknown)
        else:
            facts = self.portal.facts()
        return ReleaseRequest(
            portal=facts,
            procedure=self.procedure,
            attributes=frozenset(self.attributes),
            level=self.level,
            basis=self.basis,
            consent=self.consent,
            relation=self.relation,
            party=self.party,
        )


def evaluate(
    bundle: PolicyBundle, portals: Mapping[str, PortalFacts], asked: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Answer one question {portal, procedure, attributes[], level, basis, consent, relation, party?}.

    `portal` is a client id or {client_id, procedures[], attributes[]?}. The second part tells whether everything
    asked is permitted. Raises ValueError (pydantic's) for what is no question.
    """
    decision = bundle.decide(Asked.model_validate(asked).request(portals))
    return decision_wire(decision), decision.decision == "permit"


def decision_wire(decision: ReleaseDecision) -> dict[str, Any]:
    """Return a decision in the shape of design.md §15, with the deciding rules and the refusal's code beside it."""
    return {
        "decision": decision.decision,
        "permitted": sorted(decision.permitted),
        "refused": [
            {"attribute": refused.attribute, "policy_ids": list(refused.policy_ids), "why": dict(refused.why)}
            for refused in decision.refused
        ],
        "policy_ids": list(decision.policy_ids),
        "code": decision.failure_code,
    }


def check(folders: Sequence[Path]) -> tuple[int, dict[str, Any]]:
    """Read the book, run its cases, compare with the reviewed answers: exit code 0 or 7, and the report."""
    try:
        report = check_book(folders)
    except PolicyInvalid as invalid:
        return 7, {"bundle_id": None, "failures": list(invalid.problems), "changes": []}
    return (7 if report.failures else 0), dict(report_wire(report))


def matrix(bundle: PolicyBundle, procedure: str | None, portals: Iterable[PortalFacts]) -> str:
    """Return the matrix as text, of one procedure or of all, for these portals or the specimens.

    Raises UnknownProcedure.
    """
    codes = None if procedure is None else [bundle.procedure(procedure).code]
    return write_snapshot(release_matrix(bundle, codes, tuple(portals) or None))


def matrix_changes(before: str, after: str) -> list[str]:
    """Return the cells that differ, one line each, what is newly told first. Raises ValueError."""
    return [change.line() for change in compare(read_snapshot(before), read_snapshot(after))]


def open_files(configs: Sequence[Path], portal_files: Sequence[Path]) -> OpenedBook:
    """Open the built-in book, the folders of `[policies] path` in these files, and their `[[portal]]` tables."""
    folders = [BUILT_IN]
    portals: dict[str, PortalFacts] = {}
    for path in (*configs, *portal_files):
        document = _read_toml(path)
        extra = document.get("policies", {}).get("path", [])
        folders += [path.parent / folder for folder in ([extra] if isinstance(extra, str) else extra)]
        portals |= {facts.client_id: facts for facts in map(_seed_facts, document.get("portal", []))}
    return OpenedBook(tuple(folders), portals)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise PolicyInvalid([f"`{path.name}` cannot be read: {trouble}"]) from trouble


def _seed_facts(seed: Mapping[str, Any]) -> PortalFacts:
    members = {name: seed[name] for name in ("client_id", "procedures", "attributes") if name in seed}
    return PortalAsked.model_validate(members).facts()


Config = Annotated[list[Path] | None, typer.Option("--config", help="A gate06.toml; may be repeated.")]
PortalFile = Annotated[list[Path] | None, typer.Option("--portal", help="A file of portals; may be repeated.")]
Folder = Annotated[list[Path] | None, typer.Option("--path", help="A folder added to the book; may be repeated.")]
BookFolder = Annotated[Path | None, typer.Option("--book", help="Read this folder instead of the built-in book.")]
Batch = Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")]
At = Annotated[str | None, typer.Option("--at", hidden=True, help="Accepted as by every check; no time matters here.")]
Json = Annotated[bool, typer.Option("--json", help="Answer one JSON object.")]
Code = Annotated[str | None, typer.Option("--procedure", help="One procedure only.")]
Language = Annotated[str, typer.Option("--lang", help="vi or en.")]


def create_app(open_book: OpenBook = open_files) -> typer.Typer:
    """Return the sub-application `policy`."""
    app = typer.Typer(help="Check, ask and explain who may be told what.", no_args_is_help=True)
    for mount in (_mount_check, _mount_eval, _mount_explain, _mount_matrix):
        mount(app, open_book)
    return app


def _mount_check(app: typer.Typer, open_book: OpenBook) -> None:
    @app.command("check")
    def _check(*, config: Config = None, path: Folder = None, book: BookFolder = None, as_json: Json = False) -> None:
        """Read the book, run every rule's cases, compare with the reviewed answers. Exit 7 when anything fails."""
        code, report = check(_open(open_book, config, None, path, book).folders)
        for failure in report["failures"]:
            typer.echo(failure, err=True)
        if as_json:
            typer.echo(orjson.dumps(report).decode())
        elif code == 0:
            typer.echo(f"{report['rules']} rules, {report['cases']} cases, {report['cells']} cells: all as reviewed")
        raise typer.Exit(code)


def _mount_eval(app: typer.Typer, open_book: OpenBook) -> None:
    @app.command("eval")
    def _eval(
        *,
        config: Config = None,
        portal: PortalFile = None,
        path: Folder = None,
        book: BookFolder = None,
        batch: Batch = False,
        at: At = None,
    ) -> None:
        """Answer {portal, procedure, attributes[], level, basis, consent, relation} read from stdin."""
        found = _open(open_book, files_of(config), portal, path, book)
        bundle = _load(found)
        run_check(lambda asked: evaluate(bundle, found.portals, asked), batch=batch)


def _mount_explain(app: typer.Typer, open_book: OpenBook) -> None:
    @app.command("explain")
    def _explain(
        *,
        config: Config = None,
        portal: PortalFile = None,
        path: Folder = None,
        book: BookFolder = None,
        procedure: Code = None,
        lang: Language = "vi",
        cedar: Annotated[bool, typer.Option("--cedar", help="The rules --procedure compiles to, as Cedar.")] = False,
        as_json: Json = False,
    ) -> None:
        """Say in words why: the question of `eval` read from stdin, or with --procedure the page of a procedure."""
        if lang not in {"vi", "en"}:
            raise _refuse([f"`--lang {lang}` is neither `vi` nor `en`"], 2)
        if cedar and procedure is None:
            raise _refuse(["`--cedar` needs `--procedure`"], 2)
        found = _open(open_book, files_of(config), portal, path, book)
        bundle = _load(found)
        try:
            if cedar and procedure:
                typer.echo(bundle.cedar_text(bundle.procedure(procedure).code), nl=False)
                return
            words = explain_procedure(bundle, procedure) if procedure else _explain_stdin(bundle, found.portals)
        except UnknownProcedure as unknown:
            raise _refuse([unknown.detail], 4) from None
        except ValueError:
            raise _refuse(["stdin does not hold one question of `policy eval`"], 2) from None
        typer.echo(orjson.dumps(words).decode() if as_json else words[lang])


def _mount_matrix(app: typer.Typer, open_book: OpenBook) -> None:
    @app.command("matrix")
    def _matrix(
        *,
        config: Config = None,
        portal: PortalFile = None,
        path: Folder = None,
        book: BookFolder = None,
        procedure: Code = None,
        diff: Annotated[Path | None, typer.Option("--diff", help="Show the cells that differ from this file.")] = None,
    ) -> None:
        """Write down every answer of the book; with --diff only what changed, exit 7 when anything did."""
        found = _open(open_book, config, portal, path, book)
        try:
            text = matrix(_load(found), procedure, found.portals.values())
        except UnknownProcedure as unknown:
            raise _refuse([unknown.detail], 4) from None
        if diff is None:
            typer.echo(text, nl=False)
            return
        try:
            changes = matrix_changes(diff.read_text(encoding="utf-8"), text)
        except (OSError, ValueError) as trouble:
            raise _refuse([f"`{diff.name}` cannot be compared: {trouble}"], 2) from None
        for change in changes:
            typer.echo(change)
        typer.echo(f"{len(changes)} cells differ", err=True)
        raise typer.Exit(7 if changes else 0)


def _open(open_book: OpenBook, config: Config, portal: PortalFile, path: Folder, book: BookFolder) -> OpenedBook:
    try:
        found = open_book(config or [], portal or [])
    except PolicyInvalid as invalid:
        raise _refuse(invalid.problems, 3) from None
    built_in = book if book is not None else found.folders[0]
    return OpenedBook((built_in, *found.folders[1:], *(path or [])), found.portals)


def _load(found: OpenedBook) -> PolicyBundle:
    try:
        return found.bundle()
    except PolicyInvalid as invalid:
        raise _refuse(invalid.problems, 3) from None


def _explain_stdin(bundle: PolicyBundle, portals: Mapping[str, PortalFacts]) -> dict[str, str]:
    asked = orjson.loads(typer.get_binary_stream("stdin").read())
    return explain(bundle, Asked.model_validate(asked).request(portals))


def _refuse(sentences: Sequence[str], code: int) -> typer.Exit:
    for sentence in sentences:
        typer.echo(sentence, err=True)
    return typer.Exit(code)


app = create_app()
