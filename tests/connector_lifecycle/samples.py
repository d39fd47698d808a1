"""Manifests and reports to try the lifecycle with: an invented register, and the ones the repository brings."""

from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

from gateway.connector_lifecycle.release import digest_of
from gateway.connector_runtime.examination import CHECKS, EXAM
from gateway.connector_runtime.making import GROUP
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.package_digest import installed_package

CONNECTORS = Path(__file__).parents[2] / "connectors"
PACKAGE = f"gate06=={version('gate06')}"

_HEAD = """\
schema = 1
id = "{id}"
version = "{version}"
kind = "code"
transport = "ndxp"
lifecycle = "draft"
inputs = [{inputs}]

[name]
vi = "Sổ thử nghiệm"
en = "Trial register"

[summary]
vi = "{summary}"
en = "A register for tests"

[owner]
org = "Sở thử nghiệm"
contacts = ["dien-thoai: 0900000000", "thu: lien-he@example.vn"]

[legal]
basis = ["Nghị định 47/2024/NĐ-CP, Điều 5"]
purposes = ["procedure"]
data_class = "{data_class}"
retention = "grant"

[notice.unavailable]
vi = "Sổ đang bảo trì."
en = "The register is under maintenance."
"""

FIELDS = (("full_name", "person.name", "text", None), ("birth_date", "person.born", "date", "from_source"))


def manifest_text(
    number: str = "1.0.0",
    *,
    connector: str = "trial",
    fields: tuple[tuple[str, str, str, str | None], ...] = FIELDS,
    inputs: tuple[str, ...] = ("personal_number",),
    summary: str = "Sổ để thử",
    data_class: str = "basic",
) -> str:
    """Return a manifest; each field is (to, from, type, precision)."""
    named = ", ".join(f'"{name}"' for name in inputs)
    head = _HEAD.format(id=connector, version=number, inputs=named, summary=summary, data_class=data_class)
    rows = []
    for to, origin, kind, precision in fields:
        row = f'\n[[fields]]\nto = "{to}"\nfrom = "{origin}"\ntype = "{kind}"\n'
        rows.append(row + (f'precision = "{precision}"\n' if precision else ""))
    return head + "".join(rows)


def own_manifest(source: str) -> str:
    """Return the manifest of a connector of the repository."""
    return (CONNECTORS / source / "manifest.toml").read_text("utf-8")


def report_on(text: str, **changes: Any) -> dict[str, Any]:
    """Return an exam's report on a manifest in which everything passed."""
    manifest = read_manifest(text, "manifest.toml")
    checks = [{"id": name, "outcome": "passed"} for name in CHECKS]
    return {
        "schema": "gate06.connector-report/1",
        "connector": manifest.id,
        "version": manifest.version,
        "manifest_sha256": digest_of(text),
        "exam": EXAM,
        "service": manifest.kind != "code",
        "checks": checks,
        **(_examined_code(manifest.id) if manifest.kind == "code" else {}),
        "tier": {"name": "bronze", "label": "Đồng", "missing": []},
    } | changes


def _examined_code(connector: str) -> dict[str, str]:
    """Return the package of a connector that comes with the gateway; an invented digest for an invented one."""
    points = [one for one in entry_points(group=GROUP) if one.name == connector]
    if not points:
        return {"package": PACKAGE, "package_sha256": "5" * 64}
    points[0].load()
    return {"package": PACKAGE, "package_sha256": installed_package(points[0]).sha256}


def report_without(text: str, *names: str) -> dict[str, Any]:
    """Return a report in which some checks were left out."""
    whole = report_on(text)
    return whole | {"checks": [one for one in whole["checks"] if one["id"] not in names]}


def report_skipping(text: str, name: str, **members: str) -> dict[str, Any]:
    """Return a report in which one check was let off."""
    rest = report_without(text, name)
    return rest | {"checks": [*rest["checks"], {"id": name, "outcome": "skipped", **members}]}
