"""Codes of agencies, dossiers and procedures, in the present and the former form."""

from datetime import date

import pytest

from gateway.dossiers.codes import CodeRefused, is_within, parse_agency, parse_dossier_code, parse_procedure


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("H55", "H55"),
        ("H55.19", "H55.19"),
        (" h55.19.02 ", "H55.19.02"),
        ("000.00.19.H55", "H55.19"),
        ("000.02.19.H55", "H55.19.02"),
        ("000.00.00.H55", "H55"),
    ],
)
def test_an_agency_has_one_code_whichever_way_it_is_written(text: str, code: str) -> None:
    assert parse_agency(text) == code


@pytest.mark.parametrize("text", ["", "55", "H5", "H55.", "H55..19", "Sở Tư pháp", "H55-19", "H55.123456", "0.0.H55x"])
def test_what_is_no_agency_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CodeRefused, match="an agency is written") as refused:
        parse_agency(text)
    assert "Tư pháp" not in str(refused.value)


def test_a_unit_is_within_its_province_and_not_within_one_that_begins_alike() -> None:
    assert is_within("H55.19", "H55")
    assert is_within("H55.19", "H55.19")
    assert not is_within("H55.190", "H55.19")
    assert not is_within("H55", "H55.19")


def test_a_dossiers_code_tells_unit_and_day() -> None:
    code = parse_dossier_code("H55.19-230601-0001")
    assert (code.text, code.agency, code.day) == ("H55.19-230601-0001", "H55.19", date(2023, 6, 1))
    assert parse_dossier_code("000.00.19.H55-230601-0001") == code
    assert parse_dossier_code("H55-230601-12345").agency == "H55"


@pytest.mark.parametrize(
    "text", ["", "H55.19-230601", "H55.19-230631-0001", "H55.19-230601-001", "H55.19/230601/0001", "999175000003"]
)
def test_what_is_no_dossier_is_refused(text: str) -> None:
    with pytest.raises(CodeRefused):
        parse_dossier_code(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.004222", "1.004222"),
        ("1.004222.000.00.00.H56", "1.004222"),
        ("1.004222.H56", "1.004222"),
        ("C08_XPHCDB", "C08_XPHCDB"),
    ],
)
def test_a_procedures_code_is_read_loosely(text: str, code: str) -> None:
    assert parse_procedure(text) == code


@pytest.mark.parametrize("text", ["", "-", "1", "Đăng ký thường trú"])
def test_what_is_no_procedure_is_refused(text: str) -> None:
    with pytest.raises(CodeRefused):
        parse_procedure(text)
