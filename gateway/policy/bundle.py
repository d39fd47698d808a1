"""The policy book, read once, checked whole, immutable, named by its hash.

The built-in book is the folder `policies` beside the package `gateway`: in a checkout that is the repository's
own folder, in an installed wheel the same folder is installed beside the package.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from gateway.policy.borrow import read_procedures
from gateway.policy.catalogue import Attribute, AttributeFile, Correction, Source, resolve_attributes
from gateway.policy.compile import CompiledRule, compile_procedure
from gateway.policy.decide import GUARDS, ReleaseDecision, ReleaseRequest, Slice, refuse_all, rule_words
from gateway.policy.document import did_you_mean, read_document
from gateway.policy.engine import Grammar, Rule, read_rules
from gateway.policy.failure import REFUSALS, PolicyInvalid, UnknownProcedure
from gateway.policy.procedure import Procedure, procedure_problems
from gateway.vocabulary.correction import CorrectionStart

BUILT_IN = Path(__file__).resolve().parents[2] / "policies"
"""The folder of the built-in book."""

_REMEMBERED_DECISIONS = 4096
_ANNOTATIONS = ("id", "legal_basis", "legal_basis_en", "vi", "en", "failure")


@dataclass(frozen=True, slots=True)
class Book:
    """What was read: sources, attributes and procedures by id, hand-written rules, schema, and the hash of it all."""

    sources: Mapping[str, Source]
    attributes: Mapping[str, Attribute]
    procedures: Mapping[str, Procedure]
    forbids: tuple[Rule, ...]
    grammar: Grammar
    bundle_id: str = field(compare=False)


class PolicyBundle:
    """A policy book that answers. Immutable: a changed book is a new bundle with another `bundle_id`."""

    def __init__(self, book: Book, starts: Mapping[str, CorrectionStart] | None = None) -> None:
        self._book = book
        self._starts = dict(starts or {})
        self.bundle_id = book.bundle_id
        self.sources = book.sources
        self.attributes = book.attributes
        self.procedures = book.procedures
        self.forbids = book.forbids
        compiled = {code: compile_procedure(procedure) for code, procedure in book.procedures.items()}
        self.permits: Mapping[str, tuple[CompiledRule, ...]] = compiled
        self._permit_rules = {code: _permit_rules(code, rules, book.grammar) for code, rules in compiled.items()}
        self._slices = {code: self._slice(code) for code in compiled}
        self.decide = lru_cache(maxsize=_REMEMBERED_DECISIONS)(self.decide_afresh)

    @classmethod
    def load(
        cls,
        paths: Sequence[Path] = (),
        *,
        built_in: Path = BUILT_IN,
        starts: Mapping[str, CorrectionStart] | None = None,
    ) -> "PolicyBundle":
        """Read the built-in book and the folders of `paths`, which add to it and never replace anything. `starts`, by
        source, are where corrections begin in this province: no part of the book, which decides what is told.

        Raises PolicyInvalid with every complaint found.
        """
        return cls(read_book([built_in, *paths]), starts)

    def decide_afresh(self, request: ReleaseRequest) -> ReleaseDecision:
        """Decide without looking at what was decided before; `decide` is the same with a bounded memory."""
        part = self._slices.get(request.procedure)
        if part is None:
            return refuse_all(request, "guard/unknown-procedure")
        if not request.attributes:
            return refuse_all(request, "guard/nothing-asked")
        return part.decide(request)

    def correction(self, attribute: str, source: str) -> Correction:
        """Return where an attribute is corrected that this source said."""
        return self.attributes[attribute].correction.starting_at(self._starts.get(source))

    def procedure(self, code: str) -> Procedure:
        """Return a procedure. Raises UnknownProcedure naming the nearest code."""
        found = self.procedures.get(code)
        if found is None:
            raise UnknownProcedure(f"unknown procedure `{code}`{did_you_mean(code, list(self.procedures))}")
        return found

    def excess(self, procedures: Iterable[str], attributes: Iterable[str]) -> tuple[str, ...]:
        """Return what a portal lists beyond what its procedures compile to, for any relation, sorted.

        Raises UnknownProcedure for a code that no procedure has.
        """
        granted: set[str] = set()
        for code in procedures:
            self.procedure(code)
            granted.update(*(rule.attributes for rule in self.permits[code]))
        return tuple(sorted(set(attributes) - granted))

    def rules_of(self, code: str) -> tuple[Rule, ...]:
        """Return the rules that decide about a procedure: its own permits, then those that cross procedures."""
        return (*self._permit_rules[code], *self.forbids)

    def words(self, policy_id: str) -> dict[str, str]:
        """Return what a rule says, in Vietnamese and English. Raises KeyError for an id that no rule has."""
        rules = {rule.id: rule for code in self.procedures for rule in self.rules_of(code)}
        return rule_words(policy_id, rules)

    def cedar_text(self, code: str) -> str:
        """Return the Cedar text a procedure compiles to."""
        return "\n\n".join(rule.text for rule in self.permits[code]) + "\n"

    def _slice(self, code: str) -> Slice:
        return Slice(
            self.procedures[code],
            self.permits[code],
            self.rules_of(code),
            dict(self.attributes),
            self._book.grammar,
        )


def _permit_rules(code: str, rules: Sequence[CompiledRule], grammar: Grammar) -> tuple[Rule, ...]:
    text = "\n\n".join(rule.text for rule in rules)
    complaints = grammar.complaints(text) if text else []
    if complaints:
        raise PolicyInvalid([f"`{code}` compiles to rules that do not validate: {each}" for each in complaints])
    return tuple(read_rules(text)) if text else ()


def read_book(folders: Sequence[Path]) -> Book:
    """Read and check folders of policy; the first one holds the schema. Raises PolicyInvalid."""
    problems = [f"`{folder}` is not a folder" for folder in folders if not folder.is_dir()]
    own_schema = [folder for folder in folders[1:] if (folder / "schema.cedarschema").exists()]
    problems += [f"`{folder.name}/schema.cedarschema` has no place in an added folder" for folder in own_schema]
    if problems:
        raise PolicyInvalid(problems)
    grammar = _read_grammar(folders[0] / "schema.cedarschema")
    attribute_files, found = _read_attributes(folders)
    problems += found
    procedure_files, found = read_procedures(_files(folders, "procedures/*.toml"))
    problems += found
    sources, attributes, found = resolve_attributes(attribute_files)
    problems += found
    procedures: dict[str, Procedure] = {}
    for name, procedure in procedure_files:
        problems += _place_procedure(name, procedure, procedures, attributes)
    forbids, found = _read_forbids(folders, grammar, attributes)
    problems += found
    if problems:
        raise PolicyInvalid(problems)
    return Book(sources, attributes, dict(sorted(procedures.items())), forbids, grammar, _hash(folders))


def _read_grammar(path: Path) -> Grammar:
    try:
        return Grammar(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as trouble:
        raise PolicyInvalid([f"`{path.name}` cannot be used: {trouble}"]) from trouble


def _read_attributes(folders: Sequence[Path]) -> tuple[list[tuple[str, AttributeFile]], list[str]]:
    read: list[tuple[str, AttributeFile]] = []
    problems: list[str] = []
    for path in _files(folders, "attributes/*.toml"):
        try:
            read.append((f"attributes/{path.name}", read_document(path, AttributeFile)))
        except PolicyInvalid as trouble:
            problems += trouble.problems
    return read, problems


def _place_procedure(
    name: str, procedure: Procedure, procedures: dict[str, Procedure], attributes: Mapping[str, Attribute]
) -> Iterator[str]:
    if procedure.code in procedures:
        yield f"`{name}:code` defines procedure `{procedure.code}` a second time"
    if not name.removeprefix("procedures/").startswith(f"{procedure.code}_"):
        yield f"`{name}:code` is `{procedure.code}`: the file's name starts with the code and `_`"
    yield from procedure_problems(name, procedure, attributes)
    procedures[procedure.code] = procedure


def _read_forbids(
    folders: Sequence[Path], grammar: Grammar, attributes: Mapping[str, Attribute]
) -> tuple[tuple[Rule, ...], list[str]]:
    rules: dict[str, Rule] = {}
    problems: list[str] = []
    for path in _files(folders, "*.cedar"):
        try:
            text = path.read_text(encoding="utf-8")
            read = read_rules(text)
        except (OSError, ValueError) as trouble:
            problems.append(f"`{path.name}` cannot be read: {trouble}")
            continue
        problems += [f"`{path.name}`: {complaint}" for complaint in grammar.complaints(text)]
        for rule in read:
            problems += [f"`{path.name}:{rule.id}` {complaint}" for complaint in _rule_problems(rule, attributes)]
            if rule.id in rules:
                problems.append(f"`{path.name}:{rule.id}` is defined a second time")
            rules[rule.id] = rule
    return tuple(rules.values()), problems


def _rule_problems(rule: Rule, attributes: Mapping[str, Attribute]) -> Iterator[str]:
    for missing in (name for name in _ANNOTATIONS if not rule.annotations.get(name)):
        yield f"has no `@{missing}`"
    if rule.effect != "forbid":
        yield "permits: only a procedure's file may permit, a hand-written rule may only forbid"
    if not rule.names_action:
        yield 'does not name its action: write `action == Action::"release"`'
    if rule.id in GUARDS or "/" not in rule.id:
        yield "has an id that is not `folder/name`, or one of a guard"
    failure = rule.annotations.get("failure")
    if failure and failure not in REFUSALS:
        yield f"`@failure` names unknown code `{failure}`{did_you_mean(failure, list(REFUSALS))}"
    for name in sorted(rule.named - attributes.keys()):
        yield f"names unknown attribute `{name}`{did_you_mean(name, list(attributes))}"


def _files(folders: Sequence[Path], pattern: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.glob(pattern))


def _hash(folders: Sequence[Path]) -> str:
    digest = sha256()
    for folder in folders:
        for pattern in ("schema.cedarschema", "attributes/*.toml", "procedures/*.toml", "*.cedar"):
            for path in sorted(folder.glob(pattern)):
                name = str(path.relative_to(folder)).encode()
                content = path.read_bytes()
                digest.update(b"%d:%s%d:%s" % (len(name), name, len(content), content))
    return f"pb_{digest.hexdigest()[:32]}"
