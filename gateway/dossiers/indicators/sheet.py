"""A report as CSV (RFC 4180), a line for each indicator, group and the total, with numbers as Vietnamese papers do."""

import csv
import io
from collections.abc import Iterator

from gateway.dossiers.indicators.period import day_begins
from gateway.dossiers.indicators.report import Figure, Report
from gateway.vocabulary.vietnamese_numbers import decimal_number, percent, whole_number

COLUMNS = (
    *("unit", "period", "rules", "boundary", "as_of"),
    *("id", "name", "numerator", "denominator", "value", "points", "maximum", "excluded", "claimed"),
)


def report_csv(report: Report) -> str:
    """Return the sheet with its header line."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    as_of = day_begins(report.cut_off).isoformat()
    for line in figure_rows(report):
        writer.writerow((report.unit, report.period.text, report.rules, report.boundary, as_of, *line))
    return written.getvalue()


def figure_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the lines from `id` on, as they are shown."""
    for group in report.groups:
        for figure in group.figures:
            yield _row(figure)
        points, maximum = decimal_number(group.points), str(group.group.maximum)
        yield (f"group {group.group.id}", group.group.name.vi, "", "", "", points, maximum, "", "")
    reachable = sum(group.group.maximum for group in report.groups)
    yield ("total", "Tổng điểm", "", "", "", decimal_number(report.total), str(reachable), "", "")


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.indicator.id,
        figure.indicator.name.vi,
        whole_number(figure.numerator),
        whole_number(figure.denominator),
        shown_value(figure),
        "" if figure.points is None else decimal_number(figure.points),
        "" if figure.indicator.maximum is None else str(figure.indicator.maximum),
        whole_number(sum(figure.excluded)),
        "" if figure.claimed is None else percent(figure.claimed.value),
    )


def shown_value(figure: Figure) -> str:
    """Return a figure's value as it is shown: `35,04 %`, `4,40 ngày`, a dash where there is none."""
    if figure.indicator.measure == "percent" or figure.value is None:
        return percent(figure.value)
    return f"{decimal_number(figure.value)} ngày"
