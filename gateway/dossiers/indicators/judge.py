"""What one thing counts as in one formula: the same judgement for a cell of a tally and for a single dossier."""

from dataclasses import dataclass

from gateway.dossiers.indicators.rules import Formula


@dataclass(frozen=True, slots=True)
class Part:
    """The part something has in a formula: the number of the exclusion that leaves it out, or whether it counts in the
    numerator, how often in what is subtracted from it, and whether a sending system claims it."""

    excluded: int | None
    numerator: bool
    less: int
    claimed: bool


def part_of(formula: Formula, bits: int) -> Part | None:
    """Return the part that something with these bits has, None when the denominator does not hold it."""
    if not formula.denominator.test(bits):
        return None
    for position, exclusion in enumerate(formula.exclude):
        if exclusion.test(bits):
            return Part(position, numerator=False, less=0, claimed=False)
    return Part(
        None,
        numerator=formula.numerator.test(bits),
        less=sum(condition.test(bits) for condition in formula.less),
        claimed=formula.claimed is not None and formula.claimed.test(bits),
    )


@dataclass(slots=True)
class Count:
    """The counts of one formula while they add up; `excluded` by the number of the exclusion."""

    numerator: int
    denominator: int
    claimed: int
    excluded: list[int]

    @classmethod
    def of(cls, formula: Formula) -> "Count":
        """Return a count of nothing."""
        return cls(0, 0, 0, [0] * len(formula.exclude))

    def add(self, part: Part | None, times: int, measured: int) -> None:
        """Add something `times` times; `measured` is what it adds to the numerator where it counts there."""
        if part is None:
            return
        if part.excluded is not None:
            self.excluded[part.excluded] += times
            return
        self.denominator += times
        self.claimed += times if part.claimed else 0
        self.numerator += (measured if part.numerator else 0) - part.less * times
