"""The tier that is shown: what the report says, and never more than its checks and the kind bear out."""

from dataclasses import replace

import pytest

from gateway.connector_exam.tiers import LABELS
from gateway.connector_lifecycle.orders import DraftOrder
from gateway.connector_lifecycle.steps import draft
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_lifecycle.tier import TIERS, tier_of
from gateway.connector_lifecycle.wire import connector_rows, release_document, release_row
from tests.connector_lifecycle.conftest import NOW, OWNER
from tests.connector_lifecycle.samples import manifest_text, own_manifest, report_on, report_skipping


def examined(text: str, **changes):
    release = draft(None, OWNER, DraftOrder(manifest=text), Facts(now=NOW)).release
    return replace(release, report=report_on(text, **changes))


QUALITY = """
[quality]
answered_on = {day}
rotation_rehearsed_on = {day}
fill_rate_percent = 90
freshness = {{ vi = "hằng ngày", en = "daily" }}
known_limits = [{{ vi = "không", en = "none" }}]
p95_ms = 300
sandbox_run_on = {day}
"""


def claiming(text, *without):
    """Return a manifest that says of its quality all a tier can want, but for some members."""
    rows = QUALITY.format(day=NOW.date()).splitlines(keepends=True)
    return text + "".join(row for row in rows if not row.startswith(without))


def named(name):
    return {"tier": {"name": name, "label": "", "missing": []}}


def test_the_tiers_are_those_of_the_exam_in_their_order():
    assert list(TIERS) == list(LABELS)


@pytest.mark.parametrize("name", TIERS)
def test_a_tier_is_told_as_the_exam_computed_it(name):
    assert tier_of(examined(claiming(own_manifest("land")), **named(name))) == name


@pytest.mark.parametrize(
    ("member", "most"),
    [
        ("answered_on", "bronze"),
        ("known_limits", "silver"),
        ("fill_rate_percent", "silver"),
        ("rotation_rehearsed_on", "silver"),
        ("p95_ms", "gold"),
        ("sandbox_run_on", "gold"),
    ],
)
def test_a_report_written_by_hand_is_worth_what_the_manifest_says(member, most):
    assert tier_of(examined(claiming(own_manifest("land"), member), **named("platinum"))) == most
    assert tier_of(examined(own_manifest("land"), **named("platinum"))) == "bronze"


def test_what_was_said_long_ago_does_not_count():
    text = claiming(own_manifest("land")).replace(f"answered_on = {NOW.date()}", "answered_on = 2020-01-01")
    assert tier_of(examined(text, **named("gold"))) == "bronze"


@pytest.mark.parametrize(
    ("skipped", "most"),
    [("safety.view", "none"), ("evidence.logs", "bronze"), ("meaning.dates", "silver")],
)
def test_a_check_that_was_let_off_is_not_passed_whatever_the_report_calls_itself(skipped, most):
    text = claiming(own_manifest("land"))
    report = report_skipping(text, skipped, reason="x", until="2031-03-10")
    release = replace(examined(text), report=report | named("platinum"))
    assert tier_of(release) == most


def test_code_is_gold_at_most():
    assert tier_of(examined(claiming(manifest_text()), **named("platinum"))) == "gold"


@pytest.mark.parametrize("tier", [None, "gold", {}, {"name": "diamond"}, {"name": 4}, {"name": ["gold"]}])
def test_a_report_that_names_no_tier_reaches_none_that_is_told(tier):
    assert tier_of(examined(own_manifest("land"), tier=tier)) is None


def test_a_version_without_a_report_has_no_tier_and_rows_say_so():
    release = draft(None, OWNER, DraftOrder(manifest=manifest_text()), Facts(now=NOW)).release
    assert (release_row(release)["tier"], release_document(release)["tier"]) == (None, None)
    silver = examined(claiming(own_manifest("land")), **named("silver"))
    assert connector_rows([silver])[0]["versions"][0]["tier"] == "silver"
