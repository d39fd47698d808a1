"""Figures from files alone, by the command: what a province generates, another program adds up."""

import csv
import io
import json
from itertools import groupby
from pathlib import Path

import pytest

from gateway.cli.command import main

UNITS = str(Path(__file__).parents[3] / "examples/units/thai_nguyen_synthetic.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("province")
    written = ["--out", str(folder / "events.jsonl"), "--beside", str(folder / "beside")]
    with pytest.raises(SystemExit) as left:
        main(["province", "generate", "--seed", "3", "--mix", "scores-766", "--dossiers", "200", *written])
    assert left.value.code == 0
    return folder


@pytest.fixture
def run(capsys):
    def _run(file: Path, *words: str, beside: Path | None = None, unit: str = "H99") -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(
                ["indicator", "compute", str(file), "--units", UNITS, "--unit", unit, "--period", "2023"]
                + (["--beside", str(beside)] if beside else [])
                + ["--at", "2026-11-27T00:00:00Z", *words]
            )
        out = capsys.readouterr()
        return left.value.code, out.out, out.err

    return _run


def figures(text: str) -> dict[str, dict]:
    return {one["id"]: one for group in json.loads(text)["groups"] for one in group["indicators"]}


def test_the_file_is_counted_as_its_mix_says(made, run):
    code, out, _ = run(made / "events.jsonl", "--json", beside=made / "beside")
    assert code == 0
    found = figures(out)
    assert json.loads(out)["as_of"] == "2024-01-01T00:00:00+07:00"
    assert (found["4.2"]["numerator"], found["4.2"]["denominator"]) == (70, 200)
    assert (found["3.online"]["numerator"], found["3.online"]["value"]) == (120, 60.0)
    assert (found["4.5b"]["numerator"], found["4.5b"]["claimed"]["numerator"]) == (186, 130)
    assert found["2.1"]["denominator"] == 200
    code, out, _ = run(made / "events.jsonl", beside=made / "beside")
    assert "96,5 %" in out
    assert out.splitlines()[-1].split()[0] == "total"


def test_the_sheet_shows_numbers_as_papers_do(made, run):
    code, out, _ = run(made / "events.jsonl", "--csv", beside=made / "beside")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(out))}
    assert code == 0
    assert (rows["4.2"]["value"], rows["4.2"]["numerator"], rows["4.2"]["unit"]) == ("35 %", "70", "H99")
    assert rows["2.2"]["value"].endswith(" ngày")
    assert rows["2.2"]["numerator"].count(".") >= 2
    assert (rows["total"]["maximum"], rows["group 3"]["name"][:7]) == ("100", "Dịch vụ")
    assert rows["total"]["points"] == run(made / "events.jsonl", beside=made / "beside")[1].split()[-2]


def test_what_was_reported_counts_where_it_is_more(made, run, tmp_path):
    lines = [
        {"unit": "H99.S08", "month": "2023-02", "count": 300},
        {"unit": "H99.S08", "month": "2022-12", "count": 9000},
    ]
    (tmp_path / "reported.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    found = figures(run(made / "events.jsonl", "--json", beside=tmp_path)[1])
    assert (found["1.4"]["numerator"], found["1.4"]["denominator"]) == (200, 300)
    # what was filed online counts by the rate of 1.4: without the list of procedures no result is due
    assert (found["3.3"]["numerator"], found["3.3"]["denominator"], found["3.3"]["value"]) == (120, 200, 40.0)


def test_order_and_repetition_change_nothing(made, run, tmp_path):
    lines = (made / "events.jsonl").read_text("utf-8").splitlines()
    told = [list(one) for _, one in groupby(lines, key=lambda line: json.loads(line)["data"]["MaHoSo"])]
    turned = [line for one in reversed(told) for line in (*reversed(one), one[0])]
    (tmp_path / "turned.jsonl").write_text("\n".join(turned), "utf-8")
    straight = run(made / "events.jsonl", "--json", beside=made / "beside")[1]
    assert run(tmp_path / "turned.jsonl", "--json", beside=made / "beside")[1] == straight


def test_a_figure_opens_to_its_dossiers(made, run):
    code, out, _ = run(made / "events.jsonl", "--open", "4.2", beside=made / "beside")
    opened = json.loads(out)
    assert code == 0
    assert sum(one["numerator"] for one in opened["dossiers"]) == opened["numerator"] == 70
    assert len(opened["dossiers"]) == opened["denominator"]
    assert opened["definition"]["en"].startswith("Dossiers with a file of a filed paper")
    assert "999" not in out  # codes alone, nobody's number
    code, _, err = run(made / "events.jsonl", "--open", "4.22")
    assert (code, "nearest is `4.2`" in err) == (4, True)


def test_without_receipts_nothing_is_proven_and_claims_stay(made, run):
    found = figures(run(made / "events.jsonl", "--json")[1])
    assert [found[one]["numerator"] for one in ("4.3", "4.4", "4.5b")] == [0, 0, 0]
    assert found["4.5b"]["claimed"]["numerator"] == 130
    assert found["1.1"]["value"] is None


def test_a_receipt_of_another_dossier_proves_nothing(made, run, tmp_path):
    receipts = [json.loads(line) for line in (made / "beside/receipts.jsonl").read_text("utf-8").splitlines()]
    (tmp_path / "receipts.jsonl").write_text(
        "\n".join(json.dumps({**one, "dossier": "H99.S08-230105-9999"}) for one in receipts), "utf-8"
    )
    found = figures(run(made / "events.jsonl", "--json", beside=tmp_path)[1])
    assert [found[one]["numerator"] for one in ("4.3", "4.4", "4.5b")] == [0, 0, 0]


def test_what_cannot_be_read_is_named(made, run, tmp_path):
    lines = (made / "events.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "scattered.jsonl").write_text("\n".join([*lines, lines[0]]), "utf-8")
    code, _, err = run(tmp_path / "scattered.jsonl")
    assert (code, "stands in two places; sort the file by dossier" in err) == (5, True)
    bad = json.loads(lines[1])
    bad["data"]["TrangThaiHoSo"] = "77"
    (tmp_path / "bad.jsonl").write_text("\n".join([lines[0], json.dumps(bad)]), "utf-8")
    code, _, err = run(tmp_path / "bad.jsonl")
    assert (code, "the 2. thing told: `TrangThaiHoSo`" in err) == (5, True)
    (tmp_path / "procedures.jsonl").write_text('{"code": "9.010001", "levels": ["commune"]}\n{"code": 1}\n', "utf-8")
    code, _, err = run(made / "events.jsonl", beside=tmp_path)
    assert (code, "procedures.jsonl:2: `code`" in err) == (5, True)
    assert run(made / "events.jsonl", "--rules", "766-2020")[0] == 4
