"""The operations of a WSDL 1.1 description: which can be asked over SOAP 1.1 as document/literal, why others cannot.

Each is judged by itself: one that does not fit says nothing of its neighbours.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.xsd import XS, Name, Schemas, parse, resolved

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
_OTHERS = {
    "{http://schemas.xmlsoap.org/wsdl/soap12/}": "it is bound to SOAP 1.2 alone",
    "{http://schemas.xmlsoap.org/wsdl/http/}": "it is bound to plain HTTP alone",
}


class Operation(NamedTuple):
    """One operation that can be asked: its binding and address, its action, the elements it takes, gives, and wants in
    the header, and what the import leaves out of it (`notes`)."""

    name: str
    binding: str
    url: str
    action: str
    asked: Name
    answered: Name
    headers: tuple[Name, ...]
    notes: tuple[str, ...]


class Unfit(NamedTuple):
    """An operation that cannot be asked, and why."""

    name: str
    why: str


class _Misfit(Exception):
    """Why an operation cannot be asked."""


class Description:
    """A description with everything it imports from its folder; `roots` are its files' `definitions`.

    Raises DescriptionRefused for what is no WSDL 1.1 and for an import that leads out of the folder.
    """

    def __init__(self, file: Path, schemas: Schemas) -> None:
        self.roots: list[etree._Element] = []
        self._schemas = schemas
        self._seen = {file.resolve()}
        self._take(parse(file), file)

    def _take(self, root: etree._Element, file: Path) -> None:
        if root.tag == f"{XS}schema" and self.roots:
            self._schemas.add(root, file)
            return
        if root.tag != f"{WSDL}definitions":
            raise DescriptionRefused(
                f"`{file.name}`: {root.sourceline}: is no WSDL 1.1 (`definitions` of its namespace)"
            )
        self.roots.append(root)
        for schema in root.iterfind(f"{WSDL}types/{XS}schema"):
            self._schemas.add(schema, file)
        for one in root.findall(f"{WSDL}import"):
            beside = self._schemas.beside(str(one.get("location", "")), file)
            if beside not in self._seen:
                self._seen.add(beside)
                self._take(parse(beside), beside)

    def files(self) -> set[Path]:
        """Return every file that was read: the description, and what it imports and includes."""
        return self._seen | self._schemas.files()

    def operations(self) -> Iterator[Operation | Unfit]:
        """Yield every operation of every binding; those that another binding than SOAP 1.1 alone has as unfit."""
        bindings = [one for root in self.roots for one in root.findall(f"{WSDL}binding")]
        told: set[str] = set()
        for binding in bindings:
            soap = binding.find(f"{_SOAP}binding")
            for one in binding.findall(f"{WSDL}operation") if soap is not None else []:
                told.add(str(one.get("name")))
                try:
                    yield self._operation(binding, str(soap.get("style", "document")), one)  # type: ignore[union-attr]
                except _Misfit as misfit:
                    yield Unfit(str(one.get("name")), str(misfit))
        for binding in bindings:
            why = next((said for tag, said in _OTHERS.items() if binding.find(f"{tag}binding") is not None), None)
            for one in binding.findall(f"{WSDL}operation") if why else []:
                if str(one.get("name")) not in told:
                    told.add(str(one.get("name")))
                    yield Unfit(str(one.get("name")), str(why))

    def _operation(self, binding: etree._Element, style: str, one: etree._Element) -> Operation:
        told = one.find(f"{_SOAP}operation")
        style = style if told is None else told.get("style", style)
        uses = sorted({body.get("use", "literal") for body in one.iter(f"{_SOAP}body")} or {"literal"})
        if style != "document" or uses != ["literal"]:
            raise _Misfit(f"it is {style}/{'/'.join(uses)}; only document/literal is imported")
        asked, answered, faults = self._messages(binding, str(one.get("name")))
        ways = {way: one.find(f"{WSDL}{way}") for way in ("input", "output")}
        wanted = self._headers(ways["input"])
        notes = [
            f"the header `{name[1]}` of the answer is not read: what counts stands in its body"
            for name in self._headers(ways["output"])
        ]
        notes += [
            f"a SOAP fault may hold `{name}`: say by a row of `outcomes` (`path`) what it means; else it is an error"
            for name in faults
        ]
        return Operation(
            name=str(one.get("name")),
            binding=str(binding.get("name")),
            url=self._address(binding),
            action="" if told is None else str(told.get("soapAction", "")),
            asked=self._body(asked, ways["input"], "question"),
            answered=self._body(answered, ways["output"], "answer"),
            headers=tuple(wanted),
            notes=tuple(notes),
        )

    def _messages(self, binding: etree._Element, name: str) -> tuple[Name, Name, list[str]]:
        """Return the messages of an operation's question and answer, and the names of what its faults hold."""
        port = self._find("portType", resolved(binding, "type"))
        found = [] if port is None else port.findall(f"{WSDL}operation[@name='{name}']" if "'" not in name else "none")
        if len(found) != 1:
            raise _Misfit(f"its port type {'has it twice' if found else 'is described nowhere, or lacks it'}")
        order = [one for one in found[0] if one.tag in {f"{WSDL}input", f"{WSDL}output"}]
        tags = [one.tag.rpartition("}")[2] for one in order]
        if tags == ["input"]:
            raise _Misfit("it is one-way: nothing is answered")
        if tags != ["input", "output"]:
            raise _Misfit("it is a notification: the service would ask, or tell")
        messages = [self._find("message", resolved(one, "message")) for one in found[0].findall(f"{WSDL}fault")]
        faults = [part for one in messages if one is not None for part in one.findall(f"{WSDL}part")]
        return (
            resolved(order[0], "message"),
            resolved(order[1], "message"),
            [resolved(part, "element")[1] for part in faults if part.get("element")],
        )

    def _body(self, message: Name, way: etree._Element | None, what: str) -> Name:
        """Return the one element of a message's body."""
        told = self._find("message", message)
        if told is None:
            raise _Misfit(f"the message of its {what} is described nowhere")
        body = None if way is None else way.find(f".//{_SOAP}body")
        parts = {str(one.get("name")): one for one in told.findall(f"{WSDL}part")}
        if body is not None and body.get("parts") is not None:
            names = body.get("parts", "").split()
        else:
            headers = way.findall(f".//{_SOAP}header") if way is not None else []
            own = {str(one.get("part")) for one in headers if self._find("message", resolved(one, "message")) is told}
            names = [name for name in parts if name not in own]
        if len(names) != 1 or names[0] not in parts:
            raise _Misfit(f"the body of its {what} has {len(names)} parts; a document has one (WS-I R2210)")
        if not parts[names[0]].get("element"):
            raise _Misfit(f"the part of its {what} is given by a type and not by element, as only rpc has it")
        space, name = resolved(parts[names[0]], "element")
        # a name without prefix, where the description is the default namespace, means one without a namespace
        return ("" if space == WSDL[1:-1] else space), name

    def _headers(self, way: etree._Element | None) -> list[Name]:
        """Return the elements that a binding wants in, or puts into, the envelope's header."""
        found = []
        for one in way.findall(f".//{_SOAP}header") if way is not None else []:
            message = self._find("message", resolved(one, "message"))
            parts = [] if message is None else message.findall(f"{WSDL}part")
            part = next((part for part in parts if part.get("name") == one.get("part")), None)
            if part is None or not part.get("element"):
                raise _Misfit(f"its header part `{one.get('part')}` is no element that is described")
            found.append(resolved(part, "element"))
        return found

    def _address(self, binding: etree._Element) -> str:
        for root in self.roots:
            for port in root.iterfind(f"{WSDL}service/{WSDL}port"):
                if self._find("binding", resolved(port, "binding")) is binding:
                    address = port.find(f"{_SOAP}address")
                    return "" if address is None else str(address.get("location", ""))
        return ""

    def _find(self, kind: str, name: Name) -> etree._Element | None:
        """Return a declaration by namespace and name; by its name alone where only one has it, since many write names
        without the prefix they mean."""
        found = [
            (str(root.get("targetNamespace", "")), one)
            for root in self.roots
            for one in root.findall(f"{WSDL}{kind}")
            if one.get("name") == name[1]
        ]
        exact = [one for space, one in found if space == name[0]]
        chosen = exact or [one for _, one in found]
        return chosen[0] if len(chosen) == 1 else None


def listed(unfit: Sequence[Unfit]) -> str:
    """Return operations and why they do not fit, in one line."""
    whys: Mapping[str, str] = {one.name: one.why for one in unfit}
    return "; ".join(f"`{name}`: {why}" for name, why in list(whys.items())[:20])
