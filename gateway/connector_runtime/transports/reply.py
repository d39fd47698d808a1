"""What the status of a bus's answer means, the same on every bus; the message inside is the connector's to read."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gateway.connector_runtime.contract import Health, OutboundReply, SourceTrouble, Unavailable
from gateway.vocabulary.provenance import UnavailableReason

_LONGEST_WAIT = 600


def time_left(timeout_for: float, deadline_at: datetime, now: datetime) -> float:
    """Return the seconds a call may take. Raises SourceTrouble when none are left."""
    left = min(timeout_for, (deadline_at - now).total_seconds())
    if left <= 0:
        raise trouble("timeout", "no time left to send")
    return left


def refuse_status(reply: OutboundReply) -> None:
    """Let an answer of status 200 pass. Raises SourceTrouble for a page, a busy, a broken or a refusing bus."""
    if "html" in reply.headers.get("content-type", "").lower():
        raise trouble("malformed" if reply.status == 200 else "unreachable", f"html page with status {reply.status}")
    if reply.status == 200:
        return
    if reply.status == 429 or reply.status >= 500:
        detail = "asked to slow down" if reply.status == 429 else f"the bus answered {reply.status}"
        reason: UnavailableReason = "closed" if reply.status == 429 else "unreachable"
        raise wait_or_go(reply, reason, detail)
    if 300 <= reply.status < 400:
        raise trouble("fault", f"redirect to {_host_of(reply.headers.get('location', ''))} not followed")
    raise trouble("fault", f"the bus answered {reply.status}")


def health_of(reply: OutboundReply) -> Health:
    """Return what an answer to a probe says; any answer of a working server counts as up."""
    if reply.status in {401, 403}:
        return Health("down", "the bus refused the credentials")
    if reply.status in {502, 503, 504}:
        return Health("down", f"the bus answered {reply.status}")
    return Health("up")


def trouble(reason: UnavailableReason, detail: str) -> SourceTrouble:
    """Return the exception of a call that gave nothing."""
    return SourceTrouble(Unavailable(reason=reason), detail)


def wait_or_go(reply: OutboundReply, reason: UnavailableReason, detail: str) -> SourceTrouble:
    """Return the trouble of a source that is busy or broken, with the wait it asks for where it asks for one."""
    wait = _retry_after(reply)
    told = Unavailable(reason=reason) if wait is None else Unavailable(reason=reason, retry_after=wait)
    return SourceTrouble(told, detail, asked_to_wait=wait is not None)


def _retry_after(reply: OutboundReply) -> int | None:
    """Return the seconds a source asks to be left alone for: as such, or until a date (RFC 9110 §10.2.3)."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text), _LONGEST_WAIT) if len(text) < 6 else None
    until, now = _date(text), _date(reply.headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max(0, round((until - now).total_seconds())), _LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _host_of(location: str) -> str:
    """Return the host a redirect names, in backticks: the rest of the address may quote the question."""
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    return f"`{host[:253]}`" if host else "another path"
