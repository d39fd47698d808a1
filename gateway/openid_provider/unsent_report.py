"""A report that was written while the session ended: what was picked and ticked is there again after the sign-in.

It travels in the record of the sign-in, never in an address, and counts for the very person who was shown the form:
the form carries a proof of whom it was shown to, and whoever else signs in cannot make it true. It comes back on the
form about the same entry or portal alone: what was picked about one says nothing of another.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from gateway.audit.receipt import is_receipt
from gateway.consent.misuse_report import CONCERNS
from gateway.openid_provider.attempt import Unsent
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.session import Session
from gateway.vocabulary.store import Kind, Put, Record, RecordKey

KEPT_FOR = timedelta(minutes=30)

_CONCERN = "concern."
_BLOCK = "block"
_PORTAL = re.compile(r"[A-Za-z0-9._~-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentReport:
    """What was picked on a form that was not taken: a `concern` or None, and whether the box to block was ticked."""

    concern: str | None = None
    block: bool = False


def subject_of_report(about: str | None, portal: str | None) -> dict[str, str | None]:
    """Return the entry and the portal that a report is about, as an address may name them; None for what is neither."""
    return {
        "about": about if about is not None and is_receipt(about) else None,
        "portal": portal if portal is not None and _PORTAL.fullmatch(portal) else None,
    }


def _named(subject: dict[str, str | None]) -> list[str]:
    return [f"{name}.{value}" for name, value in subject.items() if value is not None]


def shown_to(house: House, citizen_id: str, once: str) -> str:
    """Return what the form of a person carries beside its random value `once`."""
    said = f"report-form|{citizen_id}|{once}".encode("utf-8", "surrogatepass")
    return hmac.digest(house.refresh_secret, said, "sha256").hex()


def written_of(form: Parameters) -> Unsent:
    """Return what a form says that was sent without a sign-in; whom it was shown to is found out after one."""
    concern = form.get("concern")
    ticked = [_CONCERN + concern] if concern in CONCERNS else []
    ticked += [_BLOCK] if "block" in form else []
    ticked += _named(subject_of_report(form.get("about"), form.get("portal")))
    return Unsent(by=form.get("shown", "")[:64], notice=form.get("once", "")[:64], ticked=tuple(ticked))


def keep_report(house: House, session: Session, written: Unsent | None) -> list[Put]:
    """Return what keeps it for who signed in; nothing for anybody but the person whom the form was shown to."""
    if written is None or not same_secret(written.by, shown_to(house, session.citizen.id, written.notice)):
        return []
    record = Record(
        kind=Kind.UNSENT_REPORT,
        key=session.root,
        subject=session.citizen.id,
        expires_at=house.clock.now() + KEPT_FOR,
        body={"ticked": list(written.ticked)},
    )
    return [Put(record)]


def unsent_address(session: Session) -> RecordKey:
    """Return where it is kept: with the session in one browser."""
    return RecordKey(Kind.UNSENT_REPORT, session.root)


async def load_report(house: House, session: Session, subject: dict[str, str | None]) -> UnsentReport:
    """Return what this person had picked and ticked on the form about a `subject_of_report`; nothing of another form,
    and nothing of anybody else's."""
    (record,) = await house.store.load(unsent_address(session))
    if record is None or record.subject != session.citizen.id or not record.alive(house.clock.now()):
        return UnsentReport()
    ticked: list[str] = record.body["ticked"]
    if [name for name in ticked if name.startswith(("about.", "portal."))] != _named(subject):
        return UnsentReport()
    concern = next((name.removeprefix(_CONCERN) for name in ticked if name.startswith(_CONCERN)), None)
    return UnsentReport(concern=concern, block=_BLOCK in ticked)
