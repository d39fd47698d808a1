"""Resource indicators (RFC 8707): which resource a token is for, and which scopes it then carries.

A token is for one resource and has that resource's scopes alone, or it is for our own API, whose identifier is the
issuer. At the authorization endpoint several may be named; each token is for one of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.openid_provider.authorization import OWN_API, AuthorizationRequest
from gateway.openid_provider.clients import Portal, Resource
from gateway.openid_provider.failure import InvalidScope, InvalidTarget
from gateway.openid_provider.grant import Grant
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import is_own_scope
from gateway.openid_provider.screens import Text
from gateway.vocabulary.naming import name_by_language


def named_by_client(house: House, parameters: Parameters) -> Resource | None:
    """Return the resource that a client names for itself, None for our own API. Raises InvalidTarget."""
    named = tuple(dict.fromkeys(parameters.resources))
    if named in {(), (house.issuer,)}:
        return None
    return _known(house, _one(named))


def within_resources(house: House, request: AuthorizationRequest, portal: Portal) -> AuthorizationRequest:
    """Return a request with the scopes that its resources know. Our own API counts among several: a token then names
    the one it is for, and alone it is the same as none.

    Raises InvalidTarget: a resource is not known, or this client registered none of its scopes; InvalidScope: a scope
    of a resource is not registered.
    """
    if not request.resources:
        return request
    named = tuple(OWN_API if name == house.issuer else name for name in request.resources)
    resources = [_known(house, name) for name in named if name != OWN_API]
    for one in resources:
        if one.scopes and not portal.scopes.intersection(one.scopes):
            raise InvalidTarget("this client is registered for none of the scopes of a `resource`")
    theirs = {scope for one in resources for scope in one.scopes}
    beyond = theirs.intersection(request.scopes).difference(portal.scopes)
    if beyond:
        raise InvalidScope("a scope of a `resource` is not registered for this portal", excess=sorted(beyond))
    kept = tuple(scope for scope in request.scopes if is_own_scope(scope) or scope in theirs)
    if not kept and request.form_procedure is None:
        raise InvalidScope("`scope` names nothing that is offered")
    return replace(request, scopes=kept, resources=named if resources else ())


def granted_target(house: House, parameters: Parameters, grant: Grant) -> Resource | None:
    """Return the resource that a token of a grant is for, None for our own API: the one named, else the one granted.

    Raises InvalidTarget: several named, several granted and none named, one that was not granted, or a signed token
    where the person acts for an organisation, whom it could not name.
    """
    named = tuple(dict.fromkeys(parameters.resources)) or grant.resources
    if named in {(), (house.issuer,)}:
        return None
    resource = _known(house, _one(named))
    if resource.identifier not in grant.resources:
        raise InvalidTarget("`resource` is none of those that were granted")
    if resource.signed and grant.identity.get("organisation") is not None:
        raise InvalidTarget("the person acts for an organisation, which a signed token for a `resource` cannot say")
    return resource


def scopes_for(resource: Resource | None, scopes: Iterable[str]) -> tuple[str, ...]:
    """Return those of a grant's scopes that a token carries: the resource's, or those of our own API."""
    if resource is None:
        return tuple(scope for scope in scopes if is_own_scope(scope))
    return tuple(scope for scope in scopes if scope in resource.scopes)


def resource_names(house: House) -> Mapping[str, Text]:
    """Return what each resource is called to people, by its URI: the URI itself where it has no other name."""
    return {resource.identifier: _named(resource) for resource in house.resources.all()}


def _named(resource: Resource) -> Text:
    label = resource.label or resource.identifier
    return name_by_language(label) if isinstance(label, str) else label


def _one(named: tuple[str, ...]) -> str:
    if len(named) > 1:
        raise InvalidTarget("`resource` must name one resource: a token is for one alone")
    return named[0]


def _known(house: House, name: str) -> Resource:
    resource = house.resources.get(name)
    if resource is None:
        raise InvalidTarget("`resource` must name one known resource")
    return resource
