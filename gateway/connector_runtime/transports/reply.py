"""What the status of a bus's answer means, the same on every bus; the message inside is the connector's to read."""

from datetime import datetime

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
    if reply.status == 429:
        raise SourceTrouble(Unavailable(reason="closed", retry_after=retry_after_of(reply)), "asked to slow down")
    detail = f"the bus answered {reply.status}"
    if reply.status >= 500:
        raise SourceTrouble(Unavailable(reason="unreachable", retry_after=retry_after_of(reply)), detail)
    raise trouble("fault", detail)


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


def retry_after_of(reply: OutboundReply) -> int:
    """Return the seconds of a Retry-After header, 30 without a readable one, at most 600."""
    text = reply.headers.get("retry-after", "")
    return min(int(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() and len(text) < 6 else 30
