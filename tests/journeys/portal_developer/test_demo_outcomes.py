"""`gate06 demo --once`: the outcome of every persona as design.md §16 has it, on both store settings and both buses."""

import json
import os
import subprocess
import sys

import pytest

from tests.services import fresh_urls

SETTINGS = ("sqlite", "postgresql+redis", "sqlite lgsp")
REFUSED = {4: "GW-1302", 5: "GW-1206", 9: "GW-1301", 10: "GW-1203"}
FILLED = (1, 2, 3, 6, 7, 8, 11, 12, 14)


def run_once(setting, folder, *arguments):
    """Run the command as a stranger would, in an empty folder."""
    kind, _, bus = setting.partition(" ")
    urls = fresh_urls(kind, folder)
    stores = ["--store", urls.store, *(["--redis", urls.redis] if urls.redis else [])]
    stores += ["--population-transport", bus] if bus else []
    full = [sys.executable, "-m", "gateway", "demo", "--once", "--procedure", "1.004222", *arguments, *stores]
    known = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    return subprocess.run(full, cwd=folder, env=known, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Walk all fourteen people once on each setting."""
    walked = {}
    for setting in SETTINGS:
        done = run_once(setting, tmp_path_factory.mktemp("once"), "--persona", "1-14", "--json")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["persona"] for line in lines] == list(range(1, 15))
        walked[setting] = {line["persona"]: line for line in lines}
    return walked


@pytest.fixture(params=SETTINGS)
def people(request, outcomes):
    """Give the outcomes of one setting, by persona."""
    return outcomes[request.param]


def value(line, name):
    """Return a verified field's value."""
    assert line["fields"][name]["status"] == "verified", name
    return line["fields"][name]["value"]


def test_everybody_ends_as_designed(people):
    expected = dict.fromkeys(FILLED, 0) | dict.fromkeys(REFUSED, 5) | {13: 9}
    assert {persona: line["exit"] for persona, line in people.items()} == expected


def test_every_form_is_whole_and_says_why_where_it_is_blank(people):
    for persona in FILLED:
        line = people[persona]
        assert (line["procedure"], line["complete"], line["late"]) == ("1.004222", True, [])
        assert line["receipt"].startswith("rc_")
        assert line["manifest"].count(".") == 2
        for name, field in line["fields"].items():
            assert field["value"] is not None or field["why"]["vi"], (persona, name)
            assert field["lock"] in {"locked", "confirm", "editable"}
            assert field["rule"].startswith("1.004222/")


def test_a_year_stays_a_year(people):
    field = people[1]["fields"]["applicant.birth_date"]
    assert (field["value"], field["precision"], field["display"]["vi"]) == ("1941", "year", "1941")
    assert value(people[1], "applicant.full_name") == "HOÀNG VĂN SỸ"
    assert people[1]["fields"]["applicant.full_name"]["display"]["vi"] == "Hoàng Văn Sỹ"
    told = json.dumps(people[1] | {"manifest": "", "issued_at": "", "expires_at": ""}, ensure_ascii=False)
    assert "01-01" not in told
    assert "01/01" not in told


def test_a_name_of_one_word_is_one_word(people):
    assert value(people[2], "applicant.full_name") == "SƠN"


def test_the_old_number_is_its_own_attribute(people):
    assert value(people[3], "applicant.personal_number") == "999175000003"
    assert value(people[3], "applicant.old_number") == "099999003"
    assert value(people[3], "applicant.birth_date") == "1975-05-12"
    field = people[3]["fields"]["applicant.full_name"]
    assert (field["source"], field["lock"]) == ("population", "locked")


@pytest.mark.parametrize("persona", REFUSED)
def test_a_refusal_is_a_problem_with_its_code(people, persona):
    line = people[persona]
    assert (line["code"], line["status"]) == (REFUSED[persona], 403)
    assert line["type"].endswith(f"/errors/{line['code']}")
    assert line["receipt"].startswith("rf_")
    assert line["receipt"] in line["fix"]
    assert line["detail"] == line["messages"]["vi"]
    assert "fields" not in line
    assert line["refused_by"] == ("policy" if persona == 10 else "identity_provider")


def test_letters_beyond_the_common_ones_survive(people):
    name = value(people[6], "applicant.full_name")
    assert name.casefold() == "h'ƀil niê kđăm"
    assert "\u0243" in name.upper()
    assert people[6]["fields"]["applicant.full_name"]["display"]["vi"] == "H'Ƀil Niê Kđăm"


def test_an_address_before_the_reform_carries_the_candidates_of_today(people):
    address = value(people[7], "applicant.permanent_residence")
    assert (address["scheme"], address["district"]["code"]) == ("pre2025", "164")
    assert {one["scheme"] for one in address["candidates"]} == {"post2025"}
    assert len(address["candidates"]) == 2
    assert value(people[7], "applicant.current_residence")["scheme"] == "post2025"


def test_twins_are_two_people(people):
    numbers = {value(people[persona], "applicant.personal_number") for persona in (11, 12)}
    assert numbers == {"999201000011", "999201000012"}
    assert value(people[11], "applicant.full_name") == value(people[12], "applicant.full_name")
    assert people[11]["subject"] != people[12]["subject"]


def test_a_slow_source_leaves_late_fields(people):
    late = people[13]
    assert (late["complete"], "applicant.full_name" in late["late"]) == (False, True)
    assert late["fields"]["applicant.full_name"]["why"]["code"] == "CR-009"


def test_who_has_no_number_is_asked_about_nowhere(people):
    fields = people[14]["fields"]
    of_population = {name: field for name, field in fields.items() if field.get("source") == "population"}
    assert len(of_population) == 10
    assert {field["status"] for field in of_population.values()} == {"not_applicable"}
    assert all(field["why"]["vi"] for field in of_population.values())


def test_two_registers_that_differ_are_a_conflict(people):
    field = people[8]["fields"]["applicant.sex"]
    assert (field["status"], field["lock"], field["value"]) == ("conflict", "confirm", "male")
    assert [(one["source"], one["value"], one["source_label"]["vi"]) for one in field["conflict"]] == [
        ("population", "male", "CSDL quốc gia về dân cư"),
        ("civil_status", "female", "CSDL hộ tịch điện tử"),
    ]


def without_times(field):
    """Return an envelope without the time it was fetched, its rivals' neither."""
    kept = {key: part for key, part in field.items() if key != "retrieved_at"}
    return kept | ({"conflict": [without_times(one) for one in kept["conflict"]]} if "conflict" in kept else {})


def test_values_are_equal_byte_by_byte_between_the_stores_and_the_buses(outcomes):
    """Everything but ids, times, tokens and the addresses of a run is the same, provenance included."""
    told = [
        {
            persona: {name: without_times(field) for name, field in line.get("fields", {}).items()}
            for persona, line in outcomes[setting].items()
        }
        for setting in SETTINGS
    ]
    assert len({json.dumps(one, ensure_ascii=False).encode() for one in told}) == 1


@pytest.mark.parametrize(("persona", "code"), [(3, 0), (10, 5), (13, 9)])
def test_the_exit_code_of_one_journey(tmp_path, persona, code):
    done = run_once("sqlite", tmp_path, "--persona", str(persona), "--json")
    assert done.returncode == code, done.stderr
    answer = json.loads(done.stdout)
    assert ("fields" in answer) == (code != 5)


def test_nobody_is_a_usage_error(tmp_path):
    assert run_once("sqlite", tmp_path, "--persona", "99").returncode == 2


def test_an_unknown_procedure_is_refused(tmp_path):
    done = run_once("sqlite", tmp_path, "--persona", "3", "--procedure", "9.999999", "--json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["title"] == "scope refused"


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_mother_walks_for_her_child_and_nobody_else_does(setting, tmp_path):
    ended = run_once(setting, tmp_path, "--persona", "3-6", "--represented", "5", "--json")
    lines = {line["persona"]: line for line in map(json.loads, ended.stdout.splitlines())}
    mother = lines[3]
    assert (mother["exit"], mother["relation"]) == (0, "guardian")
    assert value(mother, "applicant.full_name") == "NÔNG BẢO AN"
    assert value(mother, "applicant.personal_number") == "999315000005"
    assert mother["fields"]["applicant.full_name"]["rule"] == "1.004222/applicant.guardian"
    assert (lines[6]["exit"], lines[6]["code"]) == (5, "PF-112")
    assert lines[6]["receipt"].startswith("rf_")
    assert (lines[5]["exit"], lines[5]["code"]) == (5, "GW-1206")
    assert "999315000005" not in json.dumps(lines[6])
