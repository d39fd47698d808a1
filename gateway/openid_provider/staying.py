"""Staying on a page: more time, another language, a page that changed. What was ticked and not sent stays ticked.

A page without scripts forgets its boxes when it is loaded anew, so every button of it posts them, and they are kept
with the attempt: names of boxes, never a value, and for the very person who was shown the page.
"""

from dataclasses import replace

from gateway.openid_provider.attempt import Attempt, Unsent, attempt_record, prolonged
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.vocabulary.store import Replace

BOX = "share."
"""What the name of an optional field's box begins with; the field's id follows."""

TRUST = "trust"
"""The name of the box “this browser is mine”."""

_MOST = 200


def stays(given: Parameters) -> bool:
    """Tell whether a post asks for the same page again."""
    return not {"more_time", "ui_locales", "stay"}.isdisjoint(given)


async def stay(house: House, attempt: Attempt, given: Parameters, *, shown: bool) -> Attempt:
    """Store what the same page needs to know when it is shown again: the whole time, the language, the boxes.

    `shown` tells that the page was shown to who is signed in; another person's ticks are nobody's. A lost race with
    another tab loses ticks and no answer.
    """
    now = house.clock.now()
    staying = prolonged(attempt, now, house.lifetimes) if "more_time" in given else attempt
    if language := given.get("ui_locales"):
        staying = replace(staying, request=replace(staying.request, ui_locales=language[:40]))
    if shown:
        staying = replace(staying, unsent=unsent_of(given))
    staying = replace(staying, version=attempt.version + 1)
    stored = await house.store.commit([Replace(attempt_record(staying))], now=now)
    return staying if stored.done else attempt


def unsent_of(given: Parameters) -> Unsent:
    """Return what a page posted beside the button that was pressed."""
    ticked = [name for name in given if name == TRUST or name.startswith(BOX)]
    return Unsent(by=shown_proof(given.get("csrf", "")), notice=given.get("notice", ""), ticked=tuple(ticked[:_MOST]))


def shown_proof(csrf: str) -> str:
    """Return the part of a posted `csrf` that says to whom the page was shown: what it told may have changed since."""
    return ".".join(csrf.split(".")[:2])


def still_ticked(attempt: Attempt, acting: str) -> Unsent | None:
    """Return what this person ticked on the page before; None for anybody else."""
    unsent = attempt.unsent
    if unsent is None or not same_secret(unsent.by, attempt.notice_proof(acting)):
        return None
    return unsent
