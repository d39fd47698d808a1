"""A SOAP question and samples of its answer, written from trees of parts.

Of a choice one alternative is asked: the one that takes most of what is known of a person. A member that means a secret
becomes a slot for one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lxml import etree

from gateway.connector_import.draft import Question, fill_member
from gateway.connector_import.guess import PERSON, input_of, invented, plain, value_of
from gateway.connector_import.node import Node, places
from gateway.connector_runtime.kinds.secret_signs import means_a_secret
from gateway.connector_runtime.mapping.body import SOAP

_MOST_SAMPLES = 4
_WORTH = {name: weight for weight, name in enumerate(reversed(PERSON), 1)}


def write_question(action: str, node: Node, headers: Sequence[Node]) -> Question:
    """Return the question of an operation: its body, and the elements of its header."""
    made = Question(method="POST", action=action)
    made.body = _written(node, made)
    if headers:
        made.header = "\n".join(_written(one, made) for one in headers)
        names = ", ".join(f"`{one.name}`" for one in headers)
        made.open.append(f"the service wants {names} in the envelope's header (`header`)")
    return made


def _written(node: Node, made: Question) -> str:
    element = etree.Element(_tag(node), nsmap={"q": node.namespace} if node.namespace else None)
    _write(element, replace(node, required=True), made)
    etree.indent(element)
    return etree.tostring(element, encoding="unicode")


def _write(element: etree._Element, node: Node, made: Question) -> bool:
    """Fill an element of a question; False when nothing of it has to be told."""
    told = node.kind == "object" and node.required
    if node.kind != "object" and (text := _leaf(node, made)) is not None:
        element.text, told = text, True
    for child in _taken(node.children, made):
        if child.name.startswith("@"):
            if (text := _leaf(child, made)) is not None:
                element.set(_tag(child), text)
                told = True
            continue
        inner = etree.Element(_tag(child))
        if _write(inner, child, made):
            element.append(inner)
            told = True
    return told


def _leaf(node: Node, made: Question) -> str | None:
    """Return the template of a plain part, None to leave it out."""
    name = plain(node.name)
    if node.required and input_of(node.name) is None and means_a_secret(node.name, "word") and name[:1].isalpha():
        made.open.append(
            f"`{node.name}` is a secret: name its file under `{name[:40]}` in the settings' `secret_files`"
        )
        return f"{{secret:{name[:40]}}}"
    return fill_member(node, made, f"`{node.name}`")


def _taken(children: Sequence[Node], made: Question) -> Iterator[Node]:
    """Yield the parts to write: all that stand by themselves, and one alternative of every choice."""
    chosen: dict[int, int | None] = {}
    for child in children:
        told = child.one_of
        if told is None:
            yield child
            continue
        if told.choice not in chosen:
            chosen[told.choice] = _chosen([one for one in children if one.one_of], told.choice, made)
        if chosen[told.choice] == told.number:
            yield replace(child, required=told.required)


def _chosen(parts: Sequence[Node], choice: int, made: Question) -> int | None:
    rows: dict[int, list[Node]] = {}
    for one in parts:
        if one.one_of is not None and one.one_of.choice == choice:
            rows.setdefault(one.one_of.number, []).append(one)
    best = max(rows, key=lambda number: (_worth(rows[number]), -number))
    first = rows[best][0].one_of
    if first is None or (not _worth(rows[best]) and not first.wanted):
        return None
    names = {number: " and ".join(f"`{one.name}`" for one in told) for number, told in rows.items()}
    others = ", ".join(told for number, told in names.items() if number != best)
    if others:
        made.open.append(f"of a choice {names[best]} is asked; the service would take {others} as well")
    return best


def _worth(parts: Sequence[Node]) -> int:
    found = [*parts, *(place.node for one in parts for place in places(one))]
    return sum(_WORTH.get(input_of(one.name) or "", 0) for one in found if one.kind != "object")


def write_samples(answer: Node) -> list[bytes]:
    """Return samples of an answer, as many as its choices need to show every alternative, four at most."""
    numbers: dict[int, set[int]] = {}
    for place in places(answer):
        if place.node.one_of is not None:
            numbers.setdefault(place.node.one_of.choice, set()).add(place.node.one_of.number)
    alternatives = {choice: sorted(found) for choice, found in numbers.items()}
    longest = max((len(found) for found in alternatives.values()), default=1)
    return [
        _sample(answer, {choice: found[min(index, len(found) - 1)] for choice, found in alternatives.items()})
        for index in range(min(longest, _MOST_SAMPLES))
    ]


def _sample(answer: Node, taken: dict[int, int]) -> bytes:
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    _fill(etree.SubElement(body, _tag(answer)), answer, taken)
    etree.indent(envelope)
    made: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return made + b"\n"


def _fill(element: etree._Element, node: Node, taken: dict[int, int]) -> None:
    if node.kind != "object":
        element.text = "true" if node.kind == "truth" else str(invented(value_of(node)))
    for child in node.children:
        if child.one_of is not None and taken[child.one_of.choice] != child.one_of.number:
            continue
        if child.name.startswith("@"):
            element.set(_tag(child), "true" if child.kind == "truth" else str(invented(value_of(child))))
        else:
            _fill(etree.SubElement(element, _tag(child)), child, taken)


def _tag(node: Node) -> str:
    name = node.name.removeprefix("@")
    return f"{{{node.namespace}}}{name}" if node.namespace else name
