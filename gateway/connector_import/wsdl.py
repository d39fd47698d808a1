"""A WSDL 1.1 description as a draft: SOAP 1.1, document style, literal use; files of one folder, nothing fetched."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from gateway.connector_import.description import hash_parts
from gateway.connector_import.draft import Draft, Question, find_record
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.guess import PERSON, is_about
from gateway.connector_import.node import Node, places
from gateway.connector_import.soap_writing import write_question, write_samples
from gateway.connector_import.wsdl_operations import Description, Operation, Unfit, listed
from gateway.connector_import.xsd import Name, Schemas, canonical
from gateway.connector_import.xsd_parts import Parts
from gateway.connector_runtime.transports.wss_envelope import WSSE

_DESCRIBING = frozenset({"wsdl", "singlewsdl", "wsdl2"})
_NOWHERE = "https://fill-in.example"


class _Asked(NamedTuple):
    """An operation that can be asked, with its question and the tree of its answer."""

    operation: Operation
    question: Question
    answer: Node

    @property
    def worth(self) -> int:
        """How much of a person the question takes by a known name."""
        return sum(name in PERSON for name in self.question.inputs)


def draft_wsdl(file: Path, chosen: str | None = None) -> Draft:
    """Return the draft of a description; `chosen` is an operation's name. Raises DescriptionRefused."""
    schemas = Schemas(file.parent)
    try:
        description = Description(file, schemas)
        asked, unfit = _unfold(list(description.operations()), schemas)
    except RecursionError:
        raise DescriptionRefused(f"`{file.name}`: 1: nested too deeply") from None
    one = _choose(asked, unfit, file, chosen)
    draft = Draft(
        kind="soap",
        title=next((str(root.get("name")) for root in description.roots if root.get("name")), file.stem),
        url=_NOWHERE,
        question=one.question,
        answer=Node(name="body", kind="object", children=(one.answer,)),
        record=(one.answer.name, *find_record(one.answer)),
        auth=_auth(description.roots, one.operation),
        description_hash=hash_parts(map(canonical, description.files())),
        samples={f"example_{index}.xml": (body, 200) for index, body in enumerate(write_samples(one.answer), 1)},
    )
    _set_address(draft, one.operation.url)
    draft.notes += [
        *_one_text(one.answer),
        *one.operation.notes,
        *_left_aside(one, asked, unfit, chosen),
        *_policies(description.roots),
    ]
    return draft


def hash_wsdl(file: Path) -> str:
    """Return the hash of a description and of everything it imports. Raises DescriptionRefused."""
    return hash_parts(map(canonical, Description(file, Schemas(file.parent)).files()))


def _unfold(found: Sequence[Operation | Unfit], schemas: Schemas) -> tuple[list[_Asked], list[Unfit]]:
    """Return the operations whose parts are described, and all others with why they cannot be asked."""
    asked: list[_Asked] = []
    unfit = [one for one in found if isinstance(one, Unfit)]
    for one in found:
        if isinstance(one, Unfit):
            continue
        parts = Parts(schemas)
        wanted = [name for name in one.headers if name[0] != WSSE]
        nodes = {name: parts.node(name) for name in (one.asked, one.answered, *wanted)}
        lost = next((name for name, node in nodes.items() if node is None), None)
        answer = nodes[one.answered]
        if lost is not None:
            unfit.append(Unfit(one.name, _nowhere(lost)))
        elif answer is not None and not answer.children:
            unfit.append(Unfit(one.name, f"its answer `{answer.name}` names no member: {answer.cut or 'it is plain'}"))
        elif answer is not None and (why := _says_nothing(answer)):
            unfit.append(Unfit(one.name, f"its answer `{answer.name}` holds no value: {why}"))
        elif answer is not None and (question := nodes[one.asked]) is not None:
            headers = [node for name in wanted if (node := nodes[name]) is not None]
            asked.append(_Asked(one, write_question(one.action, question, headers), answer))
    return asked, unfit


def _says_nothing(answer: Node) -> str:
    """Return why nothing of an answer can be read, empty where something can: a DataSet says at run time what it is."""
    below = [place.node for place in places(answer)]
    if any(node.kind != "object" for node in below):
        return ""
    return next((f"`{node.name}`: {node.cut}" for node in below if node.cut), "its parts are all empty")


def _one_text(answer: Node) -> list[str]:
    """Say so where an answer is one plain text alone: often another document stands in it."""
    told = [place.node for place in places(answer) if place.node.kind != "object"]
    if len(told) != 1 or told[0].kind != "text" or told[0].values or told[0].form or is_about(told[0].name):
        return []
    said = "if a document (XML, JSON) stands in it, no path reads that: ask the department for a typed answer, or write"
    return [f"the whole answer is one text, `{told[0].name}`; {said} a code connector"]


def _nowhere(name: Name) -> str:
    said = f"`{name[1]}` is in no schema that was read (`{name[0]}`)"
    return f"element {said}; put the file that has it beside the description and name it by `schemaLocation`"


def _choose(asked: Sequence[_Asked], unfit: Sequence[Unfit], file: Path, chosen: str | None) -> _Asked:
    """Return the operation to ask. Raises DescriptionRefused."""
    there = (
        ", ".join(dict.fromkeys(f"`{one.operation.name}`" for one in asked)) or "none over SOAP 1.1 that can be asked"
    )
    beside = f"; not usable: {listed(unfit)}" if unfit else ""
    if chosen is not None:
        named = [one for one in asked if one.operation.name == chosen]
        why = next((one.why for one in unfit if one.name == chosen), None)
        if not named and why is not None:
            raise DescriptionRefused(f"`{file.name}`: operation `{chosen}`: {why}; there are {there}")
        if not named:
            raise DescriptionRefused(f"`{file.name}`: binding: no operation `{chosen}`; there are {there}{beside}")
        return max(named, key=lambda one: bool(one.operation.url))
    asking = [one for one in asked if one.worth]
    if not asking:
        raise DescriptionRefused(
            f"`{file.name}`: binding: no operation takes a person's number, name or birth date by a known name; "
            f"choose one by `--operation`: {there}{beside}"
        )
    return max(asking, key=lambda one: (one.worth, bool(one.operation.url)))


def _left_aside(one: _Asked, asked: Sequence[_Asked], unfit: Sequence[Unfit], chosen: str | None) -> list[str]:
    """Say which operations and bindings were not taken."""
    operation, notes = one.operation, []
    names = Counter(other.operation.name for other in asked if chosen or other.worth)
    others = ", ".join(f"`{name}`" for name in names if name != operation.name)
    if others:
        said = "others that can be asked" if chosen else "others that ask about a person"
        notes.append(f"the operation is `{operation.name}`; {said}: {others}")
    if names[operation.name] > 1:
        bindings = [other.operation.binding for other in asked if other.operation.name == operation.name]
        told = ", ".join(f"`{name}`" for name in bindings if name != operation.binding)
        notes.append(f"`{operation.name}` is asked over the binding `{operation.binding}`; it stands in {told}, too")
    if unfit:
        notes.append(f"operations that cannot be asked: {listed(unfit)}")
    return notes


def _set_address(draft: Draft, address: str) -> None:
    """Take over the address, the query that belongs to it, and say what of it was left out."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        draft.notes.append("the description names no address (`soap:address`) for the binding that is asked")
        return
    shown = f"[{host}]" if ":" in host else host
    draft.url = f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}".rstrip("/")
    if parts.username is not None:
        draft.notes.append("the address held a name or password, which was left out: that is told by `auth`")
    told = parse_qsl(parts.query, keep_blank_values=True)
    for name, text in told:
        if name.lower() in _DESCRIBING and not text:
            continue
        if name in draft.question.query:
            draft.notes.append(f"the address names `{name}` twice in its query; the first was taken")
            continue
        draft.question.query[name] = text.replace("{", "{{").replace("}", "}}")
        draft.question.open.append(f"`{name}` belongs to the address that the description names, and is sent with it")
    if parts.fragment:
        draft.notes.append("what stood behind `#` in the address was left out: it is never sent")


def _auth(roots: Sequence[etree._Element], operation: Operation) -> dict[str, str]:
    """Return the `[auth]` that a WS-SecurityPolicy, or a header of WS-Security, asks for."""
    names = {etree.QName(one).localname for root in roots for one in root.iter(etree.Element)}
    if "UsernameToken" in names:
        return {"kind": "wss_password", "user": "fill-in"}
    if "X509Token" in names:
        return {"kind": "wss_certificate"}
    if any(space == WSSE for space, _ in operation.headers):
        return {"kind": "wss_password", "user": "fill-in"}
    return {"kind": "none"}


def _policies(roots: Sequence[etree._Element]) -> list[str]:
    """Say what policies ask for that the manifest must name by hand."""
    names = {etree.QName(one) for root in roots for one in root.iter(etree.Element)}
    told = {(one.namespace or "", one.localname) for one in names}
    if any("addressing" in space and name in {"UsingAddressing", "Addressing"} for space, name in told):
        return ["the service speaks WS-Addressing: write what it wants of it into `header`"]
    return []
