"""HTTP for the staff realm: the device grant's endpoint and page, and an officer's own pages."""

from starlette.requests import Request
from starlette.routing import Route

from gateway.openid_provider.browser import Browser
from gateway.openid_provider.endpoints import Endpoints
from gateway.openid_provider.house import House
from gateway.openid_provider.http_request import read_form, read_query, trace_of
from gateway.openid_provider.interaction import led_on
from gateway.openid_provider.lost import tell_again
from gateway.openid_provider.own_pages.endpoints import in_language
from gateway.openid_provider.reply import Reply
from gateway.openid_provider.setback import BACK, carry_back
from gateway.openid_provider.staff_realm.device import authorize_device, begin_device, code_page
from gateway.openid_provider.staff_realm.failure import DeviceLoginOff
from gateway.openid_provider.staff_realm.interaction import show_failed_officer, show_officer, submit_officer
from gateway.openid_provider.staff_realm.leaving import ask_to_leave, leave_staff


def staff_routes(house: House) -> list[Route]:
    """Return the routes of the staff realm; without a provider of it they answer that it is not set up."""
    desk, shared = StaffEndpoints(house), Endpoints(house)
    protocol, pages = shared.protocol, shared.page
    return [
        Route("/device_authorization", protocol(desk.device_authorization), methods=["POST"]),
        Route("/device", pages(desk.device), methods=["GET", "POST"]),
        Route("/staff/interaction/{attempt_id}", pages(desk.interaction), methods=["GET", "POST"]),
        Route("/staff/sign-out", pages(desk.sign_out), methods=["GET", "POST"]),
    ]


class StaffEndpoints:
    """The handlers, bound to one house."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def device_authorization(self, request: Request) -> Reply:
        """RFC 8628 §3.1."""
        form = await read_form(request)
        address = request.client.host if request.client is not None else ""
        return await authorize_device(
            self.house, request.headers.getlist("authorization"), form, address, trace_of(request)
        )

    async def device(self, request: Request, browser: Browser) -> Reply:
        """RFC 8628 §3.3: the page a person opens; the code is typed, or filled in from the address."""
        if not self.house.has_staff:
            raise DeviceLoginOff()
        if request.method == "POST":
            return await begin_device(self.house, await read_form(request), browser)
        return code_page(self.house, browser, typed=read_query(request).get("user_code", ""))

    async def interaction(self, request: Request, browser: Browser) -> Reply:
        """One page of an officer's attempt."""
        attempt_id = request.path_params["attempt_id"]
        if request.method == "POST":
            step = submit_officer(self.house, attempt_id, await read_form(request), browser)
        elif BACK in request.query_params:
            step = carry_back(self.house, attempt_id, browser, "staff")
        elif "failed" in request.query_params:
            step = show_failed_officer(self.house, attempt_id, browser)
        elif "told" in request.query_params:
            step = tell_again(request.query_params["told"])
        else:
            step = show_officer(self.house, attempt_id, browser)
        return await led_on(self.house, attempt_id, browser, step)

    async def sign_out(self, request: Request, browser: Browser) -> Reply:
        """Ask whether to end the staff session of this browser, and end it."""
        asked, chosen = in_language(self.house, browser)
        if request.method == "POST":
            reply = await leave_staff(self.house, read_query(request), await read_form(request), asked)
        else:
            reply = await ask_to_leave(self.house, read_query(request), asked)
        return reply.adding(*chosen)
