"""The pure checks of names and people, as commands."""

import json

import pytest
from typer.testing import CliRunner

from gateway.cli.match import app


def run(verb: str, *lines: str, batch: bool = True) -> tuple[list[dict[str, object]], int]:
    result = CliRunner().invoke(app, [verb, *(["--batch"] if batch else [])], input="\n".join(lines))
    return [json.loads(line) for line in result.stdout.splitlines()], result.exit_code


@pytest.mark.parametrize(("b", "code"), [("Hoà", 0), ("Hoa", 1)])
def test_one_name(b: str, code: int) -> None:
    answers, exit_code = run("name", json.dumps({"a": "Hòa", "b": b}), batch=False)
    assert exit_code == code
    assert set(answers[0]) == {"outcome", "rules"}


def test_a_batch_gives_ids_back_and_answers_every_line() -> None:
    answers, exit_code = run(
        "person",
        '{"id": 7, "full_name": "Bế Văn Nam", "birth_date": "2001-02-03"}',
        '{"id": "x", "number": "99904100001", "full_name": "Hoàng Văn Sỹ"}',
        "not json",
        '{"id": null, "number": "999041000001", "full_name": "Hoàng Văn Sỹ", "birth_date": "1941"}',
    )
    assert exit_code == 2
    assert answers[0] == {"id": 7, "verdict": "ambiguous"}
    assert answers[1]["id"] == "x"
    assert "zeros in front" in str(answers[1]["error"])
    assert answers[2] == {"error": "the input is not JSON"}
    assert answers[3] == {"id": None, "verdict": "matched"}


def test_an_input_that_is_wrong_names_the_member_and_repeats_no_value() -> None:
    answers, exit_code = run("person", '{"full_name": "Trần Thị Bưởi", "sex": "Bưởi"}')
    assert exit_code == 2
    assert "`sex`" in str(answers[0]["error"])
    assert "Bưởi" not in str(answers[0]["error"])
