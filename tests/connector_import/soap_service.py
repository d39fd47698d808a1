"""A small SOAP service on this machine: takes a question only when it fits the schemas of its WSDL, and answers the
import's own sample about whoever was asked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from lxml import etree

from gateway.connector_runtime.mapping.body import SOAP
from gateway.vocabulary.persona import personas

XS = "http://www.w3.org/2001/XMLSchema"


@dataclass
class Played:
    """The service: what it was asked (address, action, header and body), and why it refused."""

    schema: etree.XMLSchema
    answer: bytes
    url: str = ""
    asked: list[tuple[str, str, etree._Element, etree._Element]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def reply(self, path: str, action: str, octets: bytes) -> tuple[int, bytes]:
        """Return status and body."""
        header, body = etree.fromstring(octets)
        self.asked.append((path, action, header, body))
        for part in (body[0], *(one for one in header if "urn:" in str(one.tag))):
            if not self.schema.validate(etree.ElementTree(part)):
                self.refused.append(str(self.schema.error_log.last_error))
                return 500, b"<refused/>"
        found = re.search(r"999\d{9}", "".join(map(str, body.itertext())))
        number = found[0] if found else ""
        name = next((one.full_name for one in personas() if one.personal_number == number), "")
        return 200, self.answer.replace(b"999175000003", number.encode()).replace(
            "TRẦN THỊ BƯỞI".encode(), name.encode()
        )


@contextmanager
def playing(wsdl: Path, answer: bytes, place: Path) -> Iterator[Played]:
    """Serve a description's service; `place` is for its schemas."""
    played = Played(schemas_of(wsdl, place), answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            octets = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = played.reply(self.path, self.headers["SOAPAction"], octets)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Thread(target=server.serve_forever, daemon=True)
    running.start()
    played.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        running.join()


def schemas_of(wsdl: Path, place: Path) -> etree.XMLSchema:
    """Return every schema inside and beside a description as one that validates."""
    place.mkdir()
    found = [
        (schema.get("targetNamespace", ""), schema) for schema in etree.parse(wsdl).getroot().iter(f"{{{XS}}}schema")
    ]
    beside = [etree.parse(file).getroot() for file in sorted(wsdl.parent.glob(f"{wsdl.stem}*.xsd"))]
    found += [(schema.get("targetNamespace", ""), schema) for schema in beside]
    for file in wsdl.parent.glob("*.xsd"):
        (place / file.name).write_bytes(file.read_bytes())
    whole = etree.Element(f"{{{XS}}}schema")
    for index, (namespace, schema) in enumerate(found):
        for one in schema.findall(f"{{{XS}}}import"):
            if (one.get("namespace") or "").startswith("http://www.w3.org/XML"):
                schema.remove(one)
        (place / f"s{index}.xsd").write_bytes(etree.tostring(schema))
        told = {"namespace": namespace} if namespace else {}
        kind = "import" if namespace else "include"
        etree.SubElement(whole, f"{{{XS}}}{kind}", schemaLocation=f"s{index}.xsd", **told)
    (place / "whole.xsd").write_bytes(etree.tostring(whole))
    return etree.XMLSchema(etree.parse(place / "whole.xsd"))


__all__ = ["SOAP", "Played", "playing"]
