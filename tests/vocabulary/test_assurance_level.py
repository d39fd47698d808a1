"""Account levels and their names."""

from gateway.vocabulary.assurance_level import (
    ACR_BY_LEVEL,
    ACR_VALUES,
    LEVEL_BY_ACR,
    LevelTooLow,
    reaches,
)


def test_levels_and_acr_values_are_one_to_one() -> None:
    assert ACR_VALUES == ("urn:gate06:vneid:1", "urn:gate06:vneid:2")
    assert [LEVEL_BY_ACR[acr] for acr in ACR_VALUES] == [1, 2]
    assert {level: acr for acr, level in LEVEL_BY_ACR.items()} == ACR_BY_LEVEL


def test_no_level_reaches_nothing() -> None:
    assert reaches(2, 2)
    assert reaches(2, 1)
    assert not reaches(1, 2)
    assert not reaches(None, 1)


def test_too_low_a_level_is_403_for_prefill_and_unmet_requirements_for_a_portal() -> None:
    failure = LevelTooLow()
    assert (failure.code, failure.http_status) == ("GW-1203", 403)
    assert failure.oauth_error == "unmet_authentication_requirements"
