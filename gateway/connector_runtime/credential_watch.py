"""A worker takes over replaced secrets without a restart: every other second it looks whether a file is another one."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_files import FilePrint, print_of
from gateway.vocabulary.failure import Failure

_log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 2.0

Prints = Mapping[str, tuple[FilePrint, ...]]


class Renewing(Protocol):
    """Makes a source's connector anew; `gateway.connector_runtime.registry.ConnectorRegistry` does."""

    def renew(self, source: str) -> None:
        """Take the secrets as they are now. Raises Failure or OSError, and then nothing changes."""
        ...


class CredentialWatch:
    """Knows the files that the connectors were made with. Make it before the connectors: a later file is news then."""

    def __init__(self, settings: Mapping[str, ConnectorSettings]) -> None:
        self._settings = settings
        self._known: dict[str, tuple[FilePrint, ...]] = {name: print_of(one) for name, one in settings.items()}
        self._told: dict[str, tuple[FilePrint, ...]] = {}

    async def run(self, connectors: Renewing) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.look(connectors)

    async def look(self, connectors: Renewing) -> None:
        """Take over what was replaced. What cannot be used changes nothing and is tried again: of a key and its
        certificate one may still be the old one."""
        for source, seen in (await asyncio.to_thread(self._prints)).items():
            if seen == self._known[source]:
                continue
            try:
                connectors.renew(source)
            except (Failure, OSError) as error:
                if self._told.get(source) != seen:
                    self._told[source] = seen
                    reason = error.code if isinstance(error, Failure) else type(error).__name__
                    _log.error("credentials_not_taken", connector=source, reason=reason)
                continue
            self._known[source] = seen
            _log.info("credentials_taken", connector=source)

    def _prints(self) -> Prints:
        return {name: print_of(one) for name, one in self._settings.items()}
