"""A WSDL 1.1 description as a draft: SOAP 1.1, document style, literal use; files of one folder, nothing fetched."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from gateway.connector_import.draft import Draft, Question, fill_member, find_record
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.guess import PERSON, value_of
from gateway.connector_import.node import Node
from gateway.connector_import.xsd import XS, Name, Schemas, parse
from gateway.connector_runtime.mapping.body import SOAP

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_BINDING = "{http://schemas.xmlsoap.org/wsdl/soap/}"


class Operation(NamedTuple):
    """One operation: its name, its action, and the elements it takes and gives."""

    name: str
    action: str
    asked: Name
    answered: Name


def draft_wsdl(file: Path, chosen: str | None = None) -> Draft:
    """Return the draft of a description; `chosen` is an operation's name. Raises DescriptionRefused."""
    schemas = Schemas(file.parent)
    roots = list(_definitions(parse(file), file, schemas, set()))
    for root in roots:
        for schema in root.iter(f"{XS}schema"):
            schemas.add(schema, file)
    found = [one for root in roots for one in _operations(root, roots, file)]
    one, question, others = _choose(found, schemas, file, chosen)
    answer = schemas.node(one.answered, file)
    url, notes = _address(roots)
    whole = Node(name="body", kind="object", children=(answer,))
    draft = Draft(
        kind="soap",
        title=next((str(root.get("name")) for root in roots if root.get("name")), file.stem),
        url=url,
        question=question,
        answer=whole,
        record=(answer.name,) if not answer.children else (answer.name, *find_record(answer)),
        notes=notes,
    )
    draft.auth = _auth(roots)
    draft.samples = {"example_1.xml": (_sample(answer), 200)}
    if others:
        draft.notes.append(f"the operation is `{one.name}`; others that ask about a person: {', '.join(others)}")
    return draft


def _definitions(root: etree._Element, file: Path, schemas: Schemas, seen: set[Path]) -> Iterator[etree._Element]:
    """Yield a description and those it imports from the same folder."""
    if root.tag != f"{WSDL}definitions":
        raise DescriptionRefused(f"`{file.name}`: {root.sourceline}: is no WSDL 1.1 (`definitions` of its namespace)")
    yield root
    for one in root.findall(f"{WSDL}import"):
        beside = schemas.beside(str(one.get("location", "")), file)
        if beside not in seen:
            seen.add(beside)
            yield from _definitions(parse(beside), beside, schemas, seen)


def _operations(root: etree._Element, roots: Sequence[etree._Element], file: Path) -> Iterator[Operation]:
    for binding in root.findall(f"{WSDL}binding"):
        soap = binding.find(f"{_BINDING}binding")
        if soap is None:
            continue  # SOAP 1.2 or HTTP: the same service nearly always has a SOAP 1.1 binding, too
        for one in binding.findall(f"{WSDL}operation"):
            name, told = str(one.get("name")), one.find(f"{_BINDING}operation")
            style = soap.get("style", "document") if told is None else told.get("style", soap.get("style", "document"))
            uses = {body.get("use", "literal") for body in one.iter(f"{_BINDING}body")}
            if style != "document" or uses - {"literal"}:
                raise DescriptionRefused(
                    f"`{file.name}`: {one.sourceline}: operation `{name}` is {style}/{'/'.join(sorted(uses))}; only "
                    "document/literal is imported"
                )
            action = "" if told is None else str(told.get("soapAction", ""))
            port = str(binding.get("type")).rpartition(":")[2]
            yield Operation(name, action, *_elements(roots, port, name, file))


def _elements(roots: Sequence[etree._Element], port: str, name: str, file: Path) -> tuple[Name, Name]:
    """Return the elements of an operation's messages. Raises DescriptionRefused."""
    for root in roots:
        for one in root.iterfind(f"{WSDL}portType[@name='{port}']/{WSDL}operation[@name='{name}']"):
            messages = [one.find(f"{WSDL}{way}") for way in ("input", "output")]
            told = [_part(roots, str(way.get("message")).rpartition(":")[2]) for way in messages if way is not None]
            if len(told) == 2 and told[0] and told[1]:
                return told[0], told[1]
    raise DescriptionRefused(
        f"`{file.name}`: portType `{port}`: operation `{name}` has no question and answer by element"
    )


def _part(roots: Sequence[etree._Element], message: str) -> Name | None:
    for root in roots:
        for part in root.iterfind(f"{WSDL}message[@name='{message}']/{WSDL}part"):
            if part.get("element"):
                prefix, _, name = str(part.get("element")).rpartition(":")
                return str(part.nsmap.get(prefix or None, "")), name
    return None


def _choose(
    found: Sequence[Operation], schemas: Schemas, file: Path, chosen: str | None
) -> tuple[Operation, Question, list[str]]:
    listed = ", ".join(f"`{one.name}`" for one in found[:20]) or "none over SOAP 1.1"
    if chosen is not None and chosen not in {one.name for one in found}:
        raise DescriptionRefused(f"`{file.name}`: binding: no operation `{chosen}`; there are {listed}")
    rows = [(one, _question(one, schemas.node(one.asked, file))) for one in found if chosen in {None, one.name}]
    asking = [row for row in rows if chosen or any(name in PERSON for name in row[1].inputs)]
    if not asking:
        raise DescriptionRefused(
            f"`{file.name}`: binding: no operation takes a person's number, name or birth date by a known name; "
            f"choose one by `--operation`: {listed}"
        )
    one, question = max(asking, key=lambda row: sum(name in PERSON for name in row[1].inputs))
    return one, question, [f"`{other.name}`" for other, _ in asking if other is not one]


def _question(one: Operation, node: Node) -> Question:
    made = Question(method="POST", action=one.action)
    body = etree.Element(_tag(node), nsmap={"q": node.namespace} if node.namespace else None)
    _write(body, node, made)
    etree.indent(body)
    made.body = etree.tostring(body, encoding="unicode")
    return made


def _write(parent: etree._Element, node: Node, made: Question) -> None:
    for child in node.children:
        if child.name.startswith("@"):
            continue
        if child.kind == "object":
            inner = etree.Element(_tag(child))
            _write(inner, child, made)
            if len(inner) or child.required:
                parent.append(inner)
            continue
        text = fill_member(child, made, f"`{child.name}`")
        if text is not None:
            etree.SubElement(parent, _tag(child)).text = text


def _address(roots: Sequence[etree._Element]) -> tuple[str, list[str]]:
    for root in roots:
        for one in root.iter(f"{_BINDING}address"):
            url = str(one.get("location", ""))
            if urlsplit(url).hostname:
                return url.partition("?")[0].rstrip("/"), []
    return "https://fill-in.example", ["the description names no address (`soap:address`)"]


def _auth(roots: Sequence[etree._Element]) -> dict[str, str]:
    """Return the `[auth]` that a WS-SecurityPolicy in the description asks for."""
    names = {etree.QName(one).localname for root in roots for one in root.iter(etree.Element)}
    if "UsernameToken" in names:
        return {"kind": "wss_password", "user": "fill-in"}
    if "X509Token" in names:
        return {"kind": "wss_certificate"}
    return {"kind": "none"}


def _sample(answer: Node) -> bytes:
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    _fill(etree.SubElement(body, _tag(answer)), answer)
    etree.indent(envelope)
    made: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return made + b"\n"


def _fill(parent: etree._Element, node: Node) -> None:
    for child in node.children:
        if child.name.startswith("@"):
            parent.set(child.name[1:], str(value_of(child)))
        elif child.kind == "object":
            _fill(etree.SubElement(parent, _tag(child)), child)
        else:
            etree.SubElement(parent, _tag(child)).text = "true" if child.kind == "truth" else str(value_of(child))


def _tag(node: Node) -> str:
    return f"{{{node.namespace}}}{node.name}" if node.namespace else node.name
