"""The proofs of the full road, small: each in every kind of step it has, on one store."""

from pathlib import Path

import pytest

from gateway.staff.roles import DUTIES
from tests.proofs import consents, mix_up, people, roles, rules

pytestmark = pytest.mark.anyio


async def test_people_end_as_designed_on_every_road(tmp_path: Path) -> None:
    shown = await people.prove(tmp_path, settings=("sqlite",), people=(1, 3, 5, 8))
    assert (shown["journeys"], shown["forms"], shown["refused_as_designed"]) == (16, 12, 4)


async def test_bent_rules_show_in_the_matrix(tmp_path: Path) -> None:
    shown = await rules.prove(tmp_path, procedures=("1.000894", "1.004873"), every=9)
    assert {"dropped", "relation", "attribute out"} & shown["mutants_shown_in_the_matrix"].keys()
    assert shown["false_friends"]


@pytest.mark.parametrize("setting", consents.SETTINGS)
async def test_consents_open_what_they_say(setting: str, tmp_path: Path) -> None:
    shown = await consents.prove(tmp_path, settings=(setting,), lives=12, seed=7)
    assert sum(shown["told"][setting].values()) >= 12 * consents.STEPS


async def test_realms_do_not_open_each_other(tmp_path: Path) -> None:
    shown = (await roles.prove(tmp_path, settings=("sqlite",), officers=(7,), two_people=False))["sqlite"]
    assert shown["tried"]["officers at citizens' pages"] >= 4 * 10
    assert shown["verbs"] == len(DUTIES) + 2


@pytest.mark.npm
async def test_providers_are_not_mixed_up(tmp_path: Path) -> None:
    pairs = (("honest", "greedy"), ("vneid", "honest"), ("national_portal", "vneid"))
    shown = await mix_up.prove(tmp_path, settings=("sqlite",), rounds=1, pairs=pairs)
    assert all(shown["refused"]["sqlite"].values())
