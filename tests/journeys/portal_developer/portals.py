"""The portals a developer registers with `gate06 demo --portal FILE`, one for each way to authenticate and to sign."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import tomlkit

from gateway.tokens.key_material import generate_private_jwk
from gateway.vocabulary.clock import SystemRandomness

RESOURCE = "https://lab.example/api"
CALLBACK = "http://127.0.0.1:9/callback"
LOGGED_OUT = "http://127.0.0.1:9/logged-out"
# letters that only survive when Basic credentials are form-encoded first (RFC 6749 §2.3.1)
AWKWARD_SECRET = "một bí:mật+rất%dài & lạ=0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A portal as the test plays it; `method` is its token_endpoint_auth_method, `secret` for `private_key_jwt` its
    private key as a JWK in JSON, whose public half is published at `jwks_uri` or else registered."""

    client_id: str
    method: str
    profile: str
    alg: str
    secret: str = ""
    jwks_uri: str = ""

    @property
    def pkce(self) -> bool:
        """Whether it proves possession of a verifier; `legacy` portals may go without."""
        return self.profile != "legacy"


def private_key(kid: str, alg: str = "ES256") -> str:
    """Return a new private key as a JWK in JSON."""
    return json.dumps(generate_private_jwk(alg, kid, SystemRandomness()))


def public_half(secret: str) -> dict[str, str]:
    """Return the public JWK of a private one in JSON."""
    return {name: value for name, value in json.loads(secret).items() if name in {"kty", "crv", "x", "y", "kid", "alg"}}


PORTALS = [
    Registered(client_id="basic", method="client_secret_basic", profile="baseline", alg="ES256", secret=AWKWARD_SECRET),
    Registered(client_id="post", method="client_secret_post", profile="baseline", alg="RS256", secret="p" * 43),
    Registered(client_id="public", method="none", profile="baseline", alg="ES256"),
    Registered(client_id="old-basic", method="client_secret_basic", profile="legacy", alg="RS256", secret="o" * 43),
    Registered(client_id="old-post", method="client_secret_post", profile="legacy", alg="ES256", secret="q" * 43),
    Registered(client_id="keyed", method="private_key_jwt", profile="baseline", alg="ES256", secret=private_key("k1")),
]
STRONG = Registered(
    client_id="strong", method="private_key_jwt", profile="fapi2", alg="PS256", secret=private_key("s1")
)


def write_portals(folder: Path, portals: Sequence[Registered] = PORTALS) -> tuple[Path, Path]:
    """Write the seed file of the portals and a settings file with their resource."""
    seed, config = folder / "portals.toml", folder / "resource.toml"
    seed.write_text(tomlkit.dumps({"portal": [_members(portal) for portal in portals]}), "utf-8")
    resource = {"identifier": RESOURCE, "token_format": "jwt", "scopes": ["lab:read"], "lifetime_s": 300}
    config.write_text(tomlkit.dumps({"resource": [resource]}), "utf-8")
    return seed, config


def _members(portal: Registered) -> dict[str, object]:
    machine = [] if portal.method == "none" else ["client_credentials"]
    members: dict[str, object] = {
        "client_id": portal.client_id,
        "client_name": f"Portal {portal.client_id}",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [LOGGED_OUT],
        "token_endpoint_auth_method": portal.method,
        "grant_types": ["authorization_code", "refresh_token", *machine],
        "id_token_signed_response_alg": portal.alg,
        "profile": portal.profile,
        "procedures": ["1.004222"],
        "scope": "openid profile offline_access lab:read",
    }
    if portal.jwks_uri:
        members["jwks_uri"] = portal.jwks_uri
    elif portal.method == "private_key_jwt":
        members["jwks"] = {"keys": [public_half(portal.secret)]}
    elif portal.secret:
        members["client_secret"] = portal.secret
    if portal.profile == "legacy":
        members["legacy_until"] = "2099-12-31"
    return members


def order_for(portal: Registered, issuer: str, scenario: str, persona: int) -> dict[str, object]:
    """Return what `portal.mjs` reads."""
    return asdict(portal) | {
        "issuer": issuer,
        "redirect_uri": CALLBACK,
        "logout_uri": LOGGED_OUT,
        "scope": "openid profile offline_access",
        "resource": RESOURCE,
        "persona": persona,
        "pkce": portal.pkce,
        "scenario": scenario,
    }
