"""`gate06 demo --once` with the province's own registers: each value of the form with its source and its date."""

import json

import pytest

from tests.journeys.portal_developer.test_demo_outcomes import run_once


@pytest.fixture(scope="module")
def businesses(tmp_path_factory):
    """Let personas 3 to 8 ask for the form of a household business."""
    done = run_once("sqlite", tmp_path_factory.mktemp("once"), "--persona", "3-8", "--procedure", "1.001612", "--json")
    assert done.returncode == 0, done.stderr
    return {line["persona"]: line for line in map(json.loads, done.stdout.splitlines())}


def told(line):
    """Return the verified fields of each source."""
    found = {}
    for name, field in line["fields"].items():
        if field["status"] == "verified":
            assert field["as_of"], name
            assert field["source_label"]["vi"], name
            found.setdefault(field["source"], set()).add(name)
    return found


def test_three_registers_fill_the_form_of_a_plain_person(businesses):
    sources = told(businesses[3])
    assert set(sources) == {"population", "social_insurance", "land"}
    assert "owner.full_name" in sources["population"]
    assert sources["social_insurance"] == {"insurance.number", "insurance.state"}
    assert sources["land"] == {f"premises.{one}" for one in ("place", "certificate", "parcel", "map_sheet", "purpose")}
    fields = businesses[3]["fields"]
    assert fields["insurance.number"]["value"] == "9900000003"
    assert fields["premises.certificate"]["value"] == "ZZ 000003"
    assert {fields[name]["lock"] for name in sources["land"]} == {"confirm"}
    assert fields["existing.name"]["why"]["code"] == "CR-001"
    assert fields["business.name"]["value"] is None


def test_whoever_has_a_business_reads_it_and_two_numbers_of_one_certificate_are_both_told(businesses):
    line = businesses[8]
    assert told(line)["business_registration"] == {"existing.name", "existing.code", "existing.state"}
    certificate = line["fields"]["premises.certificate"]
    assert certificate["status"] == "conflict"
    assert {(one["source"], one["value"]) for one in certificate["conflict"]} == {
        ("land", "ZZ 000008"),
        ("dossier_store", "ZZ 000080"),
    }


def test_nobody_who_may_not_ask_is_told_anything_of_any_register(businesses):
    assert businesses[4]["code"] == "GW-1302"
    assert "fields" not in businesses[5]


def test_an_allowance_is_filled_from_four_registers(tmp_path):
    own = run_once("sqlite", tmp_path, "--persona", "3", "--procedure", "1.001776", "--json")
    assert own.returncode == 0, own.stderr
    fields = json.loads(own.stdout)["fields"]
    assert set(told({"fields": fields})) == {"population", "civil_status", "social_insurance", "dossier_store"}
    since = fields["benefit.insurance_since"]
    assert (since["value"], since["precision"]) == ("2016-03", "month")
    assert fields["disability.certificate"]["source"] == "dossier_store"
    # the department's database is no part of the demo, and its fields say so
    assert {fields[name]["why"]["code"] for name in ("household.poverty", "disability.degree")} == {"CR-020"}
