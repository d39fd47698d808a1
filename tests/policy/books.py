"""Books and questions for the policy tests."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gateway.policy.bundle import BUILT_IN, Book, PolicyBundle, read_book
from gateway.policy.decide import PortalFacts, ReleaseRequest
from gateway.policy.document import Text
from gateway.policy.procedure import Fill, FormField, FormPaper, LegalText, Procedure
from gateway.vocabulary.purpose import BASES, RELATIONS

PRACTICE = BUILT_IN / "cases/practice"
CT01 = "1.004222"


@cache
def served() -> PolicyBundle:
    """The built-in bundle."""
    return PolicyBundle.load()


@cache
def rehearsed() -> Book:
    """The built-in book with the practice procedures."""
    return read_book([BUILT_IN, PRACTICE])


def question(**changes: Any) -> ReleaseRequest:
    """A request that is permitted, with changes."""
    facts: dict[str, Any] = {
        "portal": PortalFacts(client_id="portal", procedures=frozenset({CT01})),
        "procedure": CT01,
        "attributes": frozenset({"full_name"}),
        "level": 2,
        "basis": "law",
        "consent": False,
        "relation": "self",
    }
    return ReleaseRequest(**(facts | changes))


def copy_of_the_book(folder: Path, edits: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """Copy the built-in book into `folder`; `edits` replaces a text in a file: {path: (before, after)}."""
    for path in BUILT_IN.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(BUILT_IN)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for name, (before, after) in (edits or {}).items():
        text = (folder / name).read_text(encoding="utf-8")
        assert before in text, f"{name} does not hold {before}"
        (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder


def _words() -> Text:
    return Text(vi="chữ", en="words")


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    """Any procedure over the real catalogue: some fields in some blocks, filled for some relations."""
    attributes = served().attributes
    names = draw(st.lists(st.sampled_from(sorted(attributes)), min_size=1, max_size=10, unique=True))
    fields = []
    for name in names:
        attribute = attributes[name]
        relations = draw(st.lists(st.sampled_from(RELATIONS), min_size=1, unique=True))
        fill = Fill(source=attribute.sources[0], attribute=name, relations=tuple(relations))
        block = draw(st.sampled_from(["one", "two", "three"]))
        fields.append(
            FormField(
                id=f"{block}.{name}",
                item="1",
                label=_words(),
                type=attribute.type,
                required=False,
                lock="confirm",
                fill=(fill,),
                by_hand=_words(),
            )
        )
    return Procedure(
        code=draw(st.sampled_from(["9.000001", "9.000002", CT01])),
        title=_words(),
        agency=_words(),
        purpose=_words(),
        kept_for=_words(),
        basis=draw(st.sampled_from(BASES)),
        minimum_level=draw(st.sampled_from([1, 2])),
        form=FormPaper(name="F", version="2026-01-01", read="unverified"),
        legal_basis=(LegalText(vi='luật "thử" \\ một', en='a "law" \\ to try', read="unverified"),),
        fields=tuple(fields),
    )


def requests_about(codes: list[str]) -> st.SearchStrategy[ReleaseRequest]:
    """Any request, absent facts and words that nobody knows included."""
    names = [*sorted(served().attributes), "full_nome", "FULL_NAME", ""]
    some_names = st.frozensets(st.sampled_from(names))
    portals = st.builds(
        PortalFacts,
        client_id=st.sampled_from(["portal", 'q"uote', "dòng\nmới", ""]),
        procedures=st.frozensets(st.sampled_from([*codes, "7.777777"])),
        attributes=st.none() | some_names,
    )
    return st.builds(
        ReleaseRequest,
        portal=portals,
        procedure=st.sampled_from([*codes, "8.888888"]),
        attributes=some_names,
        level=st.sampled_from([None, -1, 0, 1, 2, 3]),
        basis=st.sampled_from([None, *BASES, "because", ""]),
        consent=st.sampled_from([None, True, False]),
        relation=st.sampled_from([None, *RELATIONS, "neighbour"]),
    )
