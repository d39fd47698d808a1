"""A person with a browser without scripts: goes where pages lead, presses what goes on, stops at home."""

from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

from gateway.cli.citizen import PageReader

_GOES_ON = ("login", "consent-allow", "logout-yes", "continue")
_LONGEST_WAY = 25


class Person:
    """Walks through gateway and identity provider. `choice` is the button pressed at the simulator: who to be."""

    def __init__(self, choice: str = "persona-3") -> None:
        self.choice = choice
        self.seen: list[str] = []  # every address on the last way
        # a connection each: servers may close a kept one without a word (Apache after an error page), and where a
        # browser asks once more, this client fails
        own = httpx2.Limits(max_keepalive_connections=0)
        self.browser = httpx2.Client(timeout=60, trust_env=False, headers={"Accept-Language": "vi"}, limits=own)

    def __enter__(self) -> Self:
        """Open the browser."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.browser.close()

    def go(self, url: str, home: str, fields: dict[str, str] | None = None) -> httpx2.Response:
        """Open an address (post `fields` to it) and go on; return the first page of `home`, or where the way ends."""
        self.seen = []
        for _ in range(_LONGEST_WAY):
            self.seen.append(url)
            answer = self.browser.post(url, data=fields) if fields is not None else self.browser.get(url)
            fields = None
            if "location" in answer.headers:
                url = urljoin(url, answer.headers["location"])
                continue
            if urlsplit(url).netloc == urlsplit(home).netloc:
                return answer
            pressed = self._press(url, answer.text)
            if pressed is None:
                return answer
            url, fields = pressed
        raise AssertionError("the way leads in circles")

    def _press(self, here: str, page: str) -> tuple[str, dict[str, str] | None] | None:
        read = PageReader(page)
        for form in read.forms:
            for name in (self.choice, *_GOES_ON):
                if name in form.buttons:
                    button, value = form.buttons[name]
                    return urljoin(here, form.action), form.fields | ({button: value} if button else {})
        back = read.links.get("return")
        return (urljoin(here, back), None) if back else None
