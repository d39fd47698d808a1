"""The file of formulas: sound as shipped, and every mistake in it named with its line."""

import json
from pathlib import Path

import pytest

from gateway.cli.command import main
from gateway.dossiers.indicators.expression import ConditionWrong, read_condition, some_bits
from gateway.dossiers.indicators.failure import RulesInvalid, UnknownRules
from gateway.dossiers.indicators.rule_files import find_rules, load_rules, read_rules
from gateway.dossiers.indicators.rules import Indicator
from gateway.dossiers.indicators.words import WORDS, mask_of
from gateway.policy.bundle import BUILT_IN

SHIPPED = BUILT_IN / "indicators/766-2022.toml"


def test_the_groups_reach_what_the_decision_gives_them():
    rules = load_rules()["766-2022"]
    assert [(group.id, group.maximum) for group in rules.groups] == [
        ("1", 18),
        ("2", 20),
        ("3", 22),
        ("4", 22),
        ("5", 18),
    ]
    online = sum(rules.indicator(one).maximum for one in ("3.1", "3.2", "3.3"))
    payment = sum(rules.indicator(one).maximum for one in ("3.5", "3.6"))
    assert (online, payment) == (12, 10)
    assert {one.id: one.maximum for one in rules.indicators if one.id in {"1.2", "2.1", "5.4"}} == {
        "1.2": 4,
        "2.1": 20,
        "5.4": 6,
    }


def test_every_word_and_key_is_documented():
    page = (Path(__file__).parents[3] / "docs/indicators.md").read_text("utf-8")
    for word, term in WORDS.items():
        assert f"| `{word}` | {term.vi} | {term.en} |" in page, word
    for key in set(Indicator.model_fields) - {"id", "group", "name", "definition", "source"}:
        assert f"`{key}" in page, key


def test_what_no_official_text_says_is_marked():
    rules = load_rules()["766-2022"]
    known = {"1.2", "2.1", "5.4", "2.2"}
    for indicator in rules.indicators:
        marked = indicator.source.read == "unverified" or "unverified" in (indicator.source.note or "")
        assert marked or indicator.id in known, indicator.id


def test_no_word_has_the_bit_of_another():
    bits = [(term.about == "feedback", term.bit) for term in WORDS.values()]
    assert len(set(bits)) == len(bits)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            '"reuse_proven"',
            '"reuse_provn"',
            ":14 `numerator` of `4.3`: unknown word `reuse_provn`, nearest is `reuse_proven`",
        ),
        (
            '"input_file and result_file"',
            '"input_file und result_file"',
            "`4.2`: `und` stands where the condition should end",
        ),
        ('"not late"', '"not (late"', "`2.1`: a bracket is opened here and never closed"),
        ('"some(online)"', '"online"', "`3.2`: `online` is about a dossier, the formula about a procedure"),
        (
            'numerator = "not late"',
            'numerator = "not late"\nmaximumm = 3',
            "`indicators[4].maximumm` is not a known key, nearest is `maximum`",
        ),
        (
            "maximum = 20\n\n[[groups]]",
            "maximum = 21\n\n[[groups]]",
            "group `2` can reach 21 points, its indicators together 20",
        ),
        (
            'times = "1.4"',
            'times = "1.9"',
            "`3.3`: `times` names `1.9`, which does not stand above it, nearest is `1.4`",
        ),
        ('group = "2"\nname = { vi = "Hồ sơ', 'group = "9"\nname = { vi = "Hồ sơ', "`2.1` stands in unknown group `9`"),
        ('id = "766-2022"', 'id = "766-2023"', " `id` is not the name of the file"),
        ('measure = "days"', 'measure = "days"\nmaximum = 0', "`2.2` is a mean of days: it is shown only"),
        ('id = "1.2"\ngroup', 'id = "1.1"\ngroup', "indicator `1.1` stands twice"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, old, new, complaint):
    text = SHIPPED.read_text("utf-8")
    assert old in text
    file = tmp_path / SHIPPED.name
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RulesInvalid) as refused:
        read_rules(file)
    assert any(complaint in problem for problem in refused.value.problems), refused.value.problems
    assert all(problem.startswith("766-2022.toml:") for problem in refused.value.problems)


def test_the_place_is_the_words_own(tmp_path):
    text = SHIPPED.read_text("utf-8").replace("online and (electronic_result or", "online and (electronic_rsult or")
    file = tmp_path / SHIPPED.name
    file.write_text(text, "utf-8")
    with pytest.raises(RulesInvalid) as refused:
        read_rules(file)
    (problem,) = refused.value.problems
    _, line, column, *_ = problem.split(" ")[0].split(":")
    assert text.splitlines()[int(line) - 1][int(column) - 1 :].startswith("electronic_rsult")


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("online and", 10),
        ("and online", 0),
        ("online or )", 10),
        ("online; post", 6),
        ("__import__('os')", 0),
        ("some(online)", 0),
        ("online post", 7),
    ],
)
def test_what_is_no_condition_is_refused_where_it_goes_wrong(text, offset):
    with pytest.raises(ConditionWrong) as refused:
        read_condition(text, "dossier", [])
    assert refused.value.offset == offset


@pytest.mark.parametrize(
    ("text", "words", "holds"),
    [
        ("all", (), True),
        ("not online", ("post",), True),
        ("online and not late or free", ("free",), True),  # `and` binds closer than `or`
        ("online and (not late or free)", ("free",), False),
        ("not (online or post)", ("counter",), True),
        ("not not online", ("online",), True),
    ],
)
def test_conditions_hold_as_they_read(text, words, holds):
    assert read_condition(text, "dossier", []).test(mask_of(*words)) is holds


def test_some_asks_each_condition_of_its_own():
    somes = []
    first = read_condition("some(online and free)", "procedure", somes)
    second = read_condition("public and not some(post)", "procedure", somes)
    assert [one.text for one in somes] == ["online and free", "post"]
    public = mask_of("public")
    assert [one.test(some_bits([False, True]) | public) for one in (first, second)] == [False, False]
    assert [one.test(some_bits([True, False]) | public) for one in (first, second)] == [True, True]
    with pytest.raises(ConditionWrong, match="depends on the cut-off"):
        read_condition("some(late)", "procedure", [])


def test_an_unknown_set_of_rules_names_the_nearest():
    with pytest.raises(UnknownRules, match="766-2022"):
        find_rules(load_rules(), "766-2020")


def _run(capsys, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["indicator", "check", *words])
    out = capsys.readouterr()
    return left.value.code, out.out, out.err


def test_the_command_judges_the_file(tmp_path, capsys):
    code, out, _ = _run(capsys)
    assert code == 0
    assert out.startswith("766-2022: 5 groups, 22 indicators, 100 points")
    folder = tmp_path / "indicators"
    folder.mkdir()
    (folder / "own-2027.toml").write_text(
        SHIPPED.read_text("utf-8").replace('id = "766-2022"', 'id = "own-2027"'), "utf-8"
    )
    code, out, _ = _run(capsys, "--path", str(tmp_path), "--json")
    assert (code, [one["id"] for one in json.loads(out)["rules"]]) == (0, ["766-2022", "own-2027"])
    (folder / "own-2027.toml").write_text("id = 1", "utf-8")
    code, out, err = _run(capsys, "--path", str(tmp_path), "--json")
    assert code == 7
    assert json.loads(out)["problems"]
    assert "own-2027.toml:1" in err


def test_the_rules_are_installed_with_the_gateway():
    assert SHIPPED.is_file()
    assert "policies*" in (Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8")
