"""Dossiers joined to the rest: the provider's tokens say who tells, the stores keep what was told."""

from collections.abc import Mapping

from starlette.routing import Route

from gateway.dossiers.endpoints import IntakeDesk, tracking_route
from gateway.dossiers.intake import Intake
from gateway.dossiers.sender import Caller
from gateway.dossiers.tracking import Tracking
from gateway.openid_provider.bearer import read_caller
from gateway.openid_provider.house import House
from gateway.pages.layout.frame import Layout
from gateway.pages.public.tracking import Titles, TrackingPage
from gateway.pages.tracking_routes import tracking_routes
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.presented import Presented


class TokenCallers:
    """Intake's `CallerReader` over the provider's access tokens."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def read(self, presented: Presented) -> Caller:
        """Return the caller. Raises InvalidToken, InvalidRequest, AccessProofRefused, AccessNonceWanted."""
        caller = await read_caller(self._house, presented)
        return Caller(
            client_id=caller.portal.client_id,
            scopes=frozenset(caller.access.scopes),
            units=frozenset(caller.portal.dossier_units),
            verifies=frozenset(caller.portal.verifies),
            alone=caller.grant is None,
        )


def dossier_routes(house: House, layout: Layout) -> list[Route]:
    """Return the routes of intake and of public progress, its page among them."""
    intake = Intake(house.store, house.index, house.evidence, house.clock, house.log.journal)
    tracking = Tracking(house.store, house.index, house.clock)
    desk = IntakeDesk(intake, TokenCallers(house), house.issuer)
    page = TrackingPage(tracking, layout, titles_of(house.policy))
    return [*desk.routes(), tracking_route(tracking, house.issuer), *tracking_routes(page)]


def titles_of(policy: PolicyBundle) -> Titles:
    """Return what the policy book calls procedures."""

    def title(code: str) -> Mapping[str, str] | None:
        procedure = policy.procedures.get(code)
        return None if procedure is None else procedure.title.wire()

    return title
