"""The rows of a conformance plan: module, request, and what must stand on the wire. `test_plans.py` walks them.

A row asks once for authorization (`ask` changes a good request), walks sign-in and notice where they come, and then
looks at the answer's `members`, at the `id_token` claims and at the `person` of userinfo. A value is compared, `ANY`
must be there, `NONE` must not. `known` rows ask from a browser that is signed in already. What the metadata says is
not offered has its row too: it asserts the refusal, or that nothing is invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANY, NONE = object(), object()
CODE: Mapping[str, Any] = {"code": ANY, "state": "st-1", "iss": ANY, "error": NONE}


def refused(error: str) -> dict[str, Any]:
    """Return the members of an answer that refuses with this error."""
    return {"error": error, "error_uri": ANY, "state": "st-1", "iss": ANY, "code": NONE}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One module. `again`: whether the person has to sign in once more; `page`: status of a page instead of a return;
    `announced`: metadata the row rests on."""

    module: str
    ask: Mapping[str, str | None] = field(default_factory=dict)
    known: bool = False
    later_s: int = 0
    again: bool | None = None
    page: int | None = None
    members: Mapping[str, Any] = field(default_factory=lambda: CODE)
    id_token: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, Any] = field(default_factory=dict)
    announced: Mapping[str, Any] = field(default_factory=dict)


PROFILE = {
    "name": "TRẦN THỊ BƯỞI",
    "family_name": "TRẦN",
    "middle_name": "THỊ",
    "given_name": "BƯỞI",
    "birthdate": "1975-05-12",
    "gender": "female",
    "updated_at": ANY,
}
NOT_OFFERED = {"email": NONE, "email_verified": NONE, "address": NONE, "phone_number": NONE}
"""No source vouches for them at sign-in; `scopes_supported` leaves them out and the scopes are ignored."""

BASIC: tuple[Row, ...] = (
    Row(module="server", id_token={"nonce": "no-1", "aud": "portal", "sub": ANY, "at_hash": ANY}, person={"sub": ANY}),
    Row(module="response-type-missing", ask={"response_type": None}, members=refused("invalid_request")),
    Row(module="idtoken-signature", id_token={"iss": ANY, "exp": ANY, "iat": ANY}),
    Row(module="ensure-request-without-nonce-succeeds-for-code-flow", ask={"nonce": None}, id_token={"nonce": NONE}),
    Row(module="scope-profile", ask={"scope": "openid profile"}, id_token={"name": NONE}, person=PROFILE),
    Row(module="scope-email", ask={"scope": "openid email"}, person={"sub": ANY, "name": NONE, **NOT_OFFERED}),
    Row(module="scope-address", ask={"scope": "openid address"}, person={"sub": ANY, "name": NONE, **NOT_OFFERED}),
    Row(module="scope-phone", ask={"scope": "openid phone"}, person={"sub": ANY, "name": NONE, **NOT_OFFERED}),
    Row(
        module="scope-all",
        ask={"scope": "openid profile email address phone"},
        person={**PROFILE, **NOT_OFFERED},
    ),
    Row(module="alternate-happy-flow", ask={"scope": "profile openid", "state": None}, members={**CODE, "state": NONE}),
    Row(module="display-page", ask={"display": "page"}),
    Row(module="display-popup", ask={"display": "popup"}),
    Row(module="prompt-login", ask={"prompt": "login"}, known=True, later_s=2, again=True, id_token={"auth_time": ANY}),
    Row(module="prompt-none-not-logged-in", ask={"prompt": "none"}, members=refused("login_required")),
    Row(module="prompt-none-logged-in", ask={"prompt": "none"}, known=True, later_s=2, again=False),
    Row(module="max-age-1", ask={"max_age": "1"}, known=True, later_s=2, again=True, id_token={"auth_time": ANY}),
    Row(module="max-age-10000", ask={"max_age": "10000"}, known=True, later_s=2, again=False),
    Row(module="ensure-request-with-unknown-parameter-succeeds", ask={"extra": "foobar"}),
    Row(module="login-hint", ask={"login_hint": "buffy@example.vn"}),
    Row(module="ui-locales", ask={"ui_locales": "se"}),
    Row(module="claims-locales", ask={"claims_locales": "se"}),
    Row(
        module="ensure-request-with-acr-values-succeeds",
        ask={"acr_values": "urn:gate06:vneid:2 urn:gate06:vneid:1"},
        id_token={"acr": "urn:gate06:vneid:2"},
    ),
    Row(module="ensure-registered-redirect-uri", ask={"redirect_uri": "http://127.0.0.1:8003/evil"}, page=400),
    Row(
        module="request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        ask={"request_uri": "https://portal.example/r"},
        members=refused("request_uri_not_supported"),
        announced={"request_uri_parameter_supported": False},
    ),
    Row(
        module="unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        ask={"request": "eyJhbGciOiJub25lIn0.e30."},
        members=refused("request_not_supported"),
        announced={"request_parameter_supported": True},
    ),
    Row(
        module="ensure-request-object-with-redirect-uri",
        ask={"request": "eyJhbGciOiJub25lIn0.e30.", "redirect_uri": "http://127.0.0.1:8003/other?x=1"},
        members=refused("request_not_supported") | {"x": "1"},
        announced={"request_parameter_supported": True},
    ),
    Row(
        module="claims-essential",
        ask={"claims": '{"userinfo":{"name":{"essential":true}}}', "scope": "openid"},
        person={"sub": ANY, "name": "TRẦN THỊ BƯỞI", "birthdate": NONE},
        announced={"claims_parameter_supported": True},
    ),
    Row(module="ensure-request-with-valid-pkce-succeeds", announced={"code_challenge_methods_supported": ["S256"]}),
)
"""The modules of oidcc-basic-certification-test-plan that one authorization request shows; the others are walks."""

FORM_POST: tuple[Row, ...] = (
    Row(
        module="formpost-server",
        ask={"response_mode": "form_post"},
        members={"code": ANY, "state": "st-1", "iss": ANY},
        announced={"response_modes_supported": ["query", "form_post", "query.jwt", "form_post.jwt", "jwt"]},
    ),
)
"""oidcc-formpost-basic-certification-test-plan: its modules are those of the basic plan, answered
by a page that posts."""

BYE = "http://127.0.0.1:8003/bye"


@dataclass(frozen=True, kw_only=True)
class LogoutRow:
    """One module of oidcc-rp-initiated-logout-certification-test-plan. `hint`: good, modified, foreign or None;
    `asks`: whether the person has to confirm; `to`: where the browser goes afterwards, None for a page."""

    module: str
    hint: str | None = "good"
    ask: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    to: str | None = None


LOGOUT: tuple[LogoutRow, ...] = (
    LogoutRow(module="", ask={"post_logout_redirect_uri": BYE, "state": "s"}, to=BYE + "?state=s"),
    LogoutRow(module="-bad-post-logout-redirect-uri", ask={"post_logout_redirect_uri": BYE + "x", "state": "s"}),
    LogoutRow(
        module="-query-added-to-post-logout-redirect-uri",
        ask={"post_logout_redirect_uri": BYE + "?extra=1", "state": "s"},
    ),
    LogoutRow(
        module="-modified-id-token-hint",
        hint="modified",
        ask={"post_logout_redirect_uri": BYE, "state": "s"},
        asks=True,
    ),
    LogoutRow(
        module="-bad-id-token-hint", hint="foreign", ask={"post_logout_redirect_uri": BYE, "state": "s"}, asks=True
    ),
    LogoutRow(module="-no-id-token-hint", hint=None, ask={"post_logout_redirect_uri": BYE, "state": "s"}, asks=True),
    LogoutRow(module="-no-params", hint=None, asks=True),
    LogoutRow(module="-no-post-logout-redirect-uri", ask={"state": "s"}),
    LogoutRow(module="-no-state", ask={"post_logout_redirect_uri": BYE}, to=BYE),
    LogoutRow(module="-only-state", hint=None, ask={"state": "s"}, asks=True),
)
