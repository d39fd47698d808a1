"""A report's number, and that an operator's line leads to nobody."""

import re
from datetime import UTC, datetime

from gateway.consent.misuse_report import MisuseReport, report_number, report_of

NEW_YEAR = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)


def test_a_number_is_readable_and_of_the_year_in_vietnam():
    number = report_number(b"k" * 32, "citizen", "once", NEW_YEAR)
    assert re.fullmatch(r"BC-2027-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", number)


def test_one_form_has_one_number_and_another_form_or_person_another():
    one = report_number(b"k" * 32, "citizen", "once", NEW_YEAR)
    others = {
        report_number(b"k" * 32, "citizen", "twice", NEW_YEAR),
        report_number(b"k" * 32, "other", "once", NEW_YEAR),
        report_number(b"x" * 32, "citizen", "once", NEW_YEAR),
    }
    assert report_number(b"k" * 32, "citizen", "once", NEW_YEAR) == one
    assert one not in others
    assert len(others) == 3


def test_numbers_do_not_repeat():
    numbers = {report_number(b"k" * 32, "citizen", str(count), NEW_YEAR) for count in range(20_000)}
    assert len(numbers) == 20_000


def test_an_operator_reads_nothing_that_leads_to_the_person():
    report = MisuseReport(
        number="BC-2026-0000-0001",
        citizen_id="internal-id",
        at=NEW_YEAR,
        concern="not_me",
        portal="portal",
        about="rc_1",
        receipt="rc_2",
        blocked=True,
    )
    assert report_of(report.record()) == report
    line = report.for_operator()
    assert "internal-id" not in repr(line)
    assert set(line) == {"number", "at", "portal", "concern", "blocked", "about", "receipt", "state"}
