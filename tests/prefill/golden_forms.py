"""The golden forms: each procedure filled once for each relation, from personas, at a fixed time.

`python -m tests.prefill.golden_forms` writes them to `policies/golden/<code>.<name>.form.json`; whoever approves a
procedure reads them beside its rules and its matrix. Nothing random is in them: no id, no manifest, no receipt.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import orjson

from gateway.connector_runtime.contract import Answer
from gateway.policy.bundle import BUILT_IN, PolicyBundle
from gateway.policy.decide import PortalFacts, ReleaseRequest
from gateway.prefill.assemble import Assembled, Facts, assemble
from gateway.prefill.conditions import answer_conditions
from gateway.prefill.envelope import Why
from gateway.prefill.plan import Plan, Way, plan_form
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance
from gateway.vocabulary.purpose import RELATIONS, Relation
from tests.connectors.register_samples import SAYS, answer_about
from tests.prefill.lab import START, citizen_of, record_of

FOLDER = BUILT_IN / "golden"
DECLARED = {"phone": "0999000000", "email": "tu-khai@example.invalid"}

_MARITAL = {"1": "single", "2": "married", "3": "divorced", "4": "widowed"}
_ABOUT: Mapping[Relation, int] = {"self": 3, "guardian": 5, "officer": 3}


class GoldenForm(NamedTuple):
    """One form: of a procedure, for a relation, about a persona, filled for one party; `answer` is what the portal says
    to every condition, None when it says nothing."""

    code: str
    relation: Relation
    about: int
    party: int = 1
    answer: bool | None = None

    @property
    def name(self) -> str:
        """What its file is called after the procedure's code."""
        party = "" if self.party == 1 else f".party-{self.party}"
        answered = {None: "", True: ".all-hold", False: ".none-holds"}[self.answer]
        return f"{self.relation}.persona-{self.about:02d}{party}{answered}"

    @property
    def path(self) -> Path:
        """Where its file is."""
        return FOLDER / f"{self.code}.{self.name}.form.json"


def golden_forms(bundle: PolicyBundle, code: str) -> Iterator[GoldenForm]:
    """Return the forms of a procedure: one for each relation it serves, and what one person alone does not show."""
    for relation in RELATIONS:
        if bundle.procedures[code].attributes_for(relation):
            dead = code == "1.000656" and relation == "officer"
            yield GoldenForm(code, relation, 4 if dead else _ABOUT[relation])
    if code == "1.001193":
        yield GoldenForm(code, "self", 1)  # a father who files
    if code == "1.001612":
        yield GoldenForm(code, "self", 8)  # who has a business, and whose land certificate two sources tell apart
    if bundle.procedures[code].conditions:
        for answer in (True, False):
            yield GoldenForm(code, "self", _ABOUT["self"], answer=answer)
    for party in bundle.procedures[code].parties:
        yield GoldenForm(code, "self", _ABOUT["self"], party.number)


class Filled(NamedTuple):
    """A golden form before it is written down."""

    plan: Plan
    questions: Mapping[str, frozenset[str]]
    policy_ids: tuple[str, ...]
    assembled: Assembled


Answering = Callable[[str, frozenset[str]], Answer]


def fill_golden(
    bundle: PolicyBundle,
    wanted: GoldenForm,
    *,
    unknown: frozenset[str] = frozenset(),
    answers: Answering | None = None,
    conditions: Mapping[str, bool] | None = None,
) -> Filled:
    """Fill a form as the gateway does: planned, permitted, assembled; the sources answer what they know, or `answers`.

    `unknown` are attributes that no source knows, `conditions` the portal's answers. The sign-in says no sex, as VNeID
    does not.
    """
    procedure = bundle.procedures[wanted.code]
    plan = plan_form(bundle, procedure, wanted.relation, party=wanted.party)
    if wanted.answer is not None:
        conditions = {one.id: wanted.answer for one in procedure.conditions}
    plan = answer_conditions(plan, conditions or {})
    decision = bundle.decide_afresh(
        ReleaseRequest(
            portal=PortalFacts(client_id="golden", procedures=frozenset({wanted.code})),
            procedure=wanted.code,
            attributes=plan.attributes,
            level=2,
            basis=procedure.basis,
            consent=procedure.basis == "consent",
            relation=wanted.relation,
            party=wanted.party,
        )
    )
    questions = plan.questions(decision.permitted)
    citizen = replace(citizen_of(wanted.about), sex=None)
    facts = Facts(
        citizen=citizen if wanted.relation == "self" else replace(citizen, old_number=None, account_level=None),
        now=START,
        refused={one.attribute: Why("refused", one.why["vi"], one.why["en"]) for one in decision.refused},
        answers={
            source: answers(source, names) if answers else _answer(source, names, wanted.about, unknown)
            for source, names in questions.items()
        },
        declared=DECLARED if wanted.relation == "self" else {},
    )
    return Filled(plan, questions, decision.policy_ids, assemble(plan, facts))


def golden_bytes(wanted: GoldenForm, filled: Filled) -> bytes:
    """Return the bytes of a form's file: what each source is asked for, by which rules, which ways fill each field in
    which order, and every field as it is told."""
    form = {
        "procedure": wanted.code,
        "form_version": filled.plan.procedure.form_version,
        "relation": wanted.relation,
        "party": wanted.party,
        "about": f"persona {wanted.about}",
        "asked": _sorted(filled.questions),
        "never_told": _sorted(filled.plan.checks),
        "policy_ids": list(filled.policy_ids),
        "ways": {one.id: [_way(way) for way in one.ways] for one in filled.plan.fields if one.ways},
        "fields": {name: envelope.wire() for name, envelope in filled.assembled.fields.items()},
    }
    plain = orjson.loads(orjson.dumps(form))
    return json.dumps(plain, ensure_ascii=False, indent=1).encode() + b"\n"


def answers_about(source: str, one: Persona) -> dict[str, Outcome]:
    """Return what a source knows of a persona."""
    if source == "population":
        return record_of(one, START)
    if source in SAYS:  # read by its own manifest, and true of one day
        return {
            name: Found(got.value, Provenance(source=source, as_of=date(2026, 11, 20), retrieved_at=START))
            if isinstance(got, Found)
            else got
            for name, got in answer_about(source, one).items()
        }
    values = {
        "full_name": one.full_name.upper(),
        "birth_date": PartialDate.parse(one.birth_date),
        "sex": one.civil_status_sex or one.sex,
        "personal_number": one.personal_number,
        "marital_status": _MARITAL.get(one.marital_status or ""),
        "birth_place": shipped_lists().address(scheme="post2025", province="19", commune="05692", text="Trạm y tế"),
        "birth_registration_place": one.birth_registration_place,
        "father_name": one.father and one.father.name.upper(),
        "father_number": one.father and one.father.number,
        "mother_name": one.mother and one.mother.name.upper(),
        "mother_number": one.mother and one.mother.number,
        "spouse_name": one.spouse and one.spouse.name.upper(),
        "spouse_number": one.spouse and one.spouse.number,
    }
    provenance = Provenance(source=source, as_of=date(2026, 11, 20), retrieved_at=START)
    return {name: Absent() if value is None else Found(value, provenance) for name, value in values.items()}


def _answer(source: str, attributes: frozenset[str], about: int, unknown: frozenset[str]) -> Answer:
    known = answers_about(source, persona(about))
    return {name: Absent() if name in unknown else known.get(name, Absent("not_kept")) for name in attributes}


def _way(way: Way) -> str:
    condition = f" {'as' if way.answered else 'if'} {way.condition.id}" if way.condition else ""
    return f"{way.source}.{way.attribute}{condition}"


def _sorted(asked: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {source: sorted(names) for source, names in sorted(asked.items())}


def write_all() -> None:
    """Write every golden form of the built-in book."""
    bundle = PolicyBundle.load()
    for code in bundle.procedures:
        for wanted in golden_forms(bundle, code):
            wanted.path.write_bytes(golden_bytes(wanted, fill_golden(bundle, wanted)))


if __name__ == "__main__":
    write_all()
