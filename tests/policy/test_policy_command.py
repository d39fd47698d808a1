"""`gate06 policy check|eval|explain|matrix` as a person or a script meets them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.policy import app
from gateway.policy.bundle import BUILT_IN
from tests.policy.books import copy_of_the_book

RUNNER = CliRunner()
ASKED: dict[str, Any] = {
    "portal": {"client_id": "p", "procedures": ["1.004222"]},
    "procedure": "1.004222",
    "attributes": ["full_name", "birth_date"],
    "level": 2,
    "basis": "law",
    "consent": None,
    "relation": "self",
}


def run(*arguments: str, stdin: str = "") -> Any:
    return RUNNER.invoke(app, list(arguments), input=stdin)


def test_the_app_is_a_typer_app() -> None:
    assert isinstance(app, typer.Typer)


def test_eval_permits() -> None:
    result = run("eval", stdin=json.dumps({"id": "a1", **ASKED}))
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["id"] == "a1"
    assert answer["decision"] == "permit"
    assert answer["permitted"] == ["birth_date", "full_name"]
    assert answer["refused"] == []


def test_eval_refuses_in_words() -> None:
    result = run("eval", stdin=json.dumps({**ASKED, "attributes": ["full_name", "religion", "nonsense"]}))
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["decision"] == "partial"
    assert [refused["attribute"] for refused in answer["refused"]] == ["nonsense", "religion"]
    assert all(refused["policy_ids"] and refused["why"]["vi"] for refused in answer["refused"])


@pytest.mark.parametrize(
    ("changes", "policy_id"),
    [
        ({"level": 1}, "global/level"),
        ({"level": None}, "guard/no-level"),
        ({"basis": None}, "guard/incomplete"),
        ({"basis": "consent", "consent": False}, "global/consent"),
        ({"relation": "neighbour"}, "guard/nothing-permits"),
        ({"portal": "nobody"}, "global/portal-procedure"),
        ({"portal": {}}, "global/portal-procedure"),
        ({"procedure": "8.888888"}, "guard/unknown-procedure"),
        ({"attributes": []}, "guard/nothing-asked"),
    ],
)
def test_eval_denies(changes: dict[str, Any], policy_id: str) -> None:
    result = run("eval", stdin=json.dumps(ASKED | changes))
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["decision"] == "deny"
    assert answer["policy_ids"] == [policy_id]


@pytest.mark.parametrize(
    "stdin",
    [
        "",
        "[]",
        "not json",
        json.dumps(ASKED | {"level": "2"}),
        json.dumps(ASKED | {"consent": 1}),
        json.dumps(ASKED | {"lvel": 2}),
        json.dumps({name: value for name, value in ASKED.items() if name != "procedure"}),
    ],
)
def test_eval_calls_what_is_no_question_a_usage_error(stdin: str) -> None:
    assert run("eval", stdin=stdin).exit_code == 2


def test_eval_answers_a_batch_line_by_line() -> None:
    lines = [
        json.dumps({"id": 1, **ASKED}),
        json.dumps({"id": 2, **ASKED, "level": 1}),
        json.dumps({"id": 3, **ASKED, "relation": "officer"}),
    ]
    result = run("eval", "--batch", stdin="\n".join(lines) + "\n")
    assert result.exit_code == 1
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(answer["id"], answer["decision"]) for answer in answers] == [(1, "permit"), (2, "deny"), (3, "permit")]


def test_a_portal_may_be_named_when_its_seed_is_given(tmp_path: Path) -> None:
    seed = tmp_path / "portals.toml"
    seed.write_text(
        '[[portal]]\nclient_id = "demo"\nredirect_uris = []\nprocedures = ["1.004222"]\nattributes = ["full_name"]\n',
        encoding="utf-8",
    )
    stdin = json.dumps(ASKED | {"portal": "demo"})
    result = run("eval", "--portal", str(seed), stdin=stdin)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["permitted"] == ["full_name"]


def test_explain_says_which_rule_and_why_in_both_languages() -> None:
    stdin = json.dumps(ASKED | {"attributes": ["full_name", "religion"]})
    vi, en = run("explain", stdin=stdin), run("explain", "--lang", "en", stdin=stdin)
    assert vi.exit_code == en.exit_code == 0
    assert "Họ, chữ đệm và tên (`full_name`)" in vi.stdout
    assert "quy tắc `1.004222/applicant`; căn cứ: Luật Căn cước" in vi.stdout
    assert "May not be told: Religion (`religion`). No rule permits it" in en.stdout
    both = json.loads(run("explain", "--json", stdin=stdin).stdout)
    assert both.keys() == {"vi", "en"}


def test_explain_shows_the_page_the_legal_unit_signs() -> None:
    page = run("explain", "--procedure", "1.004222").stdout
    assert "1.004222 Đăng ký thường trú" in page
    assert "[chưa kiểm chứng]" in page
    assert "! Không bao giờ điền `head.full_name` ← `spouse_name`" in page
    assert "tự khai" in page
    english = run("explain", "--procedure", "1.004222", "--lang", "en").stdout
    assert "typed by hand" in english


def test_explain_shows_the_rules_a_procedure_compiles_to() -> None:
    golden = (BUILT_IN / "golden/1.004222.cedar").read_text(encoding="utf-8")
    assert run("explain", "--procedure", "1.004222", "--cedar").stdout == golden
    assert run("explain", "--cedar").exit_code == 2
    assert run("explain", "--cedar", "--procedure", "8").exit_code == 4


def test_explain_knows_no_such_procedure_language_or_question() -> None:
    missing = run("explain", "--procedure", "1.00422")
    assert missing.exit_code == 4
    assert "nearest is `1.004222`" in missing.stderr
    assert run("explain", "--lang", "fr").exit_code == 2
    assert run("explain", stdin="{}").exit_code == 2


def test_matrix_writes_and_compares(tmp_path: Path) -> None:
    golden = BUILT_IN / "golden/1.004222.matrix.txt"
    assert run("matrix", "--procedure", "1.004222").stdout == golden.read_text(encoding="utf-8")
    assert run("matrix", "--procedure", "1.004222", "--diff", str(golden)).exit_code == 0
    book = copy_of_the_book(
        tmp_path / "book", {"procedures/1.004222_dang-ky-thuong-tru.toml": ("minimum_level = 2", "minimum_level = 1")}
    )
    changed = run("matrix", "--book", str(book), "--procedure", "1.004222", "--diff", str(golden))
    assert changed.exit_code == 7
    assert changed.stdout.startswith("opened ")
    broken = tmp_path / "broken.txt"
    broken.write_text("nonsense", encoding="utf-8")
    assert run("matrix", "--diff", str(broken)).exit_code == 2
    assert run("matrix", "--procedure", "8").exit_code == 4


def test_check_passes_and_fails_with_seven(tmp_path: Path) -> None:
    good = run("check", "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["failures"] == []
    book = copy_of_the_book(tmp_path, {"global.cedar": ("context.level <", "context.level >")})
    bad = run("check", "--book", str(book))
    assert bad.exit_code == 7
    assert "case of `global/level`" in bad.stderr


def test_a_book_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    book = copy_of_the_book(tmp_path / "book", {"global.cedar": ("forbid (", "permit (")})
    result = run("eval", "--book", str(book), stdin=json.dumps(ASKED))
    assert result.exit_code == 3
    assert "may only forbid" in result.stderr
    config = tmp_path / "gate06.toml"
    config.write_text('[policies]\npath = ["nowhere"]\n', encoding="utf-8")
    assert run("matrix", "--config", str(config)).exit_code == 3
    config.write_text("[policies", encoding="utf-8")
    assert run("check", "--config", str(config)).exit_code == 3
