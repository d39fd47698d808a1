"""Whether identity providers of OpenID Connect can do what their tables ask, by the documents they publish."""

import asyncio

from gateway.cli.doctor_row import Row
from gateway.connector_runtime.outbound import ZoneClient
from gateway.identity_providers.capability import pushes, require_capable
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import IdentityProviderUnavailable, SignInFailure
from gateway.identity_providers.discovery import Discovery, Metadata
from gateway.identity_providers.exchange import Exchange
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock

_FIX = "change the named member of its `[[identity_provider]]`, or ask the provider to change its document"


async def check_providers(settings: Settings) -> list[Row]:
    """Return a row for each; the national dialects publish nothing that could be read."""
    tables = [one for one in settings.identity_provider if one.kind == "openid_connect"]
    return list(await asyncio.gather(*(_check(one, settings) for one in tables)))


async def _check(table: IdentityProviderSettings, settings: Settings) -> Row:
    client = ZoneClient(settings.egress.identity_providers, settings.egress)
    exchange = Exchange(client, alias=table.alias, timeout_for=table.timeout_for, logged=False)
    discovery = Discovery(table.issuer, exchange, SystemClock())
    check = f"sign-in at {table.alias}"
    try:
        metadata = await discovery.metadata()
        require_capable(table, metadata)
        await discovery.keys()
    except IdentityProviderUnavailable as gone:
        return Row(check, False, gone.operator_detail or gone.title, "check the network zone and the address")
    except SignInFailure as refused:
        return Row(check, False, refused.operator_detail or refused.title, _FIX)
    finally:
        await client.close()
    return Row(check, True, _told(table, metadata, settings.issuer))


def _told(table: IdentityProviderSettings, metadata: Metadata, issuer: str) -> str:
    words = {
        "requests pushed": pushes(table, metadata),
        "requests signed": table.require_signed_request_object,
        "answers signed": table.response_mode == "jwt",
        "tokens bound to a key": table.dpop_bound_access_tokens,
        f"our {table.token_endpoint_auth_signing_alg} keys at {issuer}/jwks": table.signs,
    }
    return ", ".join([f"profile {table.profile}", *(word for word, so in words.items() if so)])
