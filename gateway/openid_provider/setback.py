"""A sign-in that failed: kept with its attempt, so that its page can be shown again, in either language.

A callback's address is good once. Whoever was shown the failure there would lose it by reloading, by going back or by
the language link, and be told something else; so the browser is sent on to the attempt's own page, which says what
happened for as long as the attempt lives, and there alone. One event and one receipt tell of the failure, however
often it is looked at.
"""

from functools import partial

from gateway.audit.event import SignInRefused
from gateway.identity_providers.contract import SignInFailure
from gateway.openid_provider.attempt import Attempt, Realm, Setback, attempt_of, attempt_record, set_back
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.failure import AttemptFinished, PortalClosed
from gateway.openid_provider.house import House
from gateway.openid_provider.refusals import error_answer, face, record_refusal
from gateway.openid_provider.reply import Reply, page_reply, redirect, with_query
from gateway.openid_provider.response_mode import open_envelope
from gateway.openid_provider.screens import FailurePage
from gateway.openid_provider.session import Session
from gateway.tokens.issue import key_of
from gateway.vocabulary.failure import Failure, recalled
from gateway.vocabulary.store import Change, Kind, RecordKey, Replace

BACK = "back"
"""The parameter of an attempt's page that leads back to the portal."""

_TRIES = 5
_LONGEST_DETAIL = 200


def setback_url(house: House, attempt: Attempt) -> str:
    """Return the address of the page that says why an attempt's last sign-in failed."""
    return f"{attempt_url(house, attempt)}?failed=on"


async def fail_attempt(
    house: House,
    attempt: Attempt,
    portal: Portal,
    refused: Failure,
    browser: Browser,
    *,
    session: Session | None = None,
    here: bool = False,
) -> Reply:
    """Keep what happened, with its event and receipt, and lead to the page that says it; `here`: the browser is at a
    page of the attempt that can be loaded again, and is told at once.

    A sign-in that may be tried again keeps its attempt, so that the journey goes on; any other failure ends it.
    """
    standing: Attempt | None = attempt
    for left in reversed(range(_TRIES)):
        verdict = await record_refusal(
            house,
            refused,
            portal,
            trace_id=attempt.trace_id,
            procedure=attempt.request.procedures[0] if attempt.request.procedures else None,
            dossier=attempt.request.dossier,
            citizen_id=None if session is None else session.citizen.id,
            proven=False,  # whoever begins a sign-in only names the portal
            kind=SignInRefused,
            changes=partial(_kept, standing, refused),
        )
        if verdict.done:
            break
        # another tab was a step ahead; at the last try the evidence is stored alone, rather than lost with the page
        standing = await _standing(house, attempt, browser) if left > 1 else None
    told = show_setback(house, _after(attempt, refused), portal, browser) if here else None
    return told or redirect(setback_url(house, attempt))


def _kept(attempt: Attempt | None, refused: Failure) -> tuple[Change, ...]:
    return () if attempt is None else (Replace(attempt_record(_after(attempt, refused))),)


def _after(attempt: Attempt, refused: Failure) -> Attempt:
    setback = Setback(code=refused.code, receipt=refused.receipt, detail=refused.detail[:_LONGEST_DETAIL])
    return set_back(attempt, setback, ended=not _retryable(refused))


async def _standing(house: House, attempt: Attempt, browser: Browser) -> Attempt | None:
    """Return the attempt as it stands now; None when it has ended meanwhile."""
    (record,) = await house.store.load(attempt.address)
    now = house.clock.now()
    try:
        return attempt_of(attempt.id, record, browser.cookies, now, secure=house.secure, realm=attempt.realm)
    except Failure:
        return None


def _retryable(refused: Failure) -> bool:
    return isinstance(refused, SignInFailure) and refused.retryable


def show_setback(house: House, attempt: Attempt, portal: Portal | None, browser: Browser) -> Reply | None:
    """Say what happened, what to do and the way back to the portal with its error; None when nothing failed."""
    refused, request = _recalled(attempt), attempt.request
    if refused is None:
        return None
    view = FailurePage(
        failure=refused,
        portal=None if portal is None else face(portal),
        return_url=_return_url(house, attempt, refused) if request.redirect_uri else None,
        retry_url=attempt_url(house, attempt) if _retryable(refused) and not attempt.ended else None,
        unblock_url=f"{house.issuer}/me/connections" if isinstance(refused, PortalClosed) else None,
        here=setback_url(house, attempt),
    )
    languages = browser.asked_in(request.ui_locales).languages
    return page_reply(house.screens.show(view, languages=languages, status=refused.http_status))


async def carry_back(house: House, attempt_id: str, browser: Browser, realm: Realm = "citizen") -> Reply:
    """GET: take the error of a failed sign-in to a portal that wants its answers posted or signed.

    Raises AttemptLost, AttemptExpired, and AttemptFinished where nothing failed.
    """
    (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
    now = house.clock.now()
    attempt = attempt_of(attempt_id, record, browser.cookies, now, secure=house.secure, realm=realm, ended_too=True)
    portal, refused = house.clients.get(attempt.request.client_id), _recalled(attempt)
    if portal is None or refused is None:
        raise AttemptFinished
    envelope = await open_envelope(house, portal, attempt.request)
    return envelope.carry(error_answer(house, refused, attempt.request))


def _recalled(attempt: Attempt) -> Failure | None:
    """Return why the last sign-in of an attempt failed, with its receipt; None when nothing did."""
    setback = attempt.setback
    refused = None if setback is None else recalled(setback.code, setback.detail)
    if setback is None or refused is None:
        return None
    refused.receipt, refused.trace_id = setback.receipt, attempt.trace_id
    return refused


def _return_url(house: House, attempt: Attempt, refused: Failure) -> str:
    """Return the link back to the portal: its own address with the error, or ours that takes it there its way."""
    if attempt.request.response_mode != "query":
        return f"{attempt_url(house, attempt)}?{BACK}=on"
    return with_query(attempt.request.redirect_uri, error_answer(house, refused, attempt.request))
