"""`docs/settings.md` is fresh, and what it calls reserved has no effect, and nothing else."""

import re
from pathlib import Path

import pytest

from gateway.openid_provider.clients import Portal, Resource
from gateway.settings import Settings
from gateway.settings.reference import RESERVED, render_settings

ROOT = Path(__file__).resolve().parents[2]
READERS = [
    path.read_text("utf-8")
    for path in (ROOT / "gateway").rglob("*.py")
    if path.parent.name != "settings" and path.name not in {"clients.py", "demo_files.py"}
]
SECTIONS = ("proxy", "limits", "dpop", "egress", "connectors")
_DESCRIPTIVE = frozenset(  # told to people or to other programs as they stand; nothing decides by them
    {
        *("logo_uri", "tos_uri", "policy_uri", "contacts", "software_id", "software_version", "response_types"),
        "backchannel_logout_session_required",  # always fulfilled
    }
)
_INSIDE = frozenset(  # used by the model's own properties, which others read
    {
        *("client_secret_sha256", "client_name", "client_name_vi", "client_name_en", "application_type", "agency"),
        *("scope", "sector", "sector_identifier_uri", "legacy_until", "token_format", "redirect_uris"),
        *("profile", "attributes", "procedures"),
        *(f"{kind}_encrypted_response_alg" for kind in ("id_token", "userinfo", "authorization")),
        *(f"{kind}_encrypted_response_enc" for kind in ("id_token", "userinfo", "authorization")),
    }
)


def test_the_reference_is_fresh():
    assert (ROOT / "docs/settings.md").read_text("utf-8") == render_settings()


def test_every_key_is_told():
    told = render_settings()
    for name, field in Settings.model_fields.items():
        section = getattr(field.annotation, "model_fields", {})
        for inner in section:
            assert f"`{name}.{inner}`" in told


@pytest.mark.parametrize("key", sorted(key for key in RESERVED if key.partition(".")[0] in SECTIONS))
def test_a_reserved_setting_is_read_by_nobody(key):
    pattern = re.compile(rf"settings\.{re.escape(key)}\b")
    assert not any(pattern.search(text) for text in READERS)


@pytest.mark.parametrize(("prefix", "model"), [("portal", Portal), ("resource", Resource)])
def test_members_without_effect_are_the_reserved_ones(prefix, model):
    written = {name for name, field in model.model_fields.items() if not field.exclude}
    for name in written - _DESCRIPTIVE - _INSIDE:
        used = any(re.search(rf"(portal|client|resource|named)\.{name}\b", text) for text in READERS)
        assert used is (f"{prefix}.{name}" not in RESERVED), name
