"""Splitting parameters is the standard library's reading of them, only quicker."""

from urllib.parse import parse_qsl, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from gateway.openid_provider.parameters import split_pairs

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=8))
def test_encoded_pairs_come_back(pairs: list[tuple[str, str]]) -> None:
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    assert split_pairs(text) == [pair for pair, field in zip(pairs, text.split("&"), strict=False) if field]


@given(st.text(st.sampled_from("ab=&+%20;.ü"), max_size=30))
def test_any_text_is_read_as_the_standard_library_reads_it(text: str) -> None:
    def outcome(read):
        try:
            return read()
        except ValueError:
            return "refused"

    expected = outcome(lambda: parse_qsl(text, keep_blank_values=True, errors="strict"))
    assert outcome(lambda: split_pairs(text)) == expected
