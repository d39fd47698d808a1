"""What the provider wants shown: values, no HTML. `pages` shows them, `application` joins the two.

Every page works without a script: the first form is the action to take, the ids are fixed (`login`,
`consent-allow`, `consent-deny`, `logout-yes`), and an error page carries one constant sentence plus the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from gateway.consent.record import Consent, State
from gateway.openid_provider.forms import FormPreview
from gateway.openid_provider.own_pages.views import OwnView
from gateway.vocabulary.failure import Failure

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFace:
    """How a portal is named to people: its name, the agency behind it, its home page."""

    name: Text
    agency: Text = field(default_factory=dict)
    home: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderButton:
    """One way to sign in: the value to post as `provider`, and its words."""

    alias: str
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInChoice:
    """The sign-in page. Posts `csrf` and `provider` (or `cancel=1`, or `more_time=1`) to `action`; `ends_at` is when
    the page stops working. `staff`: for officers."""

    portal: PortalFace
    providers: tuple[ProviderButton, ...]
    action: str
    csrf: str
    ends_at: datetime
    staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """What will be told to the portal. Posts `csrf` and `decision` (`allow` or `deny`), or `more_time=1`, or `stay=1`
    (the key Enter, which answers nothing), to `action`.

    `person` lists who the citizen is (label, masked display, full display); `form` is None when only identity
    claims are told; then `claims` names them. `mode` `notice`: the law is the basis and the page offers to go
    on or to leave, it does not pretend a choice; `consent`: the citizen agrees or not, posts `notice` (the hash of
    what the page says) and a box `share.<field id>` for each optional field they tick. `recipient` is the legal name
    of who gets the values. `offers_trust` puts the box `trust` on the page. Every button posts the boxes; `ticked` are
    the names of those ticked before more time was asked for, the language changed (`ui_locales`) or the page did, which
    `changed` says.
    """

    portal: PortalFace
    person: tuple[tuple[Text, str, str], ...]
    claims: tuple[Text, ...]
    form: FormPreview | None
    action: str
    csrf: str
    ends_at: datetime
    mode: Literal["notice", "consent"] = "notice"
    notice: str = ""
    recipient: Text = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()
    changed: bool = False
    offers_trust: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """A failure in words: what happened, what to do, the way back. `return_url` leads to the portal with its
    OAuth error, `retry_url` starts the sign-in again, `onward_url` to where the sign-in stands in this browser,
    `unblock_url` to where a blocked portal is opened again, `here` shows the same page again by GET; any may be None.
    `developer` is filled in dev only."""

    failure: Failure
    portal: PortalFace | None = None
    return_url: str | None = None
    retry_url: str | None = None
    onward_url: str | None = None
    unblock_url: str | None = None
    here: str | None = None
    developer: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutConfirm:
    """Asks whether to sign out. Posts `csrf` and `logout` (`yes` or `no`) to `action`; `again` is the address
    that shows the question again by GET, for the language link (none is offered without it). `developer`: as in
    `FailurePage`, why the browser will not go back to the portal."""

    portal: PortalFace | None
    action: str
    csrf: str
    again: str | None = None
    developer: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Signed out (or not, when `stayed`: `sign_out` then asks whether to). `again` shows the same by GET, for the
    language link (none is offered without it). `developer`: as in `FailurePage`, why this is the end of the way."""

    portal: PortalFace | None
    stayed: bool = False
    again: str | None = None
    sign_out: str | None = None
    developer: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeEntry:
    """Asks for the code a command shows (RFC 8628 §3.3). Posts `user_code` (and `csrf` in an attempt) to `action`."""

    action: str
    again: str
    csrf: str | None = None
    typed: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfirm:
    """What a command asks for and from where. Posts `csrf` and `decision` (`allow` or `deny`) to `action`; the
    code is good until `ends_at`.

    `machine` is what the command says of itself, `address` where its request came from; `roles` are the officer's.
    """

    action: str
    csrf: str
    client: PortalFace
    officer: str
    agency: str
    roles: tuple[str, ...]
    code: str
    machine: str
    address: str
    asked_at: datetime
    lasts_minutes: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDone:
    """The command was allowed or refused. Posts `csrf` and `logout=yes` to `action` to end the browser's session."""

    allowed: bool
    officer: str
    action: str
    csrf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPost:
    """`response_mode=form_post`: a page that posts the parameters to the portal, by a button without scripts."""

    action: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """A consent, to the person whose it is: on a page that posts `csrf` to `address`/withdraw, and on paper. `undone`
    tells that a withdrawal pressed before was not done."""

    consent: Consent
    state: State
    person: tuple[tuple[Text, str, str], ...]
    portal_name: Text
    address: str
    csrf: str
    undone: bool = False


View = (
    ConsentView
    | SignInChoice
    | NoticePage
    | FailurePage
    | LogoutConfirm
    | LoggedOut
    | DeviceCodeEntry
    | DeviceConfirm
    | DeviceDone
    | FormPost
    | OwnView
)


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page: HTML bytes, status and headers (content type, language, security headers)."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """Which page a person read: its template, the language, and the SHA-256 of its markup and words in it."""

    screen: str
    language: str
    sha256: str


class Screens(Protocol):
    """Shows a view."""

    def show(self, view: View, *, languages: str, status: int = 200) -> Page:
        """Return the page. `languages` is `ui_locales` or Accept-Language; Vietnamese without one."""
        ...

    def consent_edition(self, languages: str) -> Edition:
        """Return the edition of the consent page that `languages` gets."""
        ...

    def print(self, view: ConsentView, *, languages: str) -> Page:
        """Return the receipt of a consent as a PDF on A4."""
        ...
