"""A portal in one Django file, on mozilla-django-oidc as it comes: sign in, get the filled form, sign out.

    pip install django mozilla-django-oidc && python portal.py

Run it beside `gate06 demo --portal my_portal.toml` (docs/portal_in_ten_minutes.md). It has no form to send: a portal
to read. What an own project takes over is `Citizens`, `sign_out_url`, `home` and the settings that start with OIDC_.
"""

import json
import os
import sys
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from django.conf import settings

ISSUER = os.environ.get("GATE06_ISSUER", "http://127.0.0.1:8000")
BASE = os.environ.get("PORTAL_BASE_URL", "http://127.0.0.1:8010")
PROCEDURE = "1.004222"

settings.configure(
    SECRET_KEY=os.environ.get("PORTAL_SESSION_SECRET", "for this machine only"),
    ALLOWED_HOSTS=[urlsplit(BASE).hostname],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "portal.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SESSION_COOKIE_NAME="portal",
    SESSION_COOKIE_SECURE=BASE.startswith("https:"),
    AUTHENTICATION_BACKENDS=[f"{__name__}.Citizens"],
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/authorize",  # the library reads no discovery document
    OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/jwks",
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.sign_out_url",
    OIDC_RP_CLIENT_ID=os.environ.get("PORTAL_CLIENT_ID", "my-portal"),
    OIDC_RP_CLIENT_SECRET=os.environ.get("PORTAL_CLIENT_SECRET", "for-this-machine-only-4Zq8"),
    OIDC_RP_SIGN_ALGO="ES256",  # its default is HS256, which no citizen's token is signed with
    OIDC_RP_SCOPES=f"openid profile procedure:{PROCEDURE}",
    OIDC_USE_PKCE=True,  # off unless told
    OIDC_TOKEN_USE_BASIC_AUTH=True,
    OIDC_TIMEOUT=10,
    OIDC_STORE_ACCESS_TOKEN=True,
    OIDC_STORE_ID_TOKEN=True,
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",  # the library breaks without one
    LOGIN_REDIRECT_URL_FAILURE="/?refused",
)

import django  # noqa: E402  the settings come first

django.setup()

from django.core.exceptions import SuspiciousOperation  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.html import format_html, format_html_join  # noqa: E402
from django.views.decorators.cache import never_cache  # noqa: E402
from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402

direct = build_opener(ProxyHandler({}))  # the gateway is asked without a proxy


class Citizens(OIDCAuthenticationBackend):
    """People by `sub`: the gateway tells no e-mail address, and one would not name a person anyway."""

    def verify_claims(self, claims):
        """Take everybody the gateway vouches for."""
        return "sub" in claims

    def filter_users_by_claims(self, claims):
        """Find who was here before."""
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        """Remember who is new."""
        return self.UserModel.objects.create_user(claims["sub"], first_name=claims.get("name", ""))

    def verify_token(self, token, **kwargs):
        """Check issuer and audience too: the library checks signature, time and nonce only."""
        claims = super().verify_token(token, **kwargs)
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != ISSUER or settings.OIDC_RP_CLIENT_ID not in audience:
            raise SuspiciousOperation("a token for somebody else")
        return claims


def sign_out_url(request: HttpRequest) -> str:
    """Return where the library sends the browser after its own sign-out: the gateway's session ends there."""
    hint = {"id_token_hint": request.session["oidc_id_token"], "post_logout_redirect_uri": f"{BASE}/signed-out"}
    return f"{ISSUER}/logout?{urlencode(hint)}"


def ask_form(access_token: str) -> dict:
    """Return the filled form, or the problem that the gateway answers instead."""
    headers = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/json", "Accept-Language": "vi"}
    question = Request(f"{ISSUER}/v1/prefill", json.dumps({"procedure": PROCEDURE}).encode(), headers)  # noqa: S310
    try:
        with direct.open(question, timeout=10) as answer:
            return json.load(answer)
    except HTTPError as refused:
        return json.load(refused)


@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show who is signed in, and the form; keep `form["manifest"]` with the draft, it proves the values at submit."""
    if not request.user.is_authenticated:
        words = "Chưa đăng nhập được" if "refused" in request.GET else "Chưa đăng nhập"
        link = '<p id="signed-out">{}</p><a id="sign-in" href="/oidc/authenticate/">Đăng nhập</a>'
        return HttpResponse(format_html(link, words))
    form = ask_form(request.session["oidc_access_token"])
    rows = [
        (name, field["status"], (field.get("display") or {}).get("vi") or (field.get("why") or {}).get("vi", ""))
        for name, field in form.get("fields", {}).items()
    ]
    page = (
        '<p id="person" data-sub="{}">{}</p><form method="post" action="/oidc/logout/"><input type="hidden" '
        'name="csrfmiddlewaretoken" value="{}"><button id="sign-out">Đăng xuất</button></form>'
        '<p id="problem">{}</p><table>{}</table>'
    )
    row = '<tr data-field="{}" data-status="{}"><td>{}</td></tr>'
    person = (request.user.username, request.user.first_name, get_token(request))
    return HttpResponse(format_html(page, *person, form.get("detail", ""), format_html_join("", row, rows)))


urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), path("", home), path("signed-out", home)]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("runserver", urlsplit(BASE).netloc, "--noreload", *sys.argv[1:])
