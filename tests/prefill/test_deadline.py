"""With the real runtime: one source dead, one stalled, and the form opens inside the deadline."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.contract import Answer, Health, Question, SourceTrouble
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.policy.bundle import PolicyBundle
from gateway.policy.failure import ConsentMissing
from gateway.prefill.house import Figures, Prefill
from gateway.vocabulary.provenance import Found, Provenance, Unavailable
from tests.prefill.lab import ISSUER, START, Lab, open_lab

pytestmark = pytest.mark.anyio

REGISTERS = ("population", "civil", "forest", "tax")
ATTRIBUTES = {"population": "full_name", "civil": "event_place", "forest": "plot", "tax": "tax_code"}

CATALOGUE = """
domain = "{source}"
authority = {{ vi = "Cơ quan", en = "Agency" }}
[[sources]]
id = "{source}"
label = {{ vi = "Sổ {source}", en = "Register {source}" }}
[corrections.desk]
vi = "Bộ phận một cửa"
en = "One-stop desk"
url = "https://example.vn"
[[attributes]]
id = "{attribute}"
label = {{ vi = "Mục", en = "Item" }}
type = "text"
mask = "hidden"
class = "basic"
sources = ["{source}"]
correction = "desk"
"""

PROCEDURE = """
code = "9.000001"
title = {{ vi = "Thử", en = "Trial" }}
agency = {{ vi = "Cơ quan", en = "Agency" }}
purpose = {{ vi = "Thử", en = "Trial" }}
kept_for = {{ vi = "10 phút", en = "10 minutes" }}
basis = "{basis}"
minimum_level = 1
legal_basis = [{{ vi = "Luật", en = "Law", read = "unverified" }}]
[form]
name = "T01"
version = "2026-01-01"
read = "unverified"
{fields}
"""

FIELD = """
[[fields]]
id = "form.{attribute}"
item = "1"
label = {{ vi = "Mục", en = "Item" }}
type = "text"
required = true
lock = "locked"
fill = [{{ source = "{source}", attribute = "{attribute}", relations = ["self", "guardian", "officer"] }}]
"""


class Register:
    """A connector that answers, fails or never comes back."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.asked = 0

    async def answer(self, question: Question) -> Answer:
        self.asked += 1
        if self.source == "forest":
            raise SourceTrouble(Unavailable(reason="malformed"))
        if self.source == "tax":
            await asyncio.Event().wait()
        provenance = Provenance(source=self.source, as_of=date(2026, 1, 1), retrieved_at=START)
        return {name: Found(question.full_name, provenance) for name in question.attributes}

    async def check(self) -> Health:
        return Health("up")


def book(folder: Path, basis: str) -> PolicyBundle:
    (folder / "attributes").mkdir(parents=True)
    (folder / "procedures").mkdir()
    for source, attribute in ATTRIBUTES.items():
        if source != "population":
            text = CATALOGUE.format(source=source, attribute=attribute)
            (folder / "attributes" / f"{source}.toml").write_text(text)
    fields = "".join(FIELD.format(source=source, attribute=one) for source, one in ATTRIBUTES.items())
    (folder / "procedures" / "9.000001_trial.toml").write_text(PROCEDURE.format(basis=basis, fields=fields))
    return PolicyBundle.load([folder])


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


def build(lab: Lab, folder: Path, basis: str, deadline_ms: int) -> tuple[Prefill, ConnectorRegistry, list[Register]]:
    registers = [Register(source) for source in REGISTERS]
    callers = [
        SourceCaller(
            one.source,
            one,
            Means(lab.clock),
            provides=frozenset({ATTRIBUTES[one.source]}),
            limits=Limits(late_for=20),
        )
        for one in registers
    ]
    registry = ConnectorRegistry(callers, {})
    figures = Figures(issuer=ISSUER, deadline_for=timedelta(milliseconds=deadline_ms))
    return Prefill(book(folder, basis), registry, lab.house.desk, lab.keys, figures), registry, registers


def trial(lab: Lab) -> Any:
    procedures = frozenset({"9.000001"})
    return lab.sign_in(1, procedures=procedures, portal_procedures=procedures)


async def test_one_dead_one_stalled_and_no_silent_blank(lab: Lab, tmp_path: Path) -> None:
    lab.house, registry, _ = build(
        lab, tmp_path / "book", "law", 1000
    )  # the stalled one never answers: that a form comes is the deadline's doing
    bearer = await trial(lab)
    form = await lab.fill(bearer, procedure="9.000001")
    await registry.close()
    fields = form["fields"]
    assert fields["form.full_name"]["value"] == "Hoàng Văn Sỹ"
    assert fields["form.event_place"]["status"] == "verified"
    assert fields["form.plot"]["why"]["code"] == "CR-006"
    assert fields["form.tax_code"]["why"]["code"] == "CR-009"
    assert (form["late"], form["complete"]) == (["form.tax_code"], False)
    asked, released = await lab.events()
    assert (asked["connector"], released["outcome"]) == (None, "partial")


async def test_where_consent_is_the_basis_nobody_is_asked_before_it(lab: Lab, tmp_path: Path) -> None:
    lab.house, registry, registers = build(lab, tmp_path / "book", "consent", 1000)
    preview = await lab.house.prepare(lab.ask(1, procedure="9.000001"))
    assert [one.asked for one in registers] == [0, 0, 0, 0]
    rows = {one.id: one for one in preview.fields}
    assert preview.basis == "consent"
    assert rows["form.full_name"].shown == "Hoàng Văn Sỹ"
    assert rows["form.full_name"].source_label["en"] == "National population database"
    assert (rows["form.plot"].status, rows["form.plot"].shown) == ("not_asked", None)
    assert await lab.events() == []
    with pytest.raises(ConsentMissing):
        await lab.fill(await trial(lab), procedure="9.000001")
    assert [one.asked for one in registers] == [0, 0, 0, 0]
    await registry.close()
