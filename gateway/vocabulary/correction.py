"""Where a citizen can begin to have an entry of a register corrected: a page on which something can be done about it.

The first page of a ministry's site is none: whoever arrives there has to search for what the slip was to tell them. The
built-in catalogue and every manifest name a page; a catalogue that a province added before may still name a site.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def https_address(url: str) -> str:
    """Return an https address as it is. Raises ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("a correction channel is an https address")
    return url


def starting_page(url: str) -> str:
    """Return the address if it leads somewhere. Raises ValueError: not https, or the bare root of a site."""
    if not urlsplit(https_address(url)).path.strip("/"):
        raise ValueError("the bare root of a site is no place to begin a correction: name the page of the procedure")
    return url


HttpsAddress = Annotated[str, AfterValidator(https_address)]
StartingPage = Annotated[str, AfterValidator(starting_page)]
Telephone = Annotated[str, StringConstraints(pattern=re.compile(r"^\+?[0-9][0-9 .]{1,18}[0-9]$"))]
"""A telephone number as people read it."""


class CorrectionStart(BaseModel):
    """Where a citizen begins a correction of a register in this province: page of the procedure, telephone number,
    the list of offices. A connector's manifest says it; what it leaves out is the attribute catalogue's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: StartingPage | None = None
    phone: Telephone | None = None
    offices: StartingPage | None = None
