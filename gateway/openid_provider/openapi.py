"""What the provider's endpoints promise, as OpenAPI 3.1 path items; `application` puts them into `/openapi.json`.

The pages between a request and its answer (`/interaction/…`, `/upstream/…`, `/logout/confirm`) are no promise to
programs: a portal sends the browser to `/authorize` or `/logout` and meets it again at its own address.
"""

from collections.abc import Mapping
from typing import Any

from gateway.identity_providers.contract import IdentityProviderUnavailable, UpstreamAnswerInvalid
from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.openid_provider.failure import (
    AttemptFinished,
    InsufficientScope,
    InvalidAuthorizationDetails,
    InvalidClient,
    InvalidGrant,
    InvalidProof,
    InvalidRedirect,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    LoginRequired,
    RegistrationNotSupported,
    RequestNotSupported,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UnsupportedTokenType,
)
from gateway.openid_provider.openapi_metadata import KEY, LIST, METADATA
from gateway.openid_provider.parameters import MAX_VALUE
from gateway.openid_provider.possession import AccessNonceWanted, AccessProofRefused, DpopNonceWanted, InvalidDpopProof
from gateway.openid_provider.pushed_request import InvalidRequestUri
from gateway.openid_provider.request_object import InvalidRequestObject
from gateway.openid_provider.sealing import NoEncryptionKey
from gateway.openid_provider.staff_realm.failure import (
    AuthorizationPending,
    CommandRefused,
    ExpiredDeviceCode,
    SlowDown,
)
from gateway.vocabulary.operation import (
    FORM,
    HTML,
    JSON,
    JWT,
    TEXT,
    Responses,
    answer,
    body,
    joined,
    named,
    oauth_errors,
    pages,
    parameter,
    shape,
)
from gateway.vocabulary.store import CitizenErased, StorageUnavailable

_VALUE: Mapping[str, Any] = {"type": "string", "maxLength": MAX_VALUE}
_BASIC: list[dict[str, list[str]]] = [{"client_secret_basic": []}, {}]
_BEARER: list[dict[str, list[str]]] = [{"access_token": []}]
_CLIENT = {
    "client_id": _VALUE,
    "client_secret": _VALUE,
    "client_assertion": _VALUE,
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
}
_AUTHENTICATED = (InvalidRequest, UnauthorizedClient, InvalidClient, StorageUnavailable)
_PROVING = (InvalidDpopProof, DpopNonceWanted)

_TOKEN_IN_BODY = {
    "security": [*_BEARER, {}],
    "requestBody": body(FORM, shape({"access_token": _VALUE}, required=()), required=False),
}

_RESOURCE = "one identifier of a `[[resource]]`; the issuer is the gateway's own API (RFC 8707)"
_AUTHORIZATION = {
    "client_id": "the portal",
    "request_uri": "names a request pushed to `/par`; nothing else then counts but `client_id`",
    "redirect_uri": "one of the registered, letter by letter",
    "response_type": "`code`",
    "response_mode": "how the answer comes: `query`, `form_post`; signed (JARM) `jwt`, `query.jwt`, `form_post.jwt`",
    "request": "a signed request object; what stands beside it but `client_id` does not count (RFC 9101)",
    "claims": "single claims for userinfo and the ID token, a JSON object (OpenID Connect Core §5.5)",
    "scope": "`openid`, `profile`, `offline_access` and at most one `procedure:<code>`",
    "authorization_details": 'one form: `[{"type": "prefill", "procedure": "1.004222", "dossier": "…"}]` (RFC 9396)',
    "state": "comes back unchanged",
    "nonce": "stands in the ID token",
    "code_challenge": "S256 of the verifier (RFC 7636); demanded of every client but `legacy` ones",
    "code_challenge_method": "`S256`",
    "dpop_jkt": "the thumbprint of the key that the code shall be bound to (RFC 9449 §10)",
    "prompt": "`none`, `login`, `consent`, `select_account`",
    "max_age": "seconds since the person last authenticated",
    "acr_values": "`urn:gate06:vneid:1`, `urn:gate06:vneid:2`",
    "id_token_hint": "an ID token of an earlier sign-in",
    "login_hint": "goes to the identity provider; in the demo `persona:3`",
    "ui_locales": "`vi`, `en`",
    "idp_hint": "the alias of an identity provider",
    "resource": f"{_RESOURCE}; may stand several times",
}
_LOGOUT = {
    "id_token_hint": "an ID token of the session",
    "client_id": "the portal",
    "post_logout_redirect_uri": "one of the registered, letter by letter",
    "state": "comes back unchanged",
    "ui_locales": "`vi`, `en`",
}

_DETAILS: Mapping[str, Any] = {
    "type": "array",
    "items": shape({"type": {"const": "prefill"}, "procedure": TEXT, "dossier": TEXT}, required=("type", "procedure")),
}
_SCHEMAS: Mapping[str, Any] = {
    "TokenAnswer": shape(
        {
            "access_token": TEXT,
            "token_type": {"enum": ["Bearer", "DPoP"]},
            "expires_in": {"type": "integer", "description": "seconds"},
            "scope": TEXT,
            "refresh_token": TEXT,
            "id_token": {
                "type": "string",
                "description": "a JWS, or a JWE of it, as the client registered",
            },
            "authorization_details": _DETAILS,
        },
        required=("access_token", "token_type", "expires_in"),
    ),
    "PushedAnswer": shape(
        {"request_uri": TEXT, "expires_in": {"type": "integer", "description": "seconds"}},
        required=("request_uri", "expires_in"),
    ),
    "Person": shape(
        {
            "sub": {"type": "string", "description": "pairwise: every portal knows the person by another one"},
            "name": TEXT,
            "family_name": TEXT,
            "middle_name": TEXT,
            "given_name": TEXT,
            "birthdate": {"type": "string", "pattern": r"^\d{4}(-\d{2}-\d{2})?$"},
            "gender": {"enum": ["male", "female"]},
            "zoneinfo": TEXT,
            "locale": TEXT,
            "updated_at": {"type": "integer"},
        },
        required=("sub",),
    ),
    "Introspection": shape(
        {
            "active": {"type": "boolean"},
            "iss": TEXT,
            "client_id": TEXT,
            "scope": TEXT,
            "token_type": TEXT,
            "cnf": shape({"jkt": TEXT}),
            "sub": TEXT,
            "aud": TEXT,
            "iat": {"type": "integer"},
            "exp": {"type": "integer"},
            "acr": TEXT,
            "auth_time": {"type": "integer"},
            "authorization_details": _DETAILS,
            "name": TEXT,
            "agency_code": TEXT,
            "roles": LIST,
        },
        required=("active",),
    ),
    "KeySet": shape({"keys": {"type": "array", "items": KEY}}),
    "Metadata": METADATA,
}


def provider_schemas() -> dict[str, Any]:
    """Return the schemas that the operations name."""
    return dict(_SCHEMAS)


def provider_operations() -> dict[str, dict[str, Any]]:
    """Return path items by path, true to every status the protocol endpoints answer."""
    return {
        "/authorize": {"get": _authorize(), "post": _authorize_by_post()},
        "/par": {"post": _par()},
        "/token": {"post": _token()},
        "/userinfo": {"get": _userinfo(), "post": _userinfo() | _TOKEN_IN_BODY},
        "/introspect": {"post": _introspect()},
        "/revoke": {"post": _revoke()},
        "/logout": {"get": _logout(), "post": _logout_by_post()},
        "/jwks": {"get": _document("The keys that signatures of the gateway count under (RFC 7517)", "KeySet")},
        "/.well-known/openid-configuration": {"get": _document("OpenID Connect Discovery", "Metadata")},
        "/.well-known/oauth-authorization-server": {"get": _document("Server metadata (RFC 8414)", "Metadata")},
    }


def _authorize() -> dict[str, Any]:
    refused = pages(
        InvalidRequest,
        InvalidRedirect,
        InvalidRequestUri,
        InvalidRequestObject,
        NoEncryptionKey,
        UnauthorizedClient,
        LoginRequired,
        AttemptFinished,
        CitizenErased,
        UpstreamAnswerInvalid,
        IdentityProviderUnavailable,
        StorageUnavailable,
    )
    posted = {"200": answer("a page that posts the answer to the portal (`response_mode=form_post`)", {HTML: TEXT})}
    onward = _redirect("to the next page of the sign-in, or to the portal with `code` or `error`, `state` and `iss`")
    return {
        "summary": "Sign a citizen in (RFC 6749 §3.1, OpenID Connect Core §3.1.2)",
        "description": "Before client and redirect URI are trusted a mistake is a page, never a redirect.",
        "tags": ["sign-in"],
        "security": [],
        "parameters": [parameter(name, _VALUE, told) for name, told in _AUTHORIZATION.items()],
        "responses": joined(onward, posted, refused),
    }


def _authorize_by_post() -> dict[str, Any]:
    members = {name: {**_VALUE, "description": told} for name, told in _AUTHORIZATION.items()}
    return {
        "summary": "The same by POST, which keeps what is asked out of addresses",
        "tags": ["sign-in"],
        "security": [],
        "requestBody": body(FORM, shape(members, required=()), required=False),
        "responses": _authorize()["responses"],
    }


def _par() -> dict[str, Any]:
    members = {name: {**_VALUE, "description": told} for name, told in _AUTHORIZATION.items() if name != "request_uri"}
    refused = oauth_errors(
        *(*_AUTHENTICATED, *_PROVING),
        UnsupportedResponseType,
        RequestNotSupported,
        InvalidRequestObject,
        RegistrationNotSupported,
        InvalidScope,
        InvalidAuthorizationDetails,
        InvalidTarget,
    )
    return {
        "summary": "Push an authorization request and get the `request_uri` that names it (RFC 9126)",
        "tags": ["sign-in"],
        "security": _BASIC,
        "requestBody": body(FORM, shape({**members, **_CLIENT}, required=())),
        "responses": joined({"201": answer("the name", {JSON: named("PushedAnswer")})}, refused),
    }


def _token() -> dict[str, Any]:
    members = {
        "grant_type": {
            **_VALUE,
            "description": "authorization_code, refresh_token, client_credentials or the device grant",
        },
        "code": _VALUE,
        "redirect_uri": _VALUE,
        "code_verifier": _VALUE,
        "refresh_token": _VALUE,
        "device_code": _VALUE,
        "scope": _VALUE,
        "authorization_details": {**_VALUE, "description": "those that were granted, or left out (RFC 9396 §6)"},
        "resource": {"type": "string", "description": _RESOURCE},
        **_CLIENT,
    }
    refused = oauth_errors(
        *(*_AUTHENTICATED, *_PROVING),
        InvalidGrant,
        InvalidProof,
        UnsupportedGrantType,
        InvalidScope,
        InvalidAuthorizationDetails,
        InvalidTarget,
        AuthorizationPending,
        SlowDown,
        ExpiredDeviceCode,
        CommandRefused,
        CitizenErased,
        NoEncryptionKey,
    )
    return {
        "summary": "Redeem a code, refresh, or speak for the portal itself (RFC 6749 §3.2)",
        "tags": ["tokens"],
        "security": _BASIC,
        "requestBody": body(FORM, shape(members, required=("grant_type",))),
        "responses": joined({"200": answer("tokens", {JSON: named("TokenAnswer")})}, refused),
    }


def _userinfo() -> dict[str, Any]:
    proof = (AccessProofRefused, AccessNonceWanted)
    refused = oauth_errors(InvalidRequest, NoEncryptionKey, InvalidToken, *proof, InsufficientScope, StorageUnavailable)
    told = "the claims; signed, and perhaps encrypted, for a client that registered it so"
    return {
        "summary": "Who signed in, as far as the token's scopes go (OpenID Connect Core §5.3)",
        "tags": ["sign-in"],
        "security": _BEARER,
        "responses": joined({"200": answer(told, {JSON: named("Person"), JWT: TEXT})}, refused),
    }


def _introspect() -> dict[str, Any]:
    told = (
        "`active: false` to everyone but the token's client and its resource's introspection client; of an officer's "
        "token name, agency and roles, where its scope tells them"
    )
    return {
        "summary": "Ask whether a token is good now (RFC 7662)",
        "tags": ["tokens"],
        "security": _BASIC,
        "requestBody": _about_a_token(),
        "responses": joined({"200": answer(told, {JSON: named("Introspection")})}, oauth_errors(*_AUTHENTICATED)),
    }


def _revoke() -> dict[str, Any]:
    return {
        "summary": "End a token; a refresh token takes its grant with it (RFC 7009)",
        "tags": ["tokens"],
        "security": _BASIC,
        "requestBody": _about_a_token(),
        "responses": joined(
            {"200": answer("done, whether or not there was such a token")},
            oauth_errors(*_AUTHENTICATED, UnsupportedTokenType, CitizenErased),
        ),
    }


def _about_a_token() -> dict[str, Any]:
    return body(FORM, shape({"token": _VALUE, "token_type_hint": _VALUE, **_CLIENT}, required=("token",)))


def _logout() -> dict[str, Any]:
    done = {"200": answer("a page: the question whether to sign out, or the word that it is done", {HTML: TEXT})}
    return {
        "summary": "Sign out (OpenID Connect RP-Initiated Logout 1.0)",
        "tags": ["sign-in"],
        "security": [],
        "parameters": [parameter(name, _VALUE, told) for name, told in _LOGOUT.items()],
        "responses": joined(
            done,
            _redirect("to the portal, or to the identity provider's own sign-out first"),
            pages(InvalidRequest, CitizenErased, StorageUnavailable),
        ),
    }


def _logout_by_post() -> dict[str, Any]:
    members = {name: {**_VALUE, "description": told} for name, told in _LOGOUT.items()}
    return {
        "summary": "The same by POST; goes on as GET",
        "tags": ["sign-in"],
        "security": [],
        "requestBody": body(FORM, shape(members, required=()), required=False),
        "responses": joined(_redirect("to the same request as GET"), pages(InvalidRequest)),
    }


def _document(summary: str, schema: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["discovery"],
        "security": [],
        "responses": {"200": answer("the document", {JSON: named(schema)})},
    }


def _redirect(where: str) -> Responses:
    location = {"Location": {"description": where, "schema": {"type": "string"}}}
    return {"303": {"description": where, "headers": location}}
