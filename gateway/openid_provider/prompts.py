"""What still stands between a checked request and its answer: a pure decision over facts and time.

Each `needs_…` is one sentence of OpenID Connect Core §3.1.2.3; `decide_step` asks them in order and is total.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.failure import InteractionRequired, LoginRequired, OtherPersonSignedIn, PortalClosed
from gateway.openid_provider.session import Session
from gateway.policy.failure import ApplicantNotAdmitted
from gateway.vocabulary.assurance_level import LevelTooLow, acr_meeting
from gateway.vocabulary.failure import Failure


class SignedIn(Protocol):
    """A living session of either realm, as far as the order of steps goes."""

    @property
    def auth_time(self) -> datetime:
        """When the person last authenticated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was loaded. `session` is alive or None; `fresh` tells that it was made in this attempt; `noticed` that
    the notice was seen; `blocked` that the person closed the portal; `minimum_level` what the procedure demands,
    `admitted` that it is for this kind of applicant; `subject` and `hinted_subject` are pairwise; `asked_at` is when
    the attempt began (None before there is one)."""

    session: SignedIn | None
    fresh: bool = False
    noticed: bool = False
    blocked: bool = False
    minimum_level: int | None = None
    admitted: bool = True
    subject: str | None = None
    hinted_subject: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The person has to sign in; `again` when the provider must ask anew, whatever session it has."""

    again: bool


@dataclass(frozen=True, slots=True)
class ShowNotice:
    """The notice has to be shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The portal can be answered."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The portal gets an error."""

    failure: Failure


Step = SignIn | ShowNotice | Answer | Refuse
NOBODY = ""
"""Whom an `id_token_hint` names that is not ours, or not for this client."""

_ASK_ANEW = frozenset({"login", "select_account"})
_CLOCKS_DIFFER_BY = timedelta(seconds=60)
Need = Callable[[AuthorizationRequest, SignedIn, Facts, datetime], bool]


def needs_login_again(request: AuthorizationRequest, session: SignedIn, facts: Facts, now: datetime) -> bool:
    """`prompt=login` and `select_account`: the server SHOULD ask for authentication even when there is a session.

    A provider that was asked and answers `login` with an authentication of before did not.
    """
    if facts.fresh:
        return "login" in request.prompts and authenticated_before(session, facts, timedelta(0), now)
    return wants_anew(request)


def needs_recent_login(request: AuthorizationRequest, session: SignedIn, facts: Facts, now: datetime) -> bool:
    """`max_age`: when the last active authentication is older, the server MUST ask again; 0 always asks.

    A sign-in of this attempt is measured from the attempt's beginning: reading the notice makes nobody older.
    """
    if request.max_age is None:
        return False
    allowed = timedelta(seconds=request.max_age)
    if facts.fresh:
        return authenticated_before(session, facts, allowed, now)
    return now - session.auth_time > allowed or request.max_age == 0


def needs_hinted_person(request: AuthorizationRequest, session: SignedIn, facts: Facts, now: datetime) -> bool:
    """`id_token_hint`: the person who signs in MUST be the one the hint names."""
    return facts.hinted_subject is not None and facts.hinted_subject != facts.subject


def wants_anew(request: AuthorizationRequest) -> bool:
    """Tell whether the person has to authenticate whoever has a session, with us or with the provider."""
    return not _ASK_ANEW.isdisjoint(request.prompts)


def authenticated_before(session: SignedIn, facts: Facts, allowed: timedelta, now: datetime) -> bool:
    """Tell whether a sign-in of this attempt shows an authentication older than `allowed` when the portal asked."""
    return session.auth_time < (facts.asked_at or now) - allowed - _CLOCKS_DIFFER_BY


NEEDS: tuple[Need, ...] = (needs_login_again, needs_recent_login, needs_hinted_person)


def decide_step(request: AuthorizationRequest, facts: Facts, now: datetime) -> Step:
    """Return the next step. With `prompt=none` a page becomes an error (OpenID Connect Core §3.1.2.6)."""
    silent = "none" in request.prompts
    session = facts.session
    if facts.hinted_subject == NOBODY:
        return Refuse(LoginRequired("`id_token_hint` or `claims` names nobody of this client"))
    if session is None:
        return Refuse(LoginRequired()) if silent else SignIn(again=wants_anew(request))
    if any(need(request, session, facts, now) for need in NEEDS):
        # asking again would end here again: another person than the hinted one, or no fresh authentication upstream
        refused = Refuse(why_not_signed_in(request, session, facts, now))
        return refused if silent or facts.fresh else SignIn(again=True)
    return decide_telling(request, facts, session)


def decide_telling(request: AuthorizationRequest, facts: Facts, session: SignedIn) -> Step:
    """Return the next step for a person who has signed in as the request wants it."""
    silent = "none" in request.prompts
    if facts.blocked:
        return Refuse(PortalClosed())
    unfit = unfit_account(facts, session) or unmet_level(request, session)
    if unfit is not None:
        # a session from before may be somebody else's, or of an account that was raised since: ask once
        return Refuse(unfit) if silent or facts.fresh else SignIn(again=True)
    if not facts.noticed or "consent" in request.prompts:
        return Refuse(InteractionRequired()) if silent else ShowNotice()
    return Answer()


def why_not_signed_in(request: AuthorizationRequest, session: SignedIn, facts: Facts, now: datetime) -> Failure:
    """Return what a sign-in that does not meet its request is refused with."""
    if facts.fresh and needs_hinted_person(request, session, facts, now):
        return OtherPersonSignedIn()
    return LoginRequired("the sign-in is not the one that was asked for" if facts.fresh else "")


def unmet_level(request: AuthorizationRequest, session: SignedIn) -> Failure | None:
    """An `acr` that `claims` calls essential and that is not reached fails the sign-in (OIDC Core §5.5.1.1)."""
    if not request.essential_acr:
        return None
    reached = session.acr if isinstance(session, Session) else None
    return LevelTooLow() if acr_meeting(request.essential_acr, reached) is None else None


def unfit_account(facts: Facts, session: SignedIn) -> Failure | None:
    """Return why the account cannot be used for the procedure: of another kind than it admits, or of too low a level,
    which is essential: signing in again never raises it (design.md §3). Organisations have no level."""
    if not facts.admitted:
        return ApplicantNotAdmitted()
    if facts.minimum_level is None:
        return None
    assert isinstance(session, Session), "levels are of citizens' accounts"
    if session.citizen.account_type == "organisation":
        return None
    return LevelTooLow() if (session.citizen.account_level or 0) < facts.minimum_level else None
