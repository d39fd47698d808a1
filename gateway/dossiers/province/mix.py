"""What an invented province is made of, as its file states it (`<name>.toml` beside this module).

All counts of a mix belong to `dossiers` of it; for another number they are scaled, exactly where they divide.
"""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.dossiers.dossier import Channel
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.units import Level
from gateway.policy.document import Strict, Text

Count = Annotated[int, Field(ge=0)]
Outcome = Literal["done", "withdrawn", "stopped", "waiting"]
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Files = Literal["both", "result", "input", "none"]
Proof = Literal["none", "population", "store", "both"]

MIXES = ("realistic", "figures-2023", "scores-766")


class Procedures(Strict):
    """A block of invented procedures that are alike. `quiet` ones have no dossiers. `published`: how many were
    published in the year, and how many of these in time; `late_public` how many were made public too late, `incomplete`
    how many lack a compulsory part."""

    id: str
    count: Annotated[int, Field(ge=1)]
    fees: bool
    result_due: bool
    offered: bool
    persons: bool
    quiet: bool = False
    published: tuple[Count, Count] = (0, 0)
    late_public: Count = 0
    incomplete: Count = 0


class Stratum(Strict):
    """Dossiers of one level and channel. `late` and `twice` (asked for papers a second time, so late) are of those
    done, `once` of those done in time. `paid_online` and `free` are of dossiers of procedures with fees."""

    level: Level
    channel: Channel
    dossiers: Count
    procedures: dict[str, Count]
    outcomes: dict[Outcome, Count]
    files: dict[Files, Count]
    proofs: dict[Proof, Count]
    late: Count
    twice: Count = 0
    once: Count = 0
    paid_online: Count = 0
    free: Count = 0
    reuse_claimed: Count = 0
    vneid_claimed: Count = 0
    complained: Count = 0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in ("procedures", "outcomes", "files", "proofs"):
            if sum(getattr(self, name).values()) != self.dossiers:
                raise ValueError(f"the counts of `{name}` do not add up to `dossiers`")
        if self.late + self.twice + self.once > self.outcomes.get("done", 0):
            raise ValueError("`late`, `twice` and `once` are more than what is done")
        return self


class Voices(Strict):
    """Feedback beside complaints about dossiers: how much, how much of it answered late, how much of it disliked."""

    count: Count
    answered_late: Count
    disliked: Count


class Mix(Strict):
    """A whole mix. `first_month` to `last_month` are when dossiers are received; `transfers` is the mean number of
    steps inside an office, in tenths."""

    about: Text
    first_month: Month
    last_month: Month
    transfers: Annotated[int, Field(ge=0, le=90)]
    units: dict[Level, tuple[str, ...]]
    procedures: tuple[Procedures, ...]
    strata: tuple[Stratum, ...]
    voices: Voices

    @property
    def dossiers(self) -> int:
        """The number of dossiers that its counts belong to."""
        return sum(stratum.dossiers for stratum in self.strata)

    @property
    def begins(self) -> date:
        """The first day on which dossiers are received."""
        return read_period(self.first_month).begins

    @property
    def after(self) -> date:
        """The day after the last one."""
        return read_period(self.last_month).after


@cache
def read_mix(name: str) -> Mix:
    """Return the mix of that name, one of `MIXES`."""
    text = files("gateway.dossiers.province").joinpath(f"{name}.toml").read_text("utf-8")
    return Mix.model_validate(tomllib.loads(text))


def procedure_codes(mix: Mix) -> dict[str, tuple[str, ...]]:
    """Return the invented codes of each block; the national list has none that begin with 9."""
    return {
        block.id: tuple(f"9.{place:02d}{number:04d}" for number in range(1, block.count + 1))
        for place, block in enumerate(mix.procedures, 1)
    }
