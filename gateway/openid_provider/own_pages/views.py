"""What the own pages show: values, no HTML and no value of an attribute. Addresses hold nothing personal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from gateway.consent.misuse_report import ReportState
from gateway.consent.record import State
from gateway.vocabulary.collation import Key, collation_key

Text = Mapping[str, str]
Tab = Literal["record", "usage", "connections", "notices", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFrame:
    """What every own page carries. `here` shows the same page again by GET; every form posts `csrf`; `ends_at` is when
    the person has to sign in anew; `undone` tells that what they pressed before was not done. `home` is the address
    that the tabs stand under."""

    tab: Tab
    home: str
    here: str
    csrf: str
    ends_at: datetime
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPortal:
    """A portal (or these pages) as people know it: the key forms post, its name, the agency behind it."""

    key: str
    name: Text
    agency: Text


def by_name(portal: NamedPortal) -> tuple[Key, str]:
    """Return the key that puts portals into the order of their Vietnamese names."""
    return collation_key(portal.name.get("vi") or next(iter(portal.name.values()), "")), portal.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An officer's agency: the code their account carries and what it is called; without a name only the code."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One entry of “who used my data”: `by` acted (None: the gateway itself or the person), `officer` is the reference
    of a member of staff who did it (for files, never shown), `officer_name` their name at that time (empty when none is
    known) and `office` their agency, `words` say what happened after that name, `claimed` tells that whoever acted was
    not shown to represent the person, `items` are the labels of what was told
    or asked, `missing` those that were asked in vain with the reason's word, `outcome` is the code of the event and
    `outcome_words` what it says, `reason` says why somebody was refused; `proof` is where the proof of inclusion is
    fetched. `doubtful` are the attributes that were in conflict or out of date, as the correction slip's form names
    them."""

    receipt: str
    at: datetime
    part: str
    by: NamedPortal | None
    words: Text
    officer: str | None
    officer_name: str = ""
    office: Office | None = None
    by_other: bool
    claimed: bool = False
    title: Text | None
    procedure: str | None
    dossier: str | None
    items: tuple[Text, ...]
    missing: tuple[tuple[Text, str], ...]
    basis: str | None
    laws: tuple[Text, ...]
    rules: tuple[Text, ...]
    outcome: str
    outcome_words: Text
    reason: Text | None
    proof: str
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MyRecord:
    """“My data”: who the gateway takes the person for, as (label, masked, full); `account_level` 1, 2 or None."""

    frame: OwnFrame
    person: tuple[tuple[Text, str, str], ...]
    account_level: int | None
    provider: Text
    signed_in_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyUsage:
    """“Who used my data”, newest first. `years` are those there can be entries of, `year` the one chosen or None;
    `newer` and `older` lead to the pages beside this one; `cut` tells that older entries are in the export only."""

    frame: OwnFrame
    uses: tuple[Use, ...]
    count: int
    year: int | None
    years: tuple[int, ...]
    newer: str | None
    older: str | None
    cut: bool
    since: date
    exports: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A portal with a living grant: since when, what it covers in words, when it was last used."""

    service: NamedPortal
    since: datetime
    covers: tuple[Text, ...]
    forms: tuple[Text, ...]
    dossiers: tuple[str, ...]
    last_used: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """A consent the person was asked for: to whom, for which form, as it stands, since when, and its own page, which
    has the receipt and the way to withdraw."""

    service: NamedPortal
    title: Text
    state: State
    at: datetime
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MyConnections:
    """“My connections”, the consents given and refused, and the portals that are blocked, with when."""

    frame: OwnFrame
    connections: tuple[Connection, ...]
    consents: tuple[ConsentRow, ...] = ()
    blocked: tuple[tuple[NamedPortal, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A sign-in the person is told of: `rule` `suspicious` or `otherwise`."""

    key: str
    at: datetime
    service: NamedPortal
    provider: Text
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAct:
    """What was done about a report: `who` is the name of the member of staff at that time, empty when none is known,
    `text` the answer."""

    state: ReportState
    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A report of the person: where it stands, the last day for its answer until there is one, what was done."""

    number: str
    at: datetime
    concern: str
    service: NamedPortal | None
    blocked: bool
    state: ReportState = "received"
    due: date | None = None
    acts: tuple[ReportAct, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MyNotices:
    """“Alerts”: sign-ins, reports, and whether this browser is trusted (`browsers` counts those that are). `sent` tells
    that alerts are sent to the person as well."""

    frame: OwnFrame
    notices: tuple[NoticeRow, ...]
    reports: tuple[ReportRow, ...]
    trusted: bool
    browsers: int
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseForm:
    """Asks what was wrong. Posts `csrf`, `once`, `shown` (whom the form was shown to), `concern`, `about`, `portal` and
    `block` to `action`; `use` is the entry it is about, `services` are offered when it is about none. Nothing is chosen
    for the person: `unanswered` says that it was sent without `concern`; `chosen` and `block` are what they had picked
    and ticked before it came back."""

    frame: OwnFrame
    action: str
    once: str
    shown: str
    use: Use | None
    service: NamedPortal | None
    services: tuple[NamedPortal, ...]
    concerns: tuple[str, ...]
    unanswered: bool = False
    chosen: str | None = None
    block: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseDone:
    """The number of a report. `frame` is None when every session ended with it: `again` leads to a new sign-in."""

    frame: OwnFrame | None
    report: ReportRow
    receipt: str
    again: str


OwnView = MyRecord | MyUsage | MyConnections | MyNotices | MisuseForm | MisuseDone
