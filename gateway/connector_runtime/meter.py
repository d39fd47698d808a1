"""What operators count of calls: how each ended, how long it took, and whether a source is asked at all just now.

The runtime knows no metrics library. It tells a `Meter`; `application` hands in the one that is scraped. Labels are the
connector's table and words of a closed list: nothing of a person, of a question or of an answer.
"""

from typing import Final, Protocol, get_args

from gateway.vocabulary.provenance import UnavailableReason

OUTCOMES: Final = ("answered", "rest", *get_args(UnavailableReason))
"""How a call can end: `answered` when anything usable came (also that nobody was found, or that it may not be told),
`rest` when the source asked for a pause, else why there was no answer."""


class Meter(Protocol):
    """Is told; raises nothing and waits for nothing."""

    def count_call(self, source: str, outcome: str, seconds: float) -> None:
        """Count a call that ended so after `seconds`; `outcome` is one of OUTCOMES."""
        ...

    def count_spent(self, source: str) -> None:
        """Count a call that was not made because a quota of the day is spent."""
        ...

    def tell_state(self, source: str, *, outage: bool, quarantined: bool) -> None:
        """Note whether a source is spared by its breaker, and whether it is quarantined."""
        ...


class Unmetered:
    """Counts nothing: for registries outside a gateway (the exam's, a test's)."""

    def count_call(self, source: str, outcome: str, seconds: float) -> None:
        """Count nothing."""

    def count_spent(self, source: str) -> None:
        """Count nothing."""

    def tell_state(self, source: str, *, outage: bool, quarantined: bool) -> None:
        """Note nothing."""
