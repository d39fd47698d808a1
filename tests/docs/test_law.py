"""No text names a law outside `docs/law.toml`, an article nobody read, or a law that was replaced; both languages name
the same."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LAW = tomllib.loads(Path("docs/law.toml").read_text("utf-8"))
INSTRUMENTS = {one["number"]: one for one in LAW["instruments"]}
REPLACED = {one["number"]: one for one in LAW["replaced"]}
SHORT = {number.rsplit("/", 1)[0]: number for number in {**REPLACED, **INSTRUMENTS}}
SIGNS = {"ND": "NĐ", "QD": "QĐ"}

_FULL = re.compile(r"(?<![\d/])(\d{1,4}/(?:19|20)\d{2})/(QH\d{2}|N[ĐD]-CP|Q[ĐD]-\w+|TT-\w+)")
_KINDS = "Law|Decree|Circular|Decision|Code|Luật|Nghị định|Thông tư|Quyết định"
_SHORT = re.compile(rf"(?:{_KINDS})(?: số)? (\d{{1,4}}/(?:19|20)\d{{2}})(?![\d/])")
_NAMED = re.compile(r"\b(?:Luật|Bộ luật|Nghị định|Thông tư)\b[^:;.,]*")
_ARTICLE = re.compile(
    r"(?:Điều|Articles?|Art\.|article[s]?) (\d+)(?:(?: đến Điều | to |-)(\d+))?(?: (?:and|và) (\d+))?"
)


def cited(text: str) -> list[tuple[str, str]]:
    """Return (number, what follows up to the end of the clause) of every legal text that a text names."""
    found = []
    for match in _FULL.finditer(text):
        sign = SIGNS.get(match[2][:2], match[2][:2]) + match[2][2:]
        found.append((match.start(), f"{match[1]}/{sign}", match.end()))
    found += [(match.start(), SHORT.get(match[1], match[1]), match.end()) for match in _SHORT.finditer(text)]
    found.sort()
    ends = [*(start for start, _, _ in found[1:]), len(text)][: len(found)]
    return [
        (number, re.split(r"[:;)\n]", text[end:stop], maxsplit=1)[0])
        for (_, number, end), stop in zip(found, ends, strict=True)
    ]


def articles(text: str) -> set[int]:
    """Return the numbers of the articles in a text, ranges written out."""
    found: set[int] = set()
    for first, last, other in _ARTICLE.findall(text):
        found |= set(range(int(first), int(last or first) + 1)) | ({int(other)} if other else set())
    return found


def complaints(text: str) -> list[str]:
    """Return what is wrong with the laws that a text names."""
    wrong = []
    for number, follows in cited(text):
        known = INSTRUMENTS.get(number)
        if number in REPLACED:
            wrong.append(f"{number} was replaced by {', '.join(REPLACED[number]['by'])}")
        elif known is None:
            wrong.append(f"{number} does not stand in docs/law.toml")
        elif known["since"] > LAW["as_of"]:
            wrong.append(f"{number} is not in force yet")
        elif beyond := articles(follows) - set(known.get("articles", ())):
            wrong.append(f"{number}: nobody read article {sorted(beyond)}")
    return wrong


def nameless(text: str) -> list[str]:
    """Return the laws that a Vietnamese text names without their number."""
    return [match[0] for match in _NAMED.finditer(text) if not re.search(r"\d+/\d{4}", match[0])]


def texts(value: Any) -> Iterator[str]:
    """Return every text of a TOML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)


def pairs(value: Any) -> Iterator[tuple[str, str]]:
    """Return every text that stands in both languages."""
    if isinstance(value, dict):
        if isinstance(value.get("vi"), str) and isinstance(value.get("en"), str):
            yield value["vi"], value["en"]
        for member in value.values():
            yield from pairs(member)
    elif isinstance(value, list):
        for member in value:
            yield from pairs(member)


def files(*patterns: str) -> list[Path]:
    return sorted(file for pattern in patterns for file in Path().glob(pattern))


TABLES = files("gateway/**/*.toml", "policies/**/*.toml", "connectors/**/*.toml", "examples/**/*.toml")
PROSE = files("gateway/**/*.py", "gateway/**/*.html", "connectors/**/*.py", "connectors/**/*.md", "policies/**/*.cedar")


@pytest.mark.parametrize("file", TABLES, ids=str)
def test_texts_people_read_name_laws_in_force_by_number_and_by_articles_that_were_read(file):
    table = tomllib.loads(file.read_text("utf-8"))
    wrong = [f"{said}: {text}" for text in texts(table) for said in complaints(text)]
    wrong += [f"no number: {said}" for text in texts(table) for said in nameless(text)]
    for vi, en in pairs(table):
        if [number for number, _ in cited(vi)] != [number for number, _ in cited(en)]:
            wrong.append(f"two languages name other laws: {vi} | {en}")
        if articles(vi) != articles(en):
            wrong.append(f"two languages name other articles: {vi} | {en}")
    assert wrong == []


def test_code_and_pages_name_laws_of_the_list_alone():
    wrong = [f"{file}: {said}" for file in PROSE for said in complaints(file.read_text("utf-8"))]
    assert wrong == []


@pytest.mark.parametrize("file", files("policies/procedures/*.toml", "connectors/*/manifest.toml"), ids=str)
def test_a_law_goes_by_its_proper_name(file):
    table = tomllib.loads(file.read_text("utf-8"))
    for text in texts([*table.get("legal_basis", []), table.get("legal", {}).get("basis", [])]):
        for number, _ in cited(text):
            names = INSTRUMENTS[number]["name"]
            assert re.search(rf"(?:{names['vi']} số|{names['en']}) {number.split('/')[0]}/", text), text


def test_the_list_is_whole_and_the_page_for_people_names_every_text_of_it():
    page = Path("docs/law.md").read_text("utf-8")
    for number, one in INSTRUMENTS.items():
        assert one["read"] in {"verified", "secondary", "unverified"}
        assert one["read"] == "verified" or "confirm" in one or one["read"] == "secondary", number
        assert number not in REPLACED
        assert number.rsplit("/", 1)[0] in page, number
    for one in REPLACED.values():
        assert set(one["by"]) <= set(INSTRUMENTS)
    for number, one in INSTRUMENTS.items():
        assert "confirm" not in one or one["confirm"] in page, number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nghị định số 13/2023/NĐ-CP: bảo vệ dữ liệu cá nhân", ["13/2023/NĐ-CP was replaced"]),
        ("Decree 107/2021/ND-CP: one-stop", ["107/2021/NĐ-CP was replaced"]),
        ("Decree 61/2018", ["61/2018/NĐ-CP was replaced"]),
        ("Luật số 99/2030/QH19", ["99/2030/QH19 does not stand"]),
        ("Luật Căn cước số 26/2023/QH15, Điều 9 đến Điều 13: dân cư", ["nobody read article [13]"]),
        ("Law on Identification 26/2023/QH15, Articles 10 and 40: use", ["nobody read article [40]"]),
        ("Luật Căn cước số 26/2023/QH15, Điều 10 và Điều 11: chia sẻ", []),
        ("ngày 01/07/2025, bản 12/05/1975", []),
    ],
)
def test_what_is_wrong_is_told(text, said):
    told = complaints(text)
    assert len(told) == len(said)
    assert all(wanted in one for wanted, one in zip(said, told, strict=True))


def test_a_law_without_its_number_is_told():
    assert nameless("Luật Bảo vệ dữ liệu cá nhân buộc mục đích phải rõ") != []
    assert nameless("Luật Căn cước số 26/2023/QH15, Điều 9; theo luật") == []
