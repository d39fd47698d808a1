"""The pure check of manifests, as a command."""

import json
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner

from gateway.cli.verify import app
from tests.prefill.lab import START, open_lab


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    async def make(folder: Path) -> dict[str, object]:
        async with open_lab(folder) as lab:
            form = await lab.fill(await lab.sign_in(1))
            return {"manifest": form["manifest"], "jwks": lab.keys.jwks()}

    return anyio.run(make, tmp_path_factory.mktemp("signed"))


@pytest.mark.parametrize(
    ("audience", "days", "answer", "code"),
    [
        (None, 0, {"valid": True, "rule": None}, 0),
        ("portal-a", 29, {"valid": True, "rule": None}, 0),
        ("portal-b", 0, {"valid": False, "rule": "aud"}, 1),
        ("portal-a", 30, {"valid": False, "rule": "exp"}, 1),
    ],
)
def test_a_manifest_is_judged_at_a_time_and_for_an_audience(
    signed: dict[str, object], audience: str | None, days: int, answer: dict[str, object], code: int
) -> None:
    asked = json.dumps({"id": 3, **signed, **({"audience": audience} if audience else {})})
    at = (START + timedelta(days=days)).isoformat()
    result = CliRunner().invoke(app, ["manifest", "--batch", "--at", at], input=asked)
    assert (json.loads(result.stdout), result.exit_code) == ({"id": 3, **answer}, code)


def test_what_is_no_question_or_no_time_is_a_usage_error(signed: dict[str, object]) -> None:
    assert CliRunner().invoke(app, ["manifest"], input='{"manifest": "x"}').exit_code == 2
    assert CliRunner().invoke(app, ["manifest", "--at", "soon"], input=json.dumps(signed)).exit_code == 2
