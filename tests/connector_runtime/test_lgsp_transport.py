"""The province's bus: its tokens (RFC 6749 §4.4, §5.1) and the envelope around an answer, in every broken form."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OutboundReply, SourceTrouble
from gateway.connector_runtime.transports.access_token import AccessToken, Credentials
from gateway.connector_runtime.transports.lgsp import LgspTransport, open_envelope
from gateway.vocabulary.clock import SettableClock

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
JSON = {"content-type": "application/json"}
ANSWER = {"code": 200, "status": "SUCCESS", "correlationId": "c-1", "response": {"CongdanCollection": {"SoCongDan": 0}}}
TOKEN = {"access_token": "t-1", "token_type": "Bearer", "expires_in": 3600}


def reply(document: object, status: int = 200, **headers: str) -> OutboundReply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return OutboundReply(status, JSON | headers, body)


class Bus:
    """An outbound client that plays token endpoint and service; `hold` keeps the token back."""

    def __init__(self, token: object = TOKEN, answer: object = ANSWER, *, token_status: int = 200) -> None:
        self.token, self.token_status = token, token_status
        self.answers = [reply(answer)]
        self.sent: list[dict] = []
        self.hold: asyncio.Event | None = None

    async def send(self, method: str, url: str, **known) -> OutboundReply:
        self.sent.append({"method": method, "url": url} | known)
        if url.endswith("/token"):
            if self.hold is not None:
                await self.hold.wait()
            return reply(self.token, self.token_status)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def count(self, end: str) -> int:
        return sum(one["url"].endswith(end) for one in self.sent)


def transport(bus: Bus, clock: SettableClock | None = None, **changes) -> LgspTransport:
    known = {"url": "https://lgsp.example/ngsp/dancu", "token_url": "https://lgsp.example/token", "user": "a b"}
    settings = ConnectorSettings(**known | {"secret": SecretStr("geheim:%")} | changes)
    return LgspTransport(settings, bus, clock or SettableClock(NOW))


async def carry(bus: Bus, **changes) -> bytes:
    return await transport(bus, **changes).send(b"{}", deadline_at=NOW + timedelta(seconds=2))


async def trouble_of(bus: Bus) -> str:
    with pytest.raises(SourceTrouble) as caught:
        await carry(bus)
    assert "geheim" not in str(caught.value)
    assert "t-1" not in str(caught.value)
    return caught.value.outcome.reason


async def test_the_message_goes_out_under_a_token_and_what_stands_inside_comes_back() -> None:
    bus = Bus()
    assert json.loads(await carry(bus)) == ANSWER["response"]
    asked, sent = bus.sent
    assert asked["body"] == b"grant_type=client_credentials"
    assert asked["headers"]["Authorization"] == "Basic YStiOmdlaGVpbSUzQSUyNQ=="  # a+b:geheim%3A%25
    assert sent["headers"]["Authorization"] == "Bearer t-1"
    assert (sent["method"], sent["body"]) == ("POST", b"{}")


@pytest.mark.parametrize(
    ("token", "status", "reason"),
    [
        ({"error": "invalid_client"}, 401, "fault"),
        ({"error": "invalid_request"}, 400, "fault"),
        (b"down", 503, "unreachable"),
        (b"slow down", 429, "closed"),
        (b"not json", 200, "malformed"),
        ([TOKEN], 200, "malformed"),
        ({"token_type": "Bearer"}, 200, "malformed"),
        (TOKEN | {"access_token": ""}, 200, "malformed"),
        (TOKEN | {"access_token": "t\r\nX: y"}, 200, "malformed"),
        (TOKEN | {"access_token": 7}, 200, "malformed"),
        (TOKEN | {"token_type": "mac"}, 200, "malformed"),
        (TOKEN | {"expires_in": -1}, 200, "malformed"),
        (TOKEN | {"expires_in": True}, 200, "malformed"),
        (TOKEN | {"expires_in": "soon"}, 200, "malformed"),
        (b"[" * 100_000, 200, "malformed"),
    ],
)
async def test_a_token_endpoint_in_trouble_is_trouble_of_the_source(token, status: int, reason: str) -> None:
    bus = Bus(token, token_status=status)
    assert await trouble_of(bus) == reason
    assert bus.count("/dancu") == 0


@pytest.mark.parametrize(
    ("told", "lives_for"),
    [({"expires_in": 3600}, 3540), ({"expires_in": "300"}, 240), ({}, 240), ({"expires_in": 40}, 20)],
)
async def test_a_token_is_used_until_a_minute_before_its_end(told: dict, lives_for: int) -> None:
    clock = SettableClock(NOW)
    bus = Bus({"access_token": "t-1", "token_type": "bearer"} | told)
    carrier = transport(bus, clock)
    for passed, fetched in ((0, 1), (lives_for - 1, 1), (1, 2)):
        clock.move(timedelta(seconds=passed))
        await carrier.send(b"{}", deadline_at=clock.now() + timedelta(seconds=2))
        assert bus.count("/token") == fetched


async def test_waiting_calls_share_one_fetch_and_one_who_leaves_does_not_end_it() -> None:
    bus = Bus()
    bus.hold = asyncio.Event()
    carrier = transport(bus)
    deadline_at = NOW + timedelta(seconds=30)
    waiting = [asyncio.create_task(carrier.send(b"{}", deadline_at=deadline_at)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    bus.hold.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert all(isinstance(one, bytes) for one in ended[1:])
    assert (bus.count("/token"), bus.count("/dancu")) == (1, 4)


async def test_a_failed_fetch_is_told_to_all_and_tried_again_by_the_next() -> None:
    bus = Bus(token_status=503)
    carrier = transport(bus)
    deadline_at = NOW + timedelta(seconds=2)
    ended = await asyncio.gather(
        *(carrier.send(b"{}", deadline_at=deadline_at) for _ in range(3)), return_exceptions=True
    )
    assert {type(one) for one in ended} == {SourceTrouble}
    bus.token_status = 200
    assert await carrier.send(b"{}", deadline_at=deadline_at)
    assert bus.count("/token") == 2


async def test_no_token_before_the_deadline_is_a_timeout() -> None:
    bus = Bus()
    bus.hold = asyncio.Event()
    carrier = transport(bus)
    with pytest.raises(SourceTrouble) as caught:
        await carrier.send(b"{}", deadline_at=NOW + timedelta(milliseconds=20))
    assert caught.value.outcome.reason == "timeout"
    bus.hold.set()
    assert await carrier.send(b"{}", deadline_at=NOW + timedelta(seconds=2))
    assert bus.count("/token") == 1


async def test_a_refused_token_is_replaced_once_and_no_more() -> None:
    bus = Bus()
    bus.answers = [reply(b"", 401), reply(ANSWER)]
    assert await carry(bus)
    assert (bus.count("/token"), bus.count("/dancu")) == (2, 2)
    refusing = Bus()
    refusing.answers = [reply(b"", 401)]
    assert await trouble_of(refusing) == "fault"
    assert (refusing.count("/token"), refusing.count("/dancu")) == (2, 2)


async def test_desk_officers_use_their_own_client_where_there_is_one() -> None:
    bus = Bus()
    carrier = transport(bus, desk_user="desk", desk_secret=SecretStr("d"))
    for officer_class in ("system", "desk", "desk", "system"):
        await carrier.send(b"{}", deadline_at=NOW + timedelta(seconds=2), officer_class=officer_class)
    asked = [one["headers"]["Authorization"] for one in bus.sent if one["url"].endswith("/token")]
    assert asked == ["Basic YStiOmdlaGVpbSUzQSUyNQ==", "Basic ZGVzazpk"]


@pytest.mark.parametrize(
    ("document", "status", "reason"),
    [
        (b"<html>", 200, "malformed"),
        (b'{"code":200,"code":200,"response":{}}', 200, "malformed"),
        ({"response": {}}, 200, "malformed"),
        ([ANSWER], 200, "malformed"),
        ({"code": 200, "response": None}, 200, "malformed"),
        ({"code": 200, "response": [{}]}, 200, "malformed"),
        ({"code": 200}, 200, "malformed"),
        ({"code": 503, "status": "ERROR"}, 200, "unreachable"),
        ({"code": "500", "response": {}}, 200, "unreachable"),
        ({"code": 429}, 200, "closed"),
        ({"code": 403}, 200, "fault"),
        ({"code": None}, 200, "fault"),
        (ANSWER, 502, "unreachable"),
        (ANSWER, 404, "fault"),
        (b"{" * 100_000, 200, "malformed"),
    ],
)
def test_an_envelope_that_is_none_gives_nothing(document, status: int, reason: str) -> None:
    with pytest.raises(SourceTrouble) as caught:
        open_envelope(reply(document, status))
    assert caught.value.outcome.reason == reason


@pytest.mark.parametrize("code", [200, "200", 403, 500])
def test_an_inner_error_goes_to_whoever_reads_the_register(code: object) -> None:
    inner = {"error_code": "004", "message": "refused"}
    assert json.loads(open_envelope(reply({"code": code, "response": inner}))) == inner


async def test_the_probe_tells_of_the_token_and_of_the_service() -> None:
    assert (await transport(Bus()).check()).state == "up"
    assert (await transport(Bus(token_status=401)).check()).state == "down"
    broken = Bus()
    broken.answers = [reply(b"", 503)]
    assert (await transport(broken).check()).state == "down"


def test_neither_secret_nor_token_is_ever_printed() -> None:
    assert "geheim" not in repr(Credentials(client_id="a", client_secret="geheim"))
    assert "t-1" not in repr(AccessToken(text="t-1", renew_at=NOW))
