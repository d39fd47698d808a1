"""Changed forms, in the mass and over HTTP."""

import pytest

from tests.proofs import mutations

pytestmark = pytest.mark.anyio


async def test_every_mutation_is_caught_and_no_harmless_form_is_accused(tmp_path):
    figures = await mutations.prove(tmp_path, count=300, over_http=90)
    assert len({run["seed"] for run in figures["runs"]}) == 2
    assert figures["http"]["caught"] >= 90
    kinds = {"other_person", "other_procedure", "other_portal", "expired", "retired_key", "look_alike", "other_scheme"}
    assert kinds <= figures["http"]["kinds"].keys()
