"""The registers of the demo: how the gateway reaches each, and what its simulator proves callers by.

What a connector without code needs beside its manifest stands in one row; nothing else of the demo knows a register.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.tokens.key_material import generate_private_jwk, public_jwk
from gateway.vocabulary.clock import Randomness

USER = "gate06"
STORE_KEY = "dossier_store.jwk"
STORE_KEYS = "dossier_store.jwks"
_ASKER = {
    "zone": "lab",
    "officer": "gate06.demo",
    "agency_code": "H00.00.00",
    # faults are ordered here on purpose: three answers about somebody else would stop the register for good
    "limits": {"drift_window": 0},
}

Told = Callable[[str], str]
"""Returns the text of a secret's file."""


class Declared(NamedTuple):
    """A register whose connector is a manifest: the path of its service, what the manifest calls its secret, by what
    its simulator knows a caller (`key` of a header, or `secret` of a user), where tokens come from, and what the
    manifest calls the keys it signs with."""

    path: str
    named: str
    proves: str
    tokens_at: str | None = None
    keys_named: str | None = None


DECLARED: Mapping[str, Declared] = {
    "social_insurance": Declared("", "social-insurance-client", "secret", tokens_at="/lgsp/token"),
    "land": Declared("/land/v1", "land-key", "key"),
    "business_registration": Declared("/business/v1", "business-registration-password", "secret"),
    "dossier_store": Declared("", "dossier-store-key", "key", keys_named="dossier-store-keys"),
}
_CODED = ("population", "civil_status")
SECRETS = tuple(f"{name}.secret" for name in (*_CODED, *DECLARED))


def connectors_of(sources_url: str, transport: str) -> dict[str, Any]:
    """Return the `connectors` tables of the demo; `transport` is the bus in front of the population register."""
    bus = {"url": f"{sources_url}/ndxp/population"}
    if transport == "lgsp":
        bus = {"url": f"{sources_url}/lgsp/ngsp/population", "token_url": f"{sources_url}/lgsp/token"}
    population = {"transport": transport, **bus, "secret_file": "population.secret", "user": USER, **_ASKER}
    civil_status = {
        "url": f"{sources_url}/civil_status/ndxp/civil_status",
        "secret_file": "civil_status.secret",
        "user": USER,
        **_ASKER,
    }
    declared = {name: _declared(name, one, f"{sources_url}/{name}") for name, one in DECLARED.items()}
    return {"population": population, "civil_status": civil_status, **declared}


def simulators_of(secret: Told, signing_key: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of every register's simulator; the first one also answers without its name."""
    coded = {name: {"user": USER, "secret": secret(f"{name}.secret")} for name in _CODED}
    declared: dict[str, Any] = {name: {one.proves: secret(f"{name}.secret")} for name, one in DECLARED.items()}
    for name, one in DECLARED.items():
        if one.proves == "secret":
            declared[name]["user"] = USER
    declared["dossier_store"]["signing_key"] = dict(signing_key)
    return coded | declared


def make_store_key(randomness: Randomness) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the key the store of results signs with, and the JWK Set it publishes."""
    private = generate_private_jwk("ES256", "demo-store", randomness)
    return private, {"keys": [public_jwk(private)]}


def _declared(name: str, one: Declared, url: str) -> dict[str, Any]:
    table: dict[str, Any] = {"url": f"{url}{one.path}", "user": USER, **_ASKER}
    if one.tokens_at is not None:
        table["token_url"] = f"{url}{one.tokens_at}"
    files = {one.named: f"{name}.secret"} | ({one.keys_named: STORE_KEYS} if one.keys_named else {})
    return {**table, "secret_files": files}
