"""The sample connectors against the toy library, over real HTTP: every good answer, every fault, nothing undeclared."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract import Absent, Found, Refused, Unavailable
from tests.connector_kinds.conftest import CANARY, Toy, ask_about, outcome_of, serving

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("kind", ["rest", "soap"])


@BOTH
async def test_a_reader_is_read_with_the_date_of_the_record(toy: Toy, kind: str) -> None:
    answer = await outcome_of(toy.connector(kind), ask_about(3))
    values = {name: str(one.value) for name, one in answer.items()}
    assert values == {
        "the_sample_card_number": "TV-000003",
        "the_sample_card_issued": "2024-03-05",
        "the_sample_branch": "mobile",
    }
    told = answer["the_sample_card_number"].provenance
    assert (told.source, str(told.as_of)) == ("the_sample", "2026-11-20")


@BOTH
@pytest.mark.parametrize(("index", "issued"), [(1, "2009"), (6, "2021-07"), (8, None)])
async def test_dates_stay_as_precise_as_they_are(toy: Toy, kind: str, index: int, issued: str | None) -> None:
    answer = await outcome_of(toy.connector(kind), ask_about(index))
    came = answer["the_sample_card_issued"]
    assert (str(came.value) if isinstance(came, Found) else came) == (issued or Absent("empty"))


@BOTH
async def test_only_declared_fields_leave(toy: Toy, kind: str) -> None:
    connector = toy.connector(kind)
    question = ask_about(3)
    carried = await connector.send(connector.write(question), question)
    assert CANARY.encode() in carried.reply.body
    answer = connector.read(carried, question)
    assert set(answer) == question.attributes
    assert CANARY not in repr(answer)
    assert "BƯỞI" not in repr(answer)
    part = await outcome_of(connector, ask_about(3, attributes=frozenset({"the_sample_branch", "salary"})))
    assert set(part) == {"the_sample_branch"}


@BOTH
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("no_match", Absent("no_match")),
        ("ambiguous", Absent("ambiguous")),
        ("other_person", Refused("other_person")),
        ("denied_procedure", Refused("purpose_denied")),
        ("down", Unavailable(reason="unreachable", retry_after=30)),
        ("malformed", Unavailable(reason="malformed")),
        ("html200", Unavailable(reason="malformed")),
        ("oversize", Unavailable(reason="oversize")),
        ("document_type", Unavailable(reason="malformed")),
        ("unauthorised", Unavailable(reason="fault")),
    ],
)
async def test_every_fault_has_its_own_outcome(toy: Toy, kind: str, fault: str, outcome: object) -> None:
    await toy.order(target="*", fault=fault)
    assert await outcome_of(toy.connector(kind), ask_about(3)) == outcome


@pytest.mark.parametrize(("kind", "reason"), [("rest", "unreachable"), ("soap", "fault")])
async def test_a_broken_service_is_no_empty_answer(toy: Toy, kind: str, reason: Any) -> None:
    await toy.order(target="*", fault="soap_fault")
    assert await outcome_of(toy.connector(kind), ask_about(3)) == Unavailable(reason=reason)


@BOTH
async def test_nobody_is_said_only_where_the_manifest_says_it(toy: Toy, kind: str) -> None:
    assert await outcome_of(toy.connector(kind), ask_about(9)) == Absent("no_match")


async def test_a_404_is_a_fault_unless_the_manifest_says_nobody(toy: Toy) -> None:
    def silent(tree: dict[str, Any]) -> None:
        tree["outcomes"] = []

    def wrong_path(tree: dict[str, Any]) -> None:
        tree["operations"]["lookup"]["path"] = "/reader/{personal_number}"

    assert await outcome_of(toy.connector("rest", silent), ask_about(9)) == Unavailable(reason="fault")
    assert await outcome_of(toy.connector("rest", wrong_path), ask_about(3)) == Unavailable(reason="fault")


@BOTH
async def test_a_slow_source_ends_at_the_deadline(toy: Toy, kind: str) -> None:
    await toy.order(target="*", fault="slow", seconds=30)
    assert await outcome_of(toy.connector(kind), ask_about(3, wait_for=0.3)) == Unavailable(reason="timeout")


@BOTH
async def test_who_has_no_number_is_not_in_the_register_and_nobody_is_asked(toy: Toy, kind: str) -> None:
    connector = toy.connector(kind)
    nobody = ask_about(3, personal_number=None, old_number=None)
    assert set((await outcome_of(connector, nobody)).values()) == {Absent("not_kept")}
    assert await outcome_of(connector, ask_about(3, personal_number="../../admin")) == Refused("bad_request")
    assert await outcome_of(connector, ask_about(3, birth_date=None)) == Refused("bad_request")
    assert (await toy_calls(toy)) == 0


async def toy_calls(toy: Toy) -> int:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{toy.url}/_calls") as reply:
        return int((await reply.json())["count"])


@BOTH
async def test_the_probe_asks_about_nobody(toy: Toy, kind: str) -> None:
    assert (await toy.connector(kind).check()).state == "up"
    assert await toy_calls(toy) == 0
    gone = toy.connector(kind, lambda tree: tree["operations"]["check"].update(path="/gone", accept=[200]))
    assert (await gone.check()).state == "degraded"


def answering(make: Callable[[], Response]) -> Starlette:
    async def answer(_: Request) -> Response:
        return make()

    return Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])


def reader(**changes: Any) -> dict[str, Any]:
    return {"citizen_id": "999175000003", "card": {"no": "X", "issued": None, "branch": "01"}} | changes


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"data": {"reader": None}}, Absent("no_match")),
        ({"data": {"reader": []}}, Absent("no_match")),
        ({"data": {}}, Unavailable(reason="malformed")),
        ({"message": "error"}, Unavailable(reason="malformed")),
        ([], Unavailable(reason="malformed")),
        ({"data": {"reader": "x"}}, Unavailable(reason="malformed")),
        ({"data": {"reader": {}}}, Unavailable(reason="malformed")),
        ({"data": {"reader": reader(citizen_id=None)}}, Unavailable(reason="malformed")),
        ({"data": {"reader": reader(citizen_id=["999175000003", "1"])}}, Unavailable(reason="malformed")),
        ({"data": {"reader": reader(citizen_id="999041000001")}}, Refused("other_person")),
        ({"data": {"reader": [reader(), reader(citizen_id="999041000001")]}}, Absent("ambiguous")),
    ],
)
async def test_shapes_of_an_answer(body: object, outcome: object) -> None:
    async with serving(answering(lambda: Response(json.dumps(body), media_type="application/json"))) as source:
        assert await outcome_of(source.connector("rest"), ask_about(3)) == outcome


@pytest.mark.parametrize(
    ("body", "outcome"), [({"data": {}}, Absent("no_match")), ({"error": "broken"}, Unavailable(reason="malformed"))]
)
async def test_a_manifest_may_say_that_a_missing_record_is_nobody_and_never_a_missing_answer(
    body: object, outcome: object
) -> None:
    async with serving(answering(lambda: Response(json.dumps(body), media_type="application/json"))) as source:
        connector = source.connector("rest", lambda tree: tree["record"].update(missing="not_found"))
        assert await outcome_of(connector, ask_about(3)) == outcome


async def test_a_list_of_one_is_that_one_and_grouped_digits_are_the_same_number() -> None:
    body = json.dumps({"data": {"reader": [reader(citizen_id="999 175 000 003")]}})
    async with serving(answering(lambda: Response(body))) as source:
        answer = await outcome_of(source.connector("rest"), ask_about(3))
    assert answer["the_sample_card_number"].value == "X"
    assert answer["the_sample_card_issued"] == Absent("empty")


async def test_a_redirect_is_not_followed() -> None:
    async with serving(answering(lambda: RedirectResponse("http://169.254.169.254/latest", 302))) as source:
        assert await outcome_of(source.connector("rest"), ask_about(3)) == Unavailable(reason="fault")


async def test_a_bomb_of_zeros_is_cut_off() -> None:
    bomb = gzip.compress(b" " * 60_000_000)
    assert len(bomb) < 100_000
    made = answering(lambda: Response(bomb, headers={"Content-Encoding": "gzip"}, media_type="application/json"))
    async with serving(made) as source:
        assert await outcome_of(source.connector("rest"), ask_about(3)) == Unavailable(reason="oversize")


ENTITIES = b"<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;'>]>"


@pytest.mark.parametrize("prolog", [ENTITIES, b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'>"])
async def test_a_document_type_is_refused_whatever_it_brings(prolog: bytes) -> None:
    body = prolog + b"<Envelope><Body><FindReaderResponse><Readers/></FindReaderResponse></Body></Envelope>"
    async with serving(answering(lambda: Response(body, media_type="text/xml"))) as source:
        assert await outcome_of(source.connector("soap"), ask_about(3)) == Unavailable(reason="malformed")


async def test_answers_of_many_at_once_stay_apart(toy: Toy) -> None:
    connector = toy.connector("rest")
    people = [1, 2, 3, 4, 6, 7, 8, 11, 12] * 4
    answers = await asyncio.gather(*(outcome_of(connector, ask_about(index)) for index in people))
    for index, answer in zip(people, answers, strict=True):
        assert answer["the_sample_card_number"].value == f"TV-{index:06d}"


@pytest.mark.parametrize("path", ["name", "birth"])
async def test_whom_an_answer_is_about_may_be_told_by_name_or_birth(toy: Toy, path: str) -> None:
    def about(tree: dict[str, Any]) -> None:
        tree["record"]["about"] = {"full_name": "name"} if path == "name" else {"birth_date": "birth"}

    connector = toy.connector("rest", about)
    assert isinstance((await outcome_of(connector, ask_about(3)))["the_sample_branch"], Found)
    await toy.order(target="*", fault="other_person")
    assert await outcome_of(connector, ask_about(3)) == Refused("other_person")


async def test_a_bearer_token_is_fetched_once_and_sent_with_every_call() -> None:
    asked: list[str] = []

    async def give_token(request: Request) -> Response:
        asked.append("token")
        proof = request.headers["authorization"]
        known = proof == "Basic Z2F0ZTA2OnRveS1yZWdpc3Rlci1rZXktMQ=="
        return Response(
            json.dumps({"access_token": "tok-1", "token_type": "Bearer", "expires_in": 600}), 200 if known else 401
        )

    async def answer(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        return Response(json.dumps({"data": {"reader": reader()}}), media_type="application/json")

    made = Starlette(
        routes=[Route("/token", give_token, methods=["POST"]), Route("/{rest:path}", answer, methods=["GET"])]
    )
    async with serving(made) as source:

        def by_token(tree: dict[str, Any]) -> None:
            tree["auth"] = {"kind": "oauth2", "user": "gate06", "secret_ref": "toy-key"}

        connector = source.connector("rest", by_token, token_url=f"{source.url}/token")
        for _ in range(3):
            assert isinstance((await outcome_of(connector, ask_about(3)))["the_sample_branch"], Found)
    assert asked == ["token", "Bearer tok-1", "Bearer tok-1", "Bearer tok-1"]
