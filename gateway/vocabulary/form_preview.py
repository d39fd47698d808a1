"""A form as it is asked for at sign-in and as the notice page shows it: values two folders of one floor share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.purpose import Relation
from gateway.vocabulary.representation import DeskOfficer
from gateway.vocabulary.store import Kind, RecordKey

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAsk:
    """A portal wants a form about `citizen`: the person who signed in, unless a `guardian` or an `officer` acts.
    `grant_id` is chosen before the grant exists, so that what the sources answer now serves the prefill that follows
    (`granted` tells that it does exist by now); `subject` is pairwise for the client and always who signed in.

    `portal_procedures` and `portal_attributes` are what the portal is registered for; None leaves the question of
    procedures to the caller, who has checked it, and sets no limit of attributes beyond the procedure's own.
    `consent_id` names the consent the grant rests on, where consent is the basis.
    """

    citizen: Citizen
    subject: str
    client_id: str
    procedure: str
    dossier: str | None
    grant_id: str
    granted: bool = True
    trace_id: str
    relation: Relation = "self"
    portal_procedures: frozenset[str] | None = None
    portal_attributes: frozenset[str] | None = None
    guardian: Citizen | None = None
    officer: DeskOfficer | None = None
    consent_id: str | None = None

    @property
    def level(self) -> int | None:
        """The account level of the person who acts."""
        if self.officer is not None:
            return self.officer.level
        return (self.guardian or self.citizen).account_level

    @property
    def organisation(self) -> Organisation | None:
        """The organisation the person who signed in represents, if any; an officer represents none."""
        return None if self.officer is not None else (self.guardian or self.citizen).organisation

    @property
    def unnamed(self) -> bool:
        """Whether an officer names the person by an old number alone: a register has to say who that is."""
        return self.officer is not None and self.citizen.personal_number is None and bool(self.citizen.old_number)

    @property
    def about(self) -> str | None:
        """Whom it is about when that is not the person who acts: the internal id; None for oneself."""
        return None if self.relation == "self" else self.citizen.id

    @property
    def acting(self) -> str | None:
        """Who acts for somebody else: a citizen's internal id or an officer's reference; None for oneself."""
        if self.officer is not None:
            return self.officer.reference
        return None if self.guardian is None else self.guardian.id


def kept_address(grant_id: str, procedure: str, about: str | None = None) -> RecordKey:
    """Return where what sources answered for a form is kept: with a grant, or with the consent of another party; apart
    for each person somebody acts for."""
    person = "" if about is None else f".{about}"
    return RecordKey(Kind.KEPT_ANSWERS, f"{grant_id}.{procedure}{person}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRival:
    """What one of several sources says where they differ; the members are those of `PreviewField`."""

    source_label: Text
    as_of: date | None = None
    masked: str | None = None
    shown: str | None = None
    shown_en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewField:
    """One row of the notice page. `masked` hides the middle of a value, `shown` is the full display text; both
    None unless the status is verified, conflict or stale; `why` says why there is none, `need` why the form asks.
    `shown_en` holds the English words of a code, None where both languages write the value alike. `sources` and
    `attributes` name what would be told, none for what is typed by hand; `required` says that the form needs it.
    `rivals` are all that sources say of a field whose status is conflict, the first one's value among them; `sensitive`
    tells that an attribute of it is of the sensitive class."""

    id: str
    label: Text
    status: str
    source_label: Text
    as_of: date | None = None
    masked: str | None = None
    shown: str | None = None
    shown_en: str | None = None
    why: Text | None = None
    need: Text | None = None
    sources: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    required: bool = True
    rivals: tuple[PreviewRival, ...] = ()
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPreview:
    """A procedure's form as the notice page shows it. `party` is whose part is asked about; `other` the masked name of
    the other party of the dossier, who will see what is agreed to, and `other_id` their internal id; None when there
    is none yet. `for_minors` tells that the portal may ask for the form of a child in this person's name. `receipt` is
    the evidence of what the sources were asked for the page, if they were."""

    procedure: str
    title: Text
    legal_basis: tuple[Text, ...]
    basis: Literal["law", "consent"]
    fields: tuple[PreviewField, ...]
    kept_for: Text
    purpose: Text = field(default_factory=dict)
    form_version: str = ""
    other: str | None = None
    other_id: str | None = None
    party: int = 1
    receipt: str | None = None
    for_minors: bool = False

    @property
    def offered(self) -> tuple[PreviewField, ...]:
        """The fields that something would be told for: what a person can agree to."""
        return tuple(row for row in self.fields if row.attributes)
