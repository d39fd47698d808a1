"""Where the gateway is and who we are to it, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """`issuer` is compared exactly; `base_url` is where browsers find this portal; `procedure` is whose form it shows,
    one on the paper CT01."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    port: int = 8003
    base_url: str = "http://127.0.0.1:8003"
    procedure: str = "1.004222"

    @property
    def redirect_uri(self) -> str:
        """The registered callback."""
        return f"{self.base_url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """The registered address to come back to after signing out."""
        return f"{self.base_url}/logged-out"


def read_settings(environment: Mapping[str, str] = os.environ) -> PortalSettings:
    """Read GATE06_ISSUER, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET (or …_FILE), GATE06_PORTAL_PORT, PORTAL_BASE_URL,
    PORTAL_PROCEDURE.

    Raises SystemExit with exit status 3 and a sentence when one is missing.
    """
    secret = environment.get("PORTAL_CLIENT_SECRET")
    if secret_file := environment.get("PORTAL_CLIENT_SECRET_FILE"):
        secret = Path(secret_file).read_text("utf-8").strip()
    if not secret or "PORTAL_CLIENT_ID" not in environment:
        print("set `PORTAL_CLIENT_ID` and `PORTAL_CLIENT_SECRET` as the gateway's `[[portal]]` names them")  # noqa: T201
        raise SystemExit(3)
    port = int(environment.get("GATE06_PORTAL_PORT", "8003"))
    return PortalSettings(
        issuer=environment.get("GATE06_ISSUER", "http://127.0.0.1:8000"),
        client_id=environment["PORTAL_CLIENT_ID"],
        client_secret=secret,
        port=port,
        base_url=environment.get("PORTAL_BASE_URL", f"http://127.0.0.1:{port}"),
        procedure=environment.get("PORTAL_PROCEDURE", "1.004222"),
    )
