"""HTTP for connectors: `/v1/connectors` for members of staff, `/v1/attributes` for everybody.

Whoever calls is a member of staff with a token of theirs that carries the scope `operate`; a citizen's token, a
portal's and an officer's at a desk open nothing here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.connector_lifecycle.catalogue import AttributeCatalogue
from gateway.connector_lifecycle.failure import AttributeUnknown, ReleaseUnknown, StepMalformed, StepTooLarge
from gateway.connector_lifecycle.figures import Figures
from gateway.connector_lifecycle.impact import Impact, Portals, find_impact
from gateway.connector_lifecycle.lifecycle import ACTIONS, Lifecycle
from gateway.connector_lifecycle.orders import DraftOrder, ReasonOrder, read_body
from gateway.connector_lifecycle.quarantine import Finding, QuarantineDesk
from gateway.connector_lifecycle.release import Release, StepName
from gateway.connector_lifecycle.steps import require_duty
from gateway.connector_lifecycle.watch import Watch
from gateway.connector_lifecycle.wire import connector_rows, difference_document, release_document, release_row
from gateway.policy.bundle import PolicyBundle
from gateway.staff.roles import Operator
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.octets import read_capped
from gateway.vocabulary.problem import preferred_language, problem

BODY_LIMIT = 655_360
ONE = "/v1/connectors/{connector}/versions/{version}"


class OperatorReader(Protocol):
    """Tells which member of staff calls; `application` joins it with the staff realm's tokens."""

    async def read(self, authorization: Sequence[str]) -> Operator:
        """Return the operator behind the `Authorization` header values.

        Raises a Failure with status 401 for whatever is no staff token with the scope `operate`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorDesk:
    """What the endpoints and the pages work with."""

    lifecycle: Lifecycle
    watch: Watch
    figures: Figures
    catalogue: AttributeCatalogue
    policy: PolicyBundle
    portals: Portals
    quarantines: QuarantineDesk
    issuer: str

    async def impact(self, release: Release) -> Impact:
        """Return who would miss a version."""
        sources = self.sources_of(release)
        last_used = await self.figures.last_used(release.connector)
        return find_impact(release, sources, self.policy, self.portals.all(), last_used)

    async def quarantined(self) -> list[Finding]:
        """Return the quarantines that hold: one of a version that this gateway no longer carries is over."""
        carried = {table: ".".join(map(str, one.number)) for table, one in self.watch.standings().items()}
        found = await self.quarantines.findings()
        return [one for one in found if carried.get(one.source, one.version) == one.version]

    def sources_of(self, release: Release) -> frozenset[str]:
        """Return the sources a version answers for: the tables of its connector and major, else its own name."""
        standings = self.watch.standings().values()
        same = (release.connector, release.number[0])
        found = {one.table for one in standings if (one.connector, one.number[0]) == same}
        return frozenset(found or {release.connector})


def connector_routes(desk: ConnectorDesk, operators: OperatorReader) -> list[Route]:
    """Return the routes of the API."""
    api = ConnectorApi(desk, operators)
    return [
        api.route("/v1/connectors", api.listed, "GET"),
        api.route("/v1/connectors", api.drafted, "POST"),
        api.route("/v1/connectors/{connector}", api.one_connector, "GET"),
        api.route("/v1/connectors/{connector}/difference", api.difference, "GET"),
        api.route(ONE, api.one_version, "GET"),
        api.route(f"{ONE}/impact", api.impact, "GET"),
        *(api.route(f"{ONE}/{name}", api.step(name), "POST") for name in ACTIONS),
        api.route("/v1/quarantines", api.quarantines, "GET"),
        api.route("/v1/quarantines/{source}/release", api.released, "POST"),
        api.route("/v1/attributes", api.attributes, "GET"),
        api.route("/v1/attributes/{attribute}", api.attribute, "GET"),
    ]


Answering = Callable[[Request], Awaitable[Response]]


class ConnectorApi:
    """The handlers, bound to one desk."""

    def __init__(self, desk: ConnectorDesk, operators: OperatorReader) -> None:
        self.desk = desk
        self._operators = operators

    def route(self, path: str, answer: Answering, method: str) -> Route:
        """Return a route whose refusals are problem JSON."""

        async def endpoint(request: Request) -> Response:
            try:
                return await answer(request)
            except Failure as failure:
                return self._refuse(failure, request)

        return Route(path, endpoint, methods=[method], name=f"{method} {path}")

    async def listed(self, request: Request) -> Response:
        """Every connector with its versions."""
        await self._admit(request, "read")
        return _json({"connectors": connector_rows(await self.desk.lifecycle.releases())})

    async def one_connector(self, request: Request) -> Response:
        """One connector."""
        await self._admit(request, "read")
        connector = request.path_params["connector"]
        rows = connector_rows(await self.desk.lifecycle.releases(connector))
        if not rows:
            raise ReleaseUnknown("no version of a connector with this id was handed in")
        return _json(rows[0])

    async def one_version(self, request: Request) -> Response:
        """One version with manifest, report and steps."""
        await self._admit(request, "read")
        return _json(release_document(await self._release(request)))

    async def difference(self, request: Request) -> Response:
        """How two versions differ: `from` and `to`."""
        await self._admit(request, "read")
        connector, query = request.path_params["connector"], request.query_params
        if len(query.getlist("from")) != 1 or len(query.getlist("to")) != 1:
            raise StepMalformed("give `from` and `to`, each once")
        older = await self.desk.lifecycle.release(connector, query["from"])
        newer = await self.desk.lifecycle.release(connector, query["to"])
        return _json(difference_document(older, newer))

    async def impact(self, request: Request) -> Response:
        """Who would miss a version."""
        await self._admit(request, "read")
        return _json((await self.desk.impact(await self._release(request))).wire())

    async def drafted(self, request: Request) -> Response:
        """Hand in a manifest."""
        operator = await self._admit(request, "draft")
        order = read_body(DraftOrder, await read_capped(request.stream(), BODY_LIMIT, StepTooLarge))
        release = await self.desk.lifecycle.draft(operator, order, _trace(request))
        return _json(release_row(release), 201)

    def step(self, name: StepName) -> Answering:
        """Return the handler of a step."""

        async def take(request: Request) -> Response:
            operator = await self._operators.read(request.headers.getlist("authorization"))
            order = read_body(ACTIONS[name].order, await read_capped(request.stream(), BODY_LIMIT, StepTooLarge))
            path = request.path_params
            release = await self.desk.lifecycle.take(
                name, operator, path["connector"], path["version"], order, trace_id=_trace(request)
            )
            return _json(release_row(release))

        return take

    async def quarantines(self, request: Request) -> Response:
        """Every source that is not asked because its answers drifted."""
        await self._admit(request, "read")
        return _json({"quarantines": [one.wire() for one in await self.desk.quarantined()]})

    async def released(self, request: Request) -> Response:
        """Let a source be asked again."""
        operator = await self._operators.read(request.headers.getlist("authorization"))
        order = read_body(ReasonOrder, await read_capped(request.stream(), BODY_LIMIT, StepTooLarge))
        finding = await self.desk.quarantines.release(request.path_params["source"], operator, order.reason)
        return _json(finding.wire())

    async def attributes(self, request: Request) -> Response:
        """The whole catalogue."""
        rows = self.desk.catalogue.rows(self.desk.watch.standings(), await self.desk.figures.recent())
        return _json({"attributes": rows}, cached=True)

    async def attribute(self, request: Request) -> Response:
        """One attribute."""
        name = request.path_params["attribute"]
        if name not in self.desk.catalogue:
            raise AttributeUnknown("no attribute of the catalogue has this id")
        row = self.desk.catalogue.row(name, self.desk.watch.standings(), await self.desk.figures.recent())
        return _json(row, cached=True)

    async def _admit(self, request: Request, verb: str) -> Operator:
        operator = await self._operators.read(request.headers.getlist("authorization"))
        require_duty(operator, verb)
        return operator

    async def _release(self, request: Request) -> Release:
        return await self.desk.lifecycle.release(request.path_params["connector"], request.path_params["version"])

    def _refuse(self, failure: Failure, request: Request) -> Response:
        failure.trace_id = failure.trace_id or _trace(request)
        language = preferred_language(request.headers.get("accept-language"))
        headers = {"cache-control": "no-store", "content-language": language, **failure.headers}
        if failure.retry_after is not None:
            headers["retry-after"] = str(failure.retry_after)
        document = orjson.dumps(problem(failure, issuer=self.desk.issuer, language=language))
        return Response(document, failure.http_status, headers, "application/problem+json")


def _trace(request: Request) -> str | None:
    return request.scope.get("gate06.trace_id")


def _json(document: dict[str, Any], status: int = 200, *, cached: bool = False) -> Response:
    headers = {"cache-control": "public, max-age=60" if cached else "no-store"}
    return Response(orjson.dumps(document), status, headers, "application/json")
