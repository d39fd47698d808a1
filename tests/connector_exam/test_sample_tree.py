"""Samples that are changed one member at a time."""

import json

import pytest

from gateway.connector_exam.sample_tree import EXTRA, tree_of

JSON = b'{"data": {"reader": {"id": "999175000003", "card": {"no": "TV-3", "issued": null}}}}'
XML = (
    b'<s:Envelope xmlns:s="urn:s"><s:Body><l:Answer xmlns:l="urn:l"><l:Readers><l:Reader At="2026-11-20">'
    b"<l:Id>999175000003</l:Id></l:Reader></l:Readers></l:Answer></s:Body></s:Envelope>"
)


def test_every_plain_value_is_a_leaf_with_its_names() -> None:
    tree = tree_of(JSON)
    assert tree is not None
    assert [(one.name, one.text) for one in tree.leaves()] == [("id", "999175000003"), ("no", "TV-3"), ("issued", "")]
    tree = tree_of(XML)
    assert tree is not None
    assert [(one.name, one.text) for one in tree.leaves()] == [("@at", "2026-11-20"), ("id", "999175000003")]


@pytest.mark.parametrize("body", [JSON, XML])
def test_one_value_changes_and_nothing_else(body: bytes) -> None:
    tree = tree_of(body)
    assert tree is not None
    changed = tree_of(tree.put(tree.leaves()[0], "other"))
    assert changed is not None
    assert changed.leaves()[0].text == "other"
    assert [one.text for one in changed.leaves()][1:] == [one.text for one in tree.leaves()][1:]


def test_a_record_stands_twice_where_the_manifest_has_it() -> None:
    tree = tree_of(JSON)
    assert tree is not None
    twice = tree.doubled(tree.leaves()[0], ("data", "reader"))
    assert twice is not None
    assert len(json.loads(twice)["data"]["reader"]) == 2
    rows = tree_of(b'[{"id": "1"}]')
    assert rows is not None
    twice = rows.doubled(rows.leaves()[0], ())
    assert twice is not None
    assert json.loads(twice) == [{"id": "1"}, {"id": "1"}]
    xml = tree_of(XML)
    assert xml is not None
    twice = xml.doubled(xml.leaves()[1], ("answer", "readers", "reader"))
    assert twice is not None
    assert twice.count(b"999175000003") == 2
    assert xml.doubled(xml.leaves()[1], ("elsewhere",)) is None


@pytest.mark.parametrize("body", [JSON, XML])
def test_a_further_member_is_added_everywhere(body: bytes) -> None:
    tree = tree_of(body)
    assert tree is not None
    assert tree.enriched("canary").count(EXTRA.encode()) >= 2


def test_what_is_no_document_has_no_tree() -> None:
    assert tree_of(b"no document") is None
    assert tree_of(b"<broken>") is None


def test_a_record_is_nil_where_it_was_and_nowhere_else() -> None:
    tree = tree_of(XML)
    assert tree is not None
    body = tree.nilled(("answer", "readers", "reader"))
    assert body is not None
    assert b':nil="true"' in body
    assert b"999175000003" not in body
    assert tree.nilled(("readers", "reader")) is None
    told = tree_of(JSON)
    assert told is not None
    assert told.nilled(("data", "reader")) is None


def test_what_holds_the_record_can_hold_a_text_or_an_attribute_alone() -> None:
    tree = tree_of(XML)
    assert tree is not None
    body = tree.emptied(("answer", "readers"), "E500")
    assert body is not None
    assert b"<l:Readers>E500</l:Readers>" in body
    body = tree.emptied(("answer", "readers"), code="E500")
    assert body is not None
    assert b'<l:Readers code="E500"/>' in body
    assert tree.emptied((), "E500") is None
