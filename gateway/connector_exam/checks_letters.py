"""The checks of letters and names: nothing is lost, and the same name is the same name."""

from unicodedata import normalize

from gateway.connector_exam.checks_meaning import short
from gateway.connector_exam.finding import Fault
from gateway.connector_exam.influence import follow
from gateway.connector_exam.room import Room, found_in, no_sample
from gateway.connector_runtime.contract import Found
from gateway.connector_runtime.manifest_parts import FieldRow
from gateway.vocabulary.person_name import fold_name
from gateway.vocabulary.persona import persona

_LETTERS = ("Hoà Bình", "Hòa Bình", "Khoá Thuỷ", "H'Ƀil Niê Kđăm", "Đặng Ngọc Ước")


async def check_letters(room: Room) -> list[Fault]:
    """Every letter comes out as the source wrote it, in NFC; old and new tone marks are one name when compared."""
    faults = []
    case = await room.full_case()
    if case is None:
        return no_sample()
    for followed in await follow(room, case):
        row = room.candidate.manifest.fields[room.candidate.index_of(followed.attribute)]
        if row.type != "text":
            continue
        for text in _LETTERS:
            for form in ("NFC", "NFD"):
                told = await room.told(case, case.tree.put(followed.leaf, normalize(form, text)))
                outcome = told.outcomes.get(followed.attribute)
                if isinstance(outcome, Found) and not _keeps(str(outcome.value), text, row):
                    faults.append(
                        Fault(
                            what=f"`{followed.attribute}` made `{outcome.value}` of `{text}` ({form})",
                            where=room.candidate.place("fields", room.candidate.index_of(followed.attribute)),
                            fix="Hand the text on as it is; compare by key, never by what is shown.",
                        )
                    )
                    break
            else:
                continue
            break
    return faults + await _tone_marks(room)


async def check_names(room: Room) -> list[Fault]:
    """One-word names and names with an apostrophe or Ƀ can be asked about and come back whole."""
    faults = []
    case = await room.full_case()
    if case is None:
        return no_sample()
    usual = await room.baseline(case)
    for index in (2, 6):
        name = persona(index).full_name
        told = await room.told(case, case.sample.body, full_name=name)
        if told.error or (usual.calls and not told.calls):
            faults.append(
                Fault(
                    what=f"nobody called `{name}` can be asked about: {told.error or 'the question was not sent'}",
                    where=room.candidate.place("operations") if room.kind != "code" else "the written question",
                    fix="Write the name as it is or in a form of the guide; put no letters of it into a header.",
                )
            )
    for followed in await follow(room, case):
        if not followed.attribute.endswith("name"):
            continue
        for name in ("Sơn", "H'Ƀil Niê Kđăm"):
            told = await room.told(case, case.tree.put(followed.leaf, name))
            outcome = told.outcomes.get(followed.attribute)
            row = room.candidate.manifest.fields[room.candidate.index_of(followed.attribute)]
            whole = isinstance(outcome, Found) and _keeps(str(outcome.value), name, row)
            if not whole and not row.from_parts:
                came = outcome.value if isinstance(outcome, Found) else short(outcome)
                faults.append(
                    Fault(
                        what=f"`{followed.attribute}` made `{came}` of `{name}`",
                        where=room.candidate.place("fields", room.candidate.index_of(followed.attribute)),
                        fix="Use no transform on a name but the order of its parts and its spaces.",
                    )
                )
                break
    return faults


async def _tone_marks(room: Room) -> list[Fault]:
    """A name compared in the answer is the same name with its tone marks written the other way."""
    for case in room.cases():
        if not found_in(await room.baseline(case)):
            continue
        leaf = next(
            (one for one in case.tree.leaves() if fold_name(one.text) == fold_name(case.person.full_name)), None
        )
        if leaf is None:
            continue
        for text in (normalize("NFD", leaf.text), _other_tone(leaf.text)):
            told = await room.told(case, case.tree.put(leaf, text))
            if told.trouble is not None or told.error:
                return [
                    Fault(
                        what="the same name with its tone marks written the other way was taken for another person",
                        where=case.where,
                        fix="Compare names by key (`fold_name` of the vocabulary), never letter by letter.",
                    )
                ]
    return []


def _other_tone(text: str) -> str:
    changes = {"oà": "òa", "òa": "oà", "oá": "óa", "óa": "oá", "uỷ": "ủy", "ủy": "uỷ"}
    for old, new in changes.items():
        for one, two in ((old, new), (old.upper(), new.upper())):
            if one in text:
                return text.replace(one, two)
    return text


def _keeps(value: str, text: str, row: FieldRow) -> bool:
    """Tell whether a text came out whole, but for what its row declares; a name keeps its spaces and marks anyway."""
    transforms, is_name = row.transforms, row.to.endswith("name")
    wanted = normalize("NFC", text)
    if {"upper", "lower"} & set(transforms):
        value, wanted = value.casefold(), wanted.casefold()
    if "given_name_first" in transforms:
        return sorted(value.split()) == sorted(wanted.split())
    if "without_separators" in transforms and not is_name:
        return value.replace(" ", "") == wanted.replace(" ", "")
    return wanted in value if len(value) > len(wanted) else value == wanted
