"""The only way out of the house: HTTP calls of one egress zone, on aiohttp.

No redirects, no cookies, no proxies from the environment, one cap for the body *after* decompression.
"""

import zlib
from collections.abc import Callable, Mapping
from ssl import SSLContext
from urllib.parse import urlsplit

import aiohttp
import structlog

from gateway.connector_runtime import deadline
from gateway.connector_runtime.addresses import AddressPolicy, AddressRefused
from gateway.connector_runtime.configuration import EgressSettings, ZoneName
from gateway.connector_runtime.contract import OutboundReply, SourceTrouble, Unavailable
from gateway.vocabulary.provenance import UnavailableReason

_log = structlog.get_logger(__name__)

_PIECE = 65_536
_REFUSALS_LOGGED = 100


class ZoneClient:
    """Sends requests to addresses of one zone and keeps its own pool of connections.

    With `tls` it shows a certificate or believes other authorities than the system's; certificates are always checked.
    """

    def __init__(
        self, zone: ZoneName, settings: EgressSettings, *, connections: int = 100, tls: SSLContext | None = None
    ) -> None:
        self._policy = AddressPolicy(zone, settings)
        self._tls = tls
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._refusals: set[str] = set()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_for: float = 2.0,
        limit: int = 1_048_576,
    ) -> OutboundReply:
        """Send one request. Raises SourceTrouble (timeout, unreachable, oversize, malformed) and nothing else.

        Inside a call the request gets what is left of its deadline at most, and the source is told how much that is.
        """
        if not self._speakable(url):
            raise _trouble("unreachable", f"host `{_host_of(url)}`: url must be https, http only in the zone `lab`")
        sent = dict(headers or {})
        call = deadline.under_way()
        if call is not None:
            timeout_for = min(timeout_for, call.left())
            if timeout_for <= 0:
                raise _trouble("timeout", "no time left to send")
            if call.told:
                sent[deadline.HEADER] = str(int(timeout_for * 1000))
        try:
            return await self._exchange(method, url, headers=sent, body=body, timeout_for=timeout_for, limit=limit)
        except TimeoutError:
            raise _trouble("timeout", "no answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _trouble("unreachable", self._explain(url, error)) from None

    async def close(self) -> None:
        """Close the pool; a later send opens a new one."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _exchange(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None, timeout_for: float, limit: int
    ) -> OutboundReply:
        headers.setdefault("Accept-Encoding", "identity")
        async with self._open().request(
            method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=max(timeout_for, 0.001)),
        ) as response:
            names: dict[str, str] = {}
            for name, value in response.headers.items():
                known = names.get(name.lower())
                names[name.lower()] = value if known is None else f"{known}, {value}"
            return OutboundReply(response.status, names, await _read_capped(response, limit))

    def _explain(self, url: str, error: Exception) -> str:
        """Say which host was tried and what came of it; an address outside the zone is logged once."""
        host = _host_of(url)
        refused = _refusal_in(error)
        if refused is None:
            # the text of a foreign exception may quote what was sent: only its kind is kept
            return f"host `{host}`: {type(error).__name__}"
        told = f"host `{host}`: {refused}"
        if told not in self._refusals and len(self._refusals) < _REFUSALS_LOGGED:
            self._refusals.add(told)
            _log.warning("egress_refused", reason=told)
        return told

    def _speakable(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.username is not None or not parts.hostname:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and self._policy.zone == "lab")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                socket_factory=self._policy.open_socket,
                use_dns_cache=False,
                ssl=True if self._tls is None else self._tls,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"User-Agent": "gate06"},
            )
        return self._session


async def _read_capped(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, counted after decompression. Raises SourceTrouble."""
    unpack = _unpacker(response.headers.get("Content-Encoding", "identity").strip().lower())
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += unpack(piece, limit - len(body) + 1)
        if len(body) > limit:
            raise _trouble("oversize", "answer larger than the cap")
    return bytes(body)


class _Inflate:
    """Unpacks gzip or deflate without ever holding more than was asked for."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def __call__(self, piece: bytes, room: int) -> bytes:
        try:
            return self._engine.decompress(piece, room)
        except zlib.error:
            raise _trouble("malformed", "broken compression") from None


def _take_plain(piece: bytes, room: int) -> bytes:
    return piece[:room]


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    if encoding in {"", "identity"}:
        return _take_plain
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflate()
    raise _trouble("malformed", "content encoding nobody asked for")


def _host_of(url: str) -> str:
    """Return the host as it was written, without the account that may stand before it."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2][:253]


def _refusal_in(error: BaseException) -> AddressRefused | None:
    """Return the refusal of an address that the HTTP library wrapped into its own error, however deep."""
    seen: list[BaseException] = [error]
    for one in seen:
        if isinstance(one, AddressRefused):
            return one
        seen += [inner for inner in (one.__cause__, getattr(one, "os_error", None)) if inner and inner not in seen]
        seen += getattr(one, "exceptions", ())
    return None


def _trouble(reason: UnavailableReason, detail: str) -> SourceTrouble:
    return SourceTrouble(Unavailable(reason=reason), detail)
