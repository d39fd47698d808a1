"""Every portal that the running gateway knows, and every one of the settings that the command reads."""

from typing import Any

from gateway.openid_provider.clients import ClientRegistry
from gateway.openid_provider.declared import declared_rows, load_declared, portal_row
from gateway.settings import Settings
from gateway.storage.open import Storage


async def known_portals(settings: Settings, storage: Storage) -> list[dict[str, Any]]:
    """Return rows, each once: of the running gateway's settings, of the settings read here, added by command.

    `running` tells whether the gateway that started last with this store knows it; None when none has started.
    """
    registry = ClientRegistry()
    await registry.refresh(storage.store)
    declared = await load_declared(storage.store)
    found = {one.client_id: portal_row(one, origin="command", source="command") for one in registry.all()}
    rows = {client_id: {**row, "running": None if declared is None else True} for client_id, row in found.items()}
    for row in declared_rows(settings.portal, settings.origins):
        rows[row["client_id"]] = {**row, "running": None if declared is None else row["client_id"] in found}
    for row in declared or ():
        rows[row["client_id"]] = {**row, "running": True}
    return list(rows.values())
