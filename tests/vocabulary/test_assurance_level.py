"""Account levels and their names."""

import pytest

from gateway.vocabulary.assurance_level import (
    ACR_VALUES,
    LevelTooLow,
    acr_of,
    least_level,
    level_of,
    reaches,
)


def test_levels_and_acr_values_are_one_to_one() -> None:
    assert ACR_VALUES == ("urn:gate06:vneid:1", "urn:gate06:vneid:2")
    assert [level_of(acr) for acr in ACR_VALUES] == [1, 2]
    assert [acr_of(level) for level in (1, 2)] == list(ACR_VALUES)


@pytest.mark.parametrize("level", [None, 0, 3, -1])
def test_what_is_no_level_has_no_name(level: int | None) -> None:
    assert acr_of(level) is None


@pytest.mark.parametrize("acr", [None, "", "urn:gate06:vneid:3", "URN:GATE06:VNEID:2", "2"])
def test_a_foreign_name_is_no_level(acr: str | None) -> None:
    assert level_of(acr) is None


def test_no_level_reaches_nothing() -> None:
    assert reaches(2, 2)
    assert reaches(2, 1)
    assert not reaches(1, 2)
    assert not reaches(None, 1)


def test_the_least_level_of_a_list() -> None:
    assert least_level(["urn:gate06:vneid:2", "urn:gate06:vneid:1"]) == 1
    assert least_level(["urn:other", "urn:gate06:vneid:2"]) == 2
    assert least_level(["urn:other"]) is None
    assert least_level([]) is None


def test_too_low_a_level_is_403_for_prefill_and_unmet_requirements_for_a_portal() -> None:
    failure = LevelTooLow()
    assert (failure.code, failure.http_status) == ("GW-1203", 403)
    assert failure.oauth_error == "unmet_authentication_requirements"
