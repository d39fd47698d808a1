"""A form as it is asked for at sign-in and as the notice page shows it: values two folders of one floor share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.purpose import Relation

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAsk:
    """A portal wants a form for the person who signed in. `grant_id` is chosen before the grant exists, so that
    what the sources answer now serves the prefill that follows (`granted` tells that it does exist by now);
    `subject` is pairwise for the client.

    `portal_procedures` and `portal_attributes` are what the portal is registered for; None leaves the question of
    procedures to the caller, who has checked it, and sets no limit of attributes beyond the procedure's own.
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
    `shown_en` holds the English words of a code, None where both languages write the value alike. `rivals` are all
    that sources say of a field whose status is conflict, the first one's value among them."""

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
    rivals: tuple[PreviewRival, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPreview:
    """A procedure's form as the notice page shows it."""

    procedure: str
    title: Text
    legal_basis: tuple[Text, ...]
    basis: Literal["law", "consent"]
    fields: tuple[PreviewField, ...]
    kept_for: Text
