"""Numbers as Vietnamese papers and pages write them, whatever the page's language: `228.601`, `86,97`, `35,04 %`."""

from decimal import Decimal

from babel.numbers import format_decimal


def whole_number(value: int) -> str:
    """Return a whole number with a dot between thousands: `228.601`."""
    return format_decimal(value, "#,##0", locale="vi")


def decimal_number(value: Decimal) -> str:
    """Return a decimal with all the places it has, after a comma: `86,97`, `20,00`."""
    places = max(-int(value.as_tuple().exponent), 0)
    return format_decimal(value, "#,##0" + ("." + "0" * places if places else ""), locale="vi")


def percent(value: Decimal | None, without: str = "–") -> str:
    """Return a share that is in percent already, with the places that say something: `35,04 %`, `28,4 %`; `without` for
    none."""
    return without if value is None else f"{format_decimal(value, '#,##0.####', locale='vi')} %"
