"""Is it this person? A claim against the records that came back, and the different noes by name.

Source: design.md §5. A population lookup does not say whether a person is absent or their data differ, and does
not say that somebody died; so `deceased` comes only from records that know (civil status, an account's state).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.assurance import spelling
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key
from gateway.vocabulary.provenance import Refused, Unavailable

NameOutcome = Literal["exact", "normalised", "candidate", "different"]
Verdict = Literal["matched", "no_match", "mismatched", "ambiguous", "deceased", "unavailable"]

# A name printed without marks or spaces says less than the claim and contradicts nothing of it.
_SAYS_LESS = frozenset({spelling.WITHOUT_MARKS, "joined_words"})


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How two names compare; `rules` are those without which they would not be equal, in the order they apply."""

    outcome: NameOutcome
    rules: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the two are one name."""
        return self.outcome in {"exact", "normalised"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who somebody is said to be. `number` is 12 digits or an old one of 9, `sex` `male`, `female` or `other`."""

    full_name: str
    number: str | None = None
    birth_date: PartialDate | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRecord:
    """What a register says of one person; `deceased` only where the register knows."""

    full_name: str
    personal_number: str | None = None
    old_number: str | None = None
    birth_date: PartialDate | None = None
    sex: str | None = None
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """The verdict; `contradictions` names what the record says otherwise, `name` how the names compare."""

    verdict: Verdict
    name: NameMatch | None = None
    contradictions: tuple[Literal["full_name", "sex"], ...] = ()


def match_name(a: str, b: str) -> NameMatch:
    """Compare two spellings of a name; symmetric, and any name is exactly itself."""
    if a == b:
        return NameMatch("exact")
    equal = tuple(spelling.EQUAL)
    if spelling.apply(equal, a) == spelling.apply(equal, b):
        return NameMatch("normalised", _needed(equal, a, b))
    review = (*equal, *spelling.REVIEW)
    if spelling.apply(review, a) == spelling.apply(review, b):
        return NameMatch("candidate", _needed(review, a, b))
    one_is_plain = spelling.has_marks(a) != spelling.has_marks(b)
    if one_is_plain and spelling.bare(a) == spelling.bare(b):
        return NameMatch("candidate", (spelling.WITHOUT_MARKS,))
    return NameMatch("different")


def match_person(claimed: Claim, records: Sequence[RegisterRecord] | Unavailable) -> PersonMatch:
    """Judge the records that came back for a claim; an empty sequence is `no_match`.

    Several records are ambiguous unless the claim's number picks one. A name in a spelling that needs a person's
    eye (i/y) is ambiguous too: nobody is linked by a guess.
    """
    if isinstance(records, Unavailable):
        return PersonMatch("unavailable")
    if not records:
        return PersonMatch("no_match")
    numbered = [record for record in records if claimed.number and _bears(record, claimed.number)]
    if len(numbered) != 1 and len(records) > 1:
        return PersonMatch("ambiguous")
    return _judge(claimed, numbered[0] if numbered else records[0])


def match_verification(told: bool | Refused | Unavailable) -> PersonMatch:
    """Judge what a register said that only verifies: it holds this person just so, or it does not say why not.

    Nothing of a record was told, so nothing can contradict; a register that may not say leaves the question open.
    """
    match told:
        case True:
            return PersonMatch("matched")
        case False:
            return PersonMatch("no_match")
    return PersonMatch("unavailable")


def look_up(claimed: Claim, register: Sequence[RegisterRecord]) -> list[RegisterRecord]:
    """Return the records a register would give for a claim: number, name and birth date must all fit.

    Names are compared as registers do, without marks, so a record may come back whose name contradicts the claim.
    """
    return [record for record in register if _fits(claimed, record)]


def contradictions(claimed: Claim, record: RegisterRecord) -> tuple[Literal["full_name", "sex"], ...]:
    """Return what a record that came back says otherwise than the claim: its name with marks, its sex."""
    found: list[Literal["full_name", "sex"]] = []
    if not _alike(claimed.full_name, record.full_name):
        found.append("full_name")
    if claimed.sex and record.sex and claimed.sex != record.sex:
        found.append("sex")
    return tuple(found)


def _alike(a: str, b: str) -> bool:
    """Tell whether two names do not contradict each other; registers mostly differ by capitals, so that goes first."""
    if unicodedata.normalize("NFC", a).casefold() == unicodedata.normalize("NFC", b).casefold():
        return True
    return match_name(a, b).outcome != "different"


def _judge(claimed: Claim, record: RegisterRecord) -> PersonMatch:
    name = match_name(claimed.full_name, record.full_name)
    if against := contradictions(claimed, record):
        return PersonMatch("mismatched", name, against)
    if record.deceased:
        return PersonMatch("deceased", name)
    undecided = not name.same and not (claimed.number and set(name.rules) <= _SAYS_LESS)
    # A name alone is borne by many: without a number or a birth date one record proves nothing.
    nameless = claimed.number is None and claimed.birth_date is None
    return PersonMatch("ambiguous" if undecided or nameless else "matched", name)


def _fits(claimed: Claim, record: RegisterRecord) -> bool:
    if claimed.number and not _bears(record, claimed.number):
        return False
    if claimed.birth_date and record.birth_date and not claimed.birth_date.agrees_with(record.birth_date):
        return False
    same_key = name_key(claimed.full_name) == name_key(record.full_name)
    return same_key or match_name(claimed.full_name, record.full_name).outcome != "different"


def _bears(record: RegisterRecord, number: str) -> bool:
    return number in {record.personal_number, record.old_number}


def _needed(rules: Sequence[str], a: str, b: str) -> tuple[str, ...]:
    """Return the rules that cannot be left out; where two do the same work, the first one that does it."""
    kept = list(rules)
    for rule in reversed(rules):
        fewer = [one for one in kept if one != rule]
        if spelling.apply(fewer, a) == spelling.apply(fewer, b):
            kept = fewer
    return tuple(kept)
