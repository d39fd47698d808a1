"""The mutation machine: submitted forms that were changed, and such that only look different.

Run it alone with `python -m tests.prefill.mutations COUNT [SEED]`; the seed is printed.
"""

import asyncio
import random
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.vocabulary.canonical import canonical_bytes
from tests.prefill.lab import Lab, open_lab, values_of

PEOPLE = (1, 2, 3, 6, 7, 8, 10, 11, 12)
LOOK_ALIKES = str.maketrans("AaBCcEeHKMOoPpTXxyi", "АаВСсЕеНКМОоРрТХхуі")
TONES = "\u0300\u0301\u0303\u0309\u0323"
MARKS = "\u0302\u0306\u031b"
DATES, NUMBERS, ADDRESSES = (
    ("applicant.birth_date",),
    ("applicant.personal_number",),
    ("applicant.permanent_residence",),
)
NAMES = ("applicant.full_name", "head.full_name")

Values = dict[str, Any]
Mutation = Callable[[Values, random.Random], "tuple[str, Values] | None"]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a portal posts, and what must not (`caught`) or must (`innocent`) be said of it."""

    kind: str
    field: str | None
    values: Values


def _put(values: Values, field: str, value: Any) -> "tuple[str, Values] | None":
    return None if value == values[field] else (field, {**values, field: value})


def one_letter(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    field = chance.choice([name for name in NAMES if name in values])
    text = values[field]
    place = chance.randrange(len(text))
    letter = chance.choice([one for one in "ABCDEGHIKLMNOPQRSTUVXY" if one != text[place]])
    return _put(values, field, text[:place] + chance.choice([letter, ""]) + text[place + 1 :].lstrip(" "))


def _swap_mark(values: Values, chance: random.Random, marks: str) -> "tuple[str, Values] | None":
    field = chance.choice([name for name in NAMES if name in values])
    letters = list(unicodedata.normalize("NFD", values[field]))
    places = [place for place, letter in enumerate(letters) if letter in marks]
    if not places:
        return None
    place = chance.choice(places)
    letters[place] = chance.choice(["", *(mark for mark in marks if mark != letters[place])])
    return _put(values, field, unicodedata.normalize("NFC", "".join(letters)))


def one_tone(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    return _swap_mark(values, chance, TONES)


def one_diacritic(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    return _swap_mark(values, chance, MARKS)


def one_digit(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    number = values[NUMBERS[0]]
    place = chance.randrange(len(number))
    digit = chance.choice([one for one in "0123456789" if one != number[place]])
    return _put(values, NUMBERS[0], number[:place] + digit + number[place + 1 :])


def day_and_month_swapped(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    parts = values[DATES[0]].split("-")
    if len(parts) != 3 or parts[1] == parts[2]:
        return None
    return _put(values, DATES[0], f"{parts[1]}/{parts[2]}/{parts[0]}")


def year_or_first_of_january(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    parts = values[DATES[0]].split("-")
    invented = chance.choice([f"{parts[0]}-01-01", f"01/01/{parts[0]}"]) if len(parts) == 1 else parts[0]
    return _put(values, DATES[0], invented)


def other_scheme(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    address = values[ADDRESSES[0]]
    scheme = {"pre2025": "post2025", "post2025": "pre2025"}[address["scheme"]]
    return _put(values, ADDRESSES[0], {**address, "scheme": scheme})


def other_commune_name(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    address = values[ADDRESSES[0]]
    commune = {**address["commune"], "name": address["commune"]["name"] + " 2"}
    return _put(values, ADDRESSES[0], {**address, "commune": commune})


def invented_member(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    address = values[ADDRESSES[0]]
    place = chance.choice([None, "province", "commune"])
    changed = {**address, "hamlet": "2"} if place is None else {**address, place: {**address[place], "kind": "2"}}
    return _put(values, ADDRESSES[0], changed)


def moved_value(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    source, target = chance.sample(sorted(values), 2)
    return _put(values, target, values[source])


def look_alike(values: Values, chance: random.Random) -> "tuple[str, Values] | None":
    field = chance.choice([name for name in NAMES if name in values])
    text = values[field]
    places = [place for place, letter in enumerate(text) if letter.translate(LOOK_ALIKES) != letter]
    if not places:
        return None
    place = chance.choice(places)
    return _put(values, field, text[:place] + text[place].translate(LOOK_ALIKES) + text[place + 1 :])


GUILTY: tuple[Mutation, ...] = (
    one_letter,
    one_tone,
    one_diacritic,
    one_digit,
    day_and_month_swapped,
    year_or_first_of_january,
    other_scheme,
    other_commune_name,
    invented_member,
    moved_value,
    look_alike,
)
FALSE_MANIFESTS = ("other_person", "other_procedure", "other_portal", "expired", "retired_key", "tampered")


def innocent(values: Values, chance: random.Random) -> Values:
    """Return the same values in other notations: NFC/NFD, spaces, another way to write a date, a grouped number."""
    form = chance.choice(["NFC", "NFD"])
    changed = dict(values)
    for field in NAMES:
        if field in changed:
            words = unicodedata.normalize(form, changed[field]).split(" ")
            changed[field] = chance.choice(["", " ", "\n"]) + chance.choice([" ", "  ", "\u00a0"]).join(words)
    year, *rest = changed[DATES[0]].split("-")
    if len(rest) == 2:
        month, day = rest
        changed[DATES[0]] = chance.choice(
            [f"{day}/{month}/{year}", f"{int(day)}-{int(month)}-{year}", f"{int(day)}.{month}.{year}"]
        )
    number = changed[NUMBERS[0]]
    gap = chance.choice([" ", ".", "\u200b"])
    changed[NUMBERS[0]] = gap.join([number[:3], number[3:6], number[6:9], number[9:]])
    address = changed[ADDRESSES[0]]
    changed[ADDRESSES[0]] = {**address, "detail": unicodedata.normalize(form, f" {address['detail']}  ")}
    return changed


def submissions(values: Values, chance: random.Random) -> Iterator[Submission]:
    """Yield changed submissions of a form for ever."""
    while True:
        mutate = chance.choice(GUILTY)
        changed = mutate(values, chance)
        if changed is not None and _differs(values, changed):
            yield Submission(mutate.__name__, *changed)


def _differs(values: Values, changed: tuple[str, Values]) -> bool:
    """Tell whether the mutation made another value; two relatives may bear one name, and some swaps do nothing."""
    field, after = changed
    kind = {"applicant.birth_date": "date", "applicant.personal_number": "number"}.get(field, "text")
    if isinstance(values[field], dict) or isinstance(after[field], dict):
        return bool(values[field] != after[field])
    try:
        return canonical_bytes(kind, values[field]) != canonical_bytes(kind, after[field])
    except ValueError:
        return True


async def run_mutations(lab: Lab, count: int, seed: int) -> Counter[str]:
    """Post `count` changed submissions and as many harmless ones; return how many of each kind were caught.

    Raises AssertionError at the first that was missed, or accused without cause.
    """
    chance = random.Random(seed)
    caught: Counter[str] = Counter()
    while sum(caught.values()) < count:
        index = chance.choice(PEOPLE)
        bearer = await lab.sign_in(index, citizen=replace(lab.bearer(index).citizen, account_level=2))
        form = await lab.fill(bearer)
        values = values_of(form)
        stream = submissions(values, chance)
        for _ in range(18):
            submission = next(stream)
            answer = await lab.verify(bearer, form["manifest"], submission.values)
            assert answer["fields"][submission.field] != "intact", (submission.kind, seed)
            caught[submission.kind] += 1
            harmless = await lab.verify(bearer, form["manifest"], innocent(values, chance))
            assert set(harmless["fields"].values()) == {"intact"}, (harmless["fields"], seed)
        kind = chance.choice(FALSE_MANIFESTS)
        assert await _refused(kind, lab, form, values, index, chance), (kind, seed)
        caught[kind] += 1
    return caught


async def _refused(
    kind: str, lab: Lab, form: dict[str, Any], values: Values, index: int, chance: random.Random
) -> bool:
    """Submit against a manifest that is not this form's; true when nothing of it passes as this form."""
    bearer = lab.bearer(index)
    if kind == "other_person":
        other = chance.choice([one for one in PEOPLE if one != index])
        signed_in = await lab.sign_in(other, citizen=replace(lab.bearer(other).citizen, account_level=2))
        theirs = await lab.fill(signed_in)
        answer = await lab.verify(bearer, theirs["manifest"], values)
        return bool(answer["fields"]["applicant.personal_number"] == "changed")
    if kind == "other_procedure":
        answer = await lab.verify(bearer, form["manifest"], values, procedure="1.004194")
    elif kind == "other_portal":
        answer = await lab.verify(replace(bearer, client_id="portal-b"), form["manifest"], values)
    elif kind == "tampered":
        head, body, tail = form["manifest"].split(".")
        place = chance.randrange(len(body))
        letter = chance.choice([one for one in "ABCDEFGHabcdefgh01234567" if one != body[place]])
        answer = await lab.verify(bearer, f"{head}.{body[:place]}{letter}{body[place + 1 :]}.{tail}", values)
    else:
        answer = await _with_another_ring(kind, lab, form, values, index)
    return answer["manifest"] != "valid" and set(answer["fields"].values()) == {"unknown"}


async def _with_another_ring(kind: str, lab: Lab, form: dict[str, Any], values: Values, index: int) -> dict[str, Any]:
    if kind == "expired":
        lab.clock.move(timedelta(days=31))
        try:
            return await lab.verify(lab.bearer(index), form["manifest"], values)
        finally:
            lab.clock.move(-timedelta(days=31))
    now = lab.clock.now()
    signer = next(key for key in lab.keys.listed() if key.alg == "ES256" and str(key.state(now)) == "active")
    await lab.keys.rotate("ES256", now, force=True)
    await lab.keys.retire(signer.kid, now, force=True)
    return await lab.verify(lab.bearer(index), form["manifest"], values)


async def _main(count: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_lab(Path(folder)) as lab:
            caught = await run_mutations(lab, count, seed)
    sys.stdout.write(f"seed {seed}: {sum(caught.values())} mutations, all caught: {dict(sorted(caught.items()))}\n")


if __name__ == "__main__":
    _count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    asyncio.run(_main(_count, int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)))
