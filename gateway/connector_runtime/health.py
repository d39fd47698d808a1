"""Probing sources: side by side, each with its own patience, none of them fatal."""

import asyncio
from collections.abc import Mapping

from gateway.connector_runtime.contract import Connector, Health


async def check_connectors(connectors: Mapping[str, Connector], *, patience_for: float = 3.0) -> dict[str, Health]:
    """Return the health of every connector; one that raises or does not answer is down."""
    states = await asyncio.gather(*(_check(connector, patience_for) for connector in connectors.values()))
    return dict(zip(connectors, states, strict=True))


async def _check(connector: Connector, patience_for: float) -> Health:
    try:
        async with asyncio.timeout(patience_for):
            return await connector.check()
    except TimeoutError:
        return Health("down", "the probe was not answered in time")
    except Exception as error:
        # foreign texts may quote a person: only the kind of error is told
        return Health("down", type(error).__name__)
