"""How old a sign-in may be for a form: the citizen's, of a level that suffices, and nobody else's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.policy.bundle import PolicyBundle
from gateway.prefill.bearer import Bearer
from gateway.prefill.sign_in_age import SignInTooOld, require_recent_sign_in
from gateway.vocabulary.representation import DeskOfficer
from tests.prefill.lab import CODE, START, citizen_of

PROCEDURE = PolicyBundle.load().procedure(CODE).model_copy(update={"max_age_s": 300})
OFFICER = DeskOfficer(reference="officer-1", agency="H55.01", level=2, register_code="CB1")


def bearer(index: int = 3, age_s: int = 301, **changes: object) -> Bearer:
    known = Bearer(
        client_id="portal-a",
        scopes=frozenset({"openid"}),
        citizen=citizen_of(index),
        auth_time=START - timedelta(seconds=age_s),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "young_enough",
    [
        bearer(age_s=300),
        bearer(age_s=-5),
        bearer(10),  # of level 1: the rules refuse with 403, a new sign-in mends nothing
        bearer(citizen=None),
        bearer(citizen=None, officer=OFFICER),
        bearer(officer=OFFICER),
    ],
    ids=[
        "to the second",
        "a clock before ours",
        "level too low",
        "a portal alone",
        "an officer",
        "officer and citizen",
    ],
)
def test_a_new_sign_in_is_not_asked_of(young_enough: Bearer) -> None:
    require_recent_sign_in(young_enough, PROCEDURE, START)


@pytest.mark.parametrize("old", [bearer(), bearer(auth_time=None)], ids=["a second too old", "of unknown age"])
def test_a_new_sign_in_is_asked_of(old: Bearer) -> None:
    with pytest.raises(SignInTooOld) as refused:
        require_recent_sign_in(old, PROCEDURE, START)
    assert 'max_age="300"' in refused.value.headers["WWW-Authenticate"]
    require_recent_sign_in(old, PROCEDURE.model_copy(update={"max_age_s": None}), START)
