"""The slip for correcting entries: fields are chosen, the slip is read, printed or taken along as a PDF.

It holds no value of anybody, so nobody signs in for it; which fields somebody questions is their own business and is
posted, never part of an address. The lines for a name and for what is right are left to the person's pen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from gateway.openid_provider.screens import Page
from gateway.pages.layout.frame import Layout
from gateway.pages.layout.sheet import Sheet
from gateway.pages.layout.words import VIETNAM, Words
from gateway.policy.bundle import PolicyBundle
from gateway.policy.correction import Channel, QuestionedField, channels_for, correctable
from gateway.policy.procedure import Procedure
from gateway.vocabulary.clock import Clock

FIELD = "field."
"""What the name of a field's box begins with; the field's id follows."""
ATTRIBUTE = "attribute."
"""The same for whoever knows an attribute only: every field it may fill is meant."""

_REFERENCE = re.compile(r"(?:pf|rc|rf)_([0-9a-f]{12})[0-9a-f]{32}")
_TEMPLATE = "public/slip.html"


@dataclass(frozen=True, slots=True)
class Reference:
    """The number of a form or of a receipt that shows when it was made."""

    number: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a slip says. `reference` is the form or receipt it came from, `made_at` when it was made."""

    procedure: Procedure
    channels: tuple[Channel, ...]
    reference: Reference | None
    made_at: datetime


class SlipDesk:
    """Makes slips from the policy book. `address` is where they are asked for, without the procedure."""

    def __init__(self, policy: PolicyBundle, layout: Layout, clock: Clock, address: str) -> None:
        self._policy = policy
        self._layout = layout
        self._clock = clock
        self._address = address

    def procedure(self, code: str) -> Procedure | None:
        """Return the procedure; None for a code that does not exist."""
        return self._policy.procedures.get(code)

    def show(
        self, procedure: Procedure, given: Mapping[str, str], language: str, *, busy: bool = False, status: int = 200
    ) -> Page:
        """Return the page: the boxes alone, or above them the slip for those that are ticked. `busy` tells that no PDF
        is made just now."""
        fields = correctable(self._policy, procedure)
        chosen = chosen_fields(fields, given)
        slip = self._slip(procedure, chosen, given)
        words = self._layout.words(_TEMPLATE, language)
        return self._layout.render(
            _TEMPLATE,
            language,
            status=status,
            has_form=True,
            switch_form="choice",
            procedure=procedure,
            fields=fields,
            chosen=chosen,
            slip=slip if chosen else None,
            form_day=_form_day(procedure),
            reference=slip.reference,
            reference_said="" if slip.reference is None else reference_words(slip.reference, words),
            made_on=slip.made_at.astimezone(VIETNAM).date(),
            busy=busy,
            pressed="as" in given,
            action=f"{self._address}/{procedure.code}",
        )

    def print(self, procedure: Procedure, given: Mapping[str, str], language: str) -> Page | None:
        """Return the slip as a PDF on A4; None when no field was chosen."""
        chosen = chosen_fields(correctable(self._policy, procedure), given)
        if not chosen:
            return None
        words = self._layout.words(_TEMPLATE, language)
        name = f"phieu-chinh-sua-{procedure.code}.pdf" if language == "vi" else f"correction-{procedure.code}.pdf"
        headers = {
            "content-type": "application/pdf",
            "content-language": language,
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return Page(draw(self._slip(procedure, chosen, given), words), 200, headers)

    def _slip(self, procedure: Procedure, chosen: frozenset[str], given: Mapping[str, str]) -> Slip:
        return Slip(
            procedure=procedure,
            channels=channels_for(self._policy, procedure, chosen),
            reference=reference_of(given),
            made_at=self._clock.now(),
        )


def chosen_fields(fields: tuple[QuestionedField, ...], given: Mapping[str, str]) -> frozenset[str]:
    """Return the ids of the fields that were ticked, by name or by attribute; unknown names are passed over."""
    return frozenset(
        field.id
        for field in fields
        if FIELD + field.id in given or any(ATTRIBUTE + attribute in given for attribute in field.attributes)
    )


def reference_of(given: Mapping[str, str]) -> Reference | None:
    """Return the number of the form or receipt that was posted: only what looks like one of ours, since it is printed
    on a paper that an office reads."""
    number = given.get("reference", "")
    found = _REFERENCE.fullmatch(number)
    if found is None:
        return None
    try:
        return Reference(number, datetime.fromtimestamp(int(found[1], 16) / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None  # no such year: not a number that was ever made


def draw(slip: Slip, words: Words) -> bytes:
    """Return the slip as a PDF."""
    say, procedure = words.plain, slip.procedure
    sheet = Sheet(str(words("heading")), language=words.language, made_at=slip.made_at)
    sheet.head(str(words("heading")))
    sheet.row(str(words("procedure")), f"{say(procedure.title.wire())} ({procedure.code})")
    sheet.row(str(words("form")), form_words(slip, words))
    if slip.reference is not None:
        sheet.row(str(words("reference")), reference_words(slip.reference, words))
    sheet.row(str(words("made")), words.day(slip.made_at.astimezone(VIETNAM).date()))
    for key in ("own_name", "own_number", "own_phone"):
        sheet.blank(str(words(key)))
    for number, channel in enumerate(slip.channels, 1):
        sheet.section(f"{number}. {words('questioned')}")
        for field in channel.fields:
            sheet.row(_label(field, words), "; ".join(_register(field, words)))
            sheet.blank(str(words("right")))
        sheet.row(str(words("where")), say(channel.where))
        sheet.row(str(words("online")), channel.url)
        for key, told in (("phone", channel.phone), ("offices", channel.offices)):
            if told:
                sheet.row(str(words(key)), told)
        if channel.papers:
            sheet.row(str(words("papers")), "; ".join(say(paper) for paper in channel.papers))
    sheet.section(str(words("sign")))
    sheet.blank(str(words("sign_day")))
    sheet.line(str(words("no_values")))
    return sheet.octets()


def form_words(slip: Slip, words: Words) -> str:
    """Return which printed form it is about: its number and the date of its version."""
    paper = slip.procedure.form
    return str(words("form_version", name=paper.name, day=words.day(_form_day(slip.procedure))))


def _form_day(procedure: Procedure) -> date:
    return date.fromisoformat(procedure.form.version)


def reference_words(reference: Reference, words: Words) -> str:
    """Return a reference with the time it was made at."""
    return f"{reference.number} ({words.moment(reference.at)})"


def _label(field: QuestionedField, words: Words) -> str:
    label = words.plain(field.label)
    return label if field.item is None else f"{label} ({words('item', number=field.item)})"


def _register(field: QuestionedField, words: Words) -> list[str]:
    keeper = str(words("keeper"))
    return [f"{words.plain(one.label)}; {keeper} {words.plain(one.keeper)}" for one in field.registers]
