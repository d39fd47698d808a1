"""Manifests, settings, registry and the reasons a field has no value."""

from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr, ValidationError

from gateway.connector_runtime import contract
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Health, OutboundReply, SourceTrouble
from gateway.connector_runtime.failure import (
    InvalidManifest,
    SecretUnreadable,
    SourceUnavailable,
    TransportUnset,
    UnknownConnector,
    UnknownManifestKey,
    why,
)
from gateway.connector_runtime.health import check_connectors
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.connector_runtime.transports.ndxp import NdxpTransport, time_bound_secret, timestamp
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.provenance import Absent, RefusalReason, Refused, Unavailable, UnavailableReason

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 3, 0, 0, 123_000, tzinfo=UTC)
TEXT = files("connectors.population").joinpath("manifest.toml").read_text("utf-8")


def test_the_population_manifest_reads() -> None:
    manifest = read_manifest(TEXT, "population/manifest.toml")
    assert manifest.id == "population"
    assert len(manifest.provides) == 26
    assert manifest.fill_options({})["key_form"] == "capitals_no_space"


@pytest.mark.parametrize(
    ("old", "new", "place", "nearest"),
    [
        ("lifecycle =", "livecycle =", "livecycle", "lifecycle"),
        ("org =", "organ =", "owner.organ", "org"),
        ('from = "HoVaTen"', 'frm = "HoVaTen"', "fields[0].frm", "from"),
        ("[notice.unavailable]", "[notice.unavailabel]", "notice.unavailabel", "unavailable"),
        ('en = "How the name', 'eng = "How the name', "options[0].meaning.eng", "en"),
    ],
)
def test_an_unknown_key_names_its_place_and_the_nearest(old: str, new: str, place: str, nearest: str) -> None:
    assert old in TEXT
    with pytest.raises(UnknownManifestKey) as caught:
        read_manifest(TEXT.replace(old, new, 1), "population/manifest.toml")
    # a table written inside one line is found at that line
    line = next(number for number, text in enumerate(TEXT.splitlines(), 1) if old in text)
    found = f"population/manifest.toml:{line}:{place}"
    assert caught.value.detail == f"`{found}` is not a known key; did you mean `{nearest}`"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('kind = "code"', 'kind = "magic"', "kind"),
        ('version = "1.2.0"', 'version = "1"', "version"),
        ("schema = 1", "schema = 2", "schema"),
        ('type = "date"', 'type = "datum"', r"toml:73:fields\[1\]\.type"),
        ("[legal]", "[legal", "not TOML"),
        ('id = "population"\n', "", "id"),
    ],
)
def test_a_wrong_value_names_its_key(old: str, new: str, place: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidManifest, match=place):
        read_manifest(TEXT.replace(old, new, 1), "population/manifest.toml")


def test_options_are_checked_against_the_manifest() -> None:
    manifest = read_manifest(TEXT, "population/manifest.toml")
    with pytest.raises(UnknownManifestKey, match="did you mean `key_form`"):
        manifest.fill_options({"key_from": "as_written"})
    with pytest.raises(InvalidManifest, match="as_written"):
        manifest.fill_options({"key_form": "lower"})


def settings(**changes) -> ConnectorSettings:
    return ConnectorSettings(
        **{"url": "https://bus.example.vn/x", "user": "gate06", "secret": SecretStr("s")} | changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://bus.example.vn/x"},
        {"url": "http://bus.example.vn/x", "zone": "gov-wan"},
        {"url": "ftp://bus.example.vn/x"},
        {"zone": "anywhere"},
        {"secret_file": "/run/secret"},
        {"api_key": SecretStr("k"), "api_key_file": "/run/key"},
        {"desk_secret": SecretStr("k"), "desk_secret_file": "/run/key"},
        {"token_url": "http://bus.example.vn/token"},
        {"transport": "pigeon"},
        {"timestamp": "hours"},
        {"late_for": 61},
        {"concurrency": 0},
        {"sercet": "s"},
    ],
)
def test_unsafe_settings_are_refused(changes) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


def test_secrets_come_from_files_and_are_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("very-secret\n")
    one = settings(secret=None, secret_file=file)
    assert one.read_secret() == "very-secret"
    assert "very-secret" not in repr(settings(secret=SecretStr("very-secret")))


def test_a_refused_setting_does_not_print_its_neighbours() -> None:
    with pytest.raises(ValidationError) as caught:
        ConnectorSettings(url="http://bus.example.vn", secret="very-secret")  # type: ignore[arg-type]
    assert "very-secret" not in str(caught.value)


def test_the_surface_for_connector_authors_is_this_and_no_more() -> None:
    assert set(contract.__all__) == {
        "Absent", "Answer", "Connector", "Equipment", "Found", "Health", "OfficerClass", "OutboundClient",
        "OutboundReply", "Outcome", "Provenance", "Question", "Refused", "SourceTrouble", "Speech", "Transport",
        "Unavailable", "VerifiesMatch",
    }  # fmt: skip


def test_the_registry_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    with pytest.raises(UnknownConnector, match="`population`"):
        ConnectorRegistry.load({"populace": settings()}, egress=EgressSettings(), clock=clock)
    with pytest.raises(UnknownManifestKey):
        ConnectorRegistry.load({"population": settings(options={"x": "y"})}, egress=EgressSettings(), clock=clock)
    missing = settings(secret=None, secret_file=tmp_path / "none")
    with pytest.raises(SecretUnreadable) as caught:
        ConnectorRegistry.load({"population": missing}, egress=EgressSettings(), clock=clock)
    assert str(tmp_path) not in str(caught.value)


def test_a_bus_the_connector_does_not_speak_is_refused() -> None:
    clock = SettableClock(NOW)
    lgsp = settings(transport="lgsp", token_url="https://bus.example.vn/token")
    assert ConnectorRegistry.load({"population": lgsp}, egress=EgressSettings(), clock=clock)
    with pytest.raises(InvalidManifest, match="must be one of `ndxp`"):
        ConnectorRegistry.load({"civil_status": lgsp}, egress=EgressSettings(), clock=clock)
    with pytest.raises(TransportUnset, match="token_url"):
        ConnectorRegistry.load({"population": settings(transport="lgsp")}, egress=EgressSettings(), clock=clock)


def test_labels_come_in_both_languages() -> None:
    registry = ConnectorRegistry.load({"population": settings()}, egress=EgressSettings(), clock=SettableClock(NOW))
    assert registry.labels("population") == {"vi": "CSDL quốc gia về dân cư", "en": "National population database"}


class Recording:
    """An outbound client that answers what it was told to."""

    def __init__(self, reply: OutboundReply) -> None:
        self.reply = reply
        self.sent: list[dict] = []

    async def send(self, method: str, url: str, **known) -> OutboundReply:
        self.sent.append({"method": method, "url": url} | known)
        return self.reply


XML = {"content-type": "text/xml"}


async def carry(reply: OutboundReply, **changes) -> tuple[bytes, dict]:
    client = Recording(reply)
    transport = NdxpTransport(settings(**changes), client, SettableClock(NOW))
    body = await transport.send(b"<q/>", deadline_at=NOW.replace(second=2))
    return body, client.sent[0]


@pytest.mark.parametrize(("unit", "stamp"), [("milliseconds", "1795402800123"), ("seconds", "1795402800")])
async def test_the_secret_is_bound_to_the_time(unit: str, stamp: str) -> None:
    from base64 import b64encode

    body, sent = await carry(OutboundReply(200, XML, b"<a/>"), timestamp=unit, road_client="VN/GOV/1", api_key="k")
    assert body == b"<a/>"
    assert timestamp(NOW, unit) == stamp
    proof = sha256(f"https://bus.example.vn/xgate06{stamp}s".encode()).hexdigest()
    assert time_bound_secret("https://bus.example.vn/x", "gate06", stamp, "s") == proof
    assert sent["headers"] == {
        "Timestamp": stamp,
        "Authorization": "Basic " + b64encode(f"gate06:{proof}".encode()).decode(),
        "SOAPAction": '""',
        "X-Road-Client": "VN/GOV/1",
        "ApiKey": "k",
        "Content-Type": "application/xml; charset=utf-8",
    }
    assert sent["timeout_for"] == pytest.approx(2.0)


async def test_another_auth_url_enters_the_secret() -> None:
    _, one = await carry(OutboundReply(200, XML, b""))
    _, other = await carry(OutboundReply(200, XML, b""), auth_url="https://auth.example.vn")
    assert one["headers"]["Authorization"] != other["headers"]["Authorization"]


async def test_a_soap_fault_with_500_is_for_the_connector_to_read() -> None:
    body, _ = await carry(OutboundReply(500, XML, b"<fault/>"))
    assert body == b"<fault/>"


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {"content-type": "text/html"}, Unavailable(reason="malformed")),
        (503, {"content-type": "text/html"}, Unavailable(reason="unreachable")),
        (500, {"content-type": "text/plain"}, Unavailable(reason="unreachable")),
        (502, XML, Unavailable(reason="unreachable")),
        (503, {"retry-after": "120"}, Unavailable(reason="unreachable", retry_after=120)),
        (503, {"retry-after": "999999"}, Unavailable(reason="unreachable")),
        (503, {"retry-after": "99999"}, Unavailable(reason="unreachable", retry_after=600)),
        (429, {"retry-after": "7"}, Unavailable(reason="closed", retry_after=7)),
        (401, {}, Unavailable(reason="fault")),
        (403, {}, Unavailable(reason="fault")),
        (404, {}, Unavailable(reason="fault")),
        (302, {}, Unavailable(reason="fault")),
    ],
)
async def test_what_the_bus_answers_is_told_apart(status: int, headers: dict, outcome: Unavailable) -> None:
    with pytest.raises(SourceTrouble) as caught:
        await carry(OutboundReply(status, headers, b""))
    assert caught.value.outcome == outcome


async def test_probes_do_not_hang_and_do_not_spread() -> None:
    import asyncio

    class Good:
        async def check(self) -> Health:
            return Health("up")

    class Hanging:
        async def check(self) -> Health:
            await asyncio.Event().wait()
            return Health("up")

    class Broken:
        async def check(self) -> Health:
            raise ValueError("999175000003")

    found = await check_connectors({"g": Good(), "h": Hanging(), "b": Broken()}, patience_for=0.05)  # type: ignore[dict-item]
    assert [found[name].state for name in "ghb"] == ["up", "down", "down"]
    assert "999175000003" not in found["b"].detail


OUTCOMES = [
    *(Absent(reason) for reason in ("empty", "no_match", "not_kept", "ambiguous")),
    *(Refused(reason) for reason in get_args(RefusalReason)),
    *(Unavailable(reason=reason) for reason in get_args(UnavailableReason)),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_missing_value_has_a_reason_of_its_own(outcome) -> None:
    failure = why(outcome)
    assert failure is not None
    assert failure.code.startswith("CR-")
    assert failure.vi
    assert failure.en
    assert failure.fix


def test_reasons_do_not_share_a_code() -> None:
    codes = [failure.code for failure in map(why, OUTCOMES) if failure is not None]
    assert len(codes) == len(set(codes)) == len(OUTCOMES)
    assert SourceUnavailable.code == "CR-004"
    assert SourceUnavailable.http_status == 503


def test_an_operators_figures_win_over_the_manifests_and_those_over_the_defaults() -> None:
    stated = Limits(retries=3, slow_for=5.0)
    limits = settings(limits={"slow_for": 1.5}, concurrency=9).limits_over(stated)
    assert (limits.retries, limits.slow_for, limits.concurrency, limits.late_for) == (3, 1.5, 9, 20.0)
    assert settings(limits={"concurrency": 4}, concurrency=9).limits_over(stated).concurrency == 4


@pytest.mark.parametrize(
    "limits",
    [{"retires": 1}, {"retries": 9}, {"failure_ratio": 0}, {"concurrency": 0}, {"fresh_for": {"full_name": -1}}],
)
def test_figures_nobody_can_mean_are_refused(limits) -> None:
    with pytest.raises(ValidationError):
        settings(limits=limits)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"fresh_for": {"ful_name": 60}}, "population:limits.fresh_for.ful_name"),
        ({"daily_total": 5}, "a daily quota, and nothing to count it in"),
    ],
)
def test_figures_that_cannot_hold_stop_the_start(limits, said: str) -> None:
    with pytest.raises(InvalidManifest, match=said):
        ConnectorRegistry.load(
            {"population": settings(limits=limits)}, egress=EgressSettings(), clock=SettableClock(NOW)
        )


def test_nothing_is_kept_of_a_register_that_allows_no_keeping() -> None:
    strict = read_manifest(TEXT.replace('retention = "grant"', 'retention = "none"'), "m.toml")
    assert strict.legal.retention == "none"
    with pytest.raises(InvalidManifest, match=r"legal\.retention"):
        strict.limits_under(settings(limits={"fresh_for": {"full_name": 60}}))
    assert strict.limits_under(settings()).fresh_for == {}
