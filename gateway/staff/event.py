"""What evidence says of staff. An operator's act and its event are stored in one commit.

Events of an act carry, beside the members of all, `verb`, `object` (an id of ours, never a person's), `role` and, where
two persons were needed, `approval` and `second` (the reference of the other one).
"""

from gateway.audit.event import Event


class StaffSignedIn(Event):
    """A member of staff came back from an identity provider of the staff realm and has a session of that realm."""

    __slots__ = ()
    name = "StaffSignedIn"
    sentence = "a member of staff signed in"


class StaffSignedOut(Event):
    """A member of staff ended their browser session or the sign-in of a command."""

    __slots__ = ()
    name = "StaffSignedOut"
    sentence = "a member of staff signed out"


class CommandAllowed(Event):
    """A member of staff confirmed that a command may act in their name for a while."""

    __slots__ = ()
    name = "CommandAllowed"
    sentence = "a command was allowed to act for a member of staff"


class CommandDenied(Event):
    """A member of staff refused a command that asked to act in their name."""

    __slots__ = ()
    name = "CommandDenied"
    sentence = "a command was refused by a member of staff"


class CommandSignedIn(Event):
    """A command turned its device code into a token."""

    __slots__ = ()
    name = "CommandSignedIn"
    sentence = "a command redeemed a device code"


class OperatorActed(Event):
    """An operator changed something of the gateway."""

    __slots__ = ()
    name = "OperatorActed"
    sentence = "an operator changed the gateway"


class ApprovalAsked(Event):
    """An operator asked for an act that needs a second person; nothing was changed."""

    __slots__ = ()
    name = "ApprovalAsked"
    sentence = "an act was put up for approval"


class ApprovalGiven(Event):
    """A second member of staff agreed, and the act was done in the same commit."""

    __slots__ = ()
    name = "ApprovalGiven"
    sentence = "an act was approved by a second person"


class ApprovalRejected(Event):
    """A second member of staff refused the act, with a reason that the request keeps."""

    __slots__ = ()
    name = "ApprovalRejected"
    sentence = "an act was rejected by a second person"


class ApprovalLapsed(Event):
    """Nobody decided in time; found by whoever looked next."""

    __slots__ = ()
    name = "ApprovalLapsed"
    sentence = "an act waited too long for approval"


class ApprovalRefused(Event):
    """Somebody tried to decide who may not: the requester, somebody without the role, or too late."""

    __slots__ = ()
    name = "ApprovalRefused"
    sentence = "a decision on an act was refused"


class ReportTaken(Event):
    """An operator took a person's report in hand; `object` is its number. The person sees it in their history."""

    __slots__ = ()
    name = "ReportTaken"
    sentence = "a report of a misuse was taken in hand"


class ReportAnswered(Event):
    """An operator answered a person's report; the text is kept with the report and is not here."""

    __slots__ = ()
    name = "ReportAnswered"
    sentence = "a report of a misuse was answered"


class ReportClosed(Event):
    """An operator closed a person's report after its answer."""

    __slots__ = ()
    name = "ReportClosed"
    sentence = "a report of a misuse was closed"
