"""An officer's steps through the provider, in steps a test can bend."""

from typing import Any

import httpx2
import journey
import provider_house as world

DESK_CALLBACK = "http://127.0.0.1:8009/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def ask_device(provider: world.Provider, **more: str) -> dict[str, Any]:
    """Ask for a device code as the command does."""
    answer = await provider.http.post("/device_authorization", data={"client_id": "gate06-cli", **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def poll(provider: world.Provider, device_code: str, **more: str) -> httpx2.Response:
    """Ask whether the code was confirmed."""
    form = {"grant_type": DEVICE_GRANT, "client_id": "gate06-cli", "device_code": device_code}
    return await provider.http.post("/token", data=form | more)


async def type_code(provider: world.Provider, code: str) -> str:
    """Type a code at `/device`; return the address of the attempt."""
    begun = await provider.http.post("/device", data={"user_code": code})
    assert begun.status_code == 303, begun.text
    return str(begun.headers["location"])


async def pass_sign_in(provider: world.Provider, attempt: str, alias: str = "staff") -> httpx2.Response:
    """Sign in at the staff provider from an attempt's page; return the attempt's next page."""
    page = await provider.get(attempt)
    chosen = await provider.http.post(attempt, data={"csrf": journey.hidden(page.text, "csrf"), "provider": alias})
    assert chosen.status_code == 303, chosen.text
    state = journey.members(chosen.headers["location"])["state"]
    returned = await provider.get(f"/upstream/{alias}/callback?code=x&state={state}")
    return await follow(provider, returned)


async def follow(provider: world.Provider, answer: httpx2.Response) -> httpx2.Response:
    """Follow redirects inside the gateway."""
    while answer.status_code == 303 and answer.headers["location"].startswith(world.ISSUER):
        answer = await provider.get(answer.headers["location"])
    return answer


async def confirm_page(provider: world.Provider, code: str) -> httpx2.Response:
    """Type a code, sign in where that is asked, and return what comes."""
    attempt = await type_code(provider, code)
    page = await follow(provider, await provider.get(attempt))
    return await pass_sign_in(provider, attempt) if 'id="login"' in page.text else page


async def decide(provider: world.Provider, page: httpx2.Response, decision: str) -> httpx2.Response:
    """Answer the confirmation page."""
    form = {"csrf": journey.hidden(page.text, "csrf"), "decision": decision}
    return await provider.http.post(str(page.url), data=form)


async def obtain_staff_token(provider: world.Provider) -> str:
    """Walk the device grant to its token."""
    device = await ask_device(provider)
    page = await confirm_page(provider, device["user_code"])
    assert 'id="device-allow"' in page.text, page.text
    assert (await decide(provider, page, "allow")).status_code == 200
    answer = await poll(provider, device["device_code"])
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def desk_code(provider: world.Provider, **changes: str | None) -> str:
    """Sign an officer in at the desk's software; return the code."""
    url = journey.authorize_url(**({"client_id": "desk", "redirect_uri": DESK_CALLBACK} | changes))
    begun = await provider.get(url)
    assert begun.status_code == 303, begun.text
    location = begun.headers["location"]
    if location.startswith(f"{world.ISSUER}/"):
        answered = await pass_sign_in(provider, location)
        assert answered.status_code == 303, answered.text
        location = answered.headers["location"]
    return journey.members(location)["code"]


async def redeem_desk(provider: world.Provider, code: str, **changes: str | None) -> httpx2.Response:
    """Redeem a desk's code."""
    known: dict[str, str | None] = {
        "redirect_uri": DESK_CALLBACK,
        "authorization": journey.basic("desk")["authorization"],
    }
    return await journey.redeem(provider, code, **(known | changes))
