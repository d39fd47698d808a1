"""Names that XML allows and that paths in JSON would have to quote: dots, letters of any script."""

import json
import tomllib
from pathlib import Path

import pytest

from gateway.cli.command import main
from gateway.cli.connector_check import find_problems

SERVICES = Path(__file__).parent / "services"


def test_names_with_dots_and_vietnamese_letters_pass_their_check(tmp_path: Path) -> None:
    text = (SERVICES / "hoc_ba.wsdl").read_text("utf-8")
    for old, new in (('"HocBa"', '"ĐốiTượng"'), ("hb:HocBa", "hb:ĐốiTượng"), ("Lop", "Ma-So.Hộ"), ("Truong", "Ấp.1")):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "x.wsdl").write_text(text, "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["connector", "import-wsdl", str(tmp_path / "x.wsdl"), "--name", "thu", "--in", str(tmp_path)])
    assert ended.value.code == 9
    folder = tmp_path / "thu"
    tree = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
    assert tree["record"]["at"] == "DapHocBa/ĐốiTượng"
    assert [row["from"] for row in tree["fields"]] == ["Ấp.1", "Ma-So.Hộ"]
    assert {one.code for one in find_problems(folder, [])} <= {"CN-114"}
    told = json.loads((folder / "samples/example_1.expected.json").read_text("utf-8"))
    assert told == {"thu_ap_1": "AP1", "thu_ma_so_ho": "MASOHO"}
