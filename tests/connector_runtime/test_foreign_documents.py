"""JSON that others wrote becomes the tree its XML would be, or is refused."""

import pytest
from lxml import etree

from gateway.connector_runtime.contract.document import Malformed, member, read_document, read_object


def shape(root: etree._Element) -> object:
    return (root.tag, root.text, [shape(one) for one in root])


@pytest.mark.parametrize(
    ("given", "xml"),
    [
        (b'{"A":{"B":"x","C":{"D":"1"}}}', b"<A><B>x</B><C><D>1</D></C></A>"),
        (b'{"A":{"B":["x","y"]}}', b"<A><B>x</B><B>y</B></A>"),
        (b'{"A":{"B":null,"C":{}}}', b"<A><B/><C/></A>"),
        (b'{"A":{"B":19,"C":true,"D":false}}', b"<A><B>19</B><C>true</C><D>false</D></A>"),
        (
            b'{"error_code":"004","message":"no"}',
            b"<response><error_code>004</error_code><message>no</message></response>",
        ),
        (b'{"error_code":"004"}', b"<response><error_code>004</error_code></response>"),
        (b"{}", b"<response/>"),
        ('{"A":{"T":"Ƀ ư"}}'.encode(), "<A><T>Ƀ ư</T></A>".encode()),
    ],
)
def test_an_object_is_the_tree_of_its_xml(given: bytes, xml: bytes) -> None:
    assert shape(read_object(given)) == shape(read_document(xml))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"A":{"B":1,"b":2}}',
        b'{"A":{"B":1,"B":1}}',
        b'{"A":{"B":[[1]]}}',
        b'{"A":{"B":NaN}}',
        b'{"A":{"a b":1}}',
        b'{"A":{"":1}}',
        b'{"A":{"xmlns:x":1}}',
        b'{"A":{"B":"a\\u0000b"}}',
        b'{"A":{"B":"\\ud800"}}',
        b'{"A":' * 5000,
        b'{"A":' * 40 + b"1" + b"}" * 40,
        b'{"A":"' + b"x" * 1_100_000 + b'"}',
        b'{"A":{"B":' + b"9" * 5000 + b"}}",
        b"\xff\xfe",
    ],
)
def test_anything_else_is_refused_and_never_quoted(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_object(body)
    assert "xxx" not in str(caught.value)


def test_a_member_is_an_attribute_or_a_child() -> None:
    assert member(read_document(b'<C xmlns:q="u" q:SoCongDan=" 2 "/>'), "socongdan") == "2"
    assert member(read_object(b'{"C":{"SoCongDan":"2"}}'), "socongdan") == "2"
    assert member(read_object(b'{"C":{}}'), "socongdan") == ""
