"""The catalogue of attributes: what each is, who answers for it, which source holds it, how fresh, on what legal basis,
how sensitive, where a wrong value is put right, which forms use it, and how often the source had it.

It is public: it says what the province may know of anybody, and nothing about anybody.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.connector_lifecycle.figures import Tally, filled_percent
from gateway.connector_lifecycle.standing import Standing
from gateway.connector_runtime.making import Installed
from gateway.policy.bundle import PolicyBundle
from gateway.policy.catalogue import Attribute

KEPT_WITH_FORM: Final = 600
"""Seconds a fetched value serves the same sign-in (design.md §7)."""

Tallies = Mapping[str, Mapping[str, Tally]]


class AttributeCatalogue:
    """Joins the policy book with what is installed here. Pure: standings and tallies are handed in."""

    def __init__(self, policy: PolicyBundle, installed: Mapping[str, Installed]) -> None:
        self._policy = policy
        self._installed = installed
        self._used: dict[str, list[dict[str, Any]]] = {}
        for code, procedure in policy.procedures.items():
            for name in sorted({fill.attribute for field in procedure.fields for fill in field.fill}):
                self._used.setdefault(name, []).append({"code": code, "title": procedure.title.wire()})

    def __contains__(self, attribute_id: str) -> bool:
        return attribute_id in self._policy.attributes

    def rows(self, standings: Mapping[str, Standing], tallies: Tallies) -> list[dict[str, Any]]:
        """Return every attribute, by domain and id."""
        attributes = sorted(self._policy.attributes.values(), key=lambda one: (one.domain, one.id))
        return [self._row(one, standings, tallies) for one in attributes]

    def row(self, attribute_id: str, standings: Mapping[str, Standing], tallies: Tallies) -> dict[str, Any]:
        """Return one attribute. Raises KeyError."""
        return self._row(self._policy.attributes[attribute_id], standings, tallies)

    def _row(self, one: Attribute, standings: Mapping[str, Standing], tallies: Tallies) -> dict[str, Any]:
        return {
            "id": one.id,
            "domain": one.domain,
            "label": one.label.wire(),
            "type": one.type,
            "sensitivity": one.sensitivity,
            "authority": one.authority.wire(),
            "self_declared": one.self_declared,
            "correction": one.correction.wire(),
            "sources": [self._source(name, one.id, standings, tallies) for name in one.sources],
            "procedures": self._used.get(one.id, []),
        }

    def _source(self, name: str, attribute: str, standings: Mapping[str, Standing], tallies: Tallies) -> dict[str, Any]:
        known, standing = self._installed.get(name), standings.get(name)
        tally = tallies.get(name, {}).get(attribute)
        offered = known is not None and attribute in known.manifest.provides
        filled = filled_percent(tally)
        return {
            "id": name,
            "label": self._policy.sources[name].label.wire(),
            "connected": offered and standing is not None and standing.why is None,
            "version": known.manifest.version if offered and known is not None else None,
            "owner": known.manifest.owner.org if offered and known is not None else None,
            "legal_basis": list(known.manifest.legal.basis) if offered and known is not None else [],
            "purposes": list(known.manifest.legal.purposes) if offered and known is not None else [],
            "freshness": {
                "asked": "at_each_form" if not self._policy.sources[name].self_declared else "when_declared",
                "kept_seconds": KEPT_WITH_FORM
                if offered and known and known.manifest.legal.retention == "grant"
                else 0,
            },
            # a count of few would be about somebody: below the limit neither number is told
            "answers": tally.answers if tally is not None and filled is not None else None,
            "filled_percent": filled,
        }
