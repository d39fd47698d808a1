"""An invented province: exactly what its mix says, the same for the same seed, told so that intake takes every word."""

import json
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.cli.command import main
from gateway.dossiers.codes import parse_dossier_code
from gateway.dossiers.fold import fold
from gateway.dossiers.indicators.profile import profile
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.offer import Reading
from gateway.dossiers.province.draw import Draw, apportion
from gateway.dossiers.province.lives import Lives
from gateway.dossiers.province.mix import MIXES, read_mix
from gateway.dossiers.province.tell import tell
from gateway.dossiers.statement import Statement
from gateway.vocabulary.working_days import national_days
from tests.dossiers.province.dealt import beside_of, dossier_of
from tests.dossiers.province.test_published_figures import UNITS
from tests.dossiers.told import PlainIndex

RULES = load_rules()["766-2022"]
PRESENT = datetime(2026, 11, 27, tzinfo=UTC)


def lives(mix: str, count: int, seed: int = 1) -> Lives:
    return Lives(read_mix(mix), seed, count, national_days())


@pytest.mark.parametrize("mix", MIXES)
def test_intake_takes_every_event_and_folds_what_was_meant(mix):
    reading = Reading("import", PRESENT, PlainIndex())
    for life in lives(mix, 400):
        told = [reading.offer("event", event).told for event in tell(life, "urn:test")]
        assert all(isinstance(one, Statement) for one in told), told
        code = parse_dossier_code(life.code)
        assert code.text == life.code
        folded = fold(code, reversed(told), [life.receipt] if life.receipt else [])
        meant = dossier_of(life)
        plain = {"moments": (), "updated_at": PRESENT}  # the timeline is folding's own
        assert replace(folded, **plain) == replace(meant, **plain)
        beside = beside_of(life)
        assert profile(folded, beside, RULES.reading) == profile(meant, beside, RULES.reading)


@pytest.mark.parametrize("mix", MIXES)
def test_every_unit_of_a_mix_is_one_of_the_example_with_its_level(mix):
    read = read_mix(mix)
    for level, codes in read.units.items():
        for code in codes:
            for day in (read.begins, read.after):
                unit = UNITS.on(code, day)
                assert unit is not None, (code, day)
                assert unit.level == level
    assert {block for stratum in read.strata for block in stratum.procedures} <= {one.id for one in read.procedures}


def test_counts_are_dealt_out_exactly():
    mix = read_mix("scores-766")
    dealt = list(lives("scores-766", mix.dossiers))
    assert Counter(life.channel for life in dealt) == Counter(
        {
            channel: sum(one.dossiers for one in mix.strata if one.channel == channel)
            for channel in {one.channel for one in mix.strata}
        }
    )
    assert sum(life.complained for life in dealt) == sum(one.complained for one in mix.strata)
    assert sum(life.paid_online for life in dealt) == sum(one.paid_online for one in mix.strata)
    assert sum(life.outcome == "withdrawn" for life in dealt) == sum(one.outcomes["withdrawn"] for one in mix.strata)
    assert len({life.code for life in dealt}) == len(dealt)
    assert all(life.owner[1].startswith("999") for life in dealt)
    assert [life.received_at.date() for life in dealt] == sorted(life.received_at.date() for life in dealt)


def test_a_heap_gives_what_was_put_in_and_nothing_more():
    from random import Random

    heap = Draw({"a": 3, "b": 0, "c": 2}, Random(4))
    assert Counter(heap.take() for _ in range(5)) == {"a": 3, "c": 2}
    with pytest.raises(IndexError):
        heap.take()
    assert apportion({"a": 1, "b": 1, "c": 1}, 10) == {"a": 4, "b": 3, "c": 3}
    assert apportion({"a": 0}, 3) == {"a": 0}


def test_nothing_is_kept_in_memory():
    def peak(count: int) -> int:
        tracemalloc.start()
        for life in lives("realistic", count):
            for _ in tell(life, "urn:test"):
                pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(50)  # what is read once
    assert peak(1000) < peak(200) + 200_000


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["province", "generate", *words])
    return left.value.code


def test_the_command_writes_the_same_octets_for_the_same_seed(tmp_path, capsys):
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        beside = tmp_path / f"beside-{name}"
        code = _run(
            "--seed", seed, "--dossiers", "60", "--out", str(tmp_path / name), "--beside", str(beside), "--json"
        )
        assert code == 0
    said = [json.loads(text) for text in capsys.readouterr().out.split("\n}\n") if text for text in [text + "}"]]
    assert [one["dossiers"] for one in said] == [60, 60, 60]
    files = [(tmp_path / name).read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]
    assert files[0].count(b"\n") == said[0]["events"]
    for name in ("procedures", "receipts", "feedback"):
        same = [(tmp_path / f"beside-{one}" / f"{name}.jsonl").read_bytes() for one in "ab"]
        assert same[0] == same[1] != b""
    first = json.loads(files[0].splitlines()[0])
    assert (first["specversion"], first["type"]) == ("1.0", "gate06.dossier.received")


def test_what_cannot_be_written_is_said(tmp_path, capsys):
    assert _run("--seed", "1", "--dossiers", "2", "--out", str(tmp_path / "none" / "file")) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert _run("--seed", "1", "--out", "-", "--mix", "realistc") == 2
    assert "`realistic`" in capsys.readouterr().err
