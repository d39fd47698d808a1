"""Authlib's own client on httpx2, as a Python portal would use it without the sample portal's help."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.cli.citizen import PageReader
from tests.journeys.portal_developer.portals import CALLBACK, RESOURCE, write_portals
from tests.journeys.portal_developer.portals import PORTALS as REGISTERED

pytestmark = pytest.mark.anyio

# Authlib does not form-encode Basic credentials, so its portals take a secret of plain letters, as ours are generated
BY_SECRET = [portal for portal in REGISTERED if portal.method != "private_key_jwt"]
PORTALS = [replace(portal, secret=portal.secret and "s" * 43) for portal in BY_SECRET]
EACH = pytest.mark.parametrize("portal", PORTALS, ids=[portal.client_id for portal in PORTALS])


KEYED = next(portal for portal in REGISTERED if portal.method == "private_key_jwt")


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory):
    """Give a demo that knows the developer's portals."""
    seed, config = write_portals(tmp_path_factory.mktemp("portals"), [*PORTALS, KEYED])
    return make_stack("sqlite", "--portal", str(seed), "--config", str(config))


async def walk(address):
    """Press what a person would press until the way leads back to the portal; return that address."""
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as browser:
        method, form = "GET", None
        for _ in range(25):
            if address.startswith(CALLBACK):
                return address
            answer = await browser.request(method, address, data=form)
            method, form = "GET", None
            if "location" in answer.headers:
                address = urljoin(address, answer.headers["location"])
                continue
            page = PageReader(answer.text)
            (found,) = [one for one in page.forms if {"login", "consent-allow"} & one.buttons.keys()]
            name, value = next(found.buttons[key] for key in ("login", "consent-allow") if key in found.buttons)
            method, form, address = "POST", found.fields | {name: value}, urljoin(address, found.action)
    raise AssertionError("the way leads in circles")


def client_of(portal, **more):
    return AsyncOAuth2Client(
        portal.client_id,
        portal.secret or None,
        scope="openid profile",
        redirect_uri=CALLBACK,
        token_endpoint_auth_method=portal.method,
        revocation_endpoint_auth_method=portal.method,
        code_challenge_method="S256",
        trust_env=False,
        **more,
    )


async def sign_in(client, stack, verifier, persona=3, **more):
    url, state = client.create_authorization_url(
        f"{stack.issuer}/authorize",
        code_verifier=verifier,
        nonce="nonce-of-this-attempt",
        login_hint=f"persona:{persona}",
        **more,
    )
    return await walk(url), state


@EACH
async def test_the_whole_road(stack, portal):
    async with client_of(portal) as client:
        document = (await client.get(f"{stack.issuer}/.well-known/openid-configuration", auth=None)).json()
        verifier = "v" * 64
        back, state = await sign_in(client, stack, verifier)
        assert parse_qs(urlsplit(back).query)["iss"] == [stack.issuer]
        token = await client.fetch_token(
            document["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set((await client.get(document["jwks_uri"], auth=None)).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=[portal.alg]).claims
        assert (claims["iss"], claims["nonce"]) == (stack.issuer, "nonce-of-this-attempt")
        person = (await client.get(document["userinfo_endpoint"])).json()
        assert (person["sub"], person["name"]) == (claims["sub"], "Trần Thị Bưởi")
        if portal.secret:
            told = await client.introspect_token(document["introspection_endpoint"], token["access_token"])
            assert told.json()["active"] is True
        gone = await client.revoke_token(document["revocation_endpoint"], token["access_token"])
        assert gone.status_code == 200
        assert (await client.get(document["userinfo_endpoint"])).status_code == 401


@EACH
async def test_a_wrong_verifier_is_invalid_grant(stack, portal):
    async with client_of(portal) as client:
        back, state = await sign_in(client, stack, "v" * 64)
        with pytest.raises(OAuthError) as refused:
            await client.fetch_token(
                f"{stack.issuer}/token", authorization_response=back, state=state, code_verifier="w" * 64
            )
        assert refused.value.error == "invalid_grant"


async def test_a_portal_proves_itself_with_its_key(stack):
    """Authlib names the token endpoint as the audience (OpenID Connect Core §9)."""
    token_endpoint = f"{stack.issuer}/token"
    async with client_of(replace(KEYED, secret=ECKey.import_key(json.loads(KEYED.secret)))) as client:
        client.register_client_auth_method(PrivateKeyJWT(token_endpoint, headers={"kid": "k1"}, alg="ES256"))
        verifier = "v" * 64
        back, state = await sign_in(client, stack, verifier)
        token = await client.fetch_token(
            token_endpoint, authorization_response=back, state=state, code_verifier=verifier
        )
        assert (await client.get(f"{stack.issuer}/userinfo")).json()["name"] == "Trần Thị Bưởi"
        assert token["expires_in"] > 0


async def test_a_machine_gets_a_signed_token(stack):
    portal = PORTALS[0]
    async with AsyncOAuth2Client(portal.client_id, portal.secret, trust_env=False) as client:
        token = await client.fetch_token(
            f"{stack.issuer}/token", grant_type="client_credentials", resource=RESOURCE, scope="lab:read"
        )
        assert token["access_token"].count(".") == 2
        assert token["scope"] == "lab:read"


async def test_a_wrong_secret_is_invalid_client(stack):
    async with AsyncOAuth2Client("basic", "not the secret", trust_env=False) as client:
        with pytest.raises(OAuthError) as refused:
            await client.fetch_token(f"{stack.issuer}/token", grant_type="client_credentials")
        assert refused.value.error == "invalid_client"


async def test_a_stranger_is_refused_by_a_page(stack):
    async with httpx2.AsyncClient(trust_env=False) as browser:
        query = {"client_id": "nobody", "redirect_uri": CALLBACK, "response_type": "code"}
        answer = await browser.get(f"{stack.issuer}/authorize?{urlencode(query)}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
