"""The QR text of identity cards: what scanners really type, and what must not fill a form."""

import json
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway.assurance.card_qr import LONGEST, CardText
from gateway.assurance.card_qr import parse_card as parse_card_on
from gateway.cli.parse import app

BUOI = "999175000003|099999003|Trần Thị Bưởi|12051975|Nữ|Tổ 5, Quang Trung, Thái Nguyên, Thái Nguyên|30042021"
TODAY = date(2026, 11, 23)


def parse_card(text: str) -> CardText:
    return parse_card_on(text, TODAY)


def parts(**changes: str) -> str:
    """Return the card of persona 3 with some parts changed."""
    names = ("number", "old", "name", "born", "sex", "address", "issued")
    return "|".join((dict(zip(names, BUOI.split("|"), strict=True)) | changes).values())


def test_a_card_of_2021():
    card = parse_card(BUOI)
    assert card.readable
    assert (card.number, card.old_number, card.full_name) == ("999175000003", "099999003", "Trần Thị Bưởi")
    assert (str(card.birth_date), card.sex, str(card.issued_on)) == ("1975-05-12", "female", "2021-04-30")
    assert card.address == "Tổ 5, Quang Trung, Thái Nguyên, Thái Nguyên"
    assert (card.rest, card.warnings) == ((), ("synthetic",))


def test_a_card_of_2024_keeps_what_nobody_has_published_unread():
    card = parse_card(f"{parts(old='')}||Trần Văn Mít|Lê Thị Đào")
    assert card.readable
    assert card.old_number is None
    assert card.rest == ("", "Trần Văn Mít", "Lê Thị Đào")
    assert card.warnings == ("more_parts", "synthetic")


@pytest.mark.parametrize(
    "typed",
    [
        f"{BUOI}\r\n",
        f"\ufeff{BUOI}\n",
        f"{BUOI}\x00",
        unicodedata.normalize("NFD", BUOI),
        parts(number="９９９１７５０００００３", born="１２０５１９７５"),
        parts(number=" 999175 000003 ", old="099.999.003", name="  Trần  Thị\tBưởi"),
        parts(sex="nu"),
        parts(sex="NỮ"),
        parts(number="999\u200b175000003"),
    ],
    ids=["crlf", "bom", "nul", "nfd", "full-width", "spaces", "no-marks", "capitals", "zero-width"],
)
def test_what_scanners_and_input_methods_add_changes_nothing(typed):
    assert parse_card(typed) == parse_card(BUOI)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("", "not_a_card"),
        ("999175000003", "not_a_card"),
        (BUOI.rpartition("|")[0], "not_a_card"),
        ("https://example.vn/a|b|c|d|e|f|g", "is_an_address"),
        ("WWW.example.vn|||||||", "is_an_address"),
        ("x" * LONGEST + BUOI, "not_a_card"),
        (parts(number=""), "number_invalid"),
        (parts(number="99917500003"), "number_invalid"),
        (parts(number="099999003"), "number_invalid"),
        (parts(number="99917500000O"), "number_invalid"),
        (parts(name=" "), "full_name_invalid"),
        (parts(name="Trần|Bưởi"), "birth_date_invalid"),
        (parts(born="05301975"), "birth_date_invalid"),
        (parts(born="19750512"), "birth_date_invalid"),
        (parts(born="12/05/1975"), "birth_date_invalid"),
        (parts(born="1251975"), "birth_date_invalid"),
        (parts(born="31021975"), "birth_date_invalid"),
        (parts(born="12001975"), "birth_date_invalid"),
        (parts(born=""), "birth_date_invalid"),
        (parts(born="12052999"), "birth_date_invalid"),
        (parts(born="24112026", issued="24112026"), "birth_date_invalid"),
        (parts(born="12051895"), "birth_date_invalid"),
        (parts(born="00000012"), "birth_date_invalid"),
        (parts(issued="24112026"), "issued_on_invalid"),
        (parts(issued="30042999"), "issued_on_invalid"),
        (parts(issued=""), "issued_on_invalid"),
        (parts(issued="2021"), "issued_on_invalid"),
        (parts(issued="00042021"), "issued_on_invalid"),
    ],
)
def test_what_is_no_card_fills_no_form(text, warning):
    card = parse_card(text)
    assert not card.readable
    assert warning in card.warnings


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"old": "12345"}, "old_number_invalid"),
        ({"sex": "X"}, "sex_unknown"),
        ({"address": ""}, "address_empty"),
        ({"born": "30042021", "issued": "12051975"}, "issued_before_birth"),
        ({"sex": "Nam"}, "sex_differs"),
        ({"born": "12051976"}, "birth_year_differs"),
        ({"number": "777175000003"}, "unknown_register_code"),
        ({"name": "<b>Bưởi</b>"}, "full_name_unusual"),
        ({"name": "Bưởi 2"}, "full_name_unusual"),
        ({"address": "T\ufffd 5"}, "letters_lost"),
    ],
)
def test_what_is_odd_is_said_and_refuses_nothing(changes, warning):
    card = parse_card(parts(**changes))
    assert card.readable
    assert warning in card.warnings


def test_mark_up_in_a_name_stays_text():
    assert parse_card(parts(name="<script>alert(1)</script>")).full_name == "<script>alert(1)</script>"


SIX = BUOI.replace("|099999003", "")


def test_a_scan_without_its_empty_old_number_is_read_and_said_to_be_so():
    card = parse_card(SIX)
    assert card.readable
    assert card == replace(parse_card(parts(old="")), warnings=("old_number_left_out", "synthetic"))
    assert (card.old_number, card.full_name, str(card.issued_on)) == (None, "Trần Thị Bưởi", "2021-04-30")


@pytest.mark.parametrize("lost", [0, 2, 3, 4, 5, 6])
def test_six_parts_that_lack_anything_else_are_no_card(lost):
    kept = [part for place, part in enumerate(BUOI.split("|")) if place != lost]
    for text in ("|".join(kept), "|".join("" if place == 1 else part for place, part in enumerate(kept))):
        assert parse_card(text).warnings == ("not_a_card",)
    assert parse_card(SIX.rpartition("|")[0]).warnings == ("not_a_card",)


@pytest.mark.parametrize("born", ["23112026", "2026", "00112026", "12051896"])
def test_a_birth_up_to_today_is_read(born):
    assert "birth_date_invalid" not in parse_card(parts(born=born, issued="23112026")).warnings


@pytest.mark.parametrize("name", ["H'Ƀil Niê Kđăm", "Sơn", "Maximiliana Featherstonehaugh-Ng"])
def test_names_of_real_people_are_not_unusual(name):
    assert "full_name_unusual" not in parse_card(parts(name=name)).warnings


@pytest.mark.parametrize(("born", "read"), [("1941", "1941"), ("00001941", "1941"), ("00051941", "1941-05")])
def test_nobody_is_born_on_an_invented_day(born, read):
    card = parse_card(parts(number="999041000001", born=born, sex="Nam", issued="30042021"))
    assert str(card.birth_date) == read
    assert card.warnings == ("birth_date_partial", "synthetic")


def test_a_number_that_looks_real_is_read():
    card = parse_card(parts(number="019175000003"))
    assert (card.readable, card.warnings) == (True, ())


def test_the_old_number_may_have_twelve_digits():
    assert parse_card(parts(old="019175000003")).old_number == "019175000003"


@given(st.text(st.characters(blacklist_categories=["Cs"]) | st.sampled_from("|09\r\n"), max_size=200))
def test_no_text_breaks_it(text):
    card = parse_card(text)
    assert card.readable or card.warnings


def ask(*lines: str, batch: bool = True) -> tuple[list[dict[str, object]], int]:
    done = CliRunner().invoke(app, ["card-qr", *(["--batch"] if batch else [])], input="\n".join(lines))
    return [json.loads(line) for line in done.stdout.splitlines()], done.exit_code


@pytest.mark.parametrize(("text", "code"), [(BUOI, 0), ("https://example.vn", 1)])
def test_the_command_answers_every_member(text, code):
    (answer,), exit_code = ask(json.dumps({"text": text}), batch=False)
    assert exit_code == code
    assert list(answer) == [
        *("number", "old_number", "full_name", "birth_date", "sex", "address", "issued_on", "rest", "warnings")
    ]


def test_the_command_judges_at_the_time_it_is_told():
    asked = json.dumps({"text": parts(issued="01012026")})
    for at, code in (("2025-12-31T16:59:59Z", 1), ("2025-12-31T17:00:00Z", 0)):
        done = CliRunner().invoke(app, ["card-qr", "--at", at], input=asked)
        assert done.exit_code == code, "a day is one in Vietnam"


def test_a_batch_gives_ids_back_and_repeats_no_value_of_a_wrong_line():
    answers, exit_code = ask(
        json.dumps({"id": 1, "text": BUOI}), '{"id": 2, "text": ["Bưởi"]}', '{"id": 3, "text": "x"}'
    )
    assert exit_code == 2
    assert (answers[0]["id"], answers[0]["number"]) == (1, "999175000003")
    assert "`text`" in str(answers[1]["error"])
    assert "Bưởi" not in str(answers[1])
    assert answers[2]["warnings"] == ["not_a_card"]
