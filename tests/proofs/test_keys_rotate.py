"""Signing keys change under load, over HTTP."""

import pytest

from tests.proofs import rotation

pytestmark = pytest.mark.anyio


async def test_nobody_notices_that_a_key_changed(tmp_path):
    few = {"people": rotation.PEOPLE[:2], "publish_s": 8, "retire_s": 15}  # times a busy machine keeps, too
    figures = await rotation.prove(tmp_path, settings=("sqlite",), rotations=1, **few)
    seen = figures["settings"]["sqlite"]
    assert (seen["failed"], seen["begun"]) == (0, seen["sign_ins"])
    assert len(seen["by_key"]) == 2
