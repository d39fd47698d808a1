"""npm openid-client 6, unmodified, as a command: finds the endpoint in our metadata, waits, gets a token or a no."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk

pytestmark = pytest.mark.npm

PROGRAM = Path(__file__).parents[2] / "npm/device.mjs"


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_foreign_command_is_answered_as_the_standard_says(stack: Stack, decision: str) -> None:
    node = shutil.which("node")
    assert node
    with subprocess.Popen([node, str(PROGRAM), stack.issuer, "peer@npm"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["endpoint"] == f"{stack.issuer}/device_authorization"
        desk = Desk(stack, "vi.thang")
        page = desk.go("GET", told["verification_uri_complete"])
        assert f'value="{told["user_code"]}"' in page.text
        confirm = desk.sign_in(desk.press(page, "continue", user_code=told["user_code"]))
        assert "peer@npm" in confirm.text
        desk.press(confirm, f"device-{decision}")
        ended = json.loads(process.stdout.readline())
        assert process.wait(30) == 0
    if decision == "allow":
        assert (ended["token_type"], ended["scope"]) == ("bearer", "operate")
        assert ended["access_token"].startswith("sa_")
    else:
        assert ended["error"] == "access_denied"
