"""The province's connectors: nothing is wrong with them, neither with their samples nor with their running services."""

import asyncio
import json
from importlib.metadata import entry_points
from pathlib import Path

import httpx2
import pytest

from gateway.connector_exam.candidate import read_candidate
from gateway.connector_exam.pytest_contract import _served
from gateway.connector_exam.report import Report
from gateway.connector_exam.running import ServiceAddress
from gateway.connector_exam.sitting import sit_exam
from gateway.connector_lifecycle.report import examined_live
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.folders import BUILT_IN
from gateway.connector_runtime.making import GROUP
from gateway.connector_runtime.package_digest import installed_package
from gateway.vocabulary.clock import SettableClock
from tests.connector_exam.conftest import TODAY, Sit, change
from tests.connectors.test_province_registers import FACES


def faults(report: Report) -> list[tuple[str, str]]:
    return [(one.check.id, fault.what) for one in report.failed for fault in one.faults]


def at_its_service(name: str, folder: Path, secrets: Path) -> Report:
    """Take the exam with the connector's simulator as its running service, set up as a gateway would be."""
    face = FACES[name]
    with _served(lambda: face.create(count=60), None) as url:
        files = {face.secret_ref: secrets / "secret", "dossier-store-keys": secrets / "keys"}
        files[face.secret_ref].write_text(face.secret, "ascii")
        if name == "dossier_store":
            files["dossier-store-keys"].write_text(json.dumps(httpx2.get(f"{url}/_keys").json()), "ascii")
        settings = ConnectorSettings(
            url=f"{url}{face.path}", zone="lab", token_url=f"{url}/lgsp/token", officer="x", secret_files=files
        )
        candidate = read_candidate(folder)
        return asyncio.run(sit_exam(candidate, SettableClock(TODAY), ServiceAddress(settings=settings)))


@pytest.mark.parametrize("name", FACES)
def test_a_connector_of_the_province_passes_at_its_service(name: str, tmp_path: Path) -> None:
    report = at_its_service(name, BUILT_IN / name, tmp_path)
    assert faults(report) == []
    assert report.wire()["service"] is True


@pytest.mark.parametrize("name", ["population", "civil_status"])
def test_a_connector_behind_the_bus_passes_with_its_samples(name: str) -> None:
    (point,) = [one for one in entry_points(group=GROUP) if one.name == name]
    candidate = read_candidate(BUILT_IN / name, make=point.load(), package=installed_package(point))
    report = asyncio.run(sit_exam(candidate, SettableClock(TODAY)))
    assert faults(report) == []
    assert report.wire()["package_sha256"] == installed_package(point).sha256
    assert examined_live(candidate.manifest) is False, "over a bus samples stand for the service"


def test_a_service_that_tells_otherwise_than_the_samples_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "land"
    (folder / "samples").mkdir(parents=True)
    for file in (BUILT_IN / "land").rglob("*"):
        if file.suffix in {".json", ".toml", ".md"}:
            (folder / file.relative_to(BUILT_IN / "land")).write_bytes(file.read_bytes())
    sample = folder / "samples" / "persona_03.json"
    sample.write_text(sample.read_text("utf-8").replace('"area_m2": "', '"area_m2": "9'), "utf-8")
    expected = folder / "samples" / "persona_03.expected.json"
    expected.write_text(expected.read_text("utf-8").replace('"land_area": "', '"land_area": "9'), "utf-8")
    assert ("meaning.personas") in {check for check, _ in faults(at_its_service("land", folder, tmp_path))}


def test_a_view_lacks_nothing_but_a_look_at_its_role(sit: Sit) -> None:
    assert [check for check, _ in faults(sit(BUILT_IN / "social_protection"))] == ["safety.view"]


def test_a_persona_that_is_named_has_a_sample(sit: Sit, folder: Path) -> None:
    change(folder, "personas = [1, 3, 6, 8]", "personas = [1, 3, 6, 8, 13]")
    assert [what for _, what in faults(sit(folder)) if "is named and has no sample" in what]
