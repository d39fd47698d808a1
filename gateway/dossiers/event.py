"""What evidence says of dossiers: that a system told something, never what.

One event for every commit of intake. Beside the members of all, it carries how much was `accepted`, `duplicate` and
`rejected` (by code), and `digest`: SHA-256, hex, over the RFC 8785 JSON of the accepted statements as pairs of dossier
code and statement, in the order they came. Whoever has the statements can prove that they are those.
"""

from gateway.audit.event import Event


class DossiersTold(Event):
    """A system told of dossiers (or an operator imported or replayed what one told): `taken` when all of it was,
    `partly`, or `refused` when nothing was; what was not waits as dead letters."""

    __slots__ = ()
    name = "DossiersTold"
    sentence = "a system told what happened to dossiers"


class DossiersRefused(Event):
    """A system's message about dossiers was refused as a whole."""

    __slots__ = ()
    name = "DossiersRefused"
    sentence = "a message about dossiers was refused"
