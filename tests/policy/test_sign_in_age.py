"""How old a sign-in may be, in a procedure's file: within bounds, of the borrower itself, and on the page one signs."""

from pathlib import Path

import pytest

from gateway.policy.bundle import PolicyBundle
from gateway.policy.explain import explain_procedure
from gateway.policy.failure import PolicyInvalid
from tests.policy.fresh_book import FRESH, MAX_AGE_S, write_fresh_book


def test_a_borrowed_form_has_the_age_its_borrower_says(tmp_path: Path) -> None:
    policy = PolicyBundle.load([write_fresh_book(tmp_path)])
    assert (policy.procedure(FRESH).max_age_s, policy.procedure("1.004222").max_age_s) == (MAX_AGE_S, None)
    words = explain_procedure(policy, FRESH)
    assert "đăng nhập chưa quá số phút: 5" in words["vi"]
    assert "sign-in at most minutes old: 5" in words["en"]
    assert "minutes old" not in explain_procedure(policy, "1.004222")["en"]


@pytest.mark.parametrize("age", ["299", "86401", "0", "-1", "300.5", "true"])
def test_an_age_that_nobody_could_keep_is_refused(tmp_path: Path, age: str) -> None:
    book = write_fresh_book(tmp_path)
    (file,) = (book / "procedures").iterdir()
    file.write_text(file.read_text("utf-8").replace(f"max_age_s = {MAX_AGE_S}", f"max_age_s = {age}"), "utf-8")
    with pytest.raises(PolicyInvalid, match="max_age_s"):
        PolicyBundle.load([book])
