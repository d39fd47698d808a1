"""`docs/architecture.md` tells of this code: files exist, names are defined where it says, the spines hold."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text("utf-8")
LONGEST_SPINE = 5
MENTIONED = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
_ROW = re.compile(r"^\| (\d) \| `([^`]+)` \| `([^`]+)` \| (.*) \|$", re.MULTILINE)
_NOT_CODE = {
    "code=gc_…": "what a portal sends",
    '{"procedure": …}': "what a portal sends",
    "UPDATE … WHERE state = 'active'": "shortened SQL",
    "replay": "an outcome's value",
    "subject_ref": "a member of an event",
}


@cache
def tree_of(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


@cache
def names_of(path: str) -> frozenset[str]:
    """Return what a file defines: functions, classes, methods as `Class.method`, constants, class members."""
    found: set[str] = set()

    def visit(node: ast.AST, prefix: str = "") -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.update({child.name, f"{prefix}{child.name}"})
                if isinstance(child, ast.ClassDef):
                    visit(child, f"{child.name}.")
            elif isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found.update({target.id, f"{prefix}{target.id}"})

    visit(tree_of(path))
    return frozenset(found)


def calls_in(path: str) -> set[str]:
    """Return the last part of everything a file calls or hands over to be called."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            function = node.func
            found.add(function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""))
    return found


@cache
def every_name() -> frozenset[str]:
    files = [path for folder in ("gateway", "connectors") for path in (ROOT / folder).rglob("*.py")]
    return frozenset(name for path in files for name in names_of(str(path.relative_to(ROOT))))


@cache
def every_file_name() -> frozenset[str]:
    return frozenset(path.name for folder in ("gateway", "connectors") for path in (ROOT / folder).rglob("*.*"))


def is_real(mention: str) -> bool:
    """Tell whether something in code font exists: a path, a file's name, a command, an address, a name."""
    if mention in _NOT_CODE:
        return True
    if mention.startswith(("gate06 ", "make ")):
        return True  # tests/docs/test_commands.py runs them
    if mention.startswith("/"):
        from gateway.application.openapi import describe

        return mention in describe("http://127.0.0.1")["paths"]
    if "/" in mention:
        return (ROOT / mention).exists()
    return mention in every_name() or mention in every_file_name() or (ROOT / mention).exists()


@pytest.mark.parametrize("mention", MENTIONED)
def test_whatever_stands_in_code_font_exists(mention):
    assert is_real(mention)


def walks() -> dict[str, list[tuple[str, str, str]]]:
    parts = re.split(r"^## (Walk \d: .+)$", TEXT, flags=re.MULTILINE)[1:]
    return {
        title: [(path, name, told) for _, path, name, told in _ROW.findall(body.partition("\n## ")[0])]
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("title", walks())
def test_a_spine_has_five_files_at_most_and_each_is_entered_from_one_before(title):
    spine = walks()[title]
    assert 1 < len(spine) <= LONGEST_SPINE
    assert len({path for path, _, _ in spine}) == len(spine)
    for position, (path, entry, told) in enumerate(spine):
        assert entry in names_of(path), f"{path} has no `{entry}`"
        if position:
            called = set().union(*(calls_in(before) for before, _, _ in spine[:position]))
            assert entry.rpartition(".")[2] in called, f"nothing before {path} calls `{entry}`"
        helpers = [name for name in re.findall(r"`(\w+)`", told) if name not in _NOT_CODE]
        known = names_of(path) | calls_in(path) | every_name()
        assert set(helpers) <= known


def test_all_floors_are_told():
    """The table names exactly the folders there are, from `cli` down to the connectors."""
    told = set(re.findall(r"`gateway/(\w+)`", TEXT.partition("## One road")[0]))
    there = {path.parent.name for path in (ROOT / "gateway").glob("*/__init__.py")}
    assert told == there
