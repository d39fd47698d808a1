"""npm openid-client 6, unmodified, as every kind of portal: the whole road, and every no by its name."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import pytest

from tests.journeys.portal_developer.portals import (
    CALLBACK,
    LOGGED_OUT,
    PORTALS,
    RESOURCE,
    STRONG,
    Registered,
    order_for,
    private_key,
    public_half,
    write_portals,
)

pytestmark = pytest.mark.npm

EACH = pytest.mark.parametrize("portal", PORTALS, ids=[portal.client_id for portal in PORTALS])
BODY, CHALLENGE = "OAUTH_RESPONSE_BODY_ERROR", "OAUTH_WWW_AUTHENTICATE_CHALLENGE"
CALLBACK_ERROR = "OAUTH_AUTHORIZATION_RESPONSE_ERROR"
INVALID, COMPARED = "OAUTH_INVALID_RESPONSE", "OAUTH_JWT_CLAIM_COMPARISON_FAILED"


class KeyServer(ThreadingHTTPServer):
    """A portal's own server, which publishes the public half of its present key."""

    secret = private_key("published-1")
    asked = 0

    @property
    def portal(self):
        """The portal as it stands now."""
        return Registered(
            client_id="published",
            method="private_key_jwt",
            profile="baseline",
            alg="ES256",
            secret=self.secret,
            jwks_uri=f"http://127.0.0.1:{self.server_port}/jwks",
        )


class KeyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        body = json.dumps({"keys": [public_half(self.server.secret)]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/jwk-set+json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def publisher():
    with KeyServer(("127.0.0.1", 0), KeyPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory, publisher):
    """Give a demo on PostgreSQL and Redis that knows the developer's portals."""
    folder = tmp_path_factory.mktemp("portals")
    seed, config = write_portals(folder, [*PORTALS, STRONG, publisher.portal])
    nonces = folder / "nonces.toml"
    nonces.write_text('[dpop]\nnonce = "on"\nnonce_profiles = ["fapi2"]\n')
    return make_stack("postgresql+redis", "--portal", str(seed), "--config", str(config), "--config", str(nonces))


@EACH
def test_the_whole_road(node, stack, portal):
    seen = node(order_for(portal, stack.issuer, "road", persona=3))
    claims = seen["claims"]
    assert seen["header"]["alg"] == portal.alg
    assert claims["iss"] == seen["iss"] == stack.issuer
    assert claims["aud"] in (portal.client_id, [portal.client_id])
    assert claims["acr"] == "urn:gate06:vneid:2"
    assert isinstance(claims["auth_time"], int)
    person = seen["person"]
    assert (person["sub"], person["name"], person["birthdate"]) == (claims["sub"], "Trần Thị Bưởi", "1975-05-12")
    assert seen["token_type"] == "bearer"
    assert 0 < seen["expires_in"] <= 3600
    assert seen["refreshed"] == claims["sub"]
    assert seen["access_token_changed"] is True
    if portal.secret:
        introspected = seen["introspection"]
        assert (introspected["active"], introspected["client_id"]) == (True, portal.client_id)
        machine = seen["machine"]
        assert (machine["iss"], machine["aud"], machine["client_id"]) == (stack.issuer, RESOURCE, portal.client_id)
        assert machine["exp"] - machine["iat"] <= 300
    assert seen["after_revocation"]["error"] == "invalid_token"
    assert seen["logged_out"] == f"{LOGGED_OUT}?state=bye"
    assert seen["after_logout"]["error"] == "login_required"


@EACH
def test_a_request_can_be_pushed(node, stack, portal):
    """RFC 9126: the address the browser sees names the request and nothing else."""
    seen = node(order_for(portal, stack.issuer, "pushed", persona=3) | {"pushes": True})
    assert seen["asked"] == ["client_id", "request_uri"]
    assert seen["sub"]
    assert seen["again"] == 400, "an answered request is spent"
    assert (seen["foreign_scope"]["code"], seen["foreign_scope"]["error"]) == (BODY, "invalid_scope")
    assert (seen["no_redirect_uri"]["code"], seen["no_redirect_uri"]["error"]) == (BODY, "invalid_request")


def assert_bound(seen, issuer):
    """What a portal with tokens bound to its key has seen."""
    told = {name: (no.get("code"), no["error"]) for name, no in seen.items() if isinstance(no, dict) and "error" in no}
    assert told == {
        "another_key": (BODY, "invalid_grant"),
        "no_proof": (BODY, seen["no_proof"]["error"]),
        "thief": (CHALLENGE, "invalid_dpop_proof"),
        "as_bearer": (CHALLENGE, "invalid_token"),
        "form_of_a_thief": (CHALLENGE, "invalid_dpop_proof"),
        "form_as_bearer": (CHALLENGE, "invalid_token"),
        "refresh_without_proof": (BODY, "invalid_dpop_proof"),
        "reused_code": (BODY, "invalid_grant"),
        "after_reuse": (CHALLENGE, "invalid_token"),
    }
    assert seen["token_type"] == "dpop"
    assert (seen["introspection"]["token_type"], seen["introspection"]["cnf"]) == ("DPoP", {"jkt": seen["thumbprint"]})
    assert (seen["machine"]["iss"], seen["machine"]["cnf"]) == (issuer, {"jkt": seen["thumbprint"]})
    assert seen["form"] == {"status": 200, "procedure": "1.004222"}
    assert seen["refreshed"] == seen["person"]["sub"]
    assert seen["refresh_kept"] is True


@pytest.mark.parametrize("portal", [STRONG, PORTALS[0]], ids=["fapi2, pushed and bound", "baseline"])
def test_a_token_of_the_citizens_for_a_resource(node, stack, portal):
    """RFC 8707, RFC 9068: one audience, its scopes, and the gateway's own API by the issuer's name."""
    strong = portal is STRONG
    seen = node(order_for(portal, stack.issuer, "resource", persona=3) | {"pushes": strong, "bound": strong})
    claims = seen["claims"]
    assert (seen["header"]["typ"], claims["aud"], seen["again"]) == ("at+jwt", RESOURCE, RESOURCE)
    assert (claims["scope"], seen["scope"], claims["sub"]) == ("lab:read", "lab:read", seen["sub"])
    assert claims["exp"] - claims["iat"] <= 300
    assert ("cnf" in claims) is strong
    told = seen["introspection"]
    assert {name: told[name] for name in ("active", *claims)} == {"active": True, **claims}
    assert seen["at_userinfo"]["error"] == "invalid_token"
    assert (seen["own"], seen["person"]["name"]) == ("openid profile offline_access", "Trần Thị Bưởi")
    assert (seen["strange"]["code"], seen["strange"]["error"]) == (BODY, "invalid_target")
    code = BODY if strong else CALLBACK_ERROR
    for name in ("asked_strange", "asked_part"):
        assert (seen[name]["code"], seen[name]["error"]) == (code, "invalid_target")


@pytest.mark.parametrize("portal", [STRONG, PORTALS[-1]], ids=["fapi2 with nonces", "baseline without"])
def test_tokens_are_bound_to_a_key(node, stack, portal):
    """RFC 9449 with pushed requests, in one process."""
    seen = node(order_for(portal, stack.issuer, "bound", persona=3) | {"pushes": True, "bound": True})
    assert seen["asked"] == ["client_id", "request_uri"]
    assert seen["no_proof"]["error"] == ("invalid_dpop_proof" if portal is STRONG else "invalid_grant")
    assert_bound(seen, stack.issuer)


def test_tokens_are_bound_to_a_key_where_a_portal_likes(node, stack):
    """The same of a portal with a secret, whose request the browser carries: its code is bound to no key."""
    seen = node(order_for(PORTALS[0], stack.issuer, "own_wish", persona=3) | {"bound": True})
    assert seen == {"bound": "dpop", "as_bearer": "invalid_token", "plain": "bearer", "plain_as_bound": "invalid_token"}


def test_who_must_push_must_push(node, stack):
    seen = node(order_for(STRONG, stack.issuer, "direct", persona=3) | {"bound": True})
    assert (seen["code"], seen["error"]) == (CALLBACK_ERROR, "invalid_request")


def test_one_person_is_another_at_each_portal(node, stack):
    """Pairwise by sector, so one host is one sector; the same at the next sign-in."""
    first, again = (node(order_for(PORTALS[0], stack.issuer, "road", persona=6))["claims"]["sub"] for _ in range(2))
    other = node(order_for(PORTALS[0], stack.issuer, "road", persona=7))["claims"]["sub"]
    assert first == again
    assert first != other


def test_userinfo_of_a_one_word_name_has_no_family_name(node, stack):
    person = node(order_for(PORTALS[0], stack.issuer, "road", persona=2))["person"]
    assert person["name"] == "Sơn"
    assert "family_name" not in person


@EACH
def test_every_no_has_its_name(node, stack, portal):
    seen = node(order_for(portal, stack.issuer, "refusals", persona=3))
    told = {name: (answer.get("code"), answer.get("error")) for name, answer in seen.items()}
    expected = {
        "wrong_nonce": (COMPARED, None),
        "wrong_state": (INVALID, None),
        "wrong_iss": (INVALID, None),
        "reused_code": (BODY, "invalid_grant"),
        "after_reuse": (CHALLENGE, "invalid_token"),
        "wrong_person": ("OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED", None),
        "foreign_scope": (CALLBACK_ERROR, "invalid_scope"),
        "unknown_refresh": (BODY, "invalid_grant"),
        "cancelled": (CALLBACK_ERROR, "access_denied"),
        "not_signed_in": (CALLBACK_ERROR, "login_required"),
    }
    if portal.pkce:
        expected |= {
            "wrong_verifier": (BODY, "invalid_grant"),
            "no_challenge": (CALLBACK_ERROR, "invalid_request"),
        }
    else:
        expected["no_challenge"] = (None, None)
    if portal.secret:
        # the answer is 401 with a Basic challenge, and the library names the challenge before the body's error
        expected["wrong_secret"] = (CHALLENGE, None)
        assert seen["wrong_secret"]["status"] == 401
    assert told == expected


def test_a_portal_changes_its_published_key(node, stack, publisher):
    """OIDC Core §10.1.1: the new key is found at its first use."""
    first = node(order_for(publisher.portal, stack.issuer, "road", persona=3))["claims"]["sub"]
    asked = publisher.asked
    assert asked == 1, "every call of the road was proven by one fetch"
    publisher.secret = private_key("published-2")
    assert node(order_for(publisher.portal, stack.issuer, "road", persona=3))["claims"]["sub"] == first
    assert publisher.asked == 2


def test_an_address_that_is_not_registered_is_never_gone_to(stack):
    query = {"client_id": "basic", "redirect_uri": f"{CALLBACK}/other", "response_type": "code", "scope": "openid"}
    answer = httpx2.get(f"{stack.issuer}/authorize", params=query)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    said = re.sub(r"<[^>]+>", "", answer.text)
    assert f"{CALLBACK}/other" in said, "the developer sees what came"
    assert said.count(CALLBACK) >= 2, "and what is registered, letter by letter"
