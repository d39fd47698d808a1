"""Which code is installed: told by the octets of its files, whatever the package calls itself."""

import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from gateway.connector_runtime.package_digest import installed_package

_FILES = {
    "acme_register/__init__.py": "",
    "acme_register/connector.py": "class AcmeConnector: ...\n",
    "acme_register/manifest.toml": "schema = 1\n",
    "acme_parts.py": "DIGITS = 12\n",
    "acme_register-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-register\nVersion: 1.0\n",
    "acme_register-1.0.dist-info/entry_points.txt": (
        "[gate06.connectors]\nacme = acme_register.connector:AcmeConnector\n"
    ),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with one that offers a connector."""
    for name, text in _FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    record = "".join(f"{name},,\n" for name in (*_FILES, "acme_register-1.0.dist-info/RECORD", "../bin/acme"))
    (tmp_path / "acme_register-1.0.dist-info/RECORD").write_text(record, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [one for one in sys.modules if one.startswith("acme_")]:
        del sys.modules[name]


def point_of(site: Path) -> EntryPoint:
    (dist,) = distributions(path=[str(site)])
    (point,) = dist.entry_points
    assert point.load().__name__ == "AcmeConnector"
    return point


def test_name_version_and_octets(site: Path) -> None:
    found = installed_package(point_of(site))
    assert (found.name, len(found.sha256)) == ("acme-register==1.0", 64)
    assert installed_package(point_of(site)) == found


@pytest.mark.parametrize("changed", ["acme_register/connector.py", "acme_register/manifest.toml", "acme_parts.py"])
def test_another_octet_is_another_package_under_the_same_number(site: Path, changed: str) -> None:
    before = installed_package(point_of(site))
    (site / changed).write_text(_FILES[changed] + "\n", "utf-8")
    after = installed_package(point_of(site))
    assert after.name == before.name
    assert after.sha256 != before.sha256


def test_a_file_that_no_list_names_counts_in_the_connectors_own_folder(site: Path) -> None:
    before = installed_package(point_of(site))
    (site / "acme_register" / "more.py").write_text("", "utf-8")
    assert installed_package(point_of(site)).sha256 != before.sha256


def test_what_an_installation_writes_by_itself_does_not_count(site: Path) -> None:
    before = installed_package(point_of(site))
    (site / "acme_register-1.0.dist-info/INSTALLER").write_text("another\n", "utf-8")
    (site / "acme_register/__pycache__").mkdir(exist_ok=True)
    (site / "acme_register/__pycache__/connector.cpython-399.pyc").write_bytes(b"x")
    assert installed_package(point_of(site)) == before


def test_a_listed_file_that_is_gone_is_no_package_to_trust(site: Path) -> None:
    point = point_of(site)
    (site / "acme_parts.py").unlink()
    with pytest.raises(OSError, match="acme_parts"):
        installed_package(point)
