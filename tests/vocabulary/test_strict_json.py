"""The strict reader of JSON: what two readers could read differently is refused."""

import pytest

from gateway.vocabulary.strict_json import JsonRefused, parse_json


def test_plain_json_is_read():
    assert parse_json('{"a": [1, "Sỹ", null], "b": {"a": 2}}'.encode()) == {"a": [1, "Sỹ", None], "b": {"a": 2}}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"NaN", "json"),
        (b"[Infinity]", "json"),
        (b'"\xff"', "json"),
        (b'"\\ud800"', "json"),
        (b"[" * 100_000, "json"),
        (b'{"a": 1, "a": 1}', "duplicate"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate"),
    ],
)
def test_what_readers_differ_about_is_refused(text, rule):
    with pytest.raises(JsonRefused) as refused:
        parse_json(text)
    assert refused.value.rule == rule
