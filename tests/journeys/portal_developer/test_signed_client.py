"""npm openid-client 6, unmodified, with signed requests, signed and posted answers, signed userinfo and encryption."""

import json
from typing import Any

import pytest
import tomlkit
from joserfc.jwk import ECKey

from tests.journeys.portal_developer.foreign import run_node
from tests.journeys.portal_developer.portals import CALLBACK, private_key, public_half

pytestmark = pytest.mark.npm

SIGNING = private_key("sign-1")
SEALING = ECKey.generate_key("P-256", {"kid": "seal-1", "use": "enc"})
SECRET = "s" * 43
PARTS = {"sealed": 5, "signed": 3}
CALLBACK_ERROR = "OAUTH_AUTHORIZATION_RESPONSE_ERROR"


def members(client_id: str, **more: object) -> dict[str, object]:
    known: dict[str, object] = {
        "client_id": client_id,
        "client_secret": SECRET,
        "client_name": f"Portal {client_id}",
        "redirect_uris": [CALLBACK],
        "jwks": {"keys": [public_half(SIGNING), SEALING.as_dict(private=False)]},
        "userinfo_signed_response_alg": "ES256",
    }
    return known | more


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory):
    """A demo with a portal that signs, and one that gets everything encrypted, too."""
    sealed = {
        f"{kind}_encrypted_response_{part}": value
        for kind in ("id_token", "userinfo", "authorization")
        for part, value in (("alg", "ECDH-ES"), ("enc", "A256GCM"))
    }
    file = tmp_path_factory.mktemp("portals") / "signed.toml"
    file.write_text(tomlkit.dumps({"portal": [members("signed"), members("sealed", **sealed)]}), "utf-8")
    return make_stack("sqlite", "--portal", str(file))


@pytest.mark.parametrize("client_id", PARTS)
def test_the_library_walks_every_signed_road(stack, client_id):
    seen = run(stack.issuer, client_id)
    for road in ("jar", "jarm", "both", "form_post", "claims"):
        assert seen[road]["parts"] == PARTS[client_id], road
        assert seen[road]["claims"]["aud"] == client_id
        assert seen[road]["person"]["sub"] == seen[road]["claims"]["sub"]
    assert seen["jar"]["asked"] == ["client_id", "request"]
    assert seen["jar"]["person"]["name"] == "Trần Thị Bưởi"
    assert seen["jarm"]["members"] == seen["both"]["members"] == ["response"]
    assert {road: seen[road]["posted"] for road in ("jar", "form_post")} == {"jar": False, "form_post": True}
    assert seen["claims"]["claims"]["birthdate"] == "1975-05-12"
    assert set(seen["claims"]["person"]) - {"iss", "aud"} == {"sub"}
    refused = {"name": "AuthorizationResponseError", "code": CALLBACK_ERROR, "error": "invalid_scope"}
    assert seen["jarm_refused"] == seen["posted_refused"] == refused
    assert seen["strange_key"]["name"] == "Error", "nobody knows where such a request wants its answer"


def run(issuer: str, client_id: str) -> dict[str, Any]:
    """Run the portal and return what it saw."""
    order = {
        "issuer": issuer,
        "client_id": client_id,
        "secret": SECRET,
        "redirect_uri": CALLBACK,
        "persona": 3,
        "signing": json.loads(SIGNING),
        "sealing": {name: value for name, value in SEALING.as_dict(private=True).items() if name != "use"},
        "sealed": client_id == "sealed",
    }
    return run_node("signed_portal.mjs", order)
