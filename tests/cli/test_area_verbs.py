"""`gate06 areas`: a list is taken whole by whoever may, read by day, and splits are not guessed."""

import shutil
from pathlib import Path

from gateway.dossiers.unit_file import read_units
from gateway.vocabulary.officer import STAFF_ROLES
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "units" / "thai_nguyen_synthetic.csv"
SPLIT, MERGED, DAY = "H99.164.05461", "000.05875.172.H99", "2025-01-01"


def test_the_sample_list_has_mergers_and_splits_and_invented_codes_only() -> None:
    units = read_units(SAMPLE).all
    assert {unit.code.partition(".")[0] for unit in units} == {"H98", "H99"}
    assert any(len(unit.became) == 1 for unit in units)
    assert any(len(unit.became) > 1 for unit in units)


def test_an_import_is_read_back_by_day_and_boundary(staff: Staff, run: Run) -> None:
    staff.sign_in("first", "registration_officer")
    assert run("areas", "import", str(SAMPLE), "--json")[1]["units"] == len(read_units(SAMPLE).all)
    code, then, _ = run("areas", "show", SPLIT, "--on", DAY, "--json")
    assert (code, then["split"], then["unit"]["code"]) == (0, False, SPLIT)
    code, now, _ = run("areas", "show", SPLIT, "--on", DAY, "--boundary", "now", "--json")
    assert (code, now["unit"]["code"]) == (0, SPLIT)
    assert now["split"]
    assert [one["code"] for one in now["candidates"]] == ["H99.05443", "H99.05467"]
    code, merged, _ = run("areas", "show", MERGED, "--on", DAY, "--boundary", "now", "--json")
    assert (code, merged["unit"]["code"], merged["split"]) == (0, "H99.05860", False)
    listed = run("areas", "list", "--on", "2026-01-01", "--json")[1]["units"]
    assert {unit["level"] for unit in listed} == {"province", "department", "commune"}
    assert run("areas", "show", "H99.164", "--on", "2026-01-01")[0] == 4
    assert run("areas", "show", "xa-moi")[0] == 2


def test_a_file_with_a_mistake_changes_nothing(staff: Staff, run: Run, tmp_path: Path) -> None:
    staff.sign_in("first", *STAFF_ROLES)
    assert run("areas", "import", str(SAMPLE))[0] == 0
    broken = tmp_path / "broken.csv"
    shutil.copy(SAMPLE, broken)
    with broken.open("a", encoding="utf-8") as file:
        file.write("H99.77,Xã Mới,,commune,H97,2025-07-01,,,\n")
    code, _, err = run("areas", "import", str(broken))
    assert code == 5
    assert f"broken.csv:{len(read_units(SAMPLE).all) + 2}:parent" in err
    assert run("areas", "show", "H99", "--json")[1]["unit"]["name"]["vi"] == "Tỉnh Thái Nguyên"
    assert run("areas", "import", str(tmp_path / "none.csv"))[0] == 5


def test_who_may_not_imports_nothing(staff: Staff, run: Run) -> None:
    assert run("areas", "import", str(SAMPLE))[0] == 5
    staff.sign_in("first", "auditor")
    assert run("areas", "import", str(SAMPLE))[0] == 5
    assert run("areas", "list", "--json")[1]["units"] == []
