"""The bytes of an event are RFC 8785, held against an independent implementation."""

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.canonical import canonical_bytes, require_plain

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
NAMES = st.text(alphabet=st.characters(max_codepoint=127), max_size=12)
WHOLE = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_bytes_equal_the_reference_implementation(members):
    require_plain(members)
    assert canonical_bytes(members) == rfc8785.dumps(members)


@pytest.mark.parametrize("point", [*range(0x20), 0x22, 0x5C, 0x7F, 0x80, 0x2028, 0x2029, 0x0243, 0x1F600])
def test_every_delicate_character_is_written_as_the_standard_says(point):
    members = {"text": f"a{chr(point)}b"}
    assert canonical_bytes(members) == rfc8785.dumps(members)
    assert json.loads(canonical_bytes(members)) == members


@pytest.mark.parametrize("value", [1.5, object(), b"octets", {"tên": 1}, {1: 2}, [0.0], {"a": [{"b": 1e9}]}])
def test_what_has_no_agreed_form_is_refused(value):
    with pytest.raises(TypeError):
        require_plain(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800"])
def test_numbers_and_texts_outside_the_standard_are_refused(value):
    with pytest.raises(TypeError):
        canonical_bytes({"value": value})
