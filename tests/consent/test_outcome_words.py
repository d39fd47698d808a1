"""Every outcome that an event about a person can have is said in words."""

import re
from pathlib import Path

import pytest

from gateway.consent.outcome_words import OUTCOMES, outcome_words

ROOT = Path(__file__).resolve().parents[2]
TOLD = re.compile(r'outcome="([a-z_]+)"')


def test_every_word_that_a_step_about_a_person_writes_is_known() -> None:
    folders = ("gateway/openid_provider", "gateway/prefill", "gateway/consent")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if "staff_realm" not in file.parts]
    written = {word for file in files for word in TOLD.findall(file.read_text("utf-8"))}
    assert len(written) > 10
    assert written - OUTCOMES.keys() == set()
    assert all(set(words) == {"vi", "en"} and all(words.values()) for words in OUTCOMES.values())


@pytest.mark.parametrize(
    ("outcome", "vi"), [("released", "gửi đủ"), ("PF-131", "bị từ chối"), ("GW-1203", "bị từ chối"), ("later", "later")]
)
def test_a_code_is_a_refusal_and_an_unknown_word_stays(outcome: str, vi: str) -> None:
    assert outcome_words(outcome)["vi"] == vi
