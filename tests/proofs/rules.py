"""Golden forms to the byte, false friends that stay out whatever the registers say, and no rule that could change
unseen: bent in every way there is, it shows in the reviewed release matrix.

`It must show` 2 of the full road. A rule is a permit that a procedure compiles to, or a rule that crosses procedures.
What no cell can show is counted by its reason, and shows in the reviewed rules themselves.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gateway.connector_runtime.contract import Answer
from gateway.policy.bundle import BUILT_IN, Book, PolicyBundle, read_book
from gateway.policy.compile import CompiledRule
from gateway.policy.decide import PortalFacts, Slice
from gateway.policy.engine import read_rules
from gateway.policy.matrix import Matrix, compare, read_snapshot, release_matrix, specimen_portals
from gateway.policy.procedure import Fill, Procedure, procedure_problems
from gateway.vocabulary.address import Address, Unit
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Found, Provenance
from gateway.vocabulary.purpose import BASES, RELATIONS
from tests.policy import test_policy_mutants as crossing
from tests.prefill import test_golden_forms as golden
from tests.prefill.golden_forms import GoldenForm, fill_golden
from tests.prefill.lab import START

COVERS = ("gateway/policy", "policies", "gateway/prefill/assemble.py", "gateway/prefill/plan.py", "tests/prefill")
ONE_SLICE = "the rules that decide about a procedure are its own and those that cross procedures: no other is there"
ONE_PARTY = "nobody asks for a second party in a procedure of one"
CROSSED = "a rule that crosses procedures forbids it whatever this one says"


class Mutant(NamedTuple):
    """A bent rule. `kind` says how, `rules` are all of its procedure with this one bent, dropped or added to."""

    rule: str
    kind: str
    rules: tuple[CompiledRule, ...]


class BentBundle(PolicyBundle):
    """A book of one procedure whose compiled rules are not the compiler's."""

    def __init__(self, book: Book, code: str, rules: tuple[CompiledRule, ...], *, crossed: bool = True) -> None:
        super().__init__(dataclasses.replace(book, procedures={code: book.procedures[code]}))
        own = read_rules("\n\n".join(rule.text for rule in rules)) if rules else ()
        decided_by = (*own, *(book.forbids if crossed else ()))
        self._slices[code] = Slice(self.procedures[code], rules, decided_by, dict(self.attributes), book.grammar)


async def prove(folder: Path, *, procedures: Sequence[str] | None = None, every: int = 1) -> dict[str, Any]:
    """Bend every rule of these procedures (all), or each `every`th mutant only. Raises AssertionError."""
    book = read_book([BUILT_IN])
    codes = list(book.procedures) if procedures is None else list(procedures)
    forms = [form for form in golden.FORMS if form.code in codes]
    for form in forms:
        golden.test_a_form_is_the_reviewed_one_to_the_byte(form)
    seen: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    bent: set[str] = set()
    for code in codes:
        reviewed = read_snapshot((BUILT_IN / f"golden/{code}.matrix.txt").read_text("utf-8"))
        for mutant in list(mutants(book, code))[::every]:
            bent.add(mutant.rule)
            if shows(reviewed, BentBundle(book, code, mutant.rules), code):
                seen[mutant.kind] += 1
            else:
                unseen[reason_of(book, code, mutant)] += 1
    assert bent == {rule.id for code in codes for rule in PolicyBundle(book).permits[code]} or every > 1
    return {
        "procedures": len(codes),
        "golden_forms": len(forms),
        "false_friends": sum(keep_out(book, form) for form in forms),
        "false_friends_refused_by_the_check": sum(refuse_friends(book, book.procedures[code]) for code in codes),
        "rules": len(bent),
        "mutants_shown_in_the_matrix": dict(sorted(seen.items())),
        "shown_in_the_reviewed_rules_alone": dict(sorted(unseen.items())),
        "crossing_rules": len(crossing.RULES),
        "mutants_of_crossing_rules": bend_crossing_rules(every),
        "mutants_of_lines_of_procedures": bend_lines(codes, every),
        "unseen": 0,
    }


def mutants(book: Book, code: str) -> Iterator[Mutant]:
    """Yield every way to bend every rule of a procedure."""
    rules = PolicyBundle(book).permits[code]
    for position, rule in enumerate(rules):
        before, after = rules[:position], rules[position + 1 :]
        yield Mutant(rule.id, "dropped", (*before, *after))
        for kind, changed in (*bent_text(rule, list(book.procedures)), *bent_attributes(rule, book)):
            yield Mutant(rule.id, kind, (*before, changed, *after))


def bent_text(rule: CompiledRule, codes: Sequence[str]) -> Iterator[tuple[str, CompiledRule]]:
    """Bend what the rule says: its effect, every fact it compares, every clause and how clauses are joined."""
    text = rule.text
    yield "effect", dataclasses.replace(rule, text=text.replace("permit (", "forbid (", 1))
    other = next(code for code in codes if code != rule.procedure)
    facts = {
        "procedure": (f'context.procedure == "{rule.procedure}"', [f'context.procedure == "{other}"']),
        "relation": (
            f'context.relation == "{rule.relation}"',
            [f'context.relation == "{one}"' for one in RELATIONS if one != rule.relation],
        ),
        "party": (f"context.party == {rule.party}", [f"context.party == {3 - rule.party}"]),
    }
    for fact, (stands, instead) in facts.items():
        assert text.count(stands) == 1, rule.id
        for one in (*instead, stands.replace("==", "!=")):
            yield fact, dataclasses.replace(rule, text=text.replace(stands, one))
        yield f"{fact} dropped", dataclasses.replace(rule, text=text.replace(stands, "true"))
    found = re.search(r"\[(.*?)\]\.contains\(context\.basis\)", text)
    assert found is not None, rule.id
    bases = [basis for basis in BASES if f'"{basis}"' in found[1]]
    for basis in BASES:
        kept = [one for one in BASES if (one in bases) != (one == basis)]
        listed = ", ".join(f'"{one}"' for one in kept)
        instead_of = f"[{listed}].contains(context.basis)" if kept else "false"
        yield "basis", dataclasses.replace(rule, text=text.replace(found[0], instead_of))
    yield "basis dropped", dataclasses.replace(rule, text=text.replace(found[0], "true"))
    for place in re.finditer(r" &&\n", text):
        yield "and to or", dataclasses.replace(rule, text=f"{text[: place.start()]} ||\n{text[place.end() :]}")


def bent_attributes(rule: CompiledRule, book: Book) -> Iterator[tuple[str, CompiledRule]]:
    """Take every attribute out of the rule, and put every other one of the catalogue into it."""
    for name in book.attributes:
        kind = "attribute out" if name in rule.attributes else "attribute in"
        yield kind, dataclasses.replace(rule, attributes=rule.attributes ^ {name})


def shows(reviewed: Matrix, bundle: PolicyBundle, code: str) -> bool:
    """Tell whether a cell of the reviewed matrix is answered otherwise; by parts, as most mutants show in the first."""
    portals: tuple[PortalFacts, ...] = specimen_portals(code)
    for portal in portals:
        part = release_matrix(bundle, [code], [portal])
        if compare({situation: reviewed[situation] for situation in part}, part):
            return True
    return False


def reason_of(book: Book, code: str, mutant: Mutant) -> str:
    """Return why no cell can show a mutant. Raises AssertionError for one that nothing explains."""
    own = PolicyBundle(book).permits[code]
    assert "\n".join(map(repr, mutant.rules)) != "\n".join(map(repr, own)), mutant
    if mutant.kind == "procedure dropped":
        return ONE_SLICE
    if mutant.kind == "party dropped" and not book.procedures[code].parties:
        return ONE_PARTY
    free, bent = (BentBundle(book, code, rules, crossed=False) for rules in (own, mutant.rules))
    assert shows(release_matrix(free, [code]), bent, code), f"{mutant.rule}: {mutant.kind} shows nowhere"
    return CROSSED


def bend_crossing_rules(every: int) -> int:
    """Bend the hand-written rules; return how many mutants showed, which is all. Raises AssertionError."""
    chosen = list(crossing.MUTANTS)[::every]
    for mutant in chosen:
        crossing.test_a_bent_rule_shows_in_the_matrix(mutant)
    for rule in crossing.RULES:
        crossing.test_a_dropped_rule_shows_in_the_matrix_and_fails_its_cases(rule)
    return len(chosen) + len(crossing.RULES)


def bend_lines(codes: Sequence[str], every: int) -> int:
    """Bend the lines of procedure files: each shows in the check, in a rule or in a form. Raises AssertionError."""
    chosen = [name for name, bent in golden.MUTANTS.items() if bent.code in codes][::every]
    assert [name for name in chosen if not golden.shows(golden.MUTANTS[name])] == []
    return len(chosen)


def refuse_friends(book: Book, procedure: Procedure) -> int:
    """Fill each false friend's field with the friend: the check of the book refuses it. Return how many."""
    for friend in procedure.false_friends:
        sources = [friend.source] if friend.source else book.attributes[friend.attribute].sources
        field = procedure.field(friend.field)
        assert field is not None
        for source in sources:
            fill = Fill(source=source, attribute=friend.attribute, relations=friend.relations)
            wrong = golden.with_field(procedure, field.model_copy(update={"fill": (*field.fill, fill)}))
            said = procedure_problems(procedure.code, wrong, book.attributes)
            assert any("is a false friend" in one for one in said), (procedure.code, friend.field, friend.attribute)
    return len(procedure.false_friends)


def keep_out(book: Book, wanted: GoldenForm) -> int:
    """Fill a form from registers that know everything, each attribute with a value of its own: no field shows the
    value of its false friend, and an empty one says why. Return how many friends were kept out."""
    bundle = PolicyBundle(book)
    told = {name: value_of(name, one.type, place) for place, (name, one) in enumerate(book.attributes.items())}
    one = persona(wanted.about)
    told |= {"full_name": one.full_name.upper(), "sex": one.sex}  # else it were a stranger's record

    def knows_all(source: str, attributes: frozenset[str]) -> Answer:
        provenance = Provenance(source=source, as_of=START.date(), retrieved_at=START)
        return {name: Found(told[name], provenance) for name in attributes}

    fields = fill_golden(bundle, wanted, answers=knows_all).assembled.fields
    assert any(envelope.value in told.values() for envelope in fields.values()), wanted
    kept_out = 0
    for friend in book.procedures[wanted.code].false_friends:
        if wanted.relation not in friend.relations:
            continue
        envelope = fields[friend.field]
        if friend.source is None or envelope.source == friend.source:
            assert envelope.value != told[friend.attribute], (wanted, friend.field, friend.attribute)
        assert envelope.value is not None or (envelope.why and envelope.why.vi and envelope.why.en), friend.field
        kept_out += 1
    return kept_out


def value_of(name: str, kind: str, place: int) -> Any:
    """Return a value that no other attribute has."""
    match kind:
        case "date":
            return PartialDate(1900 + place, 1, 1)
        case "address":
            return Address(scheme="post2025", province=Unit("19"), commune=Unit("05467"), detail=name)
        case "number" | "phone":
            return f"999{place:09d}"
        case "email":
            return f"{name}@example.invalid"
        case _:
            return name.upper().replace("_", " ") if kind == "text" else f"{place}"
