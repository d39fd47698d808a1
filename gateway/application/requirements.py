"""What the settings of portals, policy and connectors demand of each other, before anything is served."""

from gateway.assurance.sign_in import COMPARED
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.openid_provider.clients import ClientRegistry, Portal
from gateway.policy.bundle import PolicyBundle
from gateway.settings import ConfigurationRefused, Settings


def require_permitted(policy: PolicyBundle, clients: ClientRegistry) -> None:
    """A portal may list no procedure that does not exist and no attribute beyond its procedures (design.md §6).

    Raises ConfigurationRefused that names portal and excess.
    """
    wrong: list[str] = []
    for portal in clients.all():
        unknown = [code for code in portal.procedures if code not in policy.procedures]
        wrong += [f"portal `{portal.client_id}`: `procedures` names `{code}`, which does not exist" for code in unknown]
        known = [code for code in portal.procedures if code not in unknown]
        excess = policy.excess(known, portal.attributes or ())
        if excess:
            named = ", ".join(f"`{attribute}`" for attribute in excess)
            wrong.append(f"portal `{portal.client_id}`: `attributes` goes beyond its procedures: {named}")
    if wrong:
        raise ConfigurationRefused(wrong)


def require_matchable(settings: Settings, connectors: ConnectorRegistry) -> None:
    """A portal that takes only people the register confirms wants that register to be connected.

    Raises ConfigurationRefused: otherwise every sign-in of the portal would end in a refusal.
    """
    strict = [portal.client_id for portal in settings.portal if portal.match == "required"]
    if settings.match.by == "verify" and not connectors.can_verify(settings.match.source):
        raise ConfigurationRefused(
            [f"`match.by` is `verify`, but connector `{settings.match.source}` is not set up or cannot verify a person"]
        )
    missing = COMPARED - connectors.sources().get(settings.match.source, frozenset())
    if strict and missing:
        named = ", ".join(f"`{name}`" for name in sorted(missing))
        raise ConfigurationRefused(
            [
                f"portal `{client_id}`: `match` is `required`, but connector `{settings.match.source}` is not set up "
                f"to tell {named}; set up `[connectors.{settings.match.source}]` or name another in `match.source`"
                for client_id in strict
            ]
        )


def permit_seeds(policy: PolicyBundle, seeds: tuple[Portal, ...]) -> None:
    """Refuse portals of the settings that ask for more than their procedures. Raises ConfigurationRefused."""
    require_permitted(policy, ClientRegistry(seeds))
