"""What a checked request names has to exist in this house, and the house may want more of the sign-in than the request:
the last checks before a request is kept, the same for one that was pushed and one that came with the browser.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.openid_provider import failure
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.target import within_resources
from gateway.policy.procedure import Procedure


def within_offer(house: House, request: AuthorizationRequest, portal: Portal) -> AuthorizationRequest:
    """Return the request as it counts here. Raises InvalidScope, InvalidAuthorizationDetails, InvalidTarget."""
    require_procedures(request, house.policy.procedures)
    request = within_resources(house, request, portal)
    return as_fresh_as_wanted(request, house.policy.procedures)


def require_procedures(request: AuthorizationRequest, known: Mapping[str, Procedure]) -> None:
    """A procedure must exist, too: a portal may be registered ahead of its policy.

    Raises InvalidScope or InvalidAuthorizationDetails, after what named it.
    """
    if request.form_procedure is not None and request.form_procedure not in known:
        raise failure.InvalidAuthorizationDetails("a procedure does not exist here")
    if not all(code in known for code in request.procedures):
        raise failure.InvalidScope("a procedure does not exist here")


def as_fresh_as_wanted(request: AuthorizationRequest, known: Mapping[str, Procedure]) -> AuthorizationRequest:
    """Return the request with the shortest `max_age` of its own and its procedures': a sign-in that prefill would send
    back (RFC 9470) is asked anew at once."""
    ages = [known[code].max_age_s for code in request.procedures]
    wanted = [age for age in (request.max_age, *ages) if age is not None]
    return request if not wanted or min(wanted) == request.max_age else replace(request, max_age=min(wanted))
