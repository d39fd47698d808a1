"""`docs/faults.md` lists every fault there is, and each does what it says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.connector_runtime.contract.simulator_faults import NAMES
from gateway.identity_providers.simulator_faults import FAULTS
from tests.docs.walk import filled_form, sign_in
from tests.journeys.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/faults.md").read_text("utf-8")
VNEID, SOURCES = (
    dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", part, re.MULTILINE))
    for part in TEXT.partition("## VNeID simulator")[2].split("## Sources simulator")
)
# what still counts as an answer of the source comes first: the breaker opens at half of ten calls in trouble
SOURCE_CODES = {
    "denied_procedure": "CR-011",
    "denied_officer": "CR-012",
    "other_person": "CR-014",
    "no_match": "CR-001",
    "ambiguous": "CR-002",
    "down": "CR-004",
    "malformed": "CR-006",
    "html200": "CR-006",
    "oversize": "CR-007",
    "soap_fault": "CR-008",
}
SIGN_IN_CODES = {
    "cancelled": "GW-1101",
    "locked": "GW-1301",
    "closed": "GW-1302",
    "not_activated": "GW-1205",
    "level1": "GW-1203",
    "silent": "GW-1204",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("demo")) as running:
        yield running


def test_every_fault_is_listed():
    assert set(VNEID) == set(FAULTS)
    assert set(SOURCES) == {*NAMES, "deceased"}


@pytest.mark.parametrize(("fault", "code"), SIGN_IN_CODES.items())
def test_a_fault_of_the_sign_in_does_what_the_page_says(stack, fault, code):
    back = sign_in(stack, f"persona:3;{fault}")
    assert f"/errors/{code}" in back["error_uri"]
    assert code in VNEID[fault]


@pytest.mark.parametrize(("fault", "code"), SOURCE_CODES.items())
def test_a_fault_of_the_register_does_what_the_page_says(stack, fault, code):
    stack.put_fault(stack.sources_url, target=3, fault=fault)
    fields = filled_form(stack, sign_in(stack, "persona:3")["code"])
    stack.clear_faults()
    assert fields["applicant.full_name"]["why"]["code"] == code
    assert code in SOURCES[fault]


def test_a_death_in_civil_status_refuses_as_the_page_says(stack):
    stack.put_fault(stack.civil_status_url, target=7, fault="deceased")
    back = sign_in(stack, "persona:7")
    stack.clear_faults()
    assert "/errors/PF-118" in back["error_uri"]
    assert "PF-118" in SOURCES["deceased"]


def test_the_example_call_is_accepted(stack):
    import json

    order = re.search(r"-d '(.+)'", TEXT)
    stack.put_fault(stack.sources_url, **json.loads(order[1]))
    stack.clear_faults()
