"""From counts to figures: exact fractions until the one place where each is rounded."""

from decimal import Decimal
from fractions import Fraction

from gateway.dossiers.indicators.rules import Indicator, Rounding


def rounded(value: Fraction, rounding: Rounding) -> Decimal:
    """Return a figure with the places of the rules, half away from zero."""
    scaled = abs(value) * 10**rounding.places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-rounding.places)


def points_of(ratio: Fraction | None, indicator: Indicator, rounding: Rounding) -> Decimal | None:
    """Return the points of a ratio: all of them from the threshold on, below it in proportion; 0 without a ratio, None
    for what is shown only."""
    if indicator.maximum is None:
        return None
    if ratio is None:
        return rounded(Fraction(0), rounding)
    reached = ratio if indicator.threshold is None else ratio / Fraction(indicator.threshold, 100)
    return rounded(min(reached, Fraction(1)) * indicator.maximum, rounding)
