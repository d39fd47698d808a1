"""What a demo needs on disk: keys, secrets, seeds and one settings file, all in one folder nobody else reads."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import tomlkit
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.cli import demo_registers
from gateway.policy.bundle import BUILT_IN
from gateway.settings import DEMO_MASTER_KEY
from gateway.vocabulary.clock import SystemClock, SystemRandomness, text_token

SAMPLE_CLIENT = "sample-portal"
CONFORMANCE_CLIENT = "conformance"
_VNEID_CLIENT = "gate06-demo"
_STAFF_CLIENT = "gate06-staff-demo"
_SECRETS = (
    "portal.secret",
    "conformance.secret",
    "vneid.secret",
    "national_portal.secret",
    "staff.secret",
    *demo_registers.SECRETS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What a journey asks for, by which identity provider (None: the first one offered), and about which persona the
    one who signs in acts for (None: about themselves)."""

    procedure: str
    identity_provider: str | None = None
    represented: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """Where things are: ports on this machine, the issuer, the stores; `books` are folders beside the policy book."""

    folder: Path
    issuer: str
    store: str
    redis: str
    gateway_port: int
    vneid_port: int
    sources_port: int
    portal_port: int
    metrics_port: int
    workers: int = 1
    books: tuple[Path, ...] = ()
    population_transport: str = "ndxp"

    @property
    def portal_url(self) -> str:
        """Where the sample portal is."""
        return f"http://127.0.0.1:{self.portal_port}"

    @property
    def vneid_url(self) -> str:
        """Where the VNeID simulator is."""
        return f"http://127.0.0.1:{self.vneid_port}"

    @property
    def national_portal_url(self) -> str:
        """Where the national portal is played: a further face of the program on VNeID's port."""
        return f"{self.vneid_url}/cong"

    @property
    def staff_url(self) -> str:
        """Where the staff sign-in is: a further face of the program on VNeID's port."""
        return f"{self.vneid_url}/staff"

    @property
    def sources_url(self) -> str:
        """Where the sources simulator is."""
        return f"http://127.0.0.1:{self.sources_port}"

    @property
    def settings_file(self) -> Path:
        """The settings of the demo."""
        return self.folder / "demo.toml"

    def secret(self, name: str) -> str:
        """Return a secret that `write_files` made."""
        return (self.folder / name).read_text("ascii")


def write_files(plan: DemoPlan) -> None:
    """Write everything. Secrets and keys are made once and kept, so that a restart surprises nobody who signed in."""
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # the same for every demo, so that each opens a store that another one made; production refuses it
    _write(plan.folder / "master.key", DEMO_MASTER_KEY)
    for name in _SECRETS:
        if not (plan.folder / name).exists():
            _write(plan.folder / name, text_token(SystemRandomness()))
    if not (plan.folder / "vneid.pem").exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write(
            plan.folder / "vneid.pub", key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        _write(plan.folder / "vneid.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if not (plan.folder / demo_registers.STORE_KEY).exists():
        private, public = demo_registers.make_store_key(SystemRandomness())
        _write(plan.folder / demo_registers.STORE_KEYS, orjson.dumps(public))
        _write(plan.folder / demo_registers.STORE_KEY, orjson.dumps(private))
    _write(plan.settings_file, tomlkit.dumps(_settings(plan)))
    _write(plan.folder / "simulators.json", orjson.dumps(_simulators(plan)))


def _settings(plan: DemoPlan) -> dict[str, Any]:
    store: dict[str, str] = {"url": plan.store, "master_key_file": "master.key"}
    return {
        "issuer": plan.issuer,
        "profile": "dev",
        "store": store | ({"redis": plan.redis} if plan.redis else {}),
        "server": {"port": plan.gateway_port, "workers": plan.workers},
        "metrics": {"port": plan.metrics_port},
        "demo": {
            "vneid_port": plan.vneid_port,
            "sources_port": plan.sources_port,
            "portal_port": plan.portal_port,
        },
        "proxy": {"trusted": ["127.0.0.1"], "client_cert_header": "Client-Cert"},
        "egress": {"portals": "lab", "identity_providers": "lab"},
        "connectors": demo_registers.connectors_of(plan.sources_url, plan.population_transport),
        "identity_provider": [_vneid(plan), _national_portal(plan), _staff(plan)],
        "portal": [_sample(plan), _conformance(plan)],
        "office": [{"code": code, "name": {"vi": vi, "en": en}} for code, vi, en in _OFFICES],
    }


_OFFICES = (
    ("H55.01", "Sở Khoa học và Công nghệ (giả định)", "Department of Science and Technology (invented)"),
    ("H55.02", "Văn phòng UBND tỉnh (giả định)", "Office of the provincial people's committee (invented)"),
    ("H55.03", "Sở Tư pháp (giả định)", "Department of Justice (invented)"),
    ("H55.10.02", "Bộ phận Một cửa phường Tân Sơn (giả định)", "One-stop desk of Tan Son ward (invented)"),
    ("H55.10.07", "Bộ phận Một cửa xã Bàu Trăn (giả định)", "One-stop desk of Bau Tran commune (invented)"),
)
"""What the offices of the eight officers are called."""


def _vneid(plan: DemoPlan) -> dict[str, Any]:
    return {
        "alias": "vneid",
        "kind": "vneid",
        "label": {
            "vi": "Đăng nhập bằng tài khoản định danh điện tử",
            "en": "Sign in with your electronic identity account (VNeID)",
        },
        "issuer": plan.vneid_url,
        "client_id": _VNEID_CLIENT,
        "client_secret_file": "vneid.secret",
        "private_key_file": "vneid.pem",
        "vouches_for_number": True,
    }


def _national_portal(plan: DemoPlan) -> dict[str, Any]:
    return {
        "alias": "national_portal",
        "kind": "national_portal",
        "label": {"vi": "Cổng Dịch vụ công quốc gia", "en": "National Public Service Portal"},
        "issuer": plan.national_portal_url,
        "client_id": _VNEID_CLIENT,
        "client_secret_file": "national_portal.secret",
        "vouches_for_number": True,
    }


def _staff(plan: DemoPlan) -> dict[str, Any]:
    return {
        "alias": "staff",
        "kind": "openid_connect",
        "realm": "staff",
        "label": {"vi": "Tài khoản cán bộ của tỉnh", "en": "Staff account of the province"},
        "issuer": plan.staff_url,
        "client_id": _STAFF_CLIENT,
        "client_secret_file": "staff.secret",
        "claims": {"account_level": "account_level", "register_code": "register_code"},
    }


def _sample(plan: DemoPlan) -> dict[str, Any]:
    return {
        "client_id": SAMPLE_CLIENT,
        "client_secret_file": "portal.secret",
        "client_name": "Cổng dịch vụ công mẫu",
        "client_name#en": "Sample service portal",
        "client_uri": plan.portal_url,
        "agency": {"vi": "UBND xã Bàu Trăn (giả định)", "en": "Bau Tran commune (invented)"},
        "redirect_uris": [f"{plan.portal_url}/callback"],
        "post_logout_redirect_uris": [f"{plan.portal_url}/logged-out"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "procedures": _procedures(plan),
    }


def _conformance(plan: DemoPlan) -> dict[str, Any]:
    """A client as certification suites bring it: no PKCE, secret in the body, RS256."""
    until = (SystemClock().now() + timedelta(days=365)).date()
    return {
        "client_id": CONFORMANCE_CLIENT,
        "client_secret_file": "conformance.secret",
        "client_name": "Conformance",
        "redirect_uris": [f"{plan.portal_url}/conformance/callback", "https://localhost.emobix.co.uk:8443/callback"],
        "post_logout_redirect_uris": [f"{plan.portal_url}/conformance/logged-out"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "id_token_signed_response_alg": "RS256",
        "profile": "legacy",
        "legacy_until": until,
        "sector": "conformance.invalid",
        "procedures": _procedures(plan),
    }


def _procedures(plan: DemoPlan) -> list[str]:
    """Return the procedures of every book: what is added to a demo is there to be tried."""
    books = (BUILT_IN, *plan.books)
    return sorted(file.name.partition("_")[0] for book in books for file in (book / "procedures").glob("*.toml"))


def _simulators(plan: DemoPlan) -> Mapping[str, Any]:
    client = {
        "client_id": _VNEID_CLIENT,
        "client_secret": plan.secret("vneid.secret"),
        "redirect_uris": [f"{plan.issuer}/upstream/vneid/callback"],
        "public_key": (plan.folder / "vneid.pub").read_text("ascii"),
    }
    at_the_portal = {
        "client_id": _VNEID_CLIENT,
        "client_secret": plan.secret("national_portal.secret"),
        "redirect_uris": [f"{plan.issuer}/upstream/national_portal/callback"],
    }
    staff = {
        "client_id": _STAFF_CLIENT,
        "client_secret": plan.secret("staff.secret"),
        "redirect_uris": [f"{plan.issuer}/upstream/staff/callback"],
    }
    return {
        "vneid": {"issuer": plan.vneid_url, "clients": [client]},
        "national_portal": {"issuer": plan.national_portal_url, "clients": [at_the_portal]},
        "staff": {"issuer": plan.staff_url, "clients": [staff]},
        "sources": demo_registers.simulators_of(plan.secret, orjson.loads(plan.secret(demo_registers.STORE_KEY))),
    }


def _write(file: Path, content: str | bytes) -> None:
    """Write whole or not at all, for the owner's eyes only."""
    waiting = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
    waiting.replace(file)
