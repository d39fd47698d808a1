"""Messages of `gate06 connector check`: code, file:line:key, what it is, what to write instead."""

from pathlib import Path
from typing import Any

import pytest

from gateway.cli.connector_check import Finding, find_problems
from gateway.cli.connector_new import write_folder

LONG = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d"


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    kind = getattr(request, "param", "rest")
    write_folder(tmp_path / "forest", "forest", kind, None)
    return tmp_path / "forest"


def change(folder: Path, old: str, new: str, file: str = "manifest.toml") -> int:
    """Change a file and return the line of the change."""
    text = (folder / file).read_text("utf-8")
    assert text.count(old) >= 1, old
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def only(folder: Path) -> Finding:
    found = find_problems(folder, [])
    assert len(found) == 1, [one.line() for one in found]
    return found[0]


@pytest.mark.parametrize("folder", ["rest", "soap", "sqlview"], indirect=True)
def test_what_new_makes_is_sound_before_any_edit(folder: Path) -> None:
    assert find_problems(folder, []) == []


REST: list[tuple[str, str, str, str, str]] = [
    ('from = "card.no"', 'frm = "card.no"', "CN-101", "fields[0].frm", "did you mean `from`"),
    ('method = "GET"', 'metod = "GET"', "CN-101", "operations.lookup.metod", "did you mean `method`"),
    ('is = "denied"', 'iz = "denied"', "CN-101", "outcomes[1].iz", "did you mean `is`"),
    ('version = "2026-01-01"', 'verzion = "2026-01-01"', "CN-101", "code_lists.branches.verzion", "`version`"),
    ('kind = "rest"', 'kind = "ftp"', "CN-102", "kind", "input should be"),
    ('is = "denied"', 'is = "empty"', "CN-102", "outcomes[1].is", "input should be"),
    ('id = "forest"', 'id = "sea"', "CN-102", "id", "give it that id"),
    ('inputs = ["personal_number"', 'inputs = ["salary"', "CN-102", "inputs", "`salary` is nothing a question says"),
    ("http://127.0.0.1:8010", "http://10.0.0.1:8010", "CN-102", "endpoint.url", "must begin with `https://`"),
    ("http://127.0.0.1:8010", "http://127.0.0.1:8010?x=1", "CN-102", "endpoint.url", "ends before"),
    ('secret_ref = "toy-key"', "", "CN-102", "auth", "needs `secret_ref`"),
    ('secret_ref = "toy-key"', f'secret_ref = "{LONG}"', "CN-107", "auth.secret_ref", "looks like a secret itself (40"),
    ("http://127.0.0.1:8010", "http://u:pw@127.0.0.1:8010", "CN-107", "endpoint.url", "holds a password"),
    (
        '{ "X-Request-Id" =',
        '{ "Authorization" =',
        "CN-107",
        "operations.lookup.headers.Authorization",
        "told by `auth`",
    ),
    ("{ birth =", f'{{ key = "{LONG}", birth =', "CN-107", "operations.lookup.query.key", "looks like a secret"),
    ("{birth_date:dd/mm/yyyy}", "{salary}", "CN-108", "operations.lookup.query.birth", "not a declared input"),
    ("{birth_date:dd/mm/yyyy}", "{full_name}", "CN-108", "operations.lookup.query.birth", "declared: `agency_code`"),
    ("/readers/{personal_number}", "/readers/{personal_number", "CN-108", "operations.lookup.path", "brace"),
    ('from = "card.no"', 'from = "$.card.no"', "CN-109", "fields[0].from", "write `card.no`"),
    ('from = "card.no"', 'from = "cards[0].no"', "CN-109", "fields[0].from", "no position"),
    ('codes = "branches"', 'codes = "branch"', "CN-109", "fields[2].codes", "there: `branches`"),
    ('at = "data.reader"', 'at = "data/reader"', "CN-109", "record.at", "divided by dots"),
    ('type = "text"', 'type = "text"\nlengths = [9]', "CN-109", "fields[0].lengths", "belongs to type `number`"),
    ('as_of = "updated"', 'as_of = "updated"\nunknown = ["", "02"]', "CN-109", "record.unknown", "`02` is a code of"),
    (
        "[record]",
        "[limits]\nfresh_for = { forest_branch = 60 }\n\n[record]",
        "CN-102",
        "limits.fresh_for",
        "`legal.retention` is `none`",
    ),
    ("http://127.0.0.1:8010", "https://exa mple.vn", "CN-102", "endpoint.url", "a sign that no name has"),
    ("http://127.0.0.1:8010", "http://10.0.0.1", "CN-102", "endpoint.url", "of `10.0.0.1` must begin with `https://`"),
    ('path = "error"', 'path = "$.error"', "CN-109", "outcomes[0].path", "write `error`"),
    (
        'to = "forest_card_number"',
        'to = "forest_card_numer"',
        "CN-111",
        "fields[0].to",
        "nearest is `forest_card_number`",
    ),
    ('type = "text"', 'type = "number"', "CN-111", "fields[0].type", "type `text` in the catalogue"),
    ('"02" = "mobile"', '"02" = "bus"', "CN-111", "code_lists.branches.values", "`bus`, which the catalogue does not"),
    ('allowed_hosts = ["127.0.0.1"]', 'allowed_hosts = ["x.vn"]', "CN-120", "endpoint.url", "`127.0.0.1` is not in"),
    ('from = "card.no"', 'from = "card.number"', "CN-112", "fields[0].from", "nearest: `card.no`"),
    ('precision = "from_source"', "", "CN-115", "fields[1].type", "a date without its day in `persona_01.json`"),
]


@pytest.mark.parametrize(("old", "new", "code", "key", "what"), REST)
def test_a_mistake_is_named_with_its_line_and_key(
    folder: Path, old: str, new: str, code: str, key: str, what: str
) -> None:
    line = change(folder, old, new)
    found = find_problems(folder, [])
    hits = [one for one in found if one.code == code and one.place.endswith(f":{key}")]
    assert hits, [one.line() for one in found]
    assert what in hits[0].what
    assert hits[0].place.startswith("forest/manifest.toml:")
    told = int(hits[0].place.split(":")[1])
    assert abs(told - line) <= 3, hits[0].place  # a removed key is found at its table
    assert len(hits[0].line().splitlines()) == 1
    assert hits[0].fix


@pytest.mark.parametrize(
    ("old", "new", "code", "what"),
    [
        ("<l:RequestId>", "<l:Request>", "CN-108", "well-formed"),
        ("{full_name:capitals_with_space}", "{full_name:caps}", "CN-108", "its forms"),
        ('at = "FindReaderResponse/Readers/Reader"', 'at = "//Reader"', "CN-109", "every step"),
        ('from = "Card/No"', 'expr = "card.no"', "CN-109", "reads JSON"),
        ('from = "Card/No"', 'from = "Card/Nr"', "CN-112", "nearest: `card/no`"),
    ],
)
@pytest.mark.parametrize("folder", ["soap"], indirect=True)
def test_mistakes_of_a_soap_connector(folder: Path, old: str, new: str, code: str, what: str) -> None:
    change(folder, old, new)
    assert any(one.code == code and what in one.what for one in find_problems(folder, []))


@pytest.mark.parametrize(
    ("old", "new", "code", "what"),
    [
        ('view = "v_gate06_reader"', "", "CN-102", "a view needs `view`"),
        ('where = { citizen_id = "{personal_number}" }', "", "CN-102", "a view needs"),
        ("where = { citizen_id =", 'where = { "citizen_id; --" =', "CN-109", "small letters"),
        ('view = "v_gate06_reader"', 'view = "reader; DROP TABLE x"', "CN-102", "pattern"),
        ('from = "card_no"', 'from = "card_no FROM x"', "CN-109", "small letters"),
        ("postgresql://", "https://", "CN-102", "`127.0.0.1` must begin with `postgresql://`"),
        ("postgresql://gate06_reader@", "postgresql://gate06_reader:pw@", "CN-107", "holds a password"),
        ("[record]", '[[outcomes]]\nstatus = "404"\nis = "not_found"\n\n[record]', "CN-102", "a view has no outcomes"),
    ],
)
@pytest.mark.parametrize("folder", ["sqlview"], indirect=True)
def test_mistakes_of_a_view(folder: Path, old: str, new: str, code: str, what: str) -> None:
    change(folder, old, new)
    found = find_problems(folder, [])
    assert any(one.code == code and what in one.what for one in found), [one.line() for one in found]


def test_a_sample_that_comes_to_something_else_is_shown(folder: Path) -> None:
    change(folder, "TV-000003", "TV-000004", "samples/persona_03.expected.json")
    found = only(folder)
    assert (found.code, found.place.rpartition(":")[2]) == ("CN-113", "fields[0].to")
    assert "came out as `TV-000003`, expected `TV-000004`" in found.what


def test_three_pairs_of_samples_are_the_least(folder: Path) -> None:
    for name in ("persona_01", "persona_06"):
        (folder / f"samples/{name}.expected.json").unlink()
    assert (only(folder).code, "2 samples" in only(folder).what) == ("CN-114", True)


def test_error_answers_are_samples_too(folder: Path) -> None:
    (folder / "samples/nobody.json").write_text('{"error": "no_reader"}')
    (folder / "samples/nobody.expected.json").write_text('{"_status": 404, "*": {"absent": "no_match"}}')
    assert find_problems(folder, []) == []
    (folder / "samples/nobody.json").write_text('{"error": "no_route"}')
    assert {one.code for one in find_problems(folder, [])} == {"CN-113"}


def test_a_manifest_that_is_no_toml_says_where(folder: Path) -> None:
    change(folder, "[record]", "[record")
    found: Any = only(folder)
    assert (found.code, "line" in found.what) == ("CN-102", True)
