"""Documents hold together: links lead somewhere, files they name exist, decisions have their form."""

import re
from pathlib import Path

import pytest

from gateway.openid_provider.clients import Portal
from gateway.settings import keys_of_tree

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "policies").glob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "connectors").rglob("*.md"),
    ]
)
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
GUIDES = [page for page in PAGES if page.name in {"portal_guide.md", "operator_guide.md", "faults.md", "README.md"}]
PARTS = ("Context", "Decision", "Consequences", "Alternatives", "Check")
ONE_SCREEN = 40


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http://127.0.0.1", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_this_repository_exist(page):
    """Whatever stands in code font and begins with a folder of the house is there."""
    folders = "gateway|connectors|policies|tests|docs|docker|examples|requirements|benchmarks"
    for mention in re.findall(rf"`((?:\.ci|{folders})/[^`<>*{{}}\s]*)`", page.read_text("utf-8")):
        found = (ROOT / mention).exists() or "NAME" in mention or "NNNN" in mention
        assert found, mention


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_codes_are_in_the_catalogue(page):
    known = set(re.findall(r"^### (\S+)", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE))
    told = set(re.findall(r"\b(?:GW|PF|CR|CN)-\d{3,4}\b", page.read_text("utf-8")))
    assert told <= known


def test_settings_of_the_operators_page_exist():
    import tomllib

    text = (ROOT / "docs/operator_guide.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    assert all(tomllib.loads(toml) for toml in blocks)
    known = {key for key, _, _ in keys_of_tree()} | set(Portal.model_fields)
    sections = {key.partition(".")[0] for key in known}
    for mention in re.findall(r"`(\w+\.\w+)`", text):
        if mention.partition(".")[0] in sections:
            assert mention in known, mention


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_fits_on_a_screen_and_says_what_keeps_it(page):
    text = page.read_text("utf-8")
    assert re.match(rf"# {page.name[:4]} \S", text)
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == list(PARTS)
    assert len(text.splitlines()) <= ONE_SCREEN
    decision = text.partition("**Decision.** ")[2].partition("\n\n")[0]
    assert decision.endswith(".")
    check = text.partition("**Check.** ")[2]
    assert re.search(r"`[^`]+`|import-linter", check)


def test_the_list_of_decisions_is_whole():
    listed = re.findall(r"\((0\d{3}-[\w-]+\.md)\) \| (.+) \|", (ROOT / "docs/decisions/README.md").read_text("utf-8"))
    assert listed == [(page.name, page.read_text("utf-8").splitlines()[0][7:]) for page in DECISIONS]


def test_numbers_of_decisions_run_without_a_gap():
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_whose_work_is_in_here_is_said():
    text = (ROOT / "docs/licences.md").read_text("utf-8")
    assert "Copyright (c) 2021 Thang Le Quoc" in text
    assert "The above copyright notice and this permission notice shall be included" in text.replace("\n> ", " ")
    font = ROOT / "gateway/pages/layout/static/source-sans-3-LICENSE.txt"
    assert "SIL OPEN FONT LICENSE Version 1.1" in font.read_text("utf-8")
