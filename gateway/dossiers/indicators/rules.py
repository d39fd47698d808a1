"""A set of indicator rules as its file states it (`policies/indicators/<id>.toml`).

A formula is data: conditions in the words of `words`, read by `expression`. Everything that is known from no official
text says so (`read`), and is changed in the file, never in code.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.dossiers.indicators.expression import Condition, read_condition
from gateway.dossiers.indicators.words import About
from gateway.policy.document import Strict, Text

Read = Literal["verified", "secondary", "unverified"]
Counted = Literal["received", "handled", "listed"]
"""Which dossiers a period counts: received in it; received or ended in it; for what has no month, all that is known."""
EndWord = Literal["done", "returned", "stopped"]
Points = Annotated[int, Field(ge=0, le=100)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]


class Origin(Strict):
    """Where a statement comes from and how far it was checked."""

    vi: str
    en: str
    read: Read
    note: str | None = None


class Exclusion(Strict):
    """What a formula leaves out, and why; the first that holds is the reason counted."""

    when: str
    why: Text


class Group(Strict):
    """A group of indicators and the points it can reach."""

    id: Identifier
    name: Text
    maximum: Points


class Indicator(Strict):
    """One indicator. `unit` is what is counted, `counted` which of them a period holds.

    Value = (numerator − every `less`) / denominator, multiplied by the value of `times`; with `measure = "days"` the
    mean of handled days. `denominator_at_least = "reported"`: no less than the reporting system says. `claimed` is the
    numerator as sending systems claim it, shown apart and worth no points. From `threshold` (percent) on it has all its
    `maximum` points; without `maximum` it is shown only.
    """

    id: Identifier
    group: Identifier
    name: Text
    definition: Text
    source: Origin
    unit: About
    counted: Counted
    numerator: str
    denominator: str
    less: tuple[str, ...] = ()
    claimed: str | None = None
    exclude: tuple[Exclusion, ...] = ()
    times: Identifier | None = None
    denominator_at_least: Literal["reported"] | None = None
    measure: Literal["percent", "days"] = "percent"
    threshold: Annotated[int, Field(ge=1, le=100)] | None = None
    maximum: Points | None = None

    @cached_property
    def formula(self) -> "Formula":
        """The conditions, read. Raises ConditionWrong."""
        somes: list[Condition] = []
        read = partial(read_condition, about=self.unit, somes=somes)
        return Formula(
            numerator=read(self.numerator),
            denominator=read(self.denominator),
            less=tuple(read(text) for text in self.less),
            claimed=None if self.claimed is None else read(self.claimed),
            exclude=tuple(read(entry.when) for entry in self.exclude),
            somes=tuple(somes),
        )

    def conditions(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Return every condition's text with its key below the indicator."""
        found: list[tuple[tuple[str | int, ...], str]] = [
            (("numerator",), self.numerator),
            (("denominator",), self.denominator),
        ]
        found += [(("less", position), text) for position, text in enumerate(self.less)]
        found += [] if self.claimed is None else [(("claimed",), self.claimed)]
        found += [(("exclude", position, "when"), entry.when) for position, entry in enumerate(self.exclude)]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Formula:
    """An indicator's conditions, ready to be asked; `somes` are those inside `some(…)`."""

    numerator: Condition
    denominator: Condition
    less: tuple[Condition, ...]
    claimed: Condition | None
    exclude: tuple[Condition, ...]
    somes: tuple[Condition, ...]


class Rounding(Strict):
    """How figures become decimals: every value and every indicator's points are rounded once, half away from zero;
    groups and total add what is shown, so that the page adds up."""

    places: Annotated[int, Field(ge=0, le=4)]
    mode: Literal["half_up"]


class Reading(Strict):
    """How a dossier is read, before any formula asks: what is unverified of the law's own reading stands here.

    `unit`: whose figures it counts for (the receiving unit where no handling unit is known). `ended_by`: what ends the
    clock, the first one known. `stopped`: the statuses that count as stopped. `supplement_pauses`: the citizen's time
    is subtracted. `open_supplement_ends`: a request without an answer stops the clock on its day.
    `population_databases`: the codes of DSKetNoiCSDL (MaCSDL) that mean the population database. `population_sources`,
    `store_sources`: the sources that a prefill receipt has to name.
    """

    unit: Literal["handling", "receiving"]
    ended_by: Annotated[tuple[EndWord, ...], Field(min_length=1)]
    stopped: tuple[Annotated[int, Field(ge=1, le=10)], ...]
    second_supplement_is_late: bool
    supplement_pauses: bool
    open_supplement_ends: bool
    population_databases: tuple[str, ...]
    population_sources: tuple[str, ...]
    store_sources: tuple[str, ...]


class Deadlines(Strict):
    """Working days of group 1: `before_effect` between publishing and the legal text's effect, `after_decision` between
    the publishing decision and being public."""

    before_effect: Annotated[int, Field(ge=0, le=60)]
    after_decision: Annotated[int, Field(ge=0, le=60)]
    answer: Annotated[int, Field(ge=0, le=60)]


class Rules(Strict):
    """A set of indicator rules, one version of it."""

    id: Identifier
    name: Text
    source: Origin
    valid_from: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    zero_denominator: Literal["zero", "not_applicable"]
    rounding: Rounding
    reading: Reading
    deadlines: Deadlines
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        for kind, ids in (
            ("group", [one.id for one in self.groups]),
            ("indicator", [one.id for one in self.indicators]),
        ):
            doubled = sorted({one for one in ids if ids.count(one) > 1})
            if doubled:
                raise ValueError(f"{kind} `{doubled[0]}` stands twice")
        return self

    def indicator(self, indicator_id: str) -> Indicator | None:
        """Return the indicator of that id, or None."""
        return next((one for one in self.indicators if one.id == indicator_id), None)

    def in_group(self, group_id: str) -> tuple[Indicator, ...]:
        """Return the indicators of a group in the order of the file."""
        return tuple(one for one in self.indicators if one.group == group_id)
