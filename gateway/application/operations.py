"""Health: `/livez` (this process), `/readyz` (own stores and keys; a source being down never fails it), `/status`."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.application.openapi import openapi_route
from gateway.audit.sequencer import Sequencer
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.openid_provider.house import House
from gateway.pages.public.status import StatusReport, StatusRow
from gateway.pages.routes import StatusReading
from gateway.storage.open import Storage
from gateway.vocabulary.failure import Failure

_REMEMBER_FOR = timedelta(seconds=15)
_NO_STORE = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Operations:
    """The routes, and the reading that the status page shows."""

    routes: list[Route]
    read_status: StatusReading


def operational_routes(
    storage: Storage, connectors: ConnectorRegistry, house: House, sequencer: Sequencer
) -> Operations:
    """Return `/livez`, `/readyz` and `/openapi.json`, and the reading for `/status`."""

    async def livez(request: Request) -> Response:
        return Response(b"ok\n", headers=_NO_STORE, media_type="text/plain")

    async def readyz(request: Request) -> Response:
        findings = {}
        try:
            findings = {one.name: one.good_enough(develop=house.develop) for one in await storage.check()}
        except Failure:
            findings["database"] = False
        findings["keys"] = bool(house.keys.verification_keys())
        findings["log"] = sequencer.standing.failure_count < 5
        ready = all(findings.values())
        body = orjson.dumps({"ready": ready, "checks": findings})
        return Response(body, 200 if ready else 503, _NO_STORE, "application/json")

    watch = StatusWatch(connectors, house)
    routes = [
        Route("/livez", livez, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        openapi_route(house.issuer),
    ]
    return Operations(routes, watch.read)


class StatusWatch:
    """Looks at every upstream at most once in fifteen seconds, and remembers since when each is as it is."""

    def __init__(self, connectors: ConnectorRegistry, house: House) -> None:
        self._connectors = connectors
        self._house = house
        self._since: dict[str, tuple[str, datetime]] = {}
        self._report: StatusReport | None = None
        self._looking = asyncio.Lock()

    async def read(self) -> StatusReport:
        """Return the latest report, making a new one when it is old."""
        async with self._looking:
            now = self._house.clock.now()
            if self._report is None or now - self._report.checked_at >= _REMEMBER_FOR:
                self._report = await self._look(now)
            return self._report

    async def _look(self, now: datetime) -> StatusReport:
        rows = []
        for source, health in (await self._connectors.check_all()).items():
            known, since = self._since.get(source, ("", now))
            if known != health.state:
                since = now
            self._since[source] = (health.state, since)
            rows.append(StatusRow(id=source, name=self._connectors.labels(source), state=health.state, since=since))
        return StatusReport(checked_at=now, rows=tuple(rows), next_at=now + _REMEMBER_FOR)
