"""oidcc-config-certification-test-plan: the discovery document, member by member."""

import re
from urllib.parse import urlsplit

from tests.conformance.plan import Run, modules_of

REQUIRED = (
    *("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"),
    *("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"),
)
_ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def discovery_endpoint_verification(run: Run) -> None:
    """OpenID Connect Discovery §3, §4.3; RFC 8414 §2."""
    issuer = run.gateway.issuer
    with run.gateway.http() as http:
        answer = http.get(f"{issuer}/.well-known/openid-configuration")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        document = answer.json()
        keys = http.get(document["jwks_uri"])
        other = http.get(f"{issuer}/.well-known/oauth-authorization-server").json()
    assert set(REQUIRED) <= document.keys()
    assert document["issuer"] == issuer
    assert document["response_types_supported"] == ["code"]
    assert "authorization_code" in document["grant_types_supported"]
    assert set(document["subject_types_supported"]) <= {"pairwise", "public"}
    for name, value in document.items():
        if name.endswith("_alg_values_supported"):
            assert set(value) - _ALGORITHMS == set() or "encryption" in name, name
        if name.endswith("_supported") and isinstance(value, list):
            assert value, f"`{name}` is empty"
            assert len(set(value)) == len(value), f"`{name}` says something twice"
        if name.endswith(("_endpoint", "_uri")):
            parts = urlsplit(value)
            assert value.startswith(f"{issuer}/"), name
            assert not parts.fragment, name
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert all(_LOCALE.fullmatch(one) for one in document["ui_locales_supported"])
    assert {name: value for name, value in other.items() if document.get(name) != value} == {}
    names = [f"{name}={document[name]}" for name in ("response_types_supported", "subject_types_supported")]
    run.note("GET openid-configuration", run.plain(f"200 issuer={issuer}, {', '.join(names)}, RS256 among algorithms"))
    run.note("the same document", "every endpoint below the issuer, no list empty or with doubles")
    assert keys.status_code == 200
    assert all({"kid", "use", "alg"} <= key.keys() for key in keys.json()["keys"])
    run.note("GET jwks_uri", "200, every key with kid, use and alg")
    run.note("GET oauth-authorization-server", "200, no member says anything else")


CONFIG = modules_of(
    "oidcc-",
    {"discovery-endpoint-verification": ("OpenID Connect Discovery §3, §4.3", discovery_endpoint_verification)},
)
