"""Following a path in what a source answered. A missing part is None; several where one was meant are Unreadable."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lxml import etree

from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.mapping.path import Shape, Step

Members = Callable[[Any], Mapping[str, Any]]

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def json_members(node: Any) -> Mapping[str, Any]:
    """Return a JSON object's members; those of the one object in a list of one."""
    if type(node) is dict:
        return node
    if isinstance(node, Mapping):
        return node
    raise Unreadable("something plain stands where an object was expected")


class _Worded(dict[str, Any]):
    """The attributes of an element that is a text: to ask it for a child is Unreadable."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute. Raises Unreadable for a child."""
        if not name.startswith("@"):
            raise Unreadable("a text stands where an element was expected")
        return super().get(name, default)


def xml_members(node: Any) -> Mapping[str, Any]:
    """Return an element's children by name, a list where a name stands several times, and attributes as `@name`.

    Raises Unreadable for a text, which has no children; one with attributes does so when a child is asked for.
    """
    found: dict[str, Any] = {}
    for one in node:
        name = one.tag
        if name in found:
            known = found[name]
            if type(known) is list:
                known.append(one)
            else:
                found[name] = [known, one]
        else:
            found[name] = one
    if not found and (node.text or "").strip():
        if not node.attrib:
            raise Unreadable("a text stands where an element was expected")
        found = _Worded()
    if node.attrib:
        for name, value in node.attrib.items():
            found[f"@{name.rpartition('}')[2].lower()}"] = value
    return found


MEMBERS: Mapping[Shape, Members] = {"json": json_members, "xml": xml_members, "row": json_members}


def select(value: Any, step: Step, members: Members) -> Any:
    """Return what a step means among what stands there. Raises Unreadable for several."""
    if step.where is not None:
        return _chosen(value, step.where, members)
    if type(value) is list:
        if len(value) > 1:
            raise Unreadable("several stand where one was expected")
        return value[0] if value else None
    return value


def walk(node: Any, steps: Sequence[Step], members: Members) -> Any:
    """Return what stands at the end of a path below `node`, None when a part of it is missing. Raises Unreadable."""
    for step in steps:
        if node is None:
            return None
        node = select(members(node).get(step.name), step, members)
    return node


def all_at(node: Any, steps: Sequence[Step], members: Members) -> tuple[list[Any] | None, bool]:
    """Return the records at a path and whether what holds them is there: (None, …) when nothing stands there at all.

    A list of none, a null and a nil element are all an explicit nobody, there or on the way. An answer's own element
    that is empty holds the record's place and no record; one that says something else (an error's text, an attribute)
    holds neither. Raises Unreadable.
    """
    if not steps:
        return (list(node) if type(node) is list else [node]), True
    holder = node
    for step in steps[:-1]:
        found = members(holder)
        inner = select(found.get(step.name), step, members)
        if inner is None or is_nil(inner):
            is_told = inner is not None or (step.name in found and step.where is None)
            return ([], True) if is_told else (None, holder is not node and is_void(holder) and not len(holder))
        holder = inner
    found = members(holder)
    if steps[-1].name not in found:
        return (None, True) if members is not xml_members else _without_record(holder, is_own=holder is not node)
    value = found[steps[-1].name]
    if value is None:
        return [], True
    rows = value if type(value) is list else [value]
    where = steps[-1].where
    return [None if is_nil(one) else one for one in rows if where is None or _is(one, where, members)], True


def _without_record(holder: Any, *, is_own: bool) -> tuple[list[Any] | None, bool]:
    """Return what `all_at` does for an element without the record: an empty one is XML's list of none, one that counts
    none in an attribute too (`SoCongDan="0"`), and one that says something else itself, or is the envelope's body (not
    `is_own`), is another answer."""
    told = [value for name, value in holder.attrib.items() if not str(name).startswith(_XSI)]
    texts = [holder.text, *(one.tail for one in holder), *(value for value in told if value.strip() != "0")]
    if not is_own or any((text or "").strip() for text in texts):
        return None, False
    return (None if len(holder) or told else []), True


def is_nil(node: Any) -> bool:
    """Tell whether an element says of itself that it is nothing (XML Schema Part 1 §2.6.2). Raises Unreadable for one
    that says so and holds something all the same."""
    if not isinstance(node, etree._Element) or node.get(f"{_XSI}nil", "").strip() not in {"true", "1"}:
        return False
    if len(node) or (node.text or "").strip():
        raise Unreadable("an element that is nil holds something")
    return True


def is_void(node: Any) -> bool:
    """Tell whether nothing at all is told: no text in it or below that is not blank, no number and no truth.

    Attributes are texts, but for those of XML Schema instances (nil, type).
    """
    if isinstance(node, etree._Element):
        told = [value for one in node.iter() for name, value in one.attrib.items() if not str(name).startswith(_XSI)]
        return not any(text.strip() for text in (*node.itertext(), *told))
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping | list):
            waiting.extend(one.values() if isinstance(one, Mapping) else one)
        elif one is not None and not (isinstance(one, str) and not one.strip()):
            return False
    return True


def plain(leaf: Any) -> Any:
    """Return a leaf's own value: an element's text, a string, a number, a truth, None. Raises Unreadable for more."""
    if type(leaf) is str or leaf is None:
        return leaf
    if isinstance(leaf, etree._Element):
        if len(leaf):
            raise Unreadable("an element with children stands where a value was expected")
        return None if is_nil(leaf) else leaf.text
    if isinstance(leaf, Mapping | list):
        raise Unreadable("a structure stands where a value was expected")
    return leaf


def _chosen(value: Any, where: tuple[str, str], members: Members) -> Any:
    rows = value if type(value) is list else [] if value is None else [value]
    found = [one for one in rows if _is(one, where, members)]
    if len(found) > 1:
        raise Unreadable("several stand where one was expected")
    return found[0] if found else None


def _is(row: Any, where: tuple[str, str], members: Members) -> bool:
    value = plain(select(members(row).get(where[0]), Step(where[0]), members))
    if isinstance(value, bool):
        value = "true" if value else "false"
    return value is not None and str(value).strip() == where[1]
