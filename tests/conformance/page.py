"""docs/conformance.md, from the plans and from what their rows saw (`make references`)."""

from collections import Counter
from collections.abc import Iterator

from tests.conformance import record
from tests.conformance.plan import Plan
from tests.conformance.plans import PLANS, TO_COME

_HEAD = """\
# Conformance

Trang này được tạo từ các bài kiểm tra trong `tests/conformance`: mỗi dòng là một mô-đun của bộ kiểm tra chứng nhận
OpenID, gửi yêu cầu HTTP thật tới một cổng đang chạy và đối chiếu câu trả lời.

Made by `make references` from what the rows of `tests/conformance` sent and saw; every test run compares each row
with it, and a row that sees anything else fails. A row carries the name of the module in the certification suite of
the OpenID Foundation, sends HTTP to a running gateway and checks status and members on the wire. It is our own test
of that module's clause, not a run of the suite.

“Not applicable” names the metadata member by which the gateway does not offer what the module asks for; the row reads
that member in the running discovery document. Where the gateway is the relying party there is no such document: the
row names what of its own request leaves the module out (`response_mode`: answers are signed, with `iss` within;
`grant_types`: no refresh token is asked for or used), or the module of the other of two ways, which it goes; and it
shows what was sent and seen all the same. `{issuer}` is the issuer's address.

| Plan | Modules | Passed | Not applicable |
|---|---|---|---|
"""
_OMITTED = """
`oidcc-dynamic-certification-test-plan` is left out by decision: it demands unsigned request objects fetched by URL.
"""


def render_conformance() -> str:
    """Return the page."""
    counts = "".join(_count(plan) for plan in PLANS)
    coming = "".join(f"| {name} | {count} | to come | |\n" for name, count in TO_COME.items())
    return _HEAD + counts + coming + _OMITTED + "".join(_section(plan) for plan in PLANS)


def _count(plan: Plan) -> str:
    seen = record.load(plan.name)
    results = Counter(seen[module.name]["result"].partition(":")[0] for module in plan.modules)
    rows = f"{results['passed']} | {results['not applicable']}"
    return f"| [{plan.name}](#{plan.name}) | {len(plan.modules)} | {rows} |\n"


def _section(plan: Plan) -> str:
    return (
        f"\n## {plan.name}\n{plan.title}.\n\n| Module, clause | Sent | Seen | Result |\n|---|---|---|---|\n"
        + "".join(_rows(plan))
    )


def _rows(plan: Plan) -> Iterator[str]:
    seen = record.load(plan.name)
    for module in plan.modules:
        row = seen[module.name]
        sent, saw = ("<br>".join(_cell(step[n]) for step in row["steps"]) for n in (0, 1))
        result, _, member = row["result"].partition(": ")
        told = result + (f": `{member}`" if member else "")
        yield f"| {module.name}<br>{module.clause} | {sent} | {saw} | {told} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
