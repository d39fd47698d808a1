"""The sample portal: home, sign-in, filled form, submission, receipt, sign-out. Works without a script.

Values are taken from the form's own post only; a page that is opened with values in its address refuses them.
"""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from examples.portal.form import Entry, lay_out, read_questions
from examples.portal.gateway_client import GatewayClient, GatewayRefusal
from examples.portal.sessions import Session, SessionLayer
from examples.portal.settings import PortalSettings
from examples.portal.submission import (
    VIETNAM,
    Submitted,
    find_missing,
    new_reference,
    present,
    read_answers,
    read_outcomes,
)
from examples.portal.texts import Texts, read_texts

HERE = Path(__file__).parent
MOST_CHARACTERS = 4000
# the gateway's codes for a token that is no longer good, for a session that has ended and for a sign-in too old
SESSION_OVER = ("GW-1601", "PF-104", "GW-1606")
LANGUAGE_BUTTONS = {"language-vi": "vi", "language-en": "en"}
# the page leads on to the gateway after a post, and from there to identity providers: no form-action (it would
# apply to those redirects as well); there is no script and every value is escaped
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
View = Callable[[Request], Awaitable[Response]]


class Portal:
    """The pages of the portal."""

    def __init__(self, settings: PortalSettings, gateway: GatewayClient) -> None:
        self._settings = settings
        self._gateway = gateway
        self._questions = read_questions()
        self._texts = read_texts()
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def home(self, request: Request) -> Response:
        """The service's first page, with the way to sign in."""
        return self._page(request, "home.html")

    async def login(self, request: Request) -> Response:
        """Send the browser to the gateway."""
        form = await self._posted(request)
        if form is None:
            return self.refuse(request, {"code": "form_expired"}, 403)
        return await self._begin(request, form.get("login_hint"))

    async def callback(self, request: Request) -> Response:
        """The gateway's answer. What was typed before stays, whatever it says, unless somebody else signed in."""
        try:
            token = await self._gateway.complete(request)
        except GatewayRefusal as refused:
            return self.refuse(request, refused.problem, 400)
        session = request.session
        session.renew()
        session["token"] = {"access_token": token["access_token"], "id_token": token.get("id_token")}
        session["person"] = token["name"]
        self._receive(session, token["userinfo"]["sub"])
        return RedirectResponse("/form", 303)

    async def form(self, request: Request) -> Response:
        """The form: filled by the gateway after a sign-in, empty without one."""
        await self._fill(request)
        return self._form_page(request)

    async def refresh(self, request: Request) -> Response:
        """Ask for the late fields once more."""
        await self._fill(request, again=True)
        return RedirectResponse("/form", 303)

    async def send(self, request: Request) -> Response:
        """Keep what was typed, and change the language, refresh or submit as the button says."""
        form = await self._posted(request)
        if form is None:
            return self.refuse(request, {"code": "form_expired"}, 403)
        do, twice = form.get("do"), form.get("key", "") in request.session.get("sent", {})
        if not twice:
            self._keep(request, form)
        if do in LANGUAGE_BUTTONS:
            request.session["language"], do = LANGUAGE_BUTTONS[do], "save"
        if do == "login":
            return await self._begin(request, None)
        if twice:
            return RedirectResponse("/receipt", 303)  # sent twice: the first counts
        if do == "refresh":
            return await self.refresh(request)
        if do == "save":
            return RedirectResponse("/form", 303)
        return await self._submit(request, form)

    async def receipt(self, request: Request) -> Response:
        """The receipt of what was sent last."""
        sent = request.session.get("sent", {})
        if not sent:
            return RedirectResponse("/", 303)
        submitted = list(sent.values())[-1]
        return self._page(request, "receipt.html", submitted=submitted, local=submitted.at.astimezone(VIETNAM))

    async def logout(self, request: Request) -> Response:
        """Forget the person here, then at the gateway (RP-initiated logout)."""
        if await self._posted(request) is None:
            return self.refuse(request, {"code": "form_expired"}, 403)
        session = request.session
        token = session.get("token") or {}
        language = self._language(request)
        session.clear()
        session.renew()
        session["language"] = language
        try:
            return await self._gateway.end_session(request, token.get("id_token"), language)
        except GatewayRefusal:
            return RedirectResponse("/logged-out", 303)

    async def logged_out(self, request: Request) -> Response:
        """Where the gateway sends the browser after signing out; nothing is kept."""
        language = self._language(request)
        request.session.end()
        return self._page(request, "logged_out.html", language=language)

    async def style(self, _: Request) -> Response:
        """The portal's own look."""
        headers = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
        return Response((HERE / "static/portal.css").read_bytes(), media_type="text/css", headers=headers)

    async def live(self, _: Request) -> Response:
        """Whether the process answers."""
        return Response("ok", media_type="text/plain")

    async def missing(self, request: Request, _: Exception) -> Response:
        """There is no such page."""
        return self.refuse(request, {"code": "not_found"}, 404)

    def _keep(self, request: Request, form: dict[str, str]) -> None:
        session, language = request.session, self._language(request)
        if shown := session.get("shown", {}).get(form.get("key", "")):
            session["filled"] = shown  # another tab may have fetched or sent its own since
        # a source's value that was left in its box was not typed: in the other language it has other words
        left = {f"own.{one.question.id}": one.shown(language) for one in self._entries(request) if one.filled}
        session["draft"] = {
            name: value
            for name, value in form.items()
            if name.startswith(("own.", "confirm.")) and value and value.strip() != left.get(name)
        }

    async def _begin(self, request: Request, hint: str | None) -> Response:
        refused = request.session.get("refusal") or {}
        try:
            return await self._gateway.begin(
                request, language=self._language(request), login_hint=hint, max_age=refused.get("max_age")
            )
        except GatewayRefusal as refused:
            return self.refuse(request, refused.problem, 502)

    def _receive(self, session: Session, subject: str) -> None:
        """Make the session this person's: of the person before, nothing may be shown, nor sent from a page left open.

        What was typed before anybody signed in stays, since it is most likely theirs.
        """
        before = session.get("subject")
        if before != subject:
            for theirs in ("shown", "sent") if before is None else ("shown", "sent", "draft", "csrf"):
                session.pop(theirs, None)
        session["subject"] = subject
        for stale in ("filled", "refusal", "over"):
            session.pop(stale, None)

    async def _fill(self, request: Request, *, again: bool = False) -> None:
        session = request.session
        token, filled = session.get("token"), session.get("filled")
        if token is None or session.get("over") or (filled is not None and not again):
            return
        language = self._language(request)
        try:
            if filled is not None:
                session["filled"] = await self._gateway.refresh(filled["id"], token, language)
            else:
                session["filled"] = await self._gateway.prefill(token, language)
            session.pop("refusal", None)
        except GatewayRefusal as refused:
            session["refusal"] = refused.problem
            # another sign-in mends it; what came before stays on the form
            session["over"] = refused.problem.get("code") in SESSION_OVER

    def _entries(self, request: Request) -> list[Entry]:
        session = request.session
        over = session.get("over", False)
        return lay_out(self._questions, session.get("filled"), session.get("draft", {}), over=over)

    def _form_page(self, request: Request, missing: tuple[Entry, ...] = (), status: int = 200) -> Response:
        entries = self._entries(request)
        key = secrets.token_urlsafe(16)
        self._remember_shown(request.session, key)
        return self._page(
            request,
            "form.html",
            status=status,
            entries=entries,
            missing=[entry.question.id for entry in missing],
            late=any(entry.late for entry in entries),
            filled="filled" in request.session,
            refusal=request.session.get("refusal"),
            key=key,
            slip=self._slip(request.session.get("filled") or {}),
        )

    def _slip(self, filled: dict[str, Any]) -> dict[str, str] | None:
        """Return where the gateway makes the paper for wrong entries, and the number of this form; None without one."""
        address = str(filled.get("slip", ""))
        if not address.startswith(f"{self._settings.issuer}/"):
            return None
        return {"address": address, "reference": str(filled.get("id", ""))}

    def _remember_shown(self, session: Session, key: str) -> None:
        """Keep what each open page was filled with, for the eight newest: a page is sent as it was shown."""
        if filled := session.get("filled"):
            session["shown"] = dict([*session.get("shown", {}).items(), (key, filled)][-8:])

    async def _submit(self, request: Request, form: dict[str, str]) -> Response:
        session = request.session
        language = self._language(request)
        answers = read_answers(self._entries(request), form, language)
        if missing := find_missing(answers):
            return self._form_page(request, missing, status=422)
        filled = session.get("filled") or {}
        claimed = {answer.entry.question.id: answer.value for answer in answers if answer.claimed}
        verified: dict[str, Any] | None = None
        if claimed and filled.get("manifest"):
            try:
                verified = await self._gateway.verify(filled["manifest"], claimed, language)
            except GatewayRefusal as refused:
                # the office gets the form all the same, marked as not compared
                session["refusal"] = refused.problem
        now = present()
        submitted = Submitted(
            reference=new_reference(now),
            at=now,
            answers=answers,
            outcomes=read_outcomes(answers, verified),
            manifest=None if verified is None else str(verified.get("manifest", "unknown")),
            receipt=filled.get("receipt"),
        )
        if submitted.tampered:
            return self._page(request, "changed.html", status=409, submitted=submitted)
        session["sent"] = {**session.get("sent", {}), form.get("key", ""): submitted}
        session.get("shown", {}).pop(form.get("key", ""), None)
        for done in ("draft", "filled", "refusal"):
            session.pop(done, None)
        return RedirectResponse("/receipt", 303)

    async def _posted(self, request: Request) -> dict[str, str] | None:
        """Return the posted form when it carries the session's own `csrf` value, else None."""
        async with request.form(max_fields=200, max_files=0) as posted:
            form = {name: str(value)[:MOST_CHARACTERS] for name, value in posted.items()}
        expected = request.session.get("csrf", "")
        if not expected or not secrets.compare_digest(form.get("csrf", "").encode(), expected.encode()):
            return None
        return form

    def _language(self, request: Request) -> str:
        asked = request.query_params.get("ui_locales")
        if asked in {"vi", "en"} and request.url.path in {"/", "/form", "/receipt"}:
            request.session["language"] = asked
        if known := request.session.get("language"):
            return str(known)
        accepted = request.headers.get("accept-language", "vi").lower()
        english, vietnamese = accepted.find("en"), accepted.find("vi")
        return "en" if english >= 0 and (vietnamese < 0 or english < vietnamese) else "vi"

    def refuse(self, request: Request, problem: dict[str, Any], status: int) -> Response:
        """Say what went wrong, in words, with the code and the way on; the draft stays."""
        has_draft = bool(request.session.get("draft"))
        return self._page(request, "problem.html", status=status, problem=problem, has_draft=has_draft)

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        session = request.session
        language = values.pop("language", None) or self._language(request)
        if not session.ended:
            session.setdefault("csrf", secrets.token_urlsafe(24))
        html = self._templates.get_template(template).render(
            t=Texts(self._texts, language),
            language=language,
            other="en" if language == "vi" else "vi",
            name_of_other="English" if language == "vi" else "Tiếng Việt",
            path=request.url.path
            if request.url.path in {"/", "/form", "/receipt"} and request.method == "GET"
            else None,
            csrf=session.get("csrf", ""),
            person=session.get("person", ""),
            # after the gateway ended the session the person is still known here, until they sign out
            known="token" in session,
            signed_in="token" in session and not session.get("over"),
            issuer=self._settings.issuer,
            **values,
        )
        headers = HEADERS | {"content-language": language}
        return Response(html, status, headers, media_type="text/html; charset=utf-8")


def create_application(settings: PortalSettings, gateway: GatewayClient | None = None) -> Starlette:
    """Return the portal as an application; `gateway` is replaced in tests only."""
    portal = Portal(settings, gateway or GatewayClient(settings))

    def only(view: View, *names: str) -> View:
        """Refuse values in the address: a link could fill in the form for somebody."""

        async def guarded(request: Request) -> Response:
            if not set(request.query_params).issubset(names):
                return portal.refuse(request, {"code": "values_in_address"}, 400)
            return await view(request)

        return guarded

    routes = [
        Route("/", only(portal.home, "ui_locales"), methods=["GET"]),
        Route("/login", only(portal.login), methods=["POST"]),
        Route("/callback", portal.callback, methods=["GET"]),
        Route("/form", only(portal.form, "ui_locales"), methods=["GET"]),
        Route("/form", only(portal.send), methods=["POST"]),
        Route("/form/refresh", only(portal.refresh), methods=["GET"]),
        Route("/receipt", only(portal.receipt, "ui_locales"), methods=["GET"]),
        Route("/logout", only(portal.logout), methods=["POST"]),
        Route("/logged-out", only(portal.logged_out, "state", "iss"), methods=["GET"]),
        Route("/static/portal.css", portal.style, methods=["GET"]),
        Route("/livez", portal.live, methods=["GET"]),
    ]
    secure = settings.base_url.startswith("https:")
    layer = Middleware(SessionLayer, secure=secure)
    return Starlette(routes=routes, middleware=[layer], exception_handlers={404: portal.missing})
