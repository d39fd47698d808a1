"""An HTTP request as the provider reads it, and its reply as it leaves: forms, queries, languages, addresses."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.openid_provider import failure
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import MAX_BYTES, Parameters, parse_form
from gateway.openid_provider.reply import ALWAYS_SENT, Reply

_ENCODED = {header: (header[0].encode("ascii"), header[1].encode("ascii")) for header in ALWAYS_SENT}


class Wire(Response):
    """A reply as an ASGI response, without the framework's second look at every header."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.body = reply.body
        self.background = None
        self.raw_headers = [
            _ENCODED.get(header) or (header[0].encode("ascii"), header[1].encode("latin-1")) for header in reply.headers
        ]
        self.raw_headers.append((b"content-length", str(len(reply.body)).encode("ascii")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})


async def read_body(request: Request) -> bytes:
    """Return the body. Raises InvalidRequest as soon as it grows over the limit."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            raise failure.InvalidRequest(f"the parameters are larger than {MAX_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_form(request: Request) -> Parameters:
    """Return the form of a POST. Raises InvalidRequest: another content type, repeated or oversized parameters."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request)
    if kind != "application/x-www-form-urlencoded" and body:
        raise failure.InvalidRequest("send `application/x-www-form-urlencoded`")
    return parse_form(body)


def read_query(request: Request) -> Parameters:
    """Return the parameters of the query. Raises InvalidRequest."""
    octets: bytes = request.scope["query_string"]
    return parse_form(octets)


def chosen_language(request: Request) -> str | None:
    """Return `ui_locales` of the query; hardly any request has one, so the query is read only where it may."""
    if b"ui_locales" not in request.scope["query_string"]:
        return None
    return request.query_params.get("ui_locales")


def address_of(request: Request) -> str:
    """Return the path below the issuer, with the query as it came."""
    query: bytes = request.scope["query_string"]
    return str(request.scope["path"]) + (f"?{query.decode('latin-1')}" if query else "")


def shown_at(house: House, request: Request) -> str | None:
    """Return the address asked for, without the language; None for what was posted."""
    if request.method != "GET":
        return None
    path, _, query = address_of(request).partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("ui_locales="))
    return f"{house.issuer}{path}{'?' if kept else ''}{kept}"


def trace_of(request: Request) -> str:
    """Return the trace id that the application gave this request."""
    return str(request.scope.get("gate06.trace_id", ""))
