"""Who would miss a source: which procedures fill which field from it, which portals ask, when it was last used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from gateway.connector_lifecycle.release import Release
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.collation import collation_key


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalUse:
    """A portal and the procedures it may ask for."""

    client_id: str
    name: Mapping[str, str]
    procedures: frozenset[str]


class Portals(Protocol):
    """Knows who is registered; `application` joins it with the OpenID provider's registry."""

    def all(self) -> Iterable[PortalUse]:
        """Return the portals of the citizens' realm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """A field of a form that one attribute of the source fills; `alone` when no other source may fill it."""

    procedure: str
    title: Mapping[str, str]
    field: str
    attribute: str
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What retiring a version does: `sources` are the tables it answers for."""

    sources: frozenset[str]
    fields: tuple[FieldUse, ...]
    portals: tuple[PortalUse, ...]
    last_used: date | None

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "sources": sorted(self.sources),
            "last_used": None if self.last_used is None else self.last_used.isoformat(),
            "fields": [
                {
                    "procedure": one.procedure,
                    "title": dict(one.title),
                    "field": one.field,
                    "attribute": one.attribute,
                    "only_source": one.alone,
                }
                for one in self.fields
            ],
            "portals": [
                {"client_id": one.client_id, "name": dict(one.name), "procedures": sorted(one.procedures)}
                for one in self.portals
            ],
        }


def find_impact(
    release: Release,
    sources: frozenset[str],
    policy: PolicyBundle,
    portals: Iterable[PortalUse],
    last_used: date | None,
) -> Impact:
    """Return what would be missed: the fields its attributes fill, and the portals that may ask for those forms,
    in the order of their Vietnamese names."""
    fields = tuple(field_uses(sources, release.manifest.provides, policy))
    procedures = {one.procedure for one in fields}
    touched = tuple(
        PortalUse(client_id=one.client_id, name=one.name, procedures=one.procedures & procedures)
        for one in sorted(portals, key=lambda one: (collation_key(one.name.get("vi", "")), one.client_id))
        if one.procedures & procedures
    )
    return Impact(sources=sources, fields=fields, portals=touched, last_used=last_used)


def field_uses(sources: frozenset[str], attributes: frozenset[str], policy: PolicyBundle) -> Iterable[FieldUse]:
    """Yield the fields that attributes of sources fill, by procedure and field."""
    for code, procedure in policy.procedures.items():
        for field in procedure.fields:
            used = {fill.attribute for fill in field.fill if fill.source in sources and fill.attribute in attributes}
            others = any(fill.source not in sources for fill in field.fill)
            for attribute in sorted(used):
                yield FieldUse(
                    procedure=code,
                    title=procedure.title.wire(),
                    field=field.id,
                    attribute=attribute,
                    alone=not others,
                )
