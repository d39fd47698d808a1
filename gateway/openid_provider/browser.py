"""What a browser brings to a page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a browser brings: its cookies, its languages (Accept-Language), the language a link chose, the trace id.
    `here` is the address asked for, without the language; None where a form was posted."""

    cookies: Mapping[str, str]
    accepted: str
    chosen: str | None
    trace_id: str
    here: str | None = None

    @property
    def languages(self) -> str:
        """What pages follow: a chosen language before the accepted ones."""
        return self.chosen or self.accepted

    def asked_in(self, ui_locales: str | None) -> "Browser":
        """Return it with what the portal asked for, where the person chose nothing (OIDC Core §3.1.2.1)."""
        return replace(self, chosen=self.chosen or ui_locales)
