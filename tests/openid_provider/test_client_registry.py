"""Portals and resources: what is read, what is refused, what is never kept."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.openid_provider.client_rules import unsafe_members
from gateway.openid_provider.clients import ClientRegistry, Portal, Resource, ResourceRegistry, hash_secret
from gateway.vocabulary.store import Kind, Record
from tests.possession import Holder

pytestmark = pytest.mark.anyio
SECRET = "s" * 43
GOOD: dict[str, Any] = {
    "client_id": "portal",
    "client_secret": SECRET,
    "redirect_uris": ["https://portal.example/callback"],
}
KEYED: dict[str, Any] = {
    "client_secret": None,
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [Holder().bare]},
}


def refusal_of(**changed: Any) -> str:
    members = {name: value for name, value in (GOOD | changed).items() if value is not None}
    with pytest.raises(ValidationError) as refused:
        Portal.model_validate(members)
    return str(refused.value)


def test_a_plain_portal_gets_safe_defaults() -> None:
    portal = Portal.model_validate(GOOD)
    assert (portal.profile, portal.id_token_signed_response_alg, portal.subject_type) == (
        "baseline",
        "ES256",
        "pairwise",
    )
    assert portal.grant_types == ("authorization_code",)
    assert portal.sector_identifier == "portal.example"
    assert portal.display_name == {"vi": "portal", "en": "portal"}
    assert not portal.public


def test_the_secret_is_kept_as_its_hash_only() -> None:
    portal = Portal.model_validate(GOOD)
    assert portal.client_secret_sha256 == hash_secret(SECRET)
    assert SECRET not in repr(portal)
    assert SECRET not in str(portal.record())
    assert portal.knows_secret(SECRET)
    assert not portal.knows_secret(SECRET + "x")
    assert not portal.knows_secret("")
    public = Portal.model_validate(GOOD | {"client_secret": None, "token_endpoint_auth_method": "none"})
    assert not public.knows_secret("")


def test_the_secret_may_come_by_file(tmp_path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    members = {name: value for name, value in GOOD.items() if name != "client_secret"}
    portal = Portal.model_validate(members | {"client_secret_file": str(tmp_path / "secret")})
    assert portal.knows_secret(SECRET)
    assert "cannot be read" in refusal_of(client_secret=None, client_secret_file=str(tmp_path / "nowhere"))
    assert "one of" in refusal_of(client_secret_sha256=hash_secret("x"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"redirect_uris": ["http://portal.example/cb"]}, "must be https"),
        ({"redirect_uris": ["https://portal.example/cb#x"]}, "fragment"),
        ({"redirect_uris": ["https://portal.example/cb#"]}, "fragment"),
        ({"redirect_uris": ["https://*.example/cb"]}, "wildcard"),
        ({"redirect_uris": ["https://u:p@portal.example/cb"]}, "credentials"),
        ({"redirect_uris": ["https://portal.example/c b"]}, "space"),
        ({"redirect_uris": ["https://portal.example\\@evil.example"]}, "backslash"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "must be https"),
        ({"redirect_uris": ["com.example.app:/cb"]}, "must be https"),
        ({"redirect_uris": ["/cb"]}, "must be https"),
        ({"redirect_uris": ["https:///cb"]}, "must be https"),
        ({"redirect_uris": []}, "at least one"),
        ({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}, "sector"),
        ({"backchannel_logout_uri": "http://portal.example/out"}, "must be https"),
        ({"client_secret": None}, "client_secret"),
        ({"client_secret": ""}, "empty"),
        ({"client_id": "a b"}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({"profile": "fapi2"}, "private_key_jwt"),
        ({"profile": "fapi2", **KEYED, "id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"profile": "fapi2", **KEYED, "token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({"profile": "fapi2", **KEYED, "request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"profile": "fapi2", **KEYED, "userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"profile": "fapi2", **KEYED, "authorization_signed_response_alg": "RS256"}, "authorization_signed_response"),
        ({"profile": "fapi2", **KEYED, "redirect_uris": ["http://portal.example/cb"]}, "must be https"),
        ({"profile": "fapi2", **KEYED, "realm": "staff"}, "citizens' portals"),
        ({"dpop_bound_access_tokens": True, "realm": "staff"}, "citizens' portals"),
        ({"profile": "legacy"}, "legacy_until"),
        ({"legacy_until": "2027-01-01"}, "legacy"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["refresh_token"]}, "authorization_code"),
        ({"response_types": ["token"]}, "response_types"),
        ({"token_endpoint_auth_method": "none"}, "without a client secret"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks"),
        ({"unknown_member": 1}, "unknown_member"),
    ],
)
def test_what_is_refused(changed: dict[str, Any], said: str) -> None:
    text = refusal_of(**changed)
    assert said in text
    assert SECRET not in text


def test_a_public_client_has_pkce_and_nothing_else() -> None:
    public: dict[str, Any] = {"client_secret": None, "token_endpoint_auth_method": "none"}
    assert Portal.model_validate({k: v for k, v in (GOOD | public).items() if v is not None}).public
    grants = ["authorization_code", "client_credentials"]
    assert "client_credentials" in refusal_of(**public, grant_types=grants)
    assert "legacy" in refusal_of(**public, profile="legacy", legacy_until="2027-01-01")


def test_redirect_uris_are_compared_letter_by_letter() -> None:
    portal = Portal.model_validate(GOOD)
    assert portal.allows_redirect("https://portal.example/callback")
    for other in (
        "https://portal.example/callback/",
        "https://portal.example/callback?x=1",
        "https://PORTAL.example/callback",
        "https://portal.example:443/callback",
        "https://portal.example/CALLBACK",
        "https://portal.example/callback/../callback",
    ):
        assert not portal.allows_redirect(other), other


def test_a_native_client_may_use_any_loopback_port_and_its_own_scheme() -> None:
    members = GOOD | {
        "application_type": "native",
        "client_secret": None,
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/cb", "vn.example.app:/cb"],
        "sector": "app",
    }
    portal = Portal.model_validate({k: v for k, v in members.items() if v is not None})
    assert portal.allows_redirect("http://127.0.0.1:51234/cb")
    assert portal.allows_redirect("vn.example.app:/cb")
    for other in (
        "http://127.0.0.1:51234/other",
        "http://localhost:51234/cb",
        "http://127.0.0.1:1/cb#x",
        "http://[::1",
        "http://127.0.0.1:1/c\tb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:1\\@x/cb",
        " http://127.0.0.1:1/cb",
    ):
        assert not portal.allows_redirect(other), other
    web = Portal.model_validate(GOOD | {"redirect_uris": ["http://127.0.0.1:8003/cb"]})
    assert not web.allows_redirect("http://127.0.0.1:8004/cb"), "a web client's port is part of its address"


def test_production_refuses_http_of_a_web_client() -> None:
    assert unsafe_members(Portal.model_validate(GOOD | {"redirect_uris": ["http://127.0.0.1:8003/cb"]}))
    assert not unsafe_members(Portal.model_validate(GOOD))


def test_a_legacy_client_ends_on_its_day() -> None:
    portal = Portal.model_validate(GOOD | {"profile": "legacy", "legacy_until": date(2026, 11, 23)})
    assert not portal.ended(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))
    assert portal.ended(datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
    assert not Portal.model_validate(GOOD).ended(datetime(2099, 1, 1, tzinfo=UTC))


def test_names_come_in_two_languages() -> None:
    portal = Portal.model_validate(
        GOOD | {"client_name": "Cổng", "client_name#en": "Portal", "agency": "Sở", "scope": ["openid", "profile"]}
    )
    assert portal.display_name == {"vi": "Cổng", "en": "Portal"}
    assert portal.display_agency == {"vi": "Sở"}, "nobody said what it is called in English"
    assert portal.scopes == {"openid", "profile"}


class Shelf:
    """A listing of what was put on it."""

    def __init__(self, *records: Record) -> None:
        self.records = list(records)

    async def select(self, kind: Kind, **_: Any) -> list[Record]:
        return [record for record in self.records if record.kind is kind]


async def test_the_registry_finds_seeds_first_and_takes_over_what_was_registered() -> None:
    seed, other = Portal.model_validate(GOOD), Portal.model_validate(GOOD | {"client_id": "other"})
    registry = ClientRegistry([seed])
    assert registry.get("other") is None
    unreadable = Record(kind=Kind.PORTAL, key="old", body={"client_id": "old", "gone": True})
    usurper = Portal.model_validate(GOOD | {"client_name": "usurper"}).record()
    await registry.refresh(Shelf(other.record(), unreadable, usurper))  # type: ignore[arg-type]
    assert registry.get("other") == other
    assert registry.get("old") is None
    assert registry.get("portal") is seed, "a stored portal never replaces one of the settings"
    assert {portal.client_id for portal in registry.all()} == {"portal", "other"}
    registry.replace_seeds([])
    assert registry.get("portal") is not seed
    await registry.refresh(Shelf())  # type: ignore[arg-type]
    assert registry.get("other") is None


def test_a_portal_survives_its_record() -> None:
    members = GOOD | {
        "profile": "legacy",
        "legacy_until": date(2027, 1, 1),
        "client_name#vi": "Cổng",
        "agency": {"vi": "Sở", "en": "Office"},
        "attributes": ["full_name"],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    portal = Portal.model_validate(members)
    assert Portal.model_validate(portal.record().body) == portal


def test_resources() -> None:
    resource = Resource(identifier="https://api.example/", token_format="jwt", scopes=("a",), lifetime_s=300)
    registry = ResourceRegistry([resource])
    assert registry.get("https://api.example/") is resource
    assert registry.get("https://api.example") is None
    assert registry.all() == (resource,)
    for wrong in (
        {"identifier": "api"},
        {"identifier": "https://api.example/#x"},
        {"identifier": "https://api.example/", "token_format": "jwt", "lifetime_s": 301},
        {"identifier": "https://api.example/", "lifetime_s": 0},
    ):
        with pytest.raises(ValidationError):
            Resource.model_validate(wrong)
    assert Resource(identifier="urn:gate06:x", lifetime_s=int(timedelta(hours=1).total_seconds()))
