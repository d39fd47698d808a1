"""What a request shows of whoever sends it, as the edge hands it to those who judge it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Presented:
    """The values of the `Authorization` and `DPoP` headers as they came, and what a proof of possession has to name:
    the method, and the URL by the issuer, never by the Host header (RFC 9449 §4.3)."""

    authorization: Sequence[str]
    proofs: Sequence[str]
    method: str
    url: str

    @classmethod
    def by(cls, header: Callable[[str], Sequence[str]], method: str, url: str) -> Self:
        """Take what a request shows; `header` returns every value of a header."""
        return cls(header("authorization"), header("dpop"), method, url)
