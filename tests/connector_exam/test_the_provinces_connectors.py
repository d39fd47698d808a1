"""The province's connectors without code: nothing is wrong with them but personas whose answers nobody recorded."""

from pathlib import Path

import pytest

from tests.connector_exam.conftest import Sit

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"


@pytest.mark.parametrize("name", ["business_registration", "dossier_store", "land", "social_insurance"])
def test_a_connector_of_the_province_has_no_fault(name: str, sit: Sit) -> None:
    faults = [(one.check.id, fault.what) for one in sit(CONNECTORS / name).failed for fault in one.faults]
    assert [one for one in faults if "is named and has no sample" not in one[1]] == []
