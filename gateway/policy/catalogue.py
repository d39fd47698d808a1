"""The attribute catalogue: what a register may hold about a person, as data (`policies/attributes/*.toml`).

A new register with new attributes is a new file; nothing under `gateway/` changes.
"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.policy.document import Strict, Text
from gateway.vocabulary.correction import CorrectionStart, HttpsAddress, StartingPage, Telephone

ValueType = Literal["text", "number", "date", "address", "code", "phone", "email"]
MaskRule = Literal["name", "number", "date", "address", "phone", "email", "hidden", "shown"]


class Correction(Strict):
    """Where a citizen has a wrong value put right: one sentence, the page on which it begins, a telephone number, the
    list of offices, and the papers to bring. `read` says how far the page was checked (docs/law.md)."""

    vi: str
    en: str
    url: HttpsAddress
    phone: Telephone | None = None
    offices: StartingPage | None = None
    papers: tuple[Text, ...] = ()
    read: Literal["verified", "secondary", "unverified"] = "unverified"

    def starting_at(self, start: CorrectionStart | None) -> "Correction":
        """Return it as it begins in this province."""
        return self if start is None else self.model_copy(update=start.model_dump(exclude_none=True))

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {"vi": self.vi, "en": self.en, "url": self.url}


class Source(Strict):
    """Somebody who holds attributes: a register with a connector, or (`self_declared`) the person's own profile.
    `authority` keeps it: its file's, where it names none."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    self_declared: bool = False
    authority: Text | None = None


class AttributeEntry(Strict):
    """One attribute as its file writes it; `correction` names a channel of the same file; `may_represent` marks the
    number of somebody who may act for the person while they are a minor."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    type: ValueType
    mask: MaskRule
    sensitivity: Annotated[Literal["basic", "sensitive"], Field(alias="class")]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    correction: str
    authority: Text | None = None
    values: dict[str, Text] = {}
    may_represent: bool = False


class AttributeFile(Strict):
    """A file of the catalogue: sources, correction channels and attributes of one domain.

    `authority` answers for every attribute of the file that names none of its own.
    """

    domain: str
    authority: Text
    sources: tuple[Source, ...] = ()
    corrections: dict[str, Correction] = {}
    attributes: tuple[AttributeEntry, ...]


class Attribute(Strict):
    """An attribute of the catalogue with everything resolved. `values` gives the words of a code, where it has any."""

    id: str
    domain: str
    label: Text
    type: ValueType
    mask: MaskRule
    sensitivity: Literal["basic", "sensitive"]
    authority: Text
    sources: tuple[str, ...]
    self_declared: bool
    correction: Correction
    values: dict[str, Text] = {}
    may_represent: bool = False


def resolve_attributes(
    files: list[tuple[str, AttributeFile]],
) -> tuple[dict[str, Source], dict[str, Attribute], list[str]]:
    """Join catalogue files into sources and attributes by id; the third part lists what is wrong, as `file:key`."""
    problems: list[str] = []
    sources: dict[str, Source] = {}
    for name, file in files:
        for source in file.sources:
            if source.id in sources:
                problems.append(f"`{name}:sources` defines source `{source.id}` a second time")
            sources[source.id] = source.model_copy(update={"authority": source.authority or file.authority})
    attributes: dict[str, Attribute] = {}
    for name, file in files:
        for position, entry in enumerate(file.attributes):
            where = f"{name}:attributes[{position}]"
            found = _entry_problems(where, entry, file, sources)
            if entry.id in attributes:
                found.append(f"`{where}.id` defines attribute `{entry.id}` a second time")
            if not found:
                attributes[entry.id] = _resolve(entry, file, sources)
            problems += found
    return sources, attributes, problems


def _entry_problems(where: str, entry: AttributeEntry, file: AttributeFile, sources: dict[str, Source]) -> list[str]:
    problems = [f"`{where}.sources` names unknown source `{name}`" for name in entry.sources if name not in sources]
    if entry.correction not in file.corrections:
        problems.append(f"`{where}.correction` names unknown channel `{entry.correction}`")
    declared = {sources[name].self_declared for name in entry.sources if name in sources}
    if len(declared) > 1:
        problems.append(f"`{where}.sources` mixes a register with what people say of themselves")
    return problems


def _resolve(entry: AttributeEntry, file: AttributeFile, sources: dict[str, Source]) -> Attribute:
    return Attribute(
        id=entry.id,
        domain=file.domain,
        label=entry.label,
        type=entry.type,
        mask=entry.mask,
        sensitivity=entry.sensitivity,
        authority=entry.authority or file.authority,
        sources=entry.sources,
        self_declared=sources[entry.sources[0]].self_declared,
        correction=file.corrections[entry.correction],
        values=entry.values,
        may_represent=entry.may_represent,
    )
