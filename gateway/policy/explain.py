"""A decision and a procedure in words, Vietnamese and English: which rule, why, and by which law."""

from collections.abc import Iterator, Mapping

from gateway.policy.bundle import PolicyBundle
from gateway.policy.decide import ReleaseDecision, ReleaseRequest
from gateway.policy.engine import Rule
from gateway.policy.procedure import Fill, FormField, Procedure
from gateway.vocabulary.purpose import RELATIONS

_WORDS = {
    "permit": {"vi": "Được lấy tất cả", "en": "Everything asked may be told"},
    "partial": {"vi": "Chỉ được lấy một phần", "en": "Only a part may be told"},
    "deny": {"vi": "Không được lấy thông tin nào", "en": "Nothing may be told"},
    "may": {"vi": "Được lấy", "en": "May be told"},
    "may_not": {"vi": "Không được lấy", "en": "May not be told"},
    "rule": {"vi": "quy tắc", "en": "rule"},
    "law": {"vi": "căn cứ", "en": "legal basis"},
    "self": {"vi": "chính người nộp", "en": "the person"},
    "guardian": {"vi": "người giám hộ", "en": "a guardian"},
    "officer": {"vi": "cán bộ một cửa", "en": "an officer"},
    "by_hand": {"vi": "tự khai", "en": "typed by hand"},
    "never": {"vi": "Không bao giờ điền", "en": "Never filled"},
    "level": {"vi": "tài khoản mức độ", "en": "account of level"},
    "basis": {"vi": "căn cứ xử lý", "en": "basis"},
    "age": {"vi": "đăng nhập chưa quá số phút", "en": "sign-in at most minutes old"},
    "unverified": {"vi": "chưa kiểm chứng", "en": "unverified"},
    "form": {"vi": "Mẫu", "en": "Form"},
}

_LAW = {"vi": "legal_basis", "en": "legal_basis_en"}


def explain(bundle: PolicyBundle, request: ReleaseRequest) -> dict[str, str]:
    """Return why the bundle decides as it does about a request, a few lines in each language."""
    decision = bundle.decide(request)
    return {language: "\n".join(_decision_lines(bundle, request, decision, language)) for language in ("vi", "en")}


def explain_procedure(bundle: PolicyBundle, code: str) -> dict[str, str]:
    """Return the page a legal unit signs: law, fields, who may fill each from where, false friends.

    Raises UnknownProcedure.
    """
    procedure = bundle.procedure(code)
    return {language: "\n".join(_procedure_lines(bundle, procedure, language)) for language in ("vi", "en")}


def _decision_lines(
    bundle: PolicyBundle, request: ReleaseRequest, decision: ReleaseDecision, language: str
) -> Iterator[str]:
    yield f"{_WORDS[decision.decision][language]}: `{request.procedure}`, `{request.portal.client_id}`"
    rules: dict[str, Rule] = {}
    if request.procedure in bundle.procedures:
        rules = {rule.id: rule for rule in bundle.rules_of(request.procedure)}
    permitted: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(decision.permitted):
        permitted.setdefault(decision.rules[name], []).append(_label(bundle, name, language))
    for ids, labels in permitted.items():
        yield f"+ {_WORDS['may'][language]}: {', '.join(labels)}"
        yield from _rule_lines(ids, rules, language)
    refused: dict[tuple[str, ...], list[str]] = {}
    whys: dict[tuple[str, ...], Mapping[str, str]] = {}
    for refusal in decision.refused:
        refused.setdefault(refusal.policy_ids, []).append(_label(bundle, refusal.attribute, language))
        whys[refusal.policy_ids] = refusal.why
    for ids, labels in refused.items():
        yield f"- {_WORDS['may_not'][language]}: {', '.join(labels)}. {whys[ids][language]}"
        yield from _rule_lines(ids, rules, language)


def _rule_lines(ids: tuple[str, ...], rules: Mapping[str, Rule], language: str) -> Iterator[str]:
    for policy_id in ids:
        line = f"    {_WORDS['rule'][language]} `{policy_id}`"
        if policy_id in rules:
            law = rules[policy_id].annotations[_LAW[language]]
            line += f"; {_WORDS['law'][language]}: {law}"
        yield line


def _label(bundle: PolicyBundle, name: str, language: str) -> str:
    attribute = bundle.attributes.get(name)
    return f"{attribute.label.wire()[language]} (`{name}`)" if attribute else f"`{name}`"


def _procedure_lines(bundle: PolicyBundle, procedure: Procedure, language: str) -> Iterator[str]:
    yield f"{procedure.code} {procedure.title.wire()[language]}, {procedure.agency.wire()[language]}"
    yield (
        f"{_WORDS['form'][language]} {procedure.form.name} {procedure.form_version}; "
        f"{_WORDS['basis'][language]} `{procedure.basis}`; {_WORDS['level'][language]} {procedure.minimum_level}"
        + (f"; {_WORDS['age'][language]}: {procedure.max_age_s // 60}" if procedure.max_age_s else "")
    )
    for law in procedure.legal_basis:
        doubt = f" [{_WORDS['unverified'][language]}]" if law.read == "unverified" else ""
        yield f"§ {law.wire()[language]}{doubt}"
    for party in procedure.parties:
        yield f"{party.number}. {party.label.wire()[language]}: {party.waits.wire()[language]}"
    for field in procedure.fields:
        yield from _field_lines(bundle, procedure, field, language)
    for friend in procedure.false_friends:
        yield (
            f"! {_WORDS['never'][language]} `{friend.field}` ← `{friend.attribute}`: {friend.reason.wire()[language]}"
        )


def _field_lines(bundle: PolicyBundle, procedure: Procedure, field: FormField, language: str) -> Iterator[str]:
    number = f"{field.item}. " if field.item else ""
    party = procedure.party(field.party)
    whose = f", {party.label.wire()[language]}" if party else ""
    yield f"- {number}{field.label.wire()[language]} (`{field.id}`, {field.lock}{whose})"
    for fill in field.fill:
        yield f"    {_fill_words(bundle, procedure, field, fill, language)}"
    if field.by_hand is not None:
        unserved = [_WORDS[relation][language] for relation in RELATIONS if not field.fills_for(relation)]
        yield f"    {_WORDS['by_hand'][language]} ({', '.join(unserved)}): {field.by_hand.wire()[language]}"
    if field.need is not None:
        yield f"    {field.need.wire()[language]}"


def _fill_words(bundle: PolicyBundle, procedure: Procedure, field: FormField, fill: Fill, language: str) -> str:
    source = bundle.sources[fill.source].label.wire()[language]
    party = procedure.party(field.party)
    who = party.label.wire()[language] if party else ", ".join(_WORDS[one][language] for one in fill.relations)
    condition = procedure.condition(fill.when)
    note = f"; {condition.note.wire()[language]}" if condition else ""
    return f"← {source} · `{fill.attribute}` ({who}){note}"
