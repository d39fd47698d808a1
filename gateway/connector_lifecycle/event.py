"""What evidence says of a connector's way. An event is stored in the commit of its step.

Beside the members of all, these carry `version`, `manifest_sha256` and `report_sha256`, and where it applies `role`
(the one the step was taken in), `share` and `until` of a trial, `on` of a retirement, `forced`. `connector` is the
connector's id, the actor the member of staff (`staff:<id>`) or the gateway.
"""

from gateway.audit.event import Event


class ConnectorDrafted(Event):
    """A member of staff handed in the manifest of a version; nothing is asked through it."""

    __slots__ = ()
    name = "ConnectorDrafted"
    sentence = "a connector's version was drafted"


class ConnectorTested(Event):
    """The exam's report of a version was handed in, and no check of it failed."""

    __slots__ = ()
    name = "ConnectorTested"
    sentence = "the exam of a connector's version was handed in"


class ConnectorSubmitted(Event):
    """A member of staff asked for the approval of a version: from now on its content is fixed."""

    __slots__ = ()
    name = "ConnectorSubmitted"
    sentence = "a connector's version was submitted for approval"


class ConnectorApproved(Event):
    """One member of staff agreed; `count` says how many have: at two the version is approved."""

    __slots__ = ()
    name = "ConnectorApproved"
    sentence = "a member of staff approved a connector's version"


class ConnectorRejected(Event):
    """A member of staff refused a version, with a reason that the version keeps."""

    __slots__ = ()
    name = "ConnectorRejected"
    sentence = "a connector's version was rejected"


class ConnectorPublished(Event):
    """A version is in service, for a share of the questions while it is on trial."""

    __slots__ = ()
    name = "ConnectorPublished"
    sentence = "a connector's version was published"


class ConnectorProlonged(Event):
    """The time of a trial is over and too few good answers came (`count` answers in all): it goes on until they do."""

    __slots__ = ()
    name = "ConnectorProlonged"
    sentence = "a connector's version stays on trial because too few answers came"


class ConnectorSettled(Event):
    """The trial of a version ended well: it answers every question, and the one before it was retired with it, which
    can be brought back for seven days."""

    __slots__ = ()
    name = "ConnectorSettled"
    sentence = "a connector's version passed its trial"


class ConnectorStopped(Event):
    """The gateway itself took a version on trial out of service, because too many of its answers failed."""

    __slots__ = ()
    name = "ConnectorStopped"
    sentence = "a connector's version on trial was stopped"


class ConnectorSuspended(Event):
    """A member of staff took a version out of service for a while; people read the notice it was given."""

    __slots__ = ()
    name = "ConnectorSuspended"
    sentence = "a connector's version was suspended"


class ConnectorResumed(Event):
    """A suspended version is in service again, or one superseded lately has its place back: `instead_of` names the
    versions that were suspended with this step."""

    __slots__ = ()
    name = "ConnectorResumed"
    sentence = "a connector's version was resumed"


class ConnectorRetired(Event):
    """A version goes out of service for good, now or `on` a day."""

    __slots__ = ()
    name = "ConnectorRetired"
    sentence = "a connector's version was retired"


class ConnectorReleased(Event):
    """A member of staff ended a quarantine after looking at it; `outcome` is the sign it began with."""

    __slots__ = ()
    name = "ConnectorReleased"
    sentence = "a connector was released from quarantine"


class ConnectorCredentialsReplaced(Event):
    """A member of staff replaced secrets after the source had taken the new ones, or took those before back; `outcome`
    is `replaced` or `restored`, `references` the names of the secrets, `unproven` those whose worth no probe showed."""

    __slots__ = ()
    name = "ConnectorCredentialsReplaced"
    sentence = "secrets of a connector were replaced"


class ConnectorStepRefused(Event):
    """Somebody tried a step they may not take: without the role, alone, or with content nobody saw."""

    __slots__ = ()
    name = "ConnectorStepRefused"
    sentence = "a step of a connector's version was refused"
