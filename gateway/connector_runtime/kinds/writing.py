"""Questions of the kinds rest and soap, written from the manifest's templates. Raises TemplateInvalid when made."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from gateway.connector_runtime.manifest_parts import LookUp
from gateway.connector_runtime.mapping.body import Inputs, json_body, soap_body
from gateway.connector_runtime.mapping.template import TemplateInvalid, parse_template
from gateway.connector_runtime.transports.wss_binding import add_message_id
from gateway.vocabulary.clock import Randomness


class Written(NamedTuple):
    """A question as it goes out: `path` with its query, from the endpoint on."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


Write = Callable[[Inputs], Written]


def rest_writer(look_up: LookUp, known: frozenset[str]) -> Write:
    """Return the writer of a REST question: the path, the query and the body each with their own escaping."""
    address = _address_writer(look_up, known)
    headers = [(name, parse_template(text, known)) for name, text in look_up.headers.items()]
    if isinstance(look_up.body, str):
        raise TemplateInvalid("`body` of a REST question is a table")
    body = None if look_up.body is None else json_body(look_up.body, known)

    fixed = {"Accept": "application/json"}
    if body is not None:
        fixed["Content-Type"] = "application/json; charset=utf-8"

    def write(inputs: Inputs) -> Written:
        sent = _merged(fixed, {name: one.render(inputs, "header") for name, one in headers})
        return Written(look_up.method, address(inputs), sent, None if body is None else body(inputs))

    return write


def soap_writer(look_up: LookUp, known: frozenset[str]) -> Write:
    """Return the writer of a SOAP 1.1 question: an envelope around the body of the manifest."""
    if not isinstance(look_up.body, str):
        raise TemplateInvalid("`body` of a SOAP question is the XML inside the envelope's body")
    address = _address_writer(look_up, known)
    body = soap_body(look_up.body, known, header=look_up.header)
    headers = [(name, parse_template(text, known)) for name, text in look_up.headers.items()]
    fixed = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{look_up.action}"'}

    def write(inputs: Inputs) -> Written:
        sent = _merged(fixed, {name: one.render(inputs, "header") for name, one in headers})
        return Written("POST", address(inputs), sent, body(inputs))

    return write


def _merged(fixed: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return a question's headers, each once: capitals make no other header (RFC 9110 §5.1)."""
    told = {name.lower() for name in own}
    return {name: text for name, text in fixed.items() if name.lower() not in told} | dict(own)


def addressed(write: Write, action: str, chance: Randomness) -> Write:
    """Return a writer whose every question has a MessageID of its own, which an answer may name (WS-Addressing)."""

    def write_anew(inputs: Inputs) -> Written:
        written = write(inputs)
        return written._replace(body=add_message_id(written.body or b"", action, chance))

    return write_anew


def _address_writer(look_up: LookUp, known: frozenset[str]) -> Callable[[Inputs], str]:
    """Return the writer of the path and its query, each with its own escaping."""
    path = parse_template(look_up.path, known)
    query = [(quote(name, safe=""), parse_template(text, known)) for name, text in look_up.query.items()]

    def write(inputs: Inputs) -> str:
        told = "&".join(f"{name}={template.render(inputs, 'query')}" for name, template in query)
        return path.render(inputs, "path") + (f"?{told}" if told else "")

    return write
