"""A figure opened: its definition, its counts, what was left out and why, and the dossiers behind it, by code.

A dossier is judged as its cell is (`judge`), so list and count cannot differ. Lists hold codes and nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gateway.dossiers.dossier import Dossier
from gateway.dossiers.indicators.bits import trait_bits
from gateway.dossiers.indicators.compute import Evidence, Question, Scope
from gateway.dossiers.indicators.facts import Beside
from gateway.dossiers.indicators.failure import UnknownIndicator
from gateway.dossiers.indicators.judge import Part, part_of
from gateway.dossiers.indicators.profile import profile
from gateway.dossiers.indicators.report import Report
from gateway.dossiers.indicators.rules import Indicator, Rules
from gateway.policy.document import did_you_mean

PartName = Literal["numerator", "denominator", "excluded", "claimed"]
"""What is listed: those that count, those that are counted on, those left out, those that systems claim."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A dossier behind a figure: its code, whether it counts in the numerator, is subtracted there, is left out (and by
    which exclusion of the rules), is claimed. For a procedure's figure it meets a condition inside `some`."""

    code: str
    part: Part

    def wire(self, indicator: Indicator) -> dict[str, Any]:
        """Return it as JSON shows it."""
        why = None if self.part.excluded is None else indicator.exclude[self.part.excluded].why.wire()
        return {
            "code": self.code,
            "numerator": self.part.numerator,
            "less": self.part.less,
            "claimed": self.part.claimed,
            "excluded": why,
        }


def require_indicator(rules: Rules, indicator_id: str) -> Indicator:
    """Return the indicator of that id. Raises UnknownIndicator."""
    found = rules.indicator(indicator_id)
    if found is None:
        near = did_you_mean(indicator_id, [one.id for one in rules.indicators])
        raise UnknownIndicator(f"the rules `{rules.id}` have no indicator of this id{near}")
    return found


def list_dossiers(
    dossiers: Iterable[tuple[Dossier, Beside]], evidence: Evidence, rules: Rules, question: Question, indicator_id: str
) -> Iterator[Listed]:
    """Yield the dossiers behind a figure in the order they come. Raises UnknownIndicator.

    A figure of feedback has none. One of procedures lists the dossiers that a condition inside `some(…)` holds of.
    """
    indicator = require_indicator(rules, indicator_id)
    scope = Scope(question, evidence)
    for dossier, beside in dossiers:
        profiled = profile(dossier, beside, rules.reading)
        if profiled is None:
            continue
        cell, _ = profiled
        if scope.in_period(cell) and scope.has(cell.unit, cell.received) and scope.counts(indicator, cell):
            traits = trait_bits(evidence.tally.procedures.get(cell.procedure))
            part = _part(indicator, cell.bits | traits | scope.state(cell))
            if part is not None:
                yield Listed(dossier.code, part)


def _part(indicator: Indicator, bits: int) -> Part | None:
    if indicator.unit == "dossier":
        return part_of(indicator.formula, bits)
    if any(condition.test(bits) for condition in indicator.formula.somes):
        return Part(None, numerator=True, less=0, claimed=False)
    return None


def open_figure(report: Report, rules: Rules, indicator_id: str) -> dict[str, Any]:
    """Return a figure with all that explains it, as JSON shows it. Raises UnknownIndicator."""
    indicator = require_indicator(rules, indicator_id)
    formula = {
        "numerator": indicator.numerator,
        "denominator": indicator.denominator,
        "less": list(indicator.less),
        "claimed": indicator.claimed,
        "exclude": [entry.when for entry in indicator.exclude],
        "times": indicator.times,
        "counted": indicator.counted,
        "threshold": indicator.threshold,
    }
    figure = next(figure for group in report.groups for figure in group.figures if figure.indicator.id == indicator_id)
    whole = report.wire()
    return {
        **{name: whole[name] for name in ("unit", "level", "period", "rules", "boundary", "as_of")},
        **figure.wire(),
        "name": indicator.name.wire(),
        "definition": indicator.definition.wire(),
        "source": indicator.source.model_dump(),
        "formula": formula,
    }
