"""What a department says about the quality of its connector: checks it asks to be let off, and what tiers count."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.connector_runtime.manifest_parts import Sentence, Table, Texts


class Skip(Table):
    """A check of the exam that is let off until a day, and why: at least twenty characters that two people approve."""

    check: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z-]+$", max_length=60)]
    reason: Annotated[Sentence, Field(min_length=20)]
    until: date


class Quality(Table):
    """Figures and days that the exam cannot see by itself; a tier counts them, and whoever approves reads them.

    `answered_on` is the day the owner last answered the gateway's people, `rotation_rehearsed_on` the day a credential
    was last replaced on trial, `fill_rate_percent` the share of people for whom the source has a value, `freshness`
    how old its values are, `p95_ms` the 95th percentile of 30 days, `sandbox_run_on` the last nightly contract run.
    """

    skips: Annotated[tuple[Skip, ...], Field(strict=False)] = ()
    answered_on: date | None = None
    rotation_rehearsed_on: date | None = None
    fill_rate_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    freshness: Texts | None = None
    known_limits: Annotated[tuple[Texts, ...], Field(strict=False)] = ()
    p95_ms: Annotated[int, Field(ge=1)] | None = None
    sandbox_run_on: date | None = None
