"""A browser without scripts, and the person in front of it: it follows redirects and presses what a page is about."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from gateway.cli.citizen import Form, PageReader
from tests.conformance.running import SUITE, Gateway

BUTTONS = ("login", "consent-allow", "continue", "logout-yes")


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Where a way ended: at a client (`arrived`, with `method` and what was carried there) or on a page of ours.

    `status` is that of the last answer, `pressed` which buttons it took, `signed_in` whether the provider was asked.
    """

    status: int
    text: str
    pressed: tuple[str, ...]
    signed_in: bool
    arrived: str | None = None
    carried: tuple[tuple[str, str], ...] = ()
    method: str = "GET"

    @property
    def members(self) -> dict[str, str]:
        """What was carried; every name stands once."""
        assert len(dict(self.carried)) == len(self.carried), "a member came twice"
        return dict(self.carried)


class Browser:
    """One browser with its cookies. `persona` is who sits in front of it, `buttons` what that person presses."""

    def __init__(self, gateway: Gateway, *, persona: int = 3) -> None:
        self.gateway = gateway
        self.http = gateway.http()
        self.persona = persona

    def open(self, url: str, form: dict[str, str] | None = None, *, buttons: tuple[str, ...] = BUTTONS) -> Landing:
        """Walk from an address until a client is reached or a page has nothing to press."""
        pressed: list[str] = []
        signed_in = False
        for _ in range(25):
            if url.startswith(SUITE):
                query = tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))
                where = url.partition("?")[0]
                return Landing(
                    status=status,  # noqa: F821  bound by the answer that led here
                    text="",
                    pressed=tuple(pressed),
                    signed_in=signed_in,
                    arrived=where,
                    carried=query,
                )
            if url.startswith(self.gateway.idp) and "login_hint" not in url and "redirect_uri" in url:
                signed_in = True
                url += "&" + urlencode({"login_hint": f"persona:{self.persona}"})
            answer = self.http.request("GET" if form is None else "POST", url, data=form)
            status, form = answer.status_code, None
            if "location" in answer.headers:
                url = urljoin(url, answer.headers["location"])
                continue
            landing = Landing(status=status, text=answer.text, pressed=tuple(pressed), signed_in=signed_in)
            step = find_button(answer.text, buttons)
            if step is None:
                return landing
            found, button = step
            if found.action.startswith(SUITE):
                return Landing(
                    status=status,
                    text=answer.text,
                    pressed=tuple(pressed),
                    signed_in=signed_in,
                    arrived=found.action.partition("?")[0],
                    carried=tuple(found.fields.items()),
                    method=found.method.upper(),
                )
            pressed.append(button)
            name, value = found.buttons[button]
            form = found.fields | ({name: value} if name else {})
            url = urljoin(url, found.action)
        raise AssertionError("the way leads in circles")


def find_button(page: str, buttons: tuple[str, ...]) -> tuple[Form, str] | None:
    """Return the first form of a page that has one of these buttons, and the button."""
    for form in PageReader(page).forms:
        for button in buttons:
            if button in form.buttons:
                return form, button
    return None
