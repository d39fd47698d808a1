"""Events as classes: a name, its fields and a sentence; `docs/events.md` is generated from them.

The wire shape is design.md §15: every event carries the same members, null where one does not apply. No value
of a citizen's attribute ever enters an event, only attribute names.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from gateway.audit.canonical import canonical_bytes, require_plain
from gateway.vocabulary.store import StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event says. `actor` is {kind: citizen|officer|portal|gateway|operator, ref: keyed or client id}.

    `subject_ref` is the citizen's keyed monthly reference, `outcome` a word of the event's own closed list,
    `receipt` its public id (`rc_…`, `rf_…` for refusals), `nonce` random so that a leaf cannot be guessed.
    """

    name: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    at: datetime
    receipt: str
    nonce: str
    actor_kind: str
    actor_ref: str | None = None
    portal: str | None = None
    procedure: str | None = None
    dossier: str | None = None
    subject_ref: str | None = None
    attributes: tuple[str, ...] = ()
    basis: str | None = None
    consent_id: str | None = None
    policy_bundle: str | None = None
    policy_ids: tuple[str, ...] = ()
    connector: str | None = None
    outcome: str
    trace_id: str | None = None
    extra: tuple[tuple[str, Any], ...] = ()

    def wire(self) -> dict[str, Any]:
        """Return the members of design.md §15; an event class may add members by `extra`, never rename one.

        Raises TypeError when `extra` holds something else than plain JSON, ValueError when it repeats a member.
        """
        members: dict[str, Any] = {
            "v": 1,
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": self.name,
            "portal": self.portal,
            "procedure": self.procedure,
            "dossier": self.dossier,
            "actor": {"kind": self.actor_kind, "ref": self.actor_ref},
            "subject_ref": self.subject_ref,
            "attributes": list(self.attributes),
            "basis": self.basis,
            "consent_id": self.consent_id,
            "policy_bundle": self.policy_bundle,
            "policy_ids": list(self.policy_ids),
            "connector": self.connector,
            "outcome": self.outcome,
            "receipt": self.receipt,
            "trace_id": self.trace_id,
            "nonce": self.nonce,
        }
        for name, value in self.extra:
            if name in members:
                raise ValueError(f"an event has the member `{name}` twice")
            require_plain({name: value})
            members[name] = value
        return members

    def stored(self, client_id: str | None = None) -> StoredEvent:
        """Return what the journal keeps: the RFC 8785 bytes that become the leaf of the tree."""
        return StoredEvent(
            receipt=self.receipt,
            at=self.at,
            leaf=canonical_bytes(self.wire()),
            subject_tag=self.subject_ref,
            client_id=client_id or self.portal,
        )


class PersonSignedIn(Event):
    """A person came back from an identity provider and has a session."""

    __slots__ = ()
    name = "PersonSignedIn"
    sentence = "a person signed in through an identity provider"


class PersonAsked(Event):
    """The population register is about to be asked about somebody who signed in: stored before the call."""

    __slots__ = ()
    name = "PersonAsked"
    sentence = "the population register is about to be asked whether it knows who signed in"


class PersonMatched(Event):
    """What the register said of somebody who signed in, as a verdict; the attributes compared, never a value."""

    __slots__ = ()
    name = "PersonMatched"
    sentence = "the identity of a sign-in was compared with the population register"


class SignInRefused(Event):
    """A sign-in under way was refused at the gateway, and the person was told on a page: because of what the identity
    provider or a register said, the level of the account, or a block. The outcome is the code."""

    __slots__ = ()
    name = "SignInRefused"
    sentence = "a person's sign-in was refused"


class PortalAnswered(Event):
    """A portal got an authorization code for a person; whether it came for more, `CodeRedeemed` tells."""

    __slots__ = ()
    name = "PortalAnswered"
    sentence = "a portal was given a code for somebody who signed in"


class CodeRedeemed(Event):
    """A portal turned an authorization code into tokens and was told who signed in; `asked` is the receipt of the
    event of the code."""

    __slots__ = ()
    name = "CodeRedeemed"
    sentence = "a portal redeemed an authorization code"


class TokensRefreshed(Event):
    """A portal used a refresh token."""

    __slots__ = ()
    name = "TokensRefreshed"
    sentence = "a portal refreshed its tokens"


class GrantRevoked(Event):
    """A grant ended: by replay, revocation, logout or withdrawal."""

    __slots__ = ()
    name = "GrantRevoked"
    sentence = "a grant was revoked"


class SessionEnded(Event):
    """A person signed out."""

    __slots__ = ()
    name = "SessionEnded"
    sentence = "a person signed out"


class LogoutTold(Event):
    """A portal was sent the news that a person's sign-in there has ended (OpenID Connect Back-Channel Logout 1.0):
    `delivered`, `declined` by the portal, `given_up` when it never answered, `dropped` when it takes none any more."""

    __slots__ = ()
    name = "LogoutTold"
    sentence = "a portal was sent word that a sign-in there has ended"


class SignInAlertSent(Event):
    """The province's message hub was sent an alert of a sign-in for the person: `delivered` means that the hub took it,
    not that the person read it."""

    __slots__ = ()
    name = "SignInAlertSent"
    sentence = "the message hub was sent an alert of a sign-in"


class ConsentGiven(Event):
    """A person agreed to what a consent page asked: outcome `given` for all of it, `partly` for a part."""

    __slots__ = ()
    name = "ConsentGiven"
    sentence = "a person agreed that these attributes are told"


class ConsentRefused(Event):
    """A person agreed to nothing."""

    __slots__ = ()
    name = "ConsentRefused"
    sentence = "a person refused consent"


class ConsentWithdrawn(Event):
    """A person withdrew a consent; nothing is released under it from here on."""

    __slots__ = ()
    name = "ConsentWithdrawn"
    sentence = "a person withdrew a consent"


class ConsentSuperseded(Event):
    """A person answered a consent page anew; the former answer opens nothing any more."""

    __slots__ = ()
    name = "ConsentSuperseded"
    sentence = "a consent was replaced by a newer answer"


class MisuseReported(Event):
    """A person reported a use of their data, or a sign-in, as not theirs or not right; `concern` says which."""

    __slots__ = ()
    name = "MisuseReported"
    sentence = "a person reported a misuse"


class PortalBlocked(Event):
    """A person closed a portal to themselves: its grants ended with it, and no sign-in there succeeds."""

    __slots__ = ()
    name = "PortalBlocked"
    sentence = "a person blocked a portal"


class PortalUnblocked(Event):
    """A person opened a portal again that they had blocked."""

    __slots__ = ()
    name = "PortalUnblocked"
    sentence = "a person unblocked a portal"


class BrowserTrusted(Event):
    """A person said that a browser is theirs (`trusted`), or that none is any more (`forgotten`)."""

    __slots__ = ()
    name = "BrowserTrusted"
    sentence = "a person changed which browsers they trust"


class FormAsked(Event):
    """A form is about to be filled: stored before the first source is called. `answered` names the conditions that the
    portal answered, never how."""

    __slots__ = ()
    name = "FormAsked"
    sentence = "sources are about to be asked for a form"


class FormPrepared(Event):
    """Sources answered for a notice page; the values are kept with the grant and no portal was told anything."""

    __slots__ = ()
    name = "FormPrepared"
    sentence = "sources answered for a page shown to the citizen alone"


class FormReleased(Event):
    """A filled form is about to be given out: stored before the caller sees it, with every outcome."""

    __slots__ = ()
    name = "FormReleased"
    sentence = "a filled form was released"


class FormRefused(Event):
    """A form was refused: before any source was called, or because of what a source recorded (`asked` names that
    event)."""

    __slots__ = ()
    name = "FormRefused"
    sentence = "a form was refused"


class FormVerified(Event):
    """A portal compared a submitted form with its manifest."""

    __slots__ = ()
    name = "FormVerified"
    sentence = "a submitted form was compared with its manifest"


class LateFieldsReleased(Event):
    """Fields whose source answered after the form was released were given out."""

    __slots__ = ()
    name = "LateFieldsReleased"
    sentence = "late fields of a filled form were released"


class ActedForAnother(Event):
    """Somebody acted for a person they represent. The event it is `about` (its receipt) has that person as its subject;
    this one lets the history of the one who acted show it too."""

    __slots__ = ()
    name = "ActedForAnother"
    sentence = "a person acted for somebody they represent"


class OAuthRefused(Event):
    """A portal's request was refused at an OAuth or OpenID Connect endpoint; a refused sign-in is `SignInRefused`."""

    __slots__ = ()
    name = "OAuthRefused"
    sentence = "a portal's request was refused"
