"""Attacks on signed tokens and requests over HTTP, at a size for every day: a fifth of them, and no clock."""

import pytest

from tests.proofs import attacks
from tests.proofs.attack_tokens import STRANGER, WAYS, Good

pytestmark = pytest.mark.anyio
GOOD = Good({"alg": "ES256", "kid": "k", "typ": "JWT"}, {"aud": "a", "iat": 1, "exp": 2}, {**STRANGER, "kid": "k"})


async def test_nothing_bent_is_taken_and_nobody_outside_is_asked(tmp_path):
    figures = (await attacks.prove(tmp_path, settings=("sqlite",), timed=False, every=5))["settings"]["sqlite"]
    assert figures["connections outside"] == 0
    assert figures["kinds"]["kinds"] == 15
    assert figures["places"] == 21
    assert figures["sent"] > 1000


def test_every_bend_has_a_name_of_its_own_and_differs_from_the_good_token():
    bent = [one for way in WAYS for one in way(GOOD, "http://127.0.0.1:1")]
    assert len({name for name, _ in bent}) == len(bent)
    assert GOOD.signed() not in {token for _, token in bent}
