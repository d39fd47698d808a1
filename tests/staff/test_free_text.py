"""Words for the record are kept on one line and never with a person's data; the refusal does not repeat it."""

import pytest

from gateway.staff.failure import ReasonMissing, WordsNamePerson
from gateway.staff.free_text import keep_words, require_nobody, require_reason


def test_words_are_kept_on_one_line() -> None:
    assert keep_words(" theo \n công văn ") == require_reason("theo công văn") == "theo công văn"
    assert keep_words("") == ""
    assert len(keep_words("a " * 1000)) == 500
    with pytest.raises(ReasonMissing):
        require_reason(" \n")


@pytest.mark.parametrize("value", ["999041000001", "099999003", "0912 345 678", "a@thu.example", "12/05/1975"])
def test_a_refusal_says_what_and_where_and_not_the_value(value: str) -> None:
    for text in (f"vì {value}", "a " * 600 + value):
        with pytest.raises(WordsNamePerson) as refused:
            keep_words(text)
        said = f"{refused.value.detail} {refused.value}"
        assert "`reason` has what looks like" in said
        assert f"at character {text.index(value) + 1}" in said
        assert value not in said


def test_words_that_people_read_may_name_a_hotline_and_a_day_but_no_number() -> None:
    require_nobody("Gọi 0203 3888 999 trước ngày 12/05/2027", "notice.vi")
    with pytest.raises(WordsNamePerson, match=r"notice\.vi"):
        require_nobody("Hồ sơ của 999041000001", "notice.vi")
