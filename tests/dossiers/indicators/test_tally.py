"""The law of counts: parts add up to the whole, in any order; one dossier moves its own cell and nothing else."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dossiers.indicators.compute import Question, compute
from gateway.dossiers.indicators.counters import Counters
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.indicators.profile import profile
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.indicators.tally import Tally, tally_of
from gateway.dossiers.units import Boundary, Level
from tests.dossiers.indicators.small_province import PERIODS, small_province

RULES = load_rules()["766-2022"]
COUNTERS = Counters(RULES)


def count(dossiers, province) -> Tally:
    beside = province.beside
    return tally_of(((one, beside) for one in dossiers), COUNTERS, province.procedures)


def dossiers_in(tally: Tally) -> int:
    return sum(next(iter(seen.values()))[0] for _, seen in tally.rows())


seeds = st.integers(min_value=1000, max_value=10**6)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(min_value=1, max_value=6))
def test_parts_add_up_to_the_whole(seed, parts):
    province = small_province(seed, dossiers=25)
    chance = Random(seed)
    heaps = [[] for _ in range(parts)]
    for dossier in province.dossiers:
        chance.choice(heaps).append(dossier)
    merged = Tally(COUNTERS, province.procedures)
    for heap in heaps:
        merged.merge(count(chance.sample(heap, len(heap)), province))
    assert merged == province.tally(RULES)
    assert dossiers_in(merged) + merged.undated == 25


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_late_correction_gives_what_an_early_one_gives(seed):
    province, other = small_province(seed, dossiers=12), small_province(seed + 1, dossiers=12)
    tally = province.tally(RULES)
    corrected = list(province.dossiers)
    for place in Random(seed).choices(range(12), k=15):  # some more than once
        beside = province.beside
        new = replace(other.dossiers[place], code=corrected[place].code)
        tally.remove(profile(corrected[place], beside, RULES.reading))
        tally.add(profile(new, beside, RULES.reading))
        corrected[place] = new
    assert tally == count(corrected, province)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_dossier_taken_out_leaves_nothing(seed):
    province = small_province(seed, dossiers=8)
    tally = province.tally(RULES)
    for dossier in province.dossiers:
        tally.remove(profile(dossier, province.beside, RULES.reading))
    assert tally == Tally(COUNTERS, province.procedures)
    assert (list(tally.rows()), list(tally.uses())) == ([], [])


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from(PERIODS))
def test_the_months_of_a_period_count_its_dossiers_once(seed, period):
    """What counts when it is received adds up over months; what counts when received or ended does not, by its law."""
    province = small_province(seed, dossiers=25)
    evidence = province.evidence(RULES)

    def received(text):
        question = Question(unit="H55", period=read_period(text), boundary=Boundary.THEN, as_of=province.as_of)
        return compute(evidence, RULES, question).figure("4.2")

    whole = read_period(period)
    months = [received(f"{month // 12}-{month % 12 + 1:02d}") for month in range(whole.first, whole.last + 1)]
    assert received(period).denominator == sum(one.denominator for one in months)
    assert received(period).numerator == sum(one.numerator for one in months)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_every_placed_dossier_counts_once_for_the_province_and_once_for_a_level(seed):
    province = small_province(seed, dossiers=25)
    evidence = province.evidence(RULES)

    def count(level=None):
        question = Question(
            unit="H55",
            period=read_period("2025"),
            boundary=Boundary.THEN,
            as_of=province.as_of,
            level=level and Level(level),
        )
        return compute(evidence, RULES, question)

    whole = count()
    levels = [count(level) for level in Level]
    assert whole.figure("4.2").denominator == sum(one.figure("4.2").denominator for one in levels)
    assert whole.figure("4.2").denominator + whole.unplaced <= 25 - whole.undated
