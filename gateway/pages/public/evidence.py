"""How anybody checks the evidence log without believing the gateway: the page, and the program to take along."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gateway.openid_provider.screens import Page
from gateway.pages.layout.frame import Layout

PROGRAM = (Path(__file__).parent / "offline_verifier.txt").read_bytes()
"""`examples/offline_verifier/verify.py`, copied by `make references`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the check needs from elsewhere: the log's verifier key, and the witness's address and key, both empty
    when no witness is named."""

    log_key: str
    witness_url: str = ""
    witness_key: str = ""


class EvidencePage:
    """The page. `path` is its address below the host, with the issuer's own path."""

    def __init__(self, layout: Layout, outside: Outside, path: str) -> None:
        self._layout = layout
        self._outside = outside
        self._path = path

    def show(self, language: str) -> Page:
        """Return the page in a language."""
        return self._layout.render(
            "public/evidence.html",
            language,
            switch=self._path,
            outside=self._outside,
            program=f"{self._path}/verify.py",
            digest=sha256(PROGRAM).hexdigest(),
        )
