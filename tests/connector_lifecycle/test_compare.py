"""What differs between two versions, in words and in the number it needs."""

import pytest

from gateway.connector_lifecycle.compare import compare, least_number, minimum_bump
from gateway.connector_runtime.manifest import read_manifest
from tests.connector_lifecycle.samples import FIELDS, manifest_text, own_manifest

NAME, BORN = FIELDS


def differences(**changes):
    older, newer = (read_manifest(manifest_text(**one), "m.toml") for one in ({}, changes))
    return compare(older, newer)


@pytest.mark.parametrize(
    ("changes", "place", "change", "needs"),
    [
        ({"fields": (NAME,)}, "fields.birth_date", "removed", "major"),
        ({"fields": (NAME, ("born_on", *BORN[1:]))}, "fields.birth_date", "renamed", "major"),
        ({"fields": (NAME, (*BORN[:2], "text", None))}, "fields.birth_date.type", "changed", "major"),
        ({"fields": (NAME, (*BORN[:3], "day"))}, "fields.birth_date.precision", "changed", "major"),
        ({"fields": (*FIELDS, ("sex", "s", "sex", None))}, "fields.sex", "added", "minor"),
        ({"fields": (NAME, ("birth_date", "elsewhere", *BORN[2:]))}, "fields.birth_date.from", "changed", "patch"),
        ({"inputs": ("personal_number", "old_number")}, "inputs.old_number", "added", "major"),
        ({"data_class": "sensitive"}, "legal.data_class", "changed", "major"),
        ({"summary": "Khác"}, "summary.vi", "changed", "patch"),
    ],
)
def test_each_change_needs_its_number(changes, place, change, needs):
    found = differences(**changes)
    assert (place, change, needs) in [(one.place, one.change, one.needs) for one in found]
    assert minimum_bump(found) == needs


def test_the_number_and_the_state_in_the_file_are_no_difference():
    assert differences(number="7.0.0") == ()
    assert minimum_bump(()) == "none"


def test_the_heaviest_comes_first():
    found = differences(fields=(NAME,), summary="Khác")
    assert [one.needs for one in found] == ["major", "patch"]


@pytest.mark.parametrize(
    ("bump", "least"), [("none", (1, 2, 4)), ("patch", (1, 2, 4)), ("minor", (1, 3, 0)), ("major", (2, 0, 0))]
)
def test_the_least_number(bump, least):
    assert least_number("1.2.3", bump) == least


@pytest.mark.parametrize("source", ["population", "civil_status"])
def test_the_connectors_of_this_repository_differ_from_nothing_but_themselves(source):
    manifest = read_manifest(own_manifest(source), "m.toml")
    assert compare(manifest, manifest) == ()
