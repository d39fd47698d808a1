"""What a gateway refuses to start with, beyond what the settings themselves can tell."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.application.assembly import require_matchable
from gateway.openid_provider.clients import Portal
from gateway.settings import ConfigurationRefused, read_settings

STRICT = Portal.model_validate(
    {
        "client_id": "strict",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://portal.example/callback"],
        "match": "required",
    }
)


def settings_with(folder: Path, *portals: Portal):
    environ = {"GATE06_PROFILE": "dev", "GATE06_ISSUER": "http://127.0.0.1:8000"}
    return read_settings(environ=environ).model_copy(update={"portal": portals})


def connectors(*, verifies=(), **provides):
    known = {name: frozenset(names) for name, names in provides.items()}
    return SimpleNamespace(sources=lambda: known, can_verify=lambda source: source in verifies)


def test_a_strict_portal_wants_the_register(tmp_path):
    with pytest.raises(ConfigurationRefused) as refused:
        require_matchable(settings_with(tmp_path, STRICT), connectors())
    assert "`strict`" in str(refused.value)
    assert "[connectors.population]" in str(refused.value)


def test_a_register_that_tells_too_little_is_named(tmp_path):
    with pytest.raises(ConfigurationRefused, match="`sex`"):
        require_matchable(settings_with(tmp_path, STRICT), connectors(population={"full_name"}))


def test_a_connected_register_and_a_portal_that_needs_none_start(tmp_path):
    require_matchable(settings_with(tmp_path, STRICT), connectors(population={"full_name", "sex"}))
    require_matchable(settings_with(tmp_path), connectors())


def test_verifying_wants_a_register_that_can(tmp_path):
    settings = settings_with(tmp_path)
    settings = settings.model_copy(update={"match": settings.match.model_copy(update={"by": "verify"})})
    with pytest.raises(ConfigurationRefused, match="`population` is not set up or cannot verify"):
        require_matchable(settings, connectors(population={"full_name", "sex"}))
    require_matchable(settings, connectors(verifies={"population"}))
