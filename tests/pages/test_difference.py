"""Registered against received, letter by letter: what looks alike is told apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.citizen.difference import explain_rows, find_difference, mark_difference, visible

REGISTERED = "https://portal.example:8443/cb/a%20b"


@pytest.mark.parametrize(
    ("received", "position", "there", "kind"),
    [
        ("", 1, "∅", "missing"),
        (f"{REGISTERED}/", 37, "/ U+002F SOLIDUS", "slash"),
        (REGISTERED.replace("/cb", "/Cb"), 29, "C U+0043 LATIN CAPITAL LETTER C", "case"),
        (REGISTERED.replace("%20", " "), 33, "U+0020 SPACE", "encoding"),
        (REGISTERED.replace("/cb", "%2Fcb"), 28, "% U+0025 PERCENT SIGN", "encoding"),
        (REGISTERED.replace("a%", "\u0430%"), 32, "\u0430 U+0430 CYRILLIC SMALL LETTER A", "letters"),
        (f"{REGISTERED}\u200b", 37, "U+200B ZERO WIDTH SPACE", "letters"),
        (f"{REGISTERED}\n", 37, "U+000A", "letters"),
        (REGISTERED.replace("8443", "8444"), 27, "4 U+0034 DIGIT FOUR", "port"),
        (REGISTERED.replace(":8443", ""), 23, "/ U+002F SOLIDUS", "port"),
        (REGISTERED.replace("https", "http"), 5, ": U+003A COLON", "scheme"),
        (f"{REGISTERED}?x=1", 37, "? U+003F QUESTION MARK", "query"),
        (f"{REGISTERED}#x", 37, "# U+0023 NUMBER SIGN", "query"),
    ],
)
def test_a_difference_is_named_by_letter_and_kind(received, position, there, kind):
    found = find_difference(REGISTERED, received)
    assert (found.position, found.received) == (position, there)
    assert kind in found.kinds


def test_two_names_of_this_machine_are_two():
    assert "machine" in find_difference("http://127.0.0.1:8010/cb", "http://localhost:8010/cb").kinds


@pytest.mark.parametrize("received", ["http://[::1", "http://a:99999/", "http://a:x/", "::::", "http://\u2100/"])
def test_what_is_no_address_is_compared_all_the_same(received):
    assert find_difference("http://a/", received).position


def test_equal_texts_differ_nowhere():
    assert find_difference(REGISTERED, REGISTERED).position == 0
    assert "<mark>" not in "".join(mark_difference(REGISTERED, REGISTERED))


def test_a_letter_that_looks_alike_carries_its_code_point():
    _, right = mark_difference("https://a.example/", "https://\u0430.example/")
    assert "<mark>\u0430<small>‹U+0430›</small></mark>" in right
    assert visible("a\u202eb\u0301") == "a<small>‹U+202E›</small>b<small>‹U+0301›</small>"


def test_the_nearest_registered_address_is_compared():
    rows = [
        ("received", "https://b.example/cb/"),
        ("registered", "https://a.example/"),
        ("registered", "https://b.example/cb"),
    ]
    explained = explain_rows(rows)
    assert explained.rows[1] == ("registered", "https://a.example/")
    assert explained.difference.kinds == ("slash",)


def test_a_long_value_is_cut_after_the_difference():
    left, right = mark_difference("https://a.example/cb", "https://a.example/cb" + "x" * 5000)
    assert left.endswith("cb<mark>∅</mark>")
    assert right.endswith("… (+4400)")


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_is_marked_before_the_first_difference(registered, received):
    left, right = mark_difference(registered, received)
    same = find_difference(registered, received).position - 1
    for text, marked in ((registered, left), (received, right)):
        before = re.split("<mark>", str(marked))[0]
        assert before == str(visible(text[: same if registered != received else None]))
        assert marked.count("<mark>") == marked.count("</mark>")
