"""npm `oidc-provider` in front of the gateway: real identity providers of kind `openid_connect` for a demo."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import tomlkit

from tests.services import end_with_parent

PEER = Path(__file__).parents[3] / "benchmarks/peer"
SECRET = "between-the-gateway-and-its-upstream"
CLAIMS = {"personal_number": "so_dinh_danh", "full_name": "name", "birth_date": "birthdate", "sex": "gender"}
BUOI = {"name": "Trần Thị Bưởi", "birthdate": "1975-05-12", "gender": "female", "so_dinh_danh": "999175000003"}
SON = {"name": "Sơn", "birthdate": "1990-10-20", "gender": "male", "so_dinh_danh": "999090000002"}
PEOPLE = {"buoi": BUOI, "son": SON}


@dataclass
class Upstream:
    """One running provider. `alias` is its name in the gateway's settings."""

    alias: str
    port: int
    people: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: PEOPLE)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, object]:
        """Return its table `[[identity_provider]]`."""
        return {
            "alias": self.alias,
            "kind": "openid_connect",
            "label": f"Upstream {self.alias}",
            "issuer": self.issuer,
            "client_id": "gate06",
            "client_secret": SECRET,
            "claims": CLAIMS,
            "vouches_for_number": True,
        }

    def calls(self, call: str) -> int:
        """Return how often it was asked, as in `POST /token`."""
        return int(httpx2.get(f"{self.issuer}/_calls").json().get(call, 0))


def write_settings(file: Path, *upstreams: Upstream) -> Path:
    """Write the settings file that puts them beside the demo's own."""
    file.write_text(tomlkit.dumps({"identity_provider": [one.settings() for one in upstreams]}), "utf-8")
    return file


@contextmanager
def running(gateway: str, *upstreams: Upstream) -> Iterator[None]:
    """Start them for a gateway; installs the package from its lock file when it is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("`node` or `npm` is missing: run `apt-get install nodejs npm`", pytrace=False)
    if not (PEER / "node_modules/oidc-provider").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEER, check=True)
    with ExitStack() as leaving:
        for one in upstreams:
            client = {
                "client_id": "gate06",
                "client_secret": SECRET,
                "redirect_uris": [f"{gateway}/upstream/{one.alias}/callback"],
                "post_logout_redirect_uris": [f"{gateway}/upstream/{one.alias}/signed-out"],
                "backchannel_logout_uri": f"{gateway}/upstream/{one.alias}/backchannel-logout",
                "backchannel_logout_session_required": True,
            }
            program = subprocess.Popen(
                ["node", "upstream.mjs"],
                cwd=PEER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
            )
            leaving.callback(program.wait, 120)
            leaving.callback(program.terminate)
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(json.dumps({"port": one.port, "clients": [client], "people": one.people}))
            program.stdin.close()
            assert program.stdout.readline() == "ready\n"
            leaving.callback(program.stdout.close)
        yield
